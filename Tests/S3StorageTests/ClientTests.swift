// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import ObjectStorage
    import S3Storage
    import Synchronization
    import Testing

    /// Errors, retries, regions and keys.
    struct ClientTests {
        private func failure(_ body: () async throws -> some Any) async -> Failure? {
            do {
                _ = try await body()
                Issue.record("no error")
                return nil
            } catch {
                return error as? Failure
            }
        }

        @Test(arguments: [
            (403, "AccessDenied", Failure.Code.permission), (403, "InvalidAccessKeyId", .permission),
            (403, "SignatureDoesNotMatch", .permission), (403, "RequestTimeTooSkewed", .permission),
            (404, "NoSuchKey", .notFound),
            (404, "NoSuchBucket", .notFound), (400, "ExpiredToken", .permission), (507, "", .noSpace),
            (400, "Odd", .io),
            (501, "", .unsupported), (505, "", .io), (511, "", .io),
            (522, "", .network), (529, "", .network), (598, "", .network),
            (503, "SlowDown", .network), (429, "", .network), (400, "RequestTimeout", .network), (500, "", .network),
        ]) func errors(_ status: Int, _ code: String, _ expected: Failure.Code) async throws {
            let server = FakeS3()
            server.fail { _, _ in .status(status, code) }
            let time = FakeTime()
            let storage = try fakeStorage(server, time: time)
            do {
                let failure = await failure { try await storage.open(ObjectKey("data/x")) }
                #expect(failure?.code == expected)
                let text = failure.map { "\($0)" } ?? ""
                #expect(
                    text.contains("\(status)") && text.contains(code) && text.contains("s3://box/tables/t 1/data/x"))
                if !code.isEmpty { #expect(text.contains("R1")) }
                var dumped = text
                dump(failure, to: &dumped)
                for secret in [FakeS3.secret, FakeS3.token, "Signature=", "authorization"] {
                    #expect(!dumped.contains(secret))
                }
            }
            let isPassing = expected == .network
            #expect(server.requests.count == (isPassing ? 11 : 1))
            // Each time at most twice as long.
            let waits = time.waits.withLock { $0 }
            #expect(waits.count == server.requests.count - 1)
            if isPassing { #expect(Array(waits.prefix(4)) == [0.05, 0.1, 0.2, 0.4]) }
        }

        @Test func whatPassesIsTriedAgain() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            let bytes = [UInt8](repeating: 7, count: 300_000)
            _ = try await storage.putIfAbsent(ObjectKey("x"), bytes, .full)
            for fault: FakeS3.Fault in [
                .status(503, "SlowDown"), .lostBefore, .truncated, .refusesConnection, .status(400, "RequestTimeout"),
            ] {
                server.fail { number, _ in number < 3 ? fault : nil }
                #expect(try await storage.open(ObjectKey("x")).view.bytes == bytes)
                #expect(server.requests.count == 4)
            }
        }

        @Test func noAnswerIsNotWaitedForForEver() async throws {
            let server = FakeS3()
            let tries = Mutex(0)
            let time = FakeTime { _ in
                let number = tries.withLock { tries in
                    tries += 1
                    return tries
                }
                try await until { server.requests.count == number }
            }
            let storage = try fakeStorage(server, ["timeout": "25s", "client_max_retries": "2"], time: time)
            server.fail { _, _ in .hangs }
            let failure = await failure { try await storage.open(ObjectKey("x")) }
            #expect(failure?.code == .network && failure?.message.contains("25.0 s") == true)
            #expect(server.requests.count == 3)
        }

        @Test func cancellationEndsARequestAtOnce() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            let began = AsyncStream<Void>.makeStream()
            server.fail { _, _ in
                began.continuation.yield()
                return .hangs
            }
            let task = Task { try await storage.open(ObjectKey("x")) }
            for await _ in began.stream { break }
            task.cancel()
            // Neither the server nor the deadline would ever end it.
            await #expect(throws: CancellationError.self) { try await task.value }
        }

        @Test func theServerTeachesTheRegion() async throws {
            let server = FakeS3(region: "ap-other-7")
            let client = try fakeClient(server)
            let storage = S3Storage(client, path: "t", probe: ConditionalPutProbe())
            _ = try await storage.putIfAbsent(ObjectKey("x"), [1], .full)
            // The first request of the trial, and again; nothing afterwards.
            #expect(server.requests.count == 5)
            #expect(try await storage.open(ObjectKey("x")).view.bytes == [1])
            #expect(server.requests.count == 6)

            let wandering = FakeS3()
            wandering.fail { _, _ in .status(301, "PermanentRedirect") }
            let failure = await failure { try await fakeStorage(wandering).open(ObjectKey("x")) }
            #expect(failure?.code == .invalidArgument && failure?.message.contains("region") == true)
        }

        @Test func wrongKeys() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server, ["secret_access_key": "wr0ng-word"])
            let failure = await failure { try await storage.open(ObjectKey("x")) }
            #expect(failure?.code == .permission && failure?.message.contains("SignatureDoesNotMatch") == true)
            #expect(failure.map { "\($0)".contains("wr0ng-word") } == false)
            let none = S3Client(
                bucket: "box",
                try S3Settings(["region": "x"], S3Environment(variables: ["AWS_EC2_METADATA_DISABLED": "1"])), server,
                FakeTime().source, S3Environment())
            let missing = await self.failure { try await S3Storage(none, path: "").open(ObjectKey("x")) }
            #expect(missing?.code == .permission && missing?.message.contains("skip_signature") == true)
        }

        @Test func anonymousRequestsAreNotSigned() async throws {
            let server = FakeS3()
            let client = try fakeClient(server, ["skip_signature": "true"])
            _ = await failure { try await S3Storage(client, path: "").open(ObjectKey("x")) }
            #expect(
                server.requests.allSatisfy {
                    $0.headers.allSatisfy { !$0.name.hasPrefix("x-amz") && $0.name != "authorization" }
                })
        }

        @Test func objectsThatChangeUnderTheReader() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            let name = "tables/t 1/x"
            server.state.withLock { $0.objects[name] = [UInt8](repeating: 1, count: 3 * S3Storage.partSize) }
            server.fail { [unowned server] number, _ in
                if number == 1 {
                    server.state.withLock { $0.objects[name] = [UInt8](repeating: 2, count: 3 * S3Storage.partSize) }
                }
                return nil
            }
            let failure = await failure { try await storage.open(ObjectKey("x")) }
            #expect(failure?.message.contains("412") == true)
        }

        @Test func endsOfObjects() async throws {
            let server = FakeS3()
            server.state.withLock { $0.objects["x"] = Array(0..<100) }
            let client = try fakeClient(server)
            let part = try await client.get("x", last: 10)
            #expect(part.bytes.bytes == Array(90..<100) && part.total == 100)
            #expect(try await client.get("x", last: 1000).bytes.count == 100)
        }

        @Test(arguments: [
            (0, 9, 100, 10), (89, 98, 100, 10), (90, 98, 100, 10), (90, 99, 100, 9), (85, 99, 100, 10),
            (95, 99, 100, 5),
            (90, 99, 99, 10), (90, 89, 100, 10), (0, 9, 10, 5),
        ]) func partsThatAreNotTheEnd(_ first: Int, _ last: Int, _ total: Int, _ count: Int) async throws {
            let server = FakeS3()
            server.fail { _, _ in
                .answers(
                    .init(
                        206, String(repeating: "x", count: count), ["Content-Range": "bytes \(first)-\(last)/\(total)"])
                )
            }
            let client = try fakeClient(server)
            await #expect { try await client.get("x", last: 10) } throws: { ($0 as? Failure)?.code == .io }
        }

        /// A hostile server's answers end in an error, without much memory.
        @Test func answersThatAreNone() async throws {
            struct Liar: HTTPTransport {
                var status: Int
                var headers: [HTTPField]
                var body: String

                func send(_ request: HTTPRequest) async throws -> HTTPReply {
                    var receiver = try BodyReceiver(request, status: status, headers: headers)
                    try Array(body.utf8).withUnsafeBytes { try receiver.append($0) }
                    return try receiver.finish()
                }
            }
            let deep = String(repeating: "<a>", count: 50_000) + String(repeating: "</a>", count: 50_000)
            let bombs =
                "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><ListBucketResult>&c;&c;</ListBucketResult>"
            for liar in [
                Liar(status: 200, headers: [HTTPField("Content-Length", "9223372036854775807")], body: ""),
                Liar(status: 206, headers: [HTTPField("Content-Range", "bytes 0-0/18446744073709551615")], body: "x"),
                Liar(status: 206, headers: [HTTPField("Content-Range", "bytes 0-0/9223372036854775807")], body: "x"),
                Liar(status: 206, headers: [HTTPField("Content-Range", "bytes 5-5/9")], body: "x"),
                Liar(status: 206, headers: [], body: "x"),
                Liar(status: 200, headers: [], body: String(repeating: "x", count: 9 << 20)),
                Liar(status: 200, headers: [HTTPField("Content-Length", "-1")], body: deep),
                Liar(status: 200, headers: [], body: bombs), Liar(status: 999, headers: [], body: deep),
                Liar(
                    status: 200, headers: [],
                    body: "<ListBucketResult><Contents><Key>x</Key></Contents></ListBucketResult>"),
                Liar(
                    status: 200, headers: [],
                    body: "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"),
                Liar(
                    status: 200, headers: [],
                    body:
                        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>"
                ),
            ] {
                let storage = S3Storage(try fakeClient(liar), path: "t", probe: ConditionalPutProbe())
                for body: @Sendable () async throws -> Void in [
                    { _ = try await storage.open(ObjectKey("x")) },
                    { _ = try await storage.read(ObjectKey("x"), 1..<3) },
                    { _ = try await storage.walk() }, { _ = try await storage.names(in: ObjectKey("x")) },
                    { _ = try await storage.putIfAbsent(ObjectKey("x"), [1], .full) },
                ] {
                    do { try await body() } catch { #expect(error is Failure, "\(error)") }
                }
            }
        }
    }
#endif
