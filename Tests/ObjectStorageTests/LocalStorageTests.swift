// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import ObjectStorage
import SystemPackage
import Testing
import TestSupport

struct LocalStorageTests {
    private let place: TemporaryDirectory
    private let storage: LocalStorage

    init() throws {
        place = try TemporaryDirectory()
        storage = LocalStorage(path: place.path)
    }

    private func write(_ key: String, _ bytes: [UInt8] = [1]) async throws {
        let writer = try await storage.create(ObjectKey(key), .relaxed)
        try await writer.write(bytes)
        try await writer.finish()
    }

    @Test func aFileInTheWayIsNotFound() async throws {
        try await write("file")
        let below = LocalStorage(path: place.appending("file"))
        try await expectFailure([.notFound], "open") { try await below.open(ObjectKey("data/x")) }
        try await expectFailure([.notFound], "size") { try await below.size(ObjectKey("x")) }
        try await expectFailure([.notFound, .invalidArgument], "create") {
            try await below.create(ObjectKey("data/x"), .full)
        }
        try await expectFailure([.notFound, .invalidArgument], "put") {
            try await below.putIfAbsent(ObjectKey("x"), [1], .full)
        }
        try await expectFailure([.invalidArgument], "walk") { try await below.walk() }
        #expect(try await below.names(in: .root) == [])
        #expect(try await below.stamp(of: ObjectKey("data")) == nil)
        try await below.delete(ObjectKey("x"))
        #expect(try await storage.names(in: .root) == ["file"])
    }

    @Test func errnosBecomeCodes() {
        let expected: [(Errno, Failure.Code)] = [
            (.noSuchFileOrDirectory, .notFound), (.notDirectory, .notFound), (.permissionDenied, .permission),
            (.notPermitted, .permission), (.readOnlyFileSystem, .permission), (.noSpace, .noSpace),
            (.diskQuotaExceeded, .noSpace), (.tooManyOpenFiles, .io), (.tooManyOpenFilesInSystem, .io),
            (.ioError, .io), (.fileNameTooLong, .io), (.fileTooLarge, .io), (.noMemory, .io),
            (.staleNFSFileHandle, .io), (.notSupported, .unsupported), (.invalidArgument, .unsupported),
        ]
        for (errno, code) in expected {
            let failure = Failure(errno: errno, "cannot open the file", path: "/some/where")
            #expect(failure.code == code)
            #expect(failure.path == "/some/where")
            #expect(failure.message.hasPrefix("cannot open the file: "))
            #expect(failure.underlying as? Errno == errno)
        }
    }

    @Test func longNamesAreRefusedWhole() async throws {
        let key = try ObjectKey(String(repeating: "n", count: 300))
        try await expectFailure([.io], "create") { try await storage.create(key, .relaxed) }
        try await expectFailure([.io], "put") { try await storage.putIfAbsent(key, [1], .relaxed) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path) == [])
    }

    /// Neither a directory nor a pipe is an object, and to open a pipe must not wait for its other end.
    @Test(.timeLimit(.minutes(1))) func otherThingsAreNoObjects() async throws {
        try FileManager.default.createDirectory(atPath: place.appending("dir"), withIntermediateDirectories: false)
        #expect(mkfifo(place.appending("pipe"), 0o600) == 0)
        try await expectFailure([.io], "open a pipe") { try await storage.open(ObjectKey("pipe")) }
        try await expectFailure([.io], "read a pipe") { try await storage.read(ObjectKey("pipe"), 0..<1) }
        try await expectFailure([.notFound], "open a directory") { try await storage.open(ObjectKey("dir")) }
        #expect(throws: Failure.self) { try FileSource(path: place.appending("dir")) }
        try await expectFailure([.io], "delete a directory") { try await storage.delete(ObjectKey("dir")) }
    }

    @Test func linksAreFollowedButNotInCircles() async throws {
        try await write("data/a", [1, 2, 3])
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: place.appending("data/round"), withDestinationPath: "..")
        try manager.createSymbolicLink(atPath: place.appending("data/again"), withDestinationPath: ".")
        try manager.createSymbolicLink(atPath: place.appending("data/alias"), withDestinationPath: "a")
        try manager.createSymbolicLink(atPath: place.appending("data/dangling"), withDestinationPath: "nothing")
        #expect(try await storage.walk().map(\.key.description).sorted() == ["data/a", "data/alias"])
        #expect(try await storage.names(in: ObjectKey("data")).sorted() == ["a", "alias"])
        #expect(try await storage.open(ObjectKey("data/alias")).view.bytes == [1, 2, 3])
    }

    @Test func temporaryNamesAreNoManifests() async throws {
        // While puts are under way, whatever else is in the directory must not look like a version.
        let seen = try await withThrowingTaskGroup(of: Set<String>.self) { group in
            for task in 0..<4 {
                group.addTask {
                    for round in 0..<50 {
                        _ = try await storage.putIfAbsent(
                            ObjectKey("_versions/\(task * 50 + round).manifest"), [1], .full)
                    }
                    return []
                }
            }
            group.addTask {
                var names = Set<String>()
                for _ in 0..<300 { names.formUnion(try await storage.names(in: ObjectKey("_versions"))) }
                return names
            }
            return try await group.reduce(into: Set()) { $0.formUnion($1) }
        }
        let manifests = Set((0..<200).map { "\($0).manifest" })
        for name in seen.subtracting(manifests) {
            #expect(name.hasPrefix(".tmp-") && !name.hasSuffix(".manifest"))
        }
        #expect(Set(try await storage.names(in: ObjectKey("_versions"))) == manifests)
    }

    @Test func nothingIsLeftOpen() async throws {
        guard let before = ProcessGauge.openFiles(under: place.path) else { return }
        #expect(before == 0)
        for round in 0..<250 {
            let key = try ObjectKey("data/\(round)")
            try await write(key.description, [1, 2, 3])
            _ = try await storage.putIfAbsent(ObjectKey("_versions/\(round % 100)"), [1], .full)
            _ = try await storage.open(key)
            _ = try await storage.read(key, 1..<2)
            _ = try? await storage.read(key, 1..<200)
            _ = try? await storage.open(ObjectKey("data"))
            _ = try? await storage.create(key, .full)
            let unfinished = try await storage.create(ObjectKey("data/unfinished"), .relaxed)
            try await unfinished.write([1])
            _ = try FileSource(path: place.appending("data/\(round)")).read(0, 1)
            _ = try await storage.names(in: ObjectKey("data"))
            _ = try await storage.stamp(of: .root)
        }
        _ = try await storage.walk()
        #expect(ProcessGauge.openFiles(under: place.path) == 0)
        #expect(ProcessGauge.mappings(under: place.path) == 0)
    }

    @Test func mappingsCostNoDescriptors() async throws {
        try await write("data/a", [1, 2, 3])
        let region = try await storage.open(ObjectKey("data/a"))
        #expect(region.isMapped)
        if let open = ProcessGauge.openFiles(under: place.path) { #expect(open == 0) }
        #expect(region.view.bytes == [1, 2, 3])
    }

    @Test func relativePaths() async throws {
        let name = "swift-lance-test-" + UUID().uuidString
        let relative = LocalStorage(path: name)
        defer { try? FileManager.default.removeItem(atPath: name) }
        _ = try await relative.putIfAbsent(ObjectKey("_versions/1"), [1], .full)
        let writer = try await relative.create(ObjectKey("top"), .full)
        try await writer.finish()
        #expect(try await relative.walk().count == 2)
        #expect(relative.location == name)
    }

    @Test func fileSources() throws {
        let path = place.appending("source")
        try Data(0..<100).write(to: URL(fileURLWithPath: path))
        let source = try FileSource(path: path)
        #expect(source.count == 100)
        #expect(try source.read(10, 5).bytes == [10, 11, 12, 13, 14])
        #expect(try source.read(10, 5).fileOffset == 10)
        for (offset, length) in [(0, 101), (100, 1), (-1, 2), (0, -1), (Int.max, 1), (1, Int.max)] {
            let failure = #expect(throws: Failure.self) { try source.read(offset, length) }
            #expect(failure?.code == .corrupt)
        }
        #expect(throws: Failure.self) { try FileSource(path: place.appending("none")) }
        // The file becomes shorter behind the source's back.
        #expect(truncate(path, 50) == 0)
        let failure = #expect(throws: Failure.self) { try source.read(48, 5) }
        #expect(failure?.code == .corrupt && failure?.offset == 50)
    }
}
