// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import Synchronization
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension DiskBlockCache {
    /// Seconds after which a file that is not whole yet was left by a process that ended.
    private static let hour = 3600.0
    /// Of a file, as it counts: no sum of what others put there may overflow.
    private static let mostSize = 1 << 40

    /// Makes the directory and lists it, the first time.
    ///
    /// Throws `invalid_argument` and `permission` for a path that cannot be a cache's; the next call tries again.
    func open() async throws {
        let task: Task<Void, any Error>? = state.withLock { state in
            if state.isOpen { return nil }
            if let task = state.opening { return task }
            let task = Task { try self.openNow() }
            state.opening = task
            return task
        }
        try await task?.value
    }

    private func openNow() throws {
        do {
            do {
                try makeDirectory()
                state.withLock { $0.added = [:] }
                try list(making: 0)
            } catch Errno.noSpace, Errno.diskQuotaExceeded {
                warn("the disk of the cache directory is full; it is done without", Errno.noSpace)
            } catch let error as Errno {
                throw Failure(errno: error, "cannot use the cache directory", path: path.string)
            }
            state.withLock { state in
                state.added = nil
                state.opening = nil
                state.isOpen = true
            }
        } catch {
            state.withLock { state in
                state.added = nil
                state.opening = nil
            }
            throw error
        }
    }

    /// Makes the directory and what is missing above it, for this user alone.
    func makeDirectory() throws {
        guard !path.isEmpty else {
            throw Failure(.invalidArgument, "the path of the cache directory is empty")
        }
        try make(directory)
        let status = try SystemCall.status(directory.string)
        // Who owns the directory can give us any bytes for the table's.
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw Failure(
                .permission, "the cache directory belongs to another user; choose one of your own",
                path: directory.string)
        }
    }

    private func make(_ place: FilePath) throws {
        if let status = try? SystemCall.status(place.string) {
            guard status.st_mode & S_IFMT == S_IFDIR else { throw noDirectory(place) }
            return
        }
        let above = place.removingLastComponent()
        if !above.isEmpty, above != place { try make(above) }
        do {
            try SystemCall.makeDirectory(place.string, mode: 0o700)
        } catch Errno.fileExists {
            // Another process was faster, or it is a link that leads nowhere.
            guard let status = try? SystemCall.status(place.string), status.st_mode & S_IFMT == S_IFDIR else {
                throw noDirectory(place)
            }
        } catch Errno.notDirectory {
            throw noDirectory(place)
        } catch Errno.noSuchFileOrDirectory, Errno.fileNameTooLong {
            throw Failure(
                .invalidArgument, "the cache directory cannot be made here; choose another path", path: place.string)
        }
    }

    private func noDirectory(_ place: FilePath) -> Failure {
        Failure(
            .invalidArgument, "this is no directory, or below what is none; the cache needs one", path: place.string)
    }

    private static func space(_ status: stat) -> Int {
        DiskBlockContents.space(min(Int(status.st_size), mostSize))
    }

    private struct Listed {
        var name: DiskBlockName
        var space: Int
        var used: Double
    }

    /// Looks at what is there, and removes what was used longest ago where it is too much.
    ///
    /// To be called by one at a time: who set `added`.
    ///
    /// - Parameter space: room to be made, beside.
    func list(making space: Int) throws {
        let now = Date().timeIntervalSince1970
        var files: [Listed] = []
        // What others are writing.
        var total = 0
        for entry in try entries() where entry.isDirectory != true {
            let path = directory.appending(entry.name).string
            if let name = DiskBlockName(entry.name) {
                guard let status = try? SystemCall.status(path), status.st_mode & S_IFMT == S_IFREG else { continue }
                files.append(Listed(name: name, space: Self.space(status), used: status.modified.asDouble))
            } else if entry.name.hasPrefix(Self.temporary), !entry.name.hasPrefix(ownTemporary),
                let status = try? SystemCall.status(path)
            {
                // Whoever wrote it is not there any more.
                if now - status.modified.asDouble > Self.hour, (try? SystemCall.removeFile(path)) != nil { continue }
                total = total.addingClamped(Self.space(status))
            }
        }
        for file in files { total = total.addingClamped(file.space) }
        var first = 0
        if total.addingClamped(space) > capacity {
            files.sort {
                ($0.used, $0.name.hash, $0.name.blocks.lowerBound) < ($1.used, $1.name.hash, $1.name.blocks.lowerBound)
            }
            while first < files.count, total.addingClamped(space) > capacity / 4 * 3 {
                let path = directory.appending(files[first].name.text).string
                do {
                    try SystemCall.removeFile(path)
                } catch Errno.noSuchFileOrDirectory {
                } catch {
                    // It still takes its space, and so would what is written beside it.
                    warn("a file of the cache directory cannot be removed", error)
                    break
                }
                total -= files[first].space
                first += 1
            }
        }
        let table = DiskBlockTable(files[first...].lazy.map(\.name))
        let known = Set(files[first...].lazy.map(\.name))
        state.withLock { state in
            state.table = table
            state.bytes = min(total, .max / 2)
            state.written = 0
            // Nothing changes that soon, and each piece that is to be written would be reason to look again.
            if total.addingClamped(space) > capacity { state.silentUntil = .now + silence }
            for (name, space) in state.added ?? [:] where !known.contains(name) {
                state.table.insert(name)
                state.bytes = state.bytes.addingClamped(space)
            }
            state.added = nil
        }
    }

    private func entries() throws -> [(name: String, isDirectory: Bool?)] {
        do {
            return try SystemCall.entries(directory.string)
        } catch Errno.noSuchFileOrDirectory {
            // Somebody removed the cache; it is made anew when something is written.
            return []
        }
    }

    /// Space of all files, those of others as of the last listing.
    package var byteCount: Int { state.withLock { $0.bytes } }
}

extension Int {
    fileprivate func addingClamped(_ other: Int) -> Int {
        let (sum, isTooMuch) = addingReportingOverflow(other)
        return isTooMuch ? .max : sum
    }
}
