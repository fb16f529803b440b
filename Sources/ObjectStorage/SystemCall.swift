// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Calls that swift-system does not wrap, with its `Errno` as their error.
enum SystemCall {
    static var lastError: Errno { Errno(rawValue: errno) }

    /// Runs a call that answers -1 on failure; starts it again when a signal interrupted it.
    @discardableResult
    static func check<T: SignedInteger>(_ call: () -> T) throws(Errno) -> T {
        while true {
            let result = call()
            if result != -1 { return result }
            let error = lastError
            if error != .interrupted { throw error }
        }
    }

    /// Brings a file's or directory's contents to the device.
    ///
    /// Never called twice for one failure: after a failed fsync the kernel may have dropped the dirty pages, and a
    /// second one would report success for data that is lost.
    static func synchronize(_ descriptor: Int32) throws(Errno) {
        #if canImport(Darwin)
            // fsync on Apple systems stops at the drive's cache.
            if fcntl(descriptor, F_FULLFSYNC) != -1 { return }
        #endif
        if fsync(descriptor) == -1 { throw lastError }
    }

    static func status(_ path: String) throws(Errno) -> stat {
        var status = stat()
        try check { stat(path, &status) }
        return status
    }

    static func status(_ descriptor: Int32) throws(Errno) -> stat {
        var status = stat()
        try check { fstat(descriptor, &status) }
        return status
    }

    /// Makes a second name for a file, atomically, if that name is free.
    static func hardLink(_ old: String, _ new: String) throws(Errno) { try check { link(old, new) } }

    /// Whether two names are one file's; false where either cannot be looked at.
    static func isSameFile(_ one: String, _ other: String) -> Bool {
        guard let one = try? status(one), let other = try? status(other) else { return false }
        return one.st_dev == other.st_dev && one.st_ino == other.st_ino
    }

    static func removeFile(_ path: String) throws(Errno) { try check { unlink(path) } }

    static func removeEmptyDirectory(_ path: String) throws(Errno) { try check { rmdir(path) } }

    static func makeDirectory(_ path: String, mode: mode_t = 0o777) throws(Errno) { try check { mkdir(path, mode) } }

    /// Gives a file another name, atomically, in place of what has that name.
    static func rename(_ old: String, _ new: String) throws(Errno) {
        #if canImport(Darwin)
            try check { Darwin.rename(old, new) }
        #elseif canImport(Glibc)
            try check { Glibc.rename(old, new) }
        #elseif canImport(Musl)
            try check { Musl.rename(old, new) }
        #endif
    }

    /// The file was changed now, says its time.
    static func touch(_ descriptor: Int32) throws(Errno) { try check { futimens(descriptor, nil) } }

    /// The names in a directory but for `.` and `..`, with what the file system says of their kind.
    static func entries(_ path: String) throws(Errno) -> [(name: String, isDirectory: Bool?)] {
        guard let stream = opendir(path) else { throw lastError }
        defer { closedir(stream) }
        var found: [(name: String, isDirectory: Bool?)] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw lastError }
                return found
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
                    String(cString: $0)
                }
            }
            if name == "." || name == ".." { continue }
            let kind = Int32(entry.pointee.d_type)
            found.append((name, kind == Int32(DT_UNKNOWN) || kind == Int32(DT_LNK) ? nil : kind == Int32(DT_DIR)))
        }
    }

    /// Maps a whole file read-only; nil where the file cannot be mapped but may be read.
    static func map(_ descriptor: Int32, count: Int) -> UnsafeRawBufferPointer? {
        guard count > 0, let base = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            return nil
        }
        return UnsafeRawBufferPointer(start: base, count: count)
    }

    static func unmap(_ base: UnsafeRawPointer, _ count: Int) {
        munmap(UnsafeMutableRawPointer(mutating: base), count)
    }
}

extension Failure {
    /// The failure that an `Errno` amounts to.
    ///
    /// Labelled, since `Errno` has cases of the same names as `Failure.Code`.
    package init(errno: Errno, _ doing: String, path: String) {
        let code: Code
        let hint: String
        switch errno {
        case .noSuchFileOrDirectory, .notDirectory: (code, hint) = (.notFound, "check the path")
        case .permissionDenied, .notPermitted, .readOnlyFileSystem:
            (code, hint) = (.permission, "check the owner and mode of the file and its directory")
        case .noSpace, .diskQuotaExceeded:
            (code, hint) = (.noSpace, "free some space and try again; nothing was changed")
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem:
            (code, hint) = (.io, "raise the limit of open files (ulimit -n)")
        case .fileTooLarge:
            (code, hint) = (.io, "raise the limit of a file's size (ulimit -f), or take a file system that has none")
        case .fileNameTooLong: (code, hint) = (.io, "choose a shorter path")
        case .tooManySymbolicLinkLevels: (code, hint) = (.io, "the path's symbolic links lead in a circle; mend them")
        case .noMemory: (code, hint) = (.io, "there is not enough memory, or not enough for mappings; close something")
        case .tooManyLinks: (code, hint) = (.io, "remove some of what is in the directory")
        case .staleNFSFileHandle: (code, hint) = (.io, "somebody removed it on the server; try again")
        case .notSupported, .invalidArgument:
            (code, hint) = (.unsupported, "the file system cannot do this; put the table on another one")
        default: (code, hint) = (.io, "see the system's log of the device")
        }
        self.init(code, "\(doing): \(errno); \(hint)", path: path, underlying: errno)
    }
}

func synchronizeDirectory(_ directory: FilePath) throws {
    let descriptor = try FileDescriptor.open(directory, .readOnly, options: [.closeOnExec])
    defer { try? descriptor.close() }
    try SystemCall.synchronize(descriptor.rawValue)
}
