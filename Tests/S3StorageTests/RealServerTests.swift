// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import Foundation
    import ObjectStorage
    import S3Storage
    import Synchronization
    import TestSupport
    import Testing

    /// The same against a real server, which `Scripts/test` starts.
    @Suite(
        .enabled(
            if: ProcessInfo.processInfo.environment["S3_TEST_ENDPOINT"] != nil,
            "Scripts/with-s3 starts a server and sets S3_TEST_ENDPOINT, S3_TEST_BUCKET and keys"))
    struct RealServerTests {
        private static func storage(_ path: String, _ more: [String: String] = [:]) throws -> S3Storage {
            let variables = ProcessInfo.processInfo.environment
            let options = [
                "endpoint": variables["S3_TEST_ENDPOINT"], "allow_http": "true", "region": "us-east-1",
                "access_key_id": variables["S3_TEST_ACCESS_KEY_ID"],
                "secret_access_key": variables["S3_TEST_SECRET_ACCESS_KEY"],
            ].compactMapValues { $0 }.merging(more) { $1 }
            let bucket = variables["S3_TEST_BUCKET"] ?? ""
            return S3Storage(try S3Client(bucket: bucket, options: options, S3Environment()), path: path)
        }

        private static func place() -> String { "conformance/\(UUID().uuidString)/a b+ü" }

        @Test func conformance() async throws { try await checkStorage { try Self.storage(Self.place()) } }

        @Test func longObjects() async throws {
            let storage = try Self.storage(Self.place())
            var random = SplitMix64(seed: 9)
            let bytes = random.bytes(3 * S3Storage.partSize + 12_345)
            let key = try ObjectKey("data/long")
            let writer = try await storage.create(key, .full)
            for start in stride(from: 0, to: bytes.count, by: 3_000_000) {
                try await writer.write(Array(bytes[start..<min(start + 3_000_000, bytes.count)]))
            }
            try await writer.finish()
            #expect(try await storage.size(key) == UInt64(bytes.count))
            #expect(try await storage.open(key).view.bytes == bytes)
            let range = UInt64(S3Storage.partSize - 7)..<UInt64(2 * S3Storage.partSize + 9)
            #expect(
                try await storage.read(key, range).view.bytes
                    == Array(bytes[S3Storage.partSize - 7..<2 * S3Storage.partSize + 9]))
            // The name is taken.
            let again = try await storage.create(key, .full)
            try await again.write(bytes)
            await #expect(throws: Failure.self) { try await again.finish() }
            #expect(try await storage.open(key).view.bytes == bytes)
        }

        @Test func manyObjects() async throws {
            let storage = try Self.storage(Self.place())
            let keys = try (0..<1200).map { try ObjectKey("data/\($0 % 2 == 0 ? "a" : "b & <c>")/\($0)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in 0..<16 {
                    group.addTask {
                        for key in keys[(lane * 75)..<(lane * 75 + 75)] {
                            _ = try await storage.putIfAbsent(key, Array(key.description.utf8), .full)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(Set(try await storage.walk().map(\.key)) == Set(keys))
            #expect(Set(try await storage.directories(in: ObjectKey("data"))) == ["a", "b & <c>"])
            #expect(try await storage.names(in: ObjectKey("data/b & <c>")).count == 600)
            try await storage.delete(keys)
            #expect(try await storage.walk().isEmpty)
        }

        @Test func wrongKeysAreRefused() async throws {
            for options in [
                ["secret_access_key": "wr0ng-word"], ["access_key_id": "nobody"], ["skip_signature": "true"],
            ] {
                let storage = try Self.storage(Self.place(), options)
                await #expect {
                    try await storage.open(ObjectKey("x"))
                } throws: {
                    ($0 as? Failure)?.code == .permission && !"\($0)".contains("wr0ng-word")
                }
            }
        }

        @Test func serversThatAreNotThere() async throws {
            for endpoint in ["http://127.0.0.1:9", "http://no-such-host.invalid"] {
                let storage = try Self.storage(Self.place(), ["endpoint": endpoint, "client_max_retries": "1"])
                await #expect { try await storage.open(ObjectKey("x")) } throws: { ($0 as? Failure)?.code == .network }
            }
            let bucket = S3Client(
                bucket: "no-such-bucket", try Self.storage("x").client.settings,
                AsyncHTTPTransport(ConnectionSettings()))
            await #expect { try await S3Storage(bucket, path: "x").open(ObjectKey("x")) } throws: {
                ($0 as? Failure)?.code == .notFound
            }
        }
    }
#endif
