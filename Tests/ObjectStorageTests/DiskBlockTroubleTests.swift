// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import ObjectStorage
import TestSupport
import Testing

/// Directories that are none, or that nothing can be written to.
struct DiskBlockTroubleTests {
    /// Another one each time: regions live on for a moment after the task that made them.
    private var cache: BlockCache { BlockCache(capacity: 0) }
    private let remote = RemoteBytes("f", 200_000, seed: 1)

    /// A clear error each time, until somebody mends it.
    @Test func placesThatCannotBe() async throws {
        let place = try TemporaryDirectory()
        let file = place.appending("file")
        try Data([1]).write(to: URL(filePath: file))
        let link = place.appending("link")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: place.appending("missing/x"))
        for path in [file, file + "/below", file + "/far/below", link, link + "/below", ""] {
            let disk = DiskBlockCache(path: path, capacity: 1 << 20)
            for _ in 0..<2 {
                let failure = try await expectFailure([.invalidArgument], path) {
                    try await remote.check([0..<9], cache, disk)
                }
                #expect(path.isEmpty || failure.path?.contains("swift-lance-test-") == true, "\(failure)")
            }
        }
        #expect(remote.asked() == 0)
        let disk = DiskBlockCache(path: file, capacity: 1 << 20)
        try await expectFailure([.invalidArgument], "a file") { try await remote.check([0..<9], cache, disk) }
        try FileManager.default.removeItem(atPath: file)
        try await remote.check([0..<9], cache, disk)
        try await remote.check([0..<9], cache, disk)
        #expect(remote.asked() == 1)
    }

    #if os(Linux)
        @Test func placesThatMustNotBe() async throws {
            let disk = DiskBlockCache(path: "/proc/self/cache", capacity: 1 << 20)
            try await expectFailure([.permission, .invalidArgument], "/proc") {
                try await remote.check([0..<9], cache, disk)
            }
        }
    #endif

    /// Names in it are too long for the system: it can be listed, and nothing can be written, whoever the user is.
    @Test func nothingCanBeWritten() async throws {
        let place = try TemporaryDirectory()
        var path = place.path
        while path.utf8.count < 4095 - 22 - 40 {
            path += "/" + String(repeating: "d", count: min(200, 4095 - 22 - 30 - path.utf8.count))
        }
        let disk = DiskBlockCache(path: path, capacity: 1 << 20)
        for _ in 0..<3 { try await remote.check([0..<9, 100_000..<100_001], cache, disk) }
        #expect(remote.asked() == 6)
        #expect(disk.byteCount == 0)
    }

    @Test func readOnly() async throws {
        let directory = try CacheDirectory()
        try await remote.check([0..<9], cache, DiskBlockCache(path: directory.path, capacity: 1 << 20))
        #expect(remote.asked() == 1)
        try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: directory.own)
        defer { try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: directory.own) }
        let disk = DiskBlockCache(path: directory.path, capacity: 1 << 20)
        for _ in 0..<3 { try await remote.check([0..<9, 100_000..<100_001], cache, disk) }
        // To root everything is writable.
        #expect(remote.asked() == (geteuid() == 0 ? 1 : 3))
    }

    /// The directory becomes a file, and a directory again.
    @Test func replaced() async throws {
        let directory = try CacheDirectory()
        let disk = DiskBlockCache(path: directory.path, capacity: 1 << 20)
        try await remote.check([0..<9], cache, disk)
        try FileManager.default.removeItem(atPath: directory.own)
        try Data([1]).write(to: URL(filePath: directory.own))
        for _ in 0..<2 { try await remote.check([0..<9, 100_000..<100_001], cache, disk) }
        #expect(remote.asked() == 5)
        try FileManager.default.removeItem(atPath: directory.own)
        let other = DiskBlockCache(path: directory.path, capacity: 1 << 20)
        for _ in 0..<2 { try await remote.check([0..<9], cache, other) }
        #expect(remote.asked() == 1)
    }

    @Test func noRoom() async throws {
        let directory = try CacheDirectory()
        for capacity in [0, 1, 20_479, 4 * 20_480 - 1] {
            let disk = DiskBlockCache(path: directory.path, capacity: capacity)
            for _ in 0..<2 { try await remote.check([0..<9], cache, disk) }
            #expect(remote.asked() == 2 && directory.files().isEmpty)
        }
    }
}
