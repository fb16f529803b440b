// SPDX-License-Identifier: Apache-2.0
import CrashCases
import Foundation
import LanceVectorStore
import ObjectStorage
import TestSupport

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Every call that writes with no descriptor left, with one, and so on until it needs no more.
///
/// In the running process and not from its start: Dispatch needs some descriptors of its own and ends the process where
/// it does not get them.
struct FewFiles {
    let directory: String

    /// Prints, for each call, how many descriptors it needs.
    func run() async throws {
        // Whatever opens a descriptor for good has done so after this.
        for call in WritingCall.all { _ = try await attempt(call, free: 100) }
        let open = try Self.openFiles()
        for call in WritingCall.all {
            var free = 0
            while try await !attempt(call, free: free) {
                free += 1
                try check(free < 20, "\(call) does not come to its end with \(free) descriptors")
            }
            try check(free > 0, "\(call) did without a descriptor")
            try check(try Self.openFiles() == open, "\(call) left a descriptor open")
            print("\(call): \(free)")
        }
    }

    /// True where the call came to its end.
    private func attempt(_ call: WritingCall, free: Int) async throws -> Bool {
        let path = directory + "/" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let start = try await call.start.make()
        try await start.copy(to: LocalStorage(path: path))
        let store = try LanceVectorStore(path: path, options: CrashTable.options(.relaxed))
        let before = try await TableState(store)
        var failure: StoreError?
        do {
            let limit = try Self.limit(free: free)
            defer { Self.restore(limit) }
            try await call.perform(store)
        } catch let error as StoreError {
            failure = error
        }
        guard let failure else { return true }
        let context = "\(call) with \(free) descriptors: \(failure)"
        try check(failure.code == .io && failure.message.contains("ulimit -n"), context)
        try check(failure.path?.hasPrefix(path) == true, context)
        try check(try await TableState(store) == before, "\(context); the table has changed")
        try await call.perform(store)
        return false
    }

    /// Lets the process open so many files more.
    private static func limit(free: Int) throws -> rlimit {
        var old = rlimit()
        // The lowest free number; those above it are free too, since nothing but this runs.
        let next = open("/dev/null", O_RDONLY | O_CLOEXEC)
        try check(next >= 0 && close(next) == 0 && getrlimit(noFiles, &old) == 0, "cannot tell the limit")
        var new = old
        new.rlim_cur = rlim_t(Int(next) + free)
        try check(setrlimit(noFiles, &new) == 0, "cannot set the limit")
        return old
    }

    private static func restore(_ limit: rlimit) {
        var limit = limit
        setrlimit(noFiles, &limit)
    }

    private static func openFiles() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }

    #if canImport(Glibc)
        private static let noFiles = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let noFiles = RLIMIT_NOFILE
    #endif
}
