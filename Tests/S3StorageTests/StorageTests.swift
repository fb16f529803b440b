// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import Foundation
    import ObjectStorage
    import S3Storage
    import Synchronization
    import TestSupport
    import Testing

    /// The promise of `ObjectStorage` over the fake server, whole and in trouble.
    struct StorageTests {
        @Test func conformance() async throws {
            try await checkStorage { try fakeStorage(FakeS3()) }
        }

        @Test(arguments: ["", "a", "a b/ü+%/x"]) func conformanceInOtherPlaces(_ path: String) async throws {
            try await checkStorage { try fakeStorage(FakeS3(pageSize: 1000), path: path) }
        }

        @Test func conformanceWithVirtualHosts() async throws {
            try await checkStorage {
                try fakeStorage(
                    FakeS3(), ["virtual_hosted_style_request": "true", "endpoint": "http://box.fake.test:9000"])
            }
        }

        /// Every third request fails in one of the ways in which networks and servers do.
        @Test(arguments: 0..<4) func conformanceInTrouble(_ seed: Int) async throws {
            try await checkStorage {
                let server = FakeS3()
                server.fail { number, request in
                    var random = SplitMix64(seed: UInt64(seed * 1_000_003 + number))
                    let roll = random.next() % 18
                    // To the probe and to completions, too.
                    switch roll {
                    case 0: return .status(503, "SlowDown")
                    case 1: return .status(500, "InternalError")
                    case 2: return .lostBefore
                    case 3: return .lostAfter
                    case 4: return .truncated
                    case 5: return .status(429, "")
                    case 6 where request.method == .post && request.url.contains("uploadId"): return .errorInSuccess
                    default: return nil
                    }
                }
                // Of so many requests some fail ten times in a row.
                return try fakeStorage(server, ["client_max_retries": "60", "client_retry_timeout": "3600s"])
            }
        }

        /// As a damaged manifest may say, or a server that lies.
        @Test func noObjectIsSoLarge() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            for size in [UInt64.max >> 1, (UInt64.max >> 1) - 16384, 1 << 51] {
                await #expect(throws: Failure.self) { try await storage.file(ObjectKey("data/x"), size: size) }
            }
            #expect(server.requests.isEmpty)
        }

        @Test func longObjectsGoInParts() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            var random = SplitMix64(seed: 5)
            for size in [
                S3Storage.partSize - 1, S3Storage.partSize, S3Storage.partSize + 1, 5 * S3Storage.partSize + 17,
            ] {
                let bytes = random.bytes(size)
                let key = try ObjectKey("data/\(size)")
                let writer = try await storage.create(key, .full)
                for start in stride(from: 0, to: size, by: 1_000_001) {
                    try await writer.write(Array(bytes[start..<min(start + 1_000_001, size)]))
                }
                try await writer.finish()
                #expect(writer.count == UInt64(size))
                #expect(try await storage.open(key).view.bytes == bytes)
                let middle = UInt64(size / 3)..<UInt64(size - 5)
                #expect(
                    try await storage.read(key, middle).view.bytes == Array(bytes[Int(middle.lowerBound)..<size - 5]))
                #expect(server.uploads == 0)
            }
            // The name is taken.
            let again = try await storage.create(ObjectKey("data/\(S3Storage.partSize + 1)"), .full)
            try await again.write([UInt8](repeating: 1, count: S3Storage.partSize + 1))
            await #expect(throws: Failure.self) { try await again.finish() }
            #expect(server.uploads == 0)
        }

        @Test func unfinishedPartsAreGivenUp() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            do {
                let writer = try await storage.create(ObjectKey("data/x"), .full)
                try await writer.write([UInt8](repeating: 1, count: 3 * S3Storage.partSize))
                #expect(server.uploads == 1)
            }
            for _ in 0..<500 where server.uploads > 0 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(server.uploads == 0)
            #expect(server.objects.isEmpty)
        }

        @Test func aFailingPartFailsTheObject() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            let writer = try await storage.create(ObjectKey("data/x"), .full)
            server.fail { _, request in request.url.contains("partNumber=2") ? .status(403, "AccessDenied") : nil }
            await #expect {
                try await writer.write([UInt8](repeating: 1, count: 4 * S3Storage.partSize))
                try await writer.finish()
            } throws: { ($0 as? Failure)?.code == .permission }
            #expect(server.uploads == 0)
            #expect(server.objects.isEmpty)
            await #expect(throws: Failure.self) { try await writer.write([1]) }
            await #expect(throws: Failure.self) { try await writer.finish() }
        }

        @Test func manyDeletions() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            let keys =
                try (0..<2100).map { try ObjectKey("data/\($0)") } + [
                    ObjectKey("data/stubborn"), ObjectKey("a&<b>\"\n"),
                ]
            for key in keys { _ = try await storage.putIfAbsent(key, [1], .full) }
            server.fail(nil)
            try await storage.delete(keys + [try ObjectKey("data/none")])
            #expect(server.objects.isEmpty)
            #expect(server.requests.count == 4)

            for key in keys.prefix(100) { _ = try await storage.putIfAbsent(key, [1], .full) }
            let seen = Mutex(0)
            await #expect(throws: CheckFailure.self) {
                try await storage.delete(Array(keys.prefix(100))) { _ in
                    if seen.withLock({
                        $0 += 1; return $0
                    }) >= 70 {
                        throw CheckFailure("enough")
                    }
                }
            }
            // Nothing goes that was not looked at, and others may have been stopped between the look and the removal.
            #expect((31..<40).contains(server.objects.count))
        }

        /// Right before an object goes it is looked at: as many are under way as there are lanes, and no more.
        @Test func eachIsLookedAtRightBefore() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            let keys = try (0..<40).map { try ObjectKey("_versions/\($0)") }
            for key in keys { _ = try await storage.putIfAbsent(key, Array("\(key)".utf8), .full) }
            let looks = Mutex((count: 0, most: 0))
            try await storage.delete(keys) { _ in
                looks.withLock {
                    $0.count += 1
                    $0.most = max($0.most, $0.count - (keys.count - server.objects.count))
                }
            }
            #expect(server.objects.isEmpty)
            #expect(looks.withLock { $0.count == 40 && (1...8).contains($0.most) })
        }

        @Test func tagsTellObjectsApart() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            let keys = try ["1", "1.manifest", "2"].map { try ObjectKey("_versions/\($0)") }
            for key in keys { _ = try await storage.putIfAbsent(key, Array("\(key)".utf8), .full) }
            let planned = try await storage.walk()
            #expect(Set(planned.map(\.tag)).count == 3 && planned.allSatisfy { $0.tag != nil })
            for entry in planned { #expect(try await storage.tag(of: entry.key) == entry.tag) }
            #expect(try await storage.tag(of: ObjectKey("_versions/none")) == nil)
            #expect(try await storage.tag(of: ObjectKey("_versions")) == nil)
            try await storage.delete(keys[0])
            #expect(try await storage.tag(of: keys[0]) == nil)
            _ = try await storage.putIfAbsent(keys[0], [9], .full)
            #expect(try await storage.tag(of: keys[0]) != planned.first { $0.key == keys[0] }?.tag)
        }

        /// Removal is believed of keys that the server was asked about, and of an answer that is one.
        @Test(arguments: [
            "", "<html/>", "ok", "<DeleteResult><Error><Code>AccessDenied</Code></Error></DeleteResult>",
            "<DeleteResult><Error><Key>tables/t 1/data/stays</Key><Code>InternalError</Code></Error></DeleteResult>",
            "<DeleteResult><Error><Key>data/0</Key><Code>InternalError</Code></Error></DeleteResult>",
        ]) func answersThatTellNothingOfRemovals(_ answer: String) async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            let keys = try (0..<3).map { try ObjectKey("data/\($0)") }
            for key in keys { _ = try await storage.putIfAbsent(key, [1], .full) }
            _ = try await storage.putIfAbsent(ObjectKey("data/stays"), [1], .full)
            server.fail { _, request in request.method == .post ? .answers(.init(200, answer)) : nil }
            try await storage.delete(keys)
            #expect(Array(server.objects.keys) == ["tables/t 1/data/stays"])
            #expect(server.requests.map(\.method) == [.post, .delete, .delete, .delete])
        }

        /// Only the result itself says that the parts are an object.
        @Test(arguments: [
            "", "<html><body>Bad gateway</body></html>", "<CompleteMultipartUploadResult>", "\n  \n ",
            " \n<?xml version=\"1.0\"?><Error><Code>InternalError</Code><Message>no</Message></Error>",
        ]) func completionsThatAreNone(_ answer: String) async throws {
            let bytes = [UInt8](repeating: 7, count: S3Storage.partSize + 5)
            for isDone in [false, true] {
                let server = FakeS3()
                let storage = try fakeStorage(server)
                let writer = try await storage.create(ObjectKey("data/x"), .full)
                try await writer.write(bytes)
                let isFirst = Mutex(true)
                server.fail { _, request in
                    guard request.method == .post, request.url.contains("uploadId"),
                        isFirst.withLock({ isFirst in
                            defer { isFirst = false }
                            return isFirst
                        })
                    else { return nil }
                    return isDone ? .answersAfter(.init(200, answer)) : .answers(.init(200, answer))
                }
                try await writer.finish()
                #expect(server.objects["tables/t 1/data/x"] == bytes)
                #expect(server.uploads == 0)
            }
            // Never done, and never told.
            let server = FakeS3()
            let storage = try fakeStorage(server)
            let writer = try await storage.create(ObjectKey("data/x"), .full)
            try await writer.write(bytes)
            server.fail { _, request in
                request.method == .post && request.url.contains("uploadId") ? .answers(.init(200, answer)) : nil
            }
            await #expect(throws: Failure.self) { try await writer.finish() }
            #expect(server.objects.isEmpty && server.uploads == 0)
        }

        @Test func whiteSpaceBeforeAResult() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            let writer = try await storage.create(ObjectKey("data/x"), .full)
            try await writer.write([UInt8](repeating: 7, count: S3Storage.partSize + 5))
            server.fail { _, request in
                request.url.contains("uploadId") && request.method == .post
                    ? .answersAfter(.init(200, "\n \n<?xml version=\"1.0\"?><CompleteMultipartUploadResult/>")) : nil
            }
            try await writer.finish()
            // Nobody had to ask further.
            #expect(server.requests.last?.method == .post)
        }

        /// A server that knows the condition nowhere, nor the request.
        @Test func completionsThatAreNotKnown() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            let writer = try await storage.create(ObjectKey("data/x"), .full)
            try await writer.write([UInt8](repeating: 7, count: S3Storage.partSize + 5))
            server.fail { _, request in
                request.method == .post && request.url.contains("uploadId") ? .status(501, "NotImplemented") : nil
            }
            await #expect { try await writer.finish() } throws: { ($0 as? Failure)?.code == .unsupported }
            #expect(server.requests.count { $0.method == .post && $0.url.contains("uploadId") } == 2)
            #expect(server.uploads == 0)
        }

        /// A short file that nobody knows of is no commit: it is written, or it is not.
        @Test func whatIsNoCommitIsNeverInDoubt() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server, ["conditional_put": "etag"])
            let down = try await storage.create(ObjectKey("data/x"), .full)
            try await down.write([1, 2, 3])
            server.fail { _, request in
                request.method == .put ? .lostAfter : request.method == .get ? .status(503, "SlowDown") : nil
            }
            await #expect { try await down.finish() } throws: { ($0 as? Failure)?.code == .network }
            #expect(server.objects.isEmpty)

            let began = AsyncStream<Void>.makeStream()
            server.fail { _, request in
                guard request.method == .put else { return nil }
                began.continuation.yield()
                return .hangs
            }
            let task = Task {
                let writer = try await storage.create(ObjectKey("data/y"), .full)
                try await writer.write([1, 2, 3])
                try await writer.finish()
            }
            for await _ in began.stream { break }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(server.objects.isEmpty)
        }

        @Test func aWriterIsFinishedOnce() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server, ["conditional_put": "etag"])
            for size in [3, S3Storage.partSize + 1] {
                let writer = try await storage.create(ObjectKey("data/\(size)"), .full)
                try await writer.write([UInt8](repeating: 1, count: size))
                let finished = await withTaskGroup(of: Bool.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            do {
                                try await writer.finish()
                                return true
                            } catch { return false }
                        }
                    }
                    return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(finished == 1)
                #expect(server.objects["tables/t 1/data/\(size)"]?.count == size)
            }
            #expect(server.uploads == 0)
        }

        @Test func weakTagsAreNoReasonNotToRead() async throws {
            let server = FakeS3(tagPrefix: "W/")
            let storage = try fakeStorage(server)
            var random = SplitMix64(seed: 3)
            let bytes = random.bytes(2 * S3Storage.partSize + 3)
            let name = "tables/t 1/x"
            server.state.withLock { $0.objects[name] = bytes }
            #expect(try await storage.open(ObjectKey("x")).view.bytes == bytes)
            server.fail { [unowned server] number, _ in
                if number == 1 { server.state.withLock { $0.objects[name]?[0] ^= 1 } }
                return nil
            }
            await #expect { try await storage.open(ObjectKey("x")) } throws: { ($0 as? Failure)?.code == .io }
        }

        @Test func anObjectThatIsNoDirectory() async throws {
            let storage = try fakeStorage(FakeS3())
            _ = try await storage.putIfAbsent(ObjectKey("data/x"), [1], .full)
            #expect(try await storage.directories(in: .root) == ["data"])
            #expect(try await storage.directories(in: ObjectKey("data")) == [])
            #expect(try await storage.directories(in: ObjectKey("none")) == [])
            await #expect { try await storage.directories(in: ObjectKey("data/x")) } throws: {
                ($0 as? Failure)?.code == .invalidArgument
            }
        }
    }
#endif
