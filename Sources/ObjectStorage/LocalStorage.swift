// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
import Foundation
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A directory of this machine's file system.
///
/// The promise of `ObjectStorage`, kept with: `open` + `mmap` for reading; `fsync` of the file and then of its
/// directory for durability; `link(2)`, which fails when the new name exists, for put-if-absent. A directory is made
/// durable by an `fsync` of its parent, once by each storage, whoever made it: that process may have been killed between
/// the two.
package struct LocalStorage: ObjectStorage {
    private let root: FilePath
    private let durable = DurableDirectories()
    private let places: StoragePlaces

    /// - Parameter places: makes the storage of other places that a table names.
    package init(path: String, places: StoragePlaces = .local) {
        root = FilePath(path)
        self.places = places
    }

    package var location: String { root.string }

    package func storage(at location: StorageLocation) throws -> any ObjectStorage { try places.make(location) }

    private func path(_ key: ObjectKey) -> FilePath {
        key.components.reduce(root) { $0.appending($1) }
    }

    // MARK: Reading

    package func open(_ key: ObjectKey) async throws -> Region { try openNow(path(key)) }

    private func openNow(_ path: FilePath) throws -> Region {
        let name = path.string
        let descriptor = try opened(path)
        // A mapping outlives its descriptor, and so a table of any number of files costs no descriptors.
        defer { try? descriptor.close() }
        let count = try regularFileSize(descriptor, name)
        if let bytes = SystemCall.map(descriptor.rawValue, count: count) {
            return Region(adopting: bytes, name: name, isMapped: true) { SystemCall.unmap($0, $1) }
        }
        // Empty files, and file systems without mappings.
        return try Region(count: count, name: name) { try descriptor.readFully(into: $0, at: 0, path: name) }
    }

    package func read(_ key: ObjectKey, _ range: Range<UInt64>) async throws -> Region {
        let path = path(key)
        let descriptor = try opened(path)
        defer { try? descriptor.close() }
        let size = try regularFileSize(descriptor, path.string)
        guard range.upperBound <= UInt64(size), let start = Int(exactly: range.lowerBound) else {
            throw Failure(
                .corrupt, "expected bytes \(range), but the file has \(size)", path: path.string,
                offset: range.lowerBound)
        }
        return try Region(count: range.count, name: path.string, fileOffset: range.lowerBound) { target in
            try descriptor.readFully(into: target, at: start, path: path.string)
        }
    }

    package func size(_ key: ObjectKey) async throws -> UInt64 {
        let path = path(key).string
        let status = try fail("cannot read the file's size", path) { try SystemCall.status(path) }
        return UInt64(try regularFileSize(status, path))
    }

    private func opened(_ path: FilePath) throws -> FileDescriptor {
        try fail("cannot open the file", path.string) {
            // Non-blocking: to open a named pipe would wait for somebody to write to it.
            try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
        }
    }

    private func regularFileSize(_ descriptor: FileDescriptor, _ name: String) throws -> Int {
        let status = try fail("cannot read the file's size", name) { try SystemCall.status(descriptor.rawValue) }
        return try regularFileSize(status, name)
    }

    private func regularFileSize(_ status: stat, _ name: String) throws -> Int {
        switch status.st_mode & S_IFMT {
        case S_IFREG: return Int(status.st_size)
        case S_IFDIR: throw Failure(.notFound, "there is a directory of that name, and no file", path: name)
        default: throw Failure(.io, "not a regular file", path: name)
        }
    }

    // MARK: Writing

    package func create(_ key: ObjectKey, _ durability: WriteDurability) async throws -> any ObjectWriter {
        try makeDirectory(key.parent, durability)
        return try LocalWriter(path: path(key), durability)
    }

    package func putIfAbsent(_ key: ObjectKey, _ bytes: [UInt8], _ durability: WriteDurability) async throws
        -> PutOutcome
    {
        let target = path(key)
        let directory = path(key.parent)
        try makeDirectory(key.parent, durability)
        // The name must not look like a manifest, lest a reader take it for one.
        let temporary = directory.appending(".tmp-\(UUID().uuidString.lowercased())")
        let writer = try LocalWriter(path: temporary, durability)
        // The writer removes its file in deinit unless it is finished, and it never is: the temporary name always goes.
        defer { withExtendedLifetime(writer) {} }
        try writer.writeNow(Region(copying: bytes, name: temporary.string).view)
        try writer.synchronizeContents()
        do {
            try SystemCall.hardLink(temporary.string, target.string)
        } catch _ where SystemCall.isSameFile(temporary.string, target.string) {
            // A file system of another machine may have given the name and lost the answer.
        } catch Errno.fileExists {
            return .alreadyExists
        } catch {
            throw Failure(errno: error, "cannot give '\(key.name)' its name", path: target.string)
        }
        if durability == .full {
            do {
                try synchronizeDirectory(directory)
            } catch {
                throw Failure(
                    .commitUnknown,
                    "'\(key.name)' was written, but making its directory durable failed (\(error)): it is there now, "
                        + "and may be gone after a power loss; look at the table before you repeat the call",
                    path: target.string, underlying: error)
            }
        }
        return .created
    }

    package func delete(_ key: ObjectKey, _ durability: WriteDurability) async throws {
        let path = path(key).string
        let directory = self.path(key.parent)
        do {
            try SystemCall.removeFile(path)
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
        } catch {
            throw Failure(errno: error, "cannot remove the file", path: path)
        }
        if durability == .full {
            do {
                try synchronizeDirectory(directory)
            } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            } catch {
                throw Failure(
                    .commitUnknown,
                    "'\(key.name)' was removed, but making that durable failed (\(error)): it may be there again after a "
                        + "power loss",
                    path: path, underlying: error)
            }
        }
        // Index files have a directory each; one that has become empty goes with its last file.
        if key.components.count > 2 { try? SystemCall.removeEmptyDirectory(directory.string) }
    }

    /// Makes a directory of the table and what is missing above it; with `.full` all of that is on the device on return.
    private func makeDirectory(_ key: ObjectKey, _ durability: WriteDurability) throws {
        let directory = path(key)
        guard durability == .full else {
            try makeDirectory(directory, .relaxed)
            return
        }
        if let status = try? SystemCall.status(directory.string), durable.contains(status) { return }
        var path = root
        try makeDurable(path, isRoot: true)
        for component in key.components {
            path.append(component)
            try makeDurable(path, isRoot: false)
        }
    }

    private func makeDurable(_ path: FilePath, isRoot: Bool) throws {
        if let status = try? SystemCall.status(path.string), durable.contains(status) { return }
        if try !makeDirectory(path, .full) {
            let parent = path.removingLastComponent()
            do {
                try synchronizeDirectory(parent.isEmpty ? "." : parent)
            } catch Errno.permissionDenied where isRoot {
                // Somebody else's, who made this table's directory for us; it is theirs to keep.
            } catch let error as Errno {
                throw Failure(errno: error, "cannot make the directory durable", path: path.string)
            }
        }
        if let status = try? SystemCall.status(path.string) { durable.insert(status) }
    }

    package func synchronize(directory: ObjectKey) async throws {
        let path = path(directory)
        do {
            try synchronizeDirectory(path)
        } catch Errno.noSuchFileOrDirectory {
            // That it is gone is for the one above to tell. The table's own is somebody else's to make and to remove.
            if !directory.components.isEmpty { try await synchronize(directory: directory.parent) }
        } catch let error as Errno {
            throw Failure(errno: error, "cannot make the directory durable", path: path.string)
        }
    }

    package func synchronize(_ keys: [ObjectKey], changedSince since: Double?) async throws {
        var directories: [ObjectKey] = []
        var known: Set<ObjectKey> = []
        for key in keys {
            let path = path(key).string
            do {
                if let since, try SystemCall.status(path).changed.asDouble < since { continue }
                // Whoever wrote them, what of the file is in memory goes to the device.
                let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
                defer { try? descriptor.close() }
                try SystemCall.synchronize(descriptor.rawValue)
            } catch Errno.noSuchFileOrDirectory {
                continue
            } catch let error as Errno {
                throw Failure(errno: error, "cannot make the file durable", path: path)
            }
            var directory = key
            while !directory.components.isEmpty {
                directory = directory.parent
                if known.insert(directory).inserted { directories.append(directory) }
            }
        }
        for directory in directories { try await synchronize(directory: directory) }
        if !directories.isEmpty {
            let above = root.removingLastComponent()
            try fail("cannot make the table's directory durable", root.string) {
                try synchronizeDirectory(above.isEmpty ? "." : above)
            }
        }
    }

    /// Makes a directory and what is missing above it, durably: a file is lost with a directory that was not synced.
    ///
    /// False where it was there; then nobody knows whether it is durable.
    @discardableResult
    private func makeDirectory(_ path: FilePath, _ durability: WriteDurability) throws -> Bool {
        do {
            try SystemCall.makeDirectory(path.string)
        } catch Errno.fileExists {
            // A file, or a symbolic link that leads nowhere, has the name too.
            let status = try? SystemCall.status(path.string)
            guard let status, status.st_mode & S_IFMT == S_IFDIR else {
                throw Failure(
                    .invalidArgument, "there should be a directory here, and there is something else", path: path.string
                )
            }
            return false
        } catch Errno.noSuchFileOrDirectory {
            let parent = path.removingLastComponent()
            guard parent != path, !parent.isEmpty else {
                throw Failure(errno: .noSuchFileOrDirectory, "cannot make the directory", path: path.string)
            }
            try makeDirectory(parent, durability)
            return try makeDirectory(path, durability)
        } catch {
            throw Failure(errno: error, "cannot make the directory", path: path.string)
        }
        if durability == .full {
            let parent = path.removingLastComponent()
            try fail("cannot make the directory durable", path.string) {
                try synchronizeDirectory(parent.isEmpty ? "." : parent)
            }
        }
        return true
    }

    // MARK: Looking

    package func names(in directory: ObjectKey) async throws -> [String] {
        let path = path(directory).string
        do {
            return try SystemCall.entries(path).filter { entry in
                if let known = entry.isDirectory { return !known }
                let status = try? SystemCall.status(path + "/" + entry.name)
                return status.map { $0.st_mode & S_IFMT != S_IFDIR } ?? false
            }.map(\.name)
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            return []
        } catch {
            throw Failure(errno: error, "cannot list the directory", path: path)
        }
    }

    package func directories(in directory: ObjectKey) async throws -> [String] {
        let path = path(directory).string
        do {
            return try SystemCall.entries(path).filter { entry in
                if let known = entry.isDirectory { return known }
                let status = try? SystemCall.status(path + "/" + entry.name)
                return status.map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
            }.map(\.name)
        } catch Errno.noSuchFileOrDirectory {
            return []
        } catch Errno.notDirectory {
            throw Failure(.invalidArgument, "this is a file; a table is a directory", path: path)
        } catch {
            throw Failure(errno: error, "cannot list the directory", path: path)
        }
    }

    package func walk() async throws -> [ObjectEntry] {
        var found: [ObjectEntry] = []
        var seen = Set<[UInt64]>()
        try walk(.root, into: &found, &seen)
        return found
    }

    /// - Parameter seen: the directories visited so far, lest a symbolic link to one above lead round in circles.
    private func walk(_ directory: ObjectKey, into found: inout [ObjectEntry], _ seen: inout Set<[UInt64]>) throws {
        let place = path(directory).string
        if let status = try? SystemCall.status(place),
            !seen.insert([UInt64(truncatingIfNeeded: status.st_dev), UInt64(status.st_ino)]).inserted
        {
            return
        }
        let entries: [(name: String, isDirectory: Bool?)]
        do {
            entries = try SystemCall.entries(place)
        } catch Errno.noSuchFileOrDirectory {
            return
        } catch Errno.notDirectory where directory.components.isEmpty {
            throw Failure(.invalidArgument, "this is a file; a table is a directory", path: place)
        } catch {
            throw Failure(errno: error, "cannot list the directory", path: place)
        }
        for entry in entries {
            let key = try directory.appending(entry.name)
            if entry.isDirectory == true {
                try walk(key, into: &found, &seen)
                continue
            }
            // A file that another process removed since the listing is simply not there.
            guard let status = try? SystemCall.status(path(key).string) else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                try walk(key, into: &found, &seen)
            } else {
                found.append(ObjectEntry(key: key, size: UInt64(status.st_size), modified: status.modified.asDouble))
            }
        }
    }

    package func stamp(of directory: ObjectKey) async throws -> DirectoryStamp? {
        let path = path(directory).string
        let status: stat
        do {
            status = try SystemCall.status(path)
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            return nil
        } catch {
            throw Failure(errno: error, "cannot look at the directory", path: path)
        }
        let modified = status.modified
        return DirectoryStamp(
            device: UInt64(truncatingIfNeeded: status.st_dev), inode: UInt64(status.st_ino),
            seconds: Int64(modified.tv_sec), nanoseconds: Int64(modified.tv_nsec))
    }
}

extension stat {
    /// When contents or name changed: what was copied with its times is new all the same.
    fileprivate var changed: timespec {
        #if canImport(Darwin)
            st_ctimespec
        #else
            st_ctim
        #endif
    }

    var modified: timespec {
        #if canImport(Darwin)
            st_mtimespec
        #else
            st_mtim
        #endif
    }
}

extension timespec {
    var asDouble: Double { Double(tv_sec) + Double(tv_nsec) * 1e-9 }
}

/// Runs `body` and turns an `Errno` into a `Failure`.
func fail<T>(_ doing: String, _ path: String, _ body: () throws -> T) throws -> T {
    do {
        return try body()
    } catch let error as Errno {
        throw Failure(errno: error, doing, path: path)
    }
}
