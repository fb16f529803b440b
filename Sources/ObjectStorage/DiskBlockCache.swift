// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import Logging
import Synchronization
import SystemPackage

/// Blocks of files on servers that are kept in a directory of this machine: what a `BlockCache` dropped, or a later process
/// wants, is not asked for again.
///
/// One file a run of blocks, in a directory of this cache's own. Any number of caches and processes may use it at once: a
/// file comes into being whole, by `rename`, and may be gone at any time, which is no more than a block that is not there.
/// Nothing is synchronised with the device: what a power loss leaves is known by its hash. A file's time says when it was
/// used last.
package final class DiskBlockCache: Sendable {
    /// What the cache's own directory is called. Another form of files needs another name.
    package static let directoryName = "swift-lance-blocks-1"

    struct State {
        var isOpen = false
        var opening: Task<Void, any Error>?
        var table = DiskBlockTable()
        /// Space of all files, those of others as of the last listing.
        var bytes = 0
        /// Space of files that are being written.
        var promised = 0
        /// Since that listing.
        var written = 0
        /// What was finished while a listing is under way; nil where none is.
        var added: [DiskBlockName: Int]?
        /// After a failure nothing is written for a while.
        var silentUntil: ContinuousClock.Instant?
    }

    /// The directory that was given.
    let path: FilePath
    let directory: FilePath
    package let capacity: Int
    let state = Mutex(State())
    /// How long nothing is written after a failure.
    let silence: Duration
    /// What the names of this one's files begin with that are not whole yet: it knows of their space.
    let ownTemporary: String
    private let hasWarned = Atomic(false)
    static let logger = Logger(label: "swift-lance.cache")
    private static let readsAtOnce = 8

    /// Looks at nothing yet.
    ///
    /// - Parameters:
    ///   - path: of the directory, which is made if it is missing.
    ///   - capacity: bytes of space, at least as the system counts them for small files; 0 keeps nothing, and looks at nothing.
    ///   - silence: how long nothing is written after a failure.
    package init(path: String, capacity: Int, silence: Duration = .seconds(60)) {
        self.path = FilePath(path)
        self.capacity = capacity
        self.silence = silence
        ownTemporary = Self.temporary + UUID().uuidString.lowercased() + "-"
        directory = self.path.appending(Self.directoryName)
    }

    private struct Weak {
        weak var cache: DiskBlockCache?
    }

    private static let known = Mutex<[String: Weak]>([:])

    /// The one that this process has for a directory, as long as somebody uses it: so that stores know of one another's
    /// files.
    package static func shared(path: String, capacity: Int) -> DiskBlockCache {
        // The working directory may be another one later.
        let path = FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(path))
        let key = "\(capacity) \(path)"
        return known.withLock { known in
            if let cache = known[key]?.cache { return cache }
            let made = DiskBlockCache(path: path.string, capacity: capacity)
            known = known.filter { $0.value.cache != nil }
            known[key] = Weak(cache: made)
            return made
        }
    }

    // MARK: Reading

    /// Those of `blocks`, which ascend, that are there, in stretches, and those that are not.
    ///
    /// Throws where there cannot be a cache at all, and when cancelled.
    func fetch(_ blocks: [Int], of file: DiskBlockFile) async throws -> (
        found: [(blocks: Range<Int>, region: Region)], missing: [Int]
    ) {
        // Where nothing is to be kept, what others keep there is none of its business.
        guard !blocks.isEmpty, capacity > 0 else { return ([], blocks) }
        try await open()
        let runs = state.withLock { $0.table.cover(blocks, of: file.hash) }
        guard !runs.isEmpty else { return ([], blocks) }
        let found = try await withThrowingTaskGroup(of: [(Range<Int>, Region)].self) { group in
            var found: [(blocks: Range<Int>, region: Region)] = []
            for (number, (run, wanted)) in zip(runs, Self.stretches(blocks, in: runs)).enumerated() {
                if number >= Self.readsAtOnce, let some = try await group.next() { found += some }
                group.addTask {
                    try Task.checkCancellation()
                    return self.read(wanted, of: run, file)
                }
            }
            for try await some in group { found += some }
            return found
        }
        var held = IndexSet()
        for (stretch, _) in found { held.insert(integersIn: stretch) }
        return (found, blocks.filter { !held.contains($0) })
    }

    /// What is wanted of each run, which together cover those of `blocks` that are there: both ascend.
    private static func stretches(_ blocks: [Int], in runs: [Range<Int>]) -> [[Range<Int>]] {
        var rest = blocks[...]
        return runs.map { run in
            rest = rest.drop { $0 < run.lowerBound }
            let wanted = rest.prefix { $0 < run.upperBound }
            rest = rest[wanted.endIndex...]
            return wanted.reduce(into: []) { stretches, block in
                if let last = stretches.last, last.upperBound == block {
                    stretches[stretches.count - 1] = last.lowerBound..<block + 1
                } else {
                    stretches.append(block..<block + 1)
                }
            }
        }
    }

    /// Fewer than are wanted where the file is gone or damaged.
    private func read(_ wanted: [Range<Int>], of run: Range<Int>, _ file: DiskBlockFile) -> [(Range<Int>, Region)] {
        let name = DiskBlockName(hash: file.hash, blocks: run)
        let path = directory.appending(name.text)
        let descriptor: FileDescriptor
        do {
            // Whatever has the name by now: no pipe is waited for, and no link is followed.
            descriptor = try .open(path, .readOnly, options: [.closeOnExec, .nonBlocking, .noFollow])
        } catch {
            forget(name)
            return []
        }
        defer { try? descriptor.close() }
        let found = (try? DiskBlockContents.read(wanted, of: run, file, from: descriptor, name: path.string)) ?? []
        if found.count == wanted.count {
            // Where it may not be changed, somebody else takes care of it.
            try? SystemCall.touch(descriptor.rawValue)
        } else {
            forget(name)
            try? SystemCall.removeFile(path.string)
        }
        return found.map { ($0.blocks, $0.region) }
    }

    private func forget(_ name: DiskBlockName) { _ = state.withLock { $0.table.remove(name) } }

    // MARK: Writing

    /// Keeps what a request brought, if it can.
    func write(_ region: Region, _ blocks: Range<Int>, of file: DiskBlockFile) {
        guard let all = file.bytes(blocks), all.count == region.count else { return }
        for piece in DiskBlockName.pieces(blocks) {
            guard let bytes = file.bytes(piece), let size = DiskBlockContents.size(file, piece),
                let part = try? region.view.slice(bytes.lowerBound - all.lowerBound, bytes.count)
            else { return }
            let name = DiskBlockName(hash: file.hash, blocks: piece)
            let space = DiskBlockContents.space(size)
            guard reserve(name, space) else { continue }
            do {
                try write(part, piece, of: file, name)
                state.withLock { state in
                    state.table.insert(name)
                    state.added?[name] = space
                    state.promised -= space
                    state.bytes += space
                    state.written += space
                }
            } catch {
                state.withLock { state in
                    state.promised -= space
                    state.silentUntil = .now + silence
                }
                warn("nothing can be written to the cache directory; it is done without for now", error)
                return
            }
        }
    }

    private func write(_ part: ByteView, _ piece: Range<Int>, of file: DiskBlockFile, _ name: DiskBlockName) throws {
        let temporary = directory.appending(ownTemporary + UUID().uuidString.lowercased())
        func opened() throws -> FileDescriptor {
            try .open(
                temporary, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: .ownerReadWrite)
        }
        let descriptor: FileDescriptor
        do {
            descriptor = try opened()
        } catch Errno.noSuchFileOrDirectory {
            // Somebody emptied the cache.
            try makeDirectory()
            descriptor = try opened()
        }
        do {
            do {
                try part.withUnsafeBytes { try DiskBlockContents.write(file, piece, $0, to: descriptor) }
            } catch {
                try? descriptor.close()
                throw error
            }
            try descriptor.close()
            try SystemCall.rename(temporary.string, directory.appending(name.text).string)
        } catch {
            try? SystemCall.removeFile(temporary.string)
            throw error
        }
    }

    /// What the names of files begin with that are not whole yet.
    static let temporary = ".tmp-"

    /// False for what is not to be written: it is there, it is too much, or another task is making room.
    private func reserve(_ name: DiskBlockName, _ space: Int) -> Bool {
        // A quarter is what making room leaves at least.
        guard space <= capacity / 4 else { return false }
        /// Nil where a listing must tell what there is.
        func ask(again: Bool) -> Bool? {
            state.withLock { state in
                guard state.isOpen, !state.table.contains(name) else { return false }
                if let until = state.silentUntil, until > .now { return false }
                let isFull = state.bytes + state.promised + space > capacity
                // Others write, too.
                if state.added == nil, !again, isFull || state.written > capacity / 8 {
                    state.added = [:]
                    return nil
                }
                if isFull { return false }
                state.promised += space
                return true
            }
        }
        if let answer = ask(again: false) { return answer }
        do {
            try list(making: space)
        } catch {
            state.withLock { state in
                state.added = nil
                state.silentUntil = .now + silence
            }
            warn("the cache directory cannot be listed; nothing is written to it for now", error)
            return false
        }
        return ask(again: true) ?? false
    }

    /// Once: who does not look at the log is not told more by a thousand lines.
    func warn(_ what: String, _ error: any Error) {
        guard !hasWarned.exchange(true, ordering: .relaxed) else { return }
        Self.logger.warning("\(what)", metadata: ["directory": "\(directory)", "error": "\(error)"])
    }
}
