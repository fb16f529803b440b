// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
import Foundation
package import ObjectStorage
import Synchronization

/// A storage in memory on a machine that may lose its power, or its process, before any step of it.
///
/// It does what `LocalStorage` does, step by step (make a directory, make a file, write, fsync, link, fsync of the
/// directory, remove), on a `Disk`. A model of the promise alone, in which a finished object of `.full` durability simply
/// is there, would hold by definition what is to be tested: that the promise can be kept by these steps, in this order,
/// with directories that are made on the way, also where an earlier process was killed between two of them.
package final class PowerLossStorage: ObjectStorage {
    /// What becomes of that which no fsync has brought to the device.
    package enum Loss: Sendable {
        /// All of it is gone.
        case lost
        /// All of it is there.
        case kept
        /// A random part of it is there: files are cut, with zeros at their end or not; each name that was given or
        /// taken away is so or is not, regardless of the others.
        case torn(seed: UInt64)
    }

    package enum Step: Sendable, Equatable {
        case makeDirectory(String)
        case create(String)
        case write(String)
        case synchronize(String)
        case link(String)
        case remove(String)
        case removeDirectory(String)
    }

    struct State {
        var disk = Disk()
        var steps: [Step] = []
        var limit: Int?
        var isOff = false
        /// Directories whose names this process has brought to the device.
        var durable: Set<Int> = []
    }

    private static let name = "t.lance"
    private let state: Mutex<State>

    package init() { state = Mutex(State()) }

    private init(_ disk: Disk) { state = Mutex(State(disk: disk)) }

    /// Counts steps from here on; the one of this number (from 0) is not done, nor is anything after it.
    package func losePower(at number: Int?) {
        state.withLock { state in
            state.steps = []
            state.limit = number
        }
    }

    /// The steps that were done since.
    package var steps: [Step] { state.withLock { $0.steps } }

    package var isOff: Bool { state.withLock { $0.isOff } }

    /// What the machine finds when it starts again.
    package func afterPowerLoss(_ loss: Loss) -> PowerLossStorage {
        PowerLossStorage(state.withLock { $0.disk }.afterPowerLoss(loss))
    }

    /// What another process finds when this one was killed: all of it, on the device or not.
    package func afterKill() -> PowerLossStorage { PowerLossStorage(state.withLock { $0.disk }) }

    // MARK: Steps

    package var location: String { "/" + Self.name }

    private func path(_ key: ObjectKey) -> [String] { [Self.name] + key.components }

    fileprivate static func text(_ path: some Sequence<String>) -> String { path.map { "/" + $0 }.joined() }

    /// Does one step, unless the power goes before it.
    fileprivate func perform<T>(_ step: Step, _ body: (inout State) throws -> T) throws -> T {
        try state.withLock { state in
            try Self.checkPower(state)
            if state.steps.count == state.limit {
                state.isOff = true
                try Self.checkPower(state)
            }
            state.steps.append(step)
            return try body(&state)
        }
    }

    private func look<T>(_ body: (Disk) throws -> T) throws -> T {
        try state.withLock { state in
            try Self.checkPower(state)
            return try body(state.disk)
        }
    }

    private static func checkPower(_ state: State) throws {
        if state.isOff { throw Failure(.io, "the power is gone", path: "/" + name) }
    }

    fileprivate static func missing(_ path: some Sequence<String>) -> Failure {
        Failure(.notFound, "there is no such file or directory", path: PowerLossStorage.text(path))
    }

    private func synchronize(_ path: [String]) throws {
        try perform(.synchronize(Self.text(path))) { state in
            guard let inode = state.disk.inode(path) else { throw Self.missing(path) }
            state.disk.synchronize(inode)
        }
    }

    private func makeDirectory(_ key: ObjectKey, _ durability: WriteDurability) throws {
        let path = path(key)
        if durability == .full, try isDurable(path) { return }
        for depth in 1...path.count { try makeDirectory(Array(path.prefix(depth)), durability) }
    }

    private func isDurable(_ path: [String]) throws -> Bool {
        let inode = try look { $0.inode(path) }
        return state.withLock { state in inode.map { state.durable.contains($0) } ?? false }
    }

    private func makeDirectory(_ path: [String], _ durability: WriteDurability) throws {
        let parent = Array(path.dropLast())
        if let known = try look({ $0.inode(path) }) {
            guard try look({ $0.directory(known) }) != nil else {
                throw Failure(.invalidArgument, "there should be a directory here", path: Self.text(path))
            }
        } else {
            try perform(.makeDirectory(Self.text(path))) { state in
                guard let above = state.disk.inode(parent), let name = path.last else { throw Self.missing(parent) }
                // Another task may have been faster.
                if state.disk.inode(path) == nil { _ = state.disk.add(.directory(Disk.Directory()), name, in: above) }
            }
        }
        guard durability == .full, try !isDurable(path) else { return }
        try synchronize(parent)
        state.withLock { state in
            if let inode = state.disk.inode(path) { state.durable.insert(inode) }
        }
    }

    private func makeFile(_ path: [String]) throws -> Int {
        try perform(.create(Self.text(path))) { state in
            guard let parent = state.disk.inode(path.dropLast()), let name = path.last else {
                throw Self.missing(path.dropLast())
            }
            guard state.disk.inode(path) == nil else {
                throw Failure(.io, "cannot make the file: the name is in use", path: Self.text(path))
            }
            return state.disk.add(.file(Disk.File()), name, in: parent)
        }
    }

    private func remove(_ path: [String]) throws {
        try perform(.remove(Self.text(path))) { state in
            guard let parent = state.disk.inode(path.dropLast()), let name = path.last else { return }
            state.disk.unlink(name, in: parent)
        }
    }

    // MARK: Writing

    package func create(_ key: ObjectKey, _ durability: WriteDurability) async throws -> any ObjectWriter {
        try makeDirectory(key.parent, durability)
        return Writer(storage: self, path: path(key), inode: try makeFile(path(key)), durability)
    }

    package func putIfAbsent(_ key: ObjectKey, _ bytes: [UInt8], _ durability: WriteDurability) async throws
        -> PutOutcome
    {
        let (target, directory) = (path(key), path(key.parent))
        try makeDirectory(key.parent, durability)
        // Also after a restart it must be another one than those that are left.
        let temporary = directory + [".tmp-" + UUID().uuidString.lowercased()]
        let writer = Writer(storage: self, path: temporary, inode: try makeFile(temporary), durability)
        defer { withExtendedLifetime(writer) {} }
        try writer.writeNow(bytes)
        try writer.synchronizeContents()
        let isNew = try perform(.link(Self.text(target))) { state in
            guard state.disk.inode(target) == nil else { return false }
            guard let parent = state.disk.inode(directory) else { throw Self.missing(directory) }
            state.disk.link(writer.inode, key.name, in: parent)
            return true
        }
        guard isNew else { return .alreadyExists }
        guard durability == .full else { return .created }
        do {
            try synchronize(directory)
        } catch {
            throw Failure(.commitUnknown, "making the directory durable failed (\(error))", path: Self.text(target))
        }
        return .created
    }

    package func delete(_ key: ObjectKey, _ durability: WriteDurability) async throws {
        let path = path(key)
        let parent = Array(path.dropLast())
        if try look({ $0.inode(path).flatMap($0.file) }) != nil { try remove(path) }
        if durability == .full, try look({ $0.inode(parent) }) != nil { try synchronize(parent) }
        guard key.components.count > 2, try look({ $0.inode(parent).flatMap($0.directory)?.names.isEmpty }) == true
        else {
            return
        }
        try perform(.removeDirectory(Self.text(parent))) { state in
            guard let above = state.disk.inode(parent.dropLast()), let name = parent.last else { return }
            state.disk.unlink(name, in: above)
        }
    }

    package func synchronize(directory: ObjectKey) async throws {
        if try look({ $0.inode(path(directory)) }) != nil {
            try synchronize(path(directory))
        } else if !directory.components.isEmpty {
            try await synchronize(directory: directory.parent)
        }
    }

    package func synchronize(_ keys: [ObjectKey], changedSince since: Double?) async throws {
        var directories: Set<[String]> = []
        for key in keys where try look({ $0.inode(path(key)) }) != nil {
            try synchronize(path(key))
            for depth in 0...key.components.count { directories.insert(Array(path(key).prefix(depth))) }
        }
        for directory in directories.sorted(by: { $0.count > $1.count }) { try synchronize(directory) }
    }

    // MARK: Reading and looking

    package func open(_ key: ObjectKey) async throws -> Region {
        let path = path(key)
        return try look { disk in
            guard let file = disk.inode(path).flatMap(disk.file) else { throw Self.missing(path) }
            return Region(copying: file.bytes, name: Self.text(path))
        }
    }

    package func read(_ key: ObjectKey, _ range: Range<UInt64>) async throws -> Region {
        let part = try await open(key).view.slice(range.lowerBound, range.upperBound - range.lowerBound)
        return Region(copying: part.bytes, name: part.region.name, fileOffset: range.lowerBound)
    }

    package func size(_ key: ObjectKey) async throws -> UInt64 { UInt64(try await open(key).count) }

    private func names(in directory: ObjectKey, areFiles: Bool) throws -> [String] {
        try look { disk in
            let names = disk.inode(path(directory)).flatMap(disk.directory)?.names ?? [:]
            return names.filter { (disk.file($0.value) != nil) == areFiles }.map(\.key)
        }
    }

    package func names(in directory: ObjectKey) async throws -> [String] { try names(in: directory, areFiles: true) }

    package func directories(in directory: ObjectKey) async throws -> [String] {
        try names(in: directory, areFiles: false)
    }

    package func walk() async throws -> [ObjectEntry] { try walk(.root) }

    private func walk(_ directory: ObjectKey) throws -> [ObjectEntry] {
        var found: [ObjectEntry] = []
        for name in try names(in: directory, areFiles: true) {
            let key = try directory.appending(name)
            let size = try look { disk in disk.inode(path(key)).flatMap(disk.file)?.bytes.count }
            if let size { found.append(ObjectEntry(key: key, size: UInt64(size), modified: 0)) }
        }
        for name in try names(in: directory, areFiles: false) { found += try walk(directory.appending(name)) }
        return found
    }

    package func stamp(of directory: ObjectKey) async throws -> DirectoryStamp? {
        try look { disk in
            guard let inode = disk.inode(path(directory)), let known = disk.directory(inode) else { return nil }
            return DirectoryStamp(device: 0, inode: UInt64(inode), seconds: known.changes, nanoseconds: 0)
        }
    }

    // MARK: Writers

    private final class Writer: ObjectWriter {
        private struct State {
            var count: UInt64 = 0
            var isOpen = true
            var isFinished = false
        }

        let storage: PowerLossStorage
        let path: [String]
        let inode: Int
        let durability: WriteDurability
        private let state = Mutex(State())

        init(storage: PowerLossStorage, path: [String], inode: Int, _ durability: WriteDurability) {
            self.storage = storage
            self.path = path
            self.inode = inode
            self.durability = durability
        }

        deinit { if state.withLock({ !$0.isFinished }) { try? storage.remove(path) } }

        var count: UInt64 { state.withLock { $0.count } }

        func write(_ bytes: ByteView) async throws { try writeNow(bytes.bytes) }

        func writeNow(_ bytes: [UInt8]) throws {
            guard state.withLock({ $0.isOpen }) else {
                throw Failure(.io, "cannot write the file: it is not open any more", path: PowerLossStorage.text(path))
            }
            do {
                try storage.perform(.write(PowerLossStorage.text(path))) { $0.disk.write(bytes, to: inode) }
                state.withLock { $0.count += UInt64(bytes.count) }
            } catch {
                state.withLock { $0.isOpen = false }
                throw error
            }
        }

        func synchronizeContents() throws {
            guard durability == .full else { return }
            try storage.perform(.synchronize(PowerLossStorage.text(path))) { $0.disk.synchronize(inode) }
        }

        func finish() async throws {
            guard state.withLock({ $0.isOpen }) else {
                throw Failure(.io, "cannot close the file: it is not open any more", path: PowerLossStorage.text(path))
            }
            try synchronizeContents()
            state.withLock { $0.isOpen = false }
            if durability == .full { try storage.synchronize(Array(path.dropLast())) }
            state.withLock { $0.isFinished = true }
        }
    }
}
