// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ObjectStorage

/// A POSIX file system as a value, which knows what of it is on the device and what only the kernel has.
///
/// What a file holds and that a directory names it are two things, made durable by two calls: `fsync` of the file, and
/// `fsync` of the directory. So is that a directory is named by the one above it. File systems in use promise more than
/// that (ext4 brings a new file's name to the device with its contents); POSIX does not, and neither does this one.
struct Disk: Sendable {
    struct File: Sendable {
        var bytes: [UInt8] = []
        /// So many bytes from the front are on the device: files are only ever written at their end.
        var synced = 0
    }

    struct Directory: Sendable {
        /// Inode numbers by name.
        var names: [String: Int] = [:]
        var synced: [String: Int] = [:]
        var changes: Int64 = 0
    }

    enum Node: Sendable {
        case file(File)
        case directory(Directory)
    }

    /// Never emptied: the device may still name what the kernel has removed.
    private var nodes: [Int: Node] = [Disk.top: .directory(Directory())]
    private var next = Disk.top + 1
    /// The directory that the table's own is in; it was there before and stays.
    static let top = 0

    // MARK: Looking

    func inode(_ path: some Sequence<String>) -> Int? {
        path.reduce(Self.top) { inode, name in inode.flatMap { directory($0)?.names[name] } }
    }

    func directory(_ inode: Int) -> Directory? {
        if case .directory(let directory)? = nodes[inode] { directory } else { nil }
    }

    func file(_ inode: Int) -> File? { if case .file(let file)? = nodes[inode] { file } else { nil } }

    // MARK: Changing

    /// Gives a new node a name in a directory.
    mutating func add(_ node: Node, _ name: String, in parent: Int) -> Int {
        let inode = next
        next += 1
        nodes[inode] = node
        link(inode, name, in: parent)
        return inode
    }

    mutating func link(_ inode: Int, _ name: String, in parent: Int) { change(parent) { $0.names[name] = inode } }

    mutating func unlink(_ name: String, in parent: Int) { change(parent) { $0.names[name] = nil } }

    mutating func write(_ bytes: [UInt8], to inode: Int) {
        guard case .file(var file)? = nodes[inode] else { return }
        // Lest the bytes be copied at each write.
        nodes[inode] = nil
        file.bytes += bytes
        nodes[inode] = .file(file)
    }

    mutating func synchronize(_ inode: Int) {
        switch nodes[inode] {
        case .file(var file):
            file.synced = file.bytes.count
            nodes[inode] = .file(file)
        case .directory(var directory):
            directory.synced = directory.names
            nodes[inode] = .directory(directory)
        case nil: break
        }
    }

    private mutating func change(_ inode: Int, _ body: (inout Directory) -> Void) {
        guard var directory = directory(inode) else { return }
        body(&directory)
        directory.changes += 1
        nodes[inode] = .directory(directory)
    }

    // MARK: Losing

    /// What a machine finds that starts again; all of it is on the device then.
    func afterPowerLoss(_ loss: PowerLossStorage.Loss) -> Disk {
        var rest = Disk()
        var random: SplitMix64?
        if case .torn(let seed) = loss { random = SplitMix64(seed: seed) }
        var known = [Self.top: Self.top]
        copy(Self.top, to: Self.top, in: &rest, loss, &random, &known)
        return rest
    }

    /// - Parameter known: nodes of this disk that are on the other already: a file may have two names.
    private func copy(
        _ inode: Int, to target: Int, in rest: inout Disk, _ loss: PowerLossStorage.Loss, _ random: inout SplitMix64?,
        _ known: inout [Int: Int]
    ) {
        guard let directory = directory(inode) else { return }
        for name in Set(directory.names.keys).union(directory.synced.keys).sorted() {
            let (live, synced) = (directory.names[name], directory.synced[name])
            let kept: Int? =
                switch loss {
                case .lost: synced
                case .kept: live
                case .torn: live != synced && random?.chance(0.5) == true ? synced : live
                }
            guard let kept else { continue }
            if let there = known[kept] {
                rest.link(there, name, in: target)
            } else if let file = file(kept) {
                known[kept] = rest.add(.file(file.afterPowerLoss(loss, &random)), name, in: target)
            } else {
                let below = rest.add(.directory(Directory()), name, in: target)
                known[kept] = below
                copy(kept, to: below, in: &rest, loss, &random, &known)
            }
        }
        rest.synchronize(target)
    }
}

extension Disk.File {
    fileprivate func afterPowerLoss(_ loss: PowerLossStorage.Loss, _ random: inout SplitMix64?) -> Self {
        var bytes = bytes
        switch loss {
        case .kept: break
        case .lost: bytes.removeSubrange(synced...)
        case .torn:
            guard synced < bytes.count, var generator = random else { break }
            let length = generator.below(bytes.count - synced + 1) + synced
            // The size may have come to the device, and what the file holds not.
            let zeros = generator.chance(0.4) ? bytes.count - length : 0
            bytes.removeSubrange(length...)
            bytes += [UInt8](repeating: 0, count: zeros)
            random = generator
        }
        return Self(bytes: bytes, synced: bytes.count)
    }
}
