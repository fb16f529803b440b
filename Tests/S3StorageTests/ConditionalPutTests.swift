// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import ObjectStorage
    import S3Storage
    import Synchronization
    import Testing

    /// A commit is a conditional put: whatever becomes of requests and answers, it says what is there, or that it cannot know.
    struct ConditionalPutTests {
        private let key = "tables/t 1/_versions/1"

        private func put(_ server: FakeS3, _ bytes: [UInt8] = [1, 2, 3], time: FakeTime = FakeTime()) async throws
            -> PutOutcome
        {
            try await fakeStorage(server, ["conditional_put": "etag"], time: time).putIfAbsent(
                ObjectKey("_versions/1"), bytes, .full)
        }

        private func failing(_ faults: FakeS3.Fault?..., there: [UInt8]? = nil) -> FakeS3 {
            let server = FakeS3()
            server.state.withLock { $0.objects[key] = there }
            server.fail { number, _ in number < faults.count ? faults[number] : nil }
            return server
        }

        @Test func plainly() async throws {
            let server = FakeS3()
            #expect(try await put(server) == .created)
            #expect(try await put(server) == .alreadyExists)
            #expect(server.requests.count == 2)
        }

        @Test func aLostAnswerIsSettledByReadingBack() async throws {
            let done = failing(.lostAfter)
            #expect(try await put(done) == .created)
            #expect(done.requests.map(\.method) == [.put, .get])

            let notDone = failing(.lostBefore)
            #expect(try await put(notDone) == .created)
            #expect(notDone.requests.map(\.method) == [.put, .get, .put])

            let another = failing(.lostBefore, there: [9])
            #expect(try await put(another) == .alreadyExists)
            let longer = failing(.lostBefore, there: [1, 2, 3, 4])
            #expect(try await put(longer) == .alreadyExists)
            let empty = failing(.lostBefore, there: [])
            #expect(try await put(empty) == .alreadyExists)
        }

        @Test func anErrorAfterTheDeedIsSettledToo() async throws {
            let server = FakeS3()
            // Done, and told as a failure; what is read back shows it.
            server.state.withLock { $0.objects[key] = [1, 2, 3] }
            server.fail { number, _ in number == 0 ? .status(500, "InternalError") : nil }
            #expect(try await put(server) == .created)
        }

        @Test func aPutThatArrivesLateIsOurs() async throws {
            // Nothing there at first; the first put lands after that look, and the second finds it.
            let server = FakeS3()
            let key = key
            server.fail { [unowned server] number, _ in
                if number == 0 { return .lostBefore }
                if number == 2 { server.state.withLock { $0.objects[key] = [1, 2, 3] } }
                return nil
            }
            #expect(try await put(server) == .created)
            #expect(server.requests.map(\.method) == [.put, .get, .put, .get])
        }

        @Test func conflictsAreTriedAgain() async throws {
            let server = failing(.status(409, "ConditionalRequestConflict"), .status(409, "ConditionalRequestConflict"))
            #expect(try await put(server) == .created)
            #expect(server.requests.map(\.method) == [.put, .put, .put])
        }

        @Test func whatCannotBeKnownIsSaid() async throws {
            let server = FakeS3()
            server.fail { _, request in request.method == .put ? .lostAfter : .status(503, "SlowDown") }
            await #expect { try await put(server) } throws: { ($0 as? Failure)?.code == .commitUnknown }
            // There at last, as the caller may find out.
            #expect(server.objects[key] == [1, 2, 3])

            let forbidden = FakeS3()
            forbidden.fail { _, request in request.method == .put ? .lostAfter : .status(403, "AccessDenied") }
            await #expect { try await put(forbidden) } throws: { ($0 as? Failure)?.code == .commitUnknown }
        }

        /// Without the condition a lost answer is no failure either.
        @Test func unconditionalPutsAreSettledToo() async throws {
            let options = ["conditional_put": "unsafe"]
            let done = failing(.lostAfter)
            let name = try ObjectKey("_versions/7")
            done.fail { number, _ in number == 1 ? .lostAfter : nil }
            #expect(try await fakeStorage(done, options).putIfAbsent(name, [1], .full) == .created)
            #expect(done.requests.map(\.method) == [.head, .put, .get])
            let server = FakeS3()
            server.fail { number, _ in number == 0 ? nil : number == 1 ? .lostAfter : .status(503, "SlowDown") }
            await #expect {
                try await fakeStorage(server, options).putIfAbsent(name, [1], .full)
            } throws: { ($0 as? Failure)?.code == .commitUnknown }
        }

        @Test func afterTheLastTryNobodyKnows() async throws {
            let server = FakeS3()
            server.fail { _, request in request.method == .put ? .lostBefore : nil }
            await #expect { try await put(server) } throws: { ($0 as? Failure)?.code == .commitUnknown }
            #expect(server.requests.filter { $0.method == .put }.count == 11)
        }

        /// Whatever a connection says became of a request, one's own object is not somebody else's.
        @Test func aTryThatSeemedUnsentMayHaveLanded() async throws {
            let server = failing(.lostAsUnsent)
            #expect(try await put(server) == .created)
            #expect(server.requests.map(\.method) == [.put, .put, .get])
            let conflict = failing(.answersAfter(.init(409)))
            #expect(try await put(conflict) == .created)
            let theirs = failing(.refusesConnection, there: [9])
            #expect(try await put(theirs) == .alreadyExists)
        }

        /// Proxies answer with numbers of their own, before the store does or instead of it.
        @Test(arguments: [500, 502, 504, 507, 520, 522, 524, 529, 598, 599, 999])
        func noErrorOfAServerIsAPlainNo(_ status: Int) async throws {
            let done = failing(.answersAfter(.init(status)))
            #expect(try await put(done) == .created)
            #expect(done.requests.map(\.method) == [.put, .get])
            let notDone = failing(.answers(.init(status)))
            if status == 507 {
                await #expect { try await put(notDone) } throws: { ($0 as? Failure)?.code == .noSpace }
            } else if status == 999 {
                await #expect { try await put(notDone) } throws: { ($0 as? Failure)?.code == .commitUnknown }
            } else {
                #expect(try await put(notDone) == .created)
                #expect(notDone.requests.map(\.method) == [.put, .get, .put])
            }
        }

        @Test(arguments: [
            ("NIOSSL.NIOSSLError", "handshakeFailed(NIOSSL.BoringSSLError.sslError([]))", true),
            ("NIOSSL.NIOSSLError", "unableToValidateCertificate", true),
            ("NIOSSL.NIOSSLError", "uncleanShutdown", false), ("NIOSSL.NIOSSLError", "readInInvalidTLSState", false),
            ("NIOSSL.BoringSSLError", "sslError([Error: 268436496])", false),
            ("NIOSSL.NIOSSLExtraError", "NIOSSLExtraError.failedToValidateHostname: Couldn't find x", true),
            ("NIOSSL.NIOSSLExtraError", "NIOSSLExtraError.noForwardProgress", false),
            ("NIOSSL.NIOSSLCloseTimedOutError", "", false), ("NIOPosix.NIOConnectionError", "x", true),
            ("NIOCore.IOError", "connection reset by peer", false),
        ]) func errorsBeforeSending(_ type: String, _ text: String, _ isBefore: Bool) {
            #expect(AsyncHTTPTransport.isBeforeSending(type: type, text: text) == isBefore)
        }

        @Test func whatWasNeverSentIsKnown() async throws {
            let server = FakeS3()
            server.fail { _, _ in .refusesConnection }
            await #expect { try await put(server) } throws: { ($0 as? Failure)?.code == .network }
            #expect(server.requests.count == 5)
            let forbidden = failing(.status(403, "AccessDenied"))
            await #expect { try await put(forbidden) } throws: { ($0 as? Failure)?.code == .permission }
            #expect(forbidden.requests.count == 1)
        }

        @Test(arguments: [true, false]) func aCancelledPutTellsWhatBecameOfIt(_ isDone: Bool) async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server, ["conditional_put": "etag"])
            let began = AsyncStream<Void>.makeStream()
            let key = key
            server.fail { [unowned server] number, _ in
                guard number == 0 else { return nil }
                if isDone { server.state.withLock { $0.objects[key] = [1, 2, 3] } }
                began.continuation.yield()
                return .hangs
            }
            let task = Task { try await storage.putIfAbsent(ObjectKey("_versions/1"), [1, 2, 3], .full) }
            for await _ in began.stream { break }
            task.cancel()
            if isDone {
                #expect(try await task.value == .created)
            } else {
                await #expect { try await task.value } throws: { ($0 as? Failure)?.code == .commitUnknown }
            }
            // One that is cancelled before has sent nothing.
            server.fail(nil)
            let late = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await storage.putIfAbsent(ObjectKey("_versions/2"), [1], .full)
            }
            await #expect(throws: CancellationError.self) { try await late.value }
            #expect(server.requests.isEmpty)
        }

        // MARK: Stores without the condition

        @Test func aStoreThatIgnoresTheConditionIsRefused() async throws {
            let server = FakeS3(isConditional: false)
            let storage = try fakeStorage(server)
            for _ in 0..<2 {
                await #expect {
                    try await storage.putIfAbsent(ObjectKey("_versions/1"), [1], .full)
                } throws: { error in
                    let failure = error as? Failure
                    return failure?.code == .unsupported && failure?.message.contains("conditional_put=unsafe") == true
                }
                await #expect(throws: Failure.self) { try await storage.create(ObjectKey("data/x"), .full) }
            }
            #expect(server.objects.isEmpty)
            // Reading is no matter.
            server.state.withLock { $0.objects[key] = [7] }
            #expect(try await storage.open(ObjectKey("_versions/1")).view.bytes == [7])
            let unsafe = try fakeStorage(server, ["conditional_put": "unsafe"])
            #expect(try await unsafe.putIfAbsent(ObjectKey("_versions/1"), [1], .full) == .alreadyExists)
            #expect(try await unsafe.putIfAbsent(ObjectKey("_versions/2"), [1], .full) == .created)
            let fault = refusal(501, "NotImplemented", "a header that is not implemented")
            server.fail { _, request in request.method == .put ? fault : nil }
            await #expect { try await unsafe.putIfAbsent(ObjectKey("_versions/4"), [1], .full) } throws: {
                ($0 as? Failure)?.message.contains("a header that is not implemented") == true
            }
            server.fail { _, _ in nil }
            let none = try fakeStorage(server, ["conditional_put": "disabled"])
            await #expect { try await none.putIfAbsent(ObjectKey("_versions/3"), [1], .full) } throws: {
                ($0 as? Failure)?.code == .unsupported
            }
        }

        private func refusal(_ status: Int, _ code: String, _ message: String) -> FakeS3.Fault {
            .answers(.init(status, "<Error><Code>\(code)</Code><Message>\(message)</Message></Error>"))
        }

        @Test(arguments: [
            (501, "NotImplemented", "no"), (501, "", "no"), (400, "InvalidArgument", "If-None-Match is not supported"),
            (400, "InvalidRequest", "no conditional writes"),
        ]) func aStoreThatDoesNotKnowTheConditionIsRefused(_ status: Int, _ code: String, _ message: String)
            async throws
        {
            for options in [[:], ["conditional_put": "etag"]] {
                // Those who are told that it is known believe no word of a message.
                if !options.isEmpty, status != 501 { continue }
                let server = FakeS3()
                let fault = refusal(status, code, message)
                server.fail { _, request in
                    request.headers.contains { $0.name == "if-none-match" } ? fault : nil
                }
                let storage = try fakeStorage(server, options)
                await #expect {
                    try await storage.putIfAbsent(ObjectKey("_versions/1"), [1], .full)
                } throws: { error in
                    guard let failure = error as? Failure else { return false }
                    return failure.code == .unsupported && failure.message.contains("\(status)")
                        && failure.message.contains(message) && failure.message.contains("conditional_put=unsafe")
                }
            }
        }

        /// What a store does not like in a request, it says in the same words.
        @Test func otherRefusalsAreNoReasonForUnsafeWrites() async throws {
            let settings: [([String: String], [String])] = [
                ([:], ["endpoint"]), (["conditional_put": "etag"], []), ([:], []),
            ]
            for (options, dropped) in settings {
                for (code, message) in [("InvalidArgument", "KMS key is bad"), ("InvalidRequest", "needs a checksum")] {
                    let server = FakeS3()
                    let fault = refusal(400, code, message)
                    server.fail { _, request in request.method == .put ? fault : nil }
                    let storage = S3Storage(
                        try fakeClient(server, options, dropping: dropped), path: "t", probe: ConditionalPutProbe())
                    await #expect {
                        try await storage.putIfAbsent(ObjectKey("_versions/1"), [1], .full)
                    } throws: { error in
                        guard let failure = error as? Failure else { return false }
                        return failure.code == .io && failure.message.contains(message)
                            && !failure.message.contains("unsafe")
                    }
                }
            }
            // Nor is one that Amazon does not know.
            let server = FakeS3()
            let fault = refusal(501, "NotImplemented", "a header that is not implemented")
            server.fail { _, _ in fault }
            let amazon = S3Storage(
                try fakeClient(server, dropping: ["endpoint"]), path: "t", probe: ConditionalPutProbe())
            await #expect { try await amazon.putIfAbsent(ObjectKey("x"), [1], .full) } throws: { error in
                guard let failure = error as? Failure else { return false }
                return failure.code == .unsupported && !failure.message.contains("unsafe")
                    && failure.message.contains("a header that is not implemented")
            }
        }

        @Test func oneTrialServesAll() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask { _ = try await storage.putIfAbsent(ObjectKey("_versions/\(number)"), [1], .full) }
                }
                try await group.waitForAll()
            }
            // Put, put again, delete; then the twenty.
            #expect(server.requests.count == 23)
            #expect(server.objects.count == 20)
        }

        /// Amazon's customers have names below amazonaws.com, too.
        @Test(arguments: [
            ("https://s3.eu-west-1.amazonaws.com", true), ("https://s3.amazonaws.com", true),
            ("https://box.s3.us-gov-west-1.amazonaws.com", true), ("https://s3-us-west-2.amazonaws.com", true),
            ("https://s3.dualstack.us-west-2.amazonaws.com", true), ("https://s3-fips.us-east-1.amazonaws.com", true),
            ("https://box.s3-accelerate.amazonaws.com", true), ("https://s3.cn-north-1.amazonaws.com.cn", true),
            ("https://a-b-1.s3-accesspoint.eu-west-1.amazonaws.com", true),
            ("https://bucket.vpce-1a2b-3c4d.s3.us-east-1.vpce.amazonaws.com", true),
            ("https://ec2-1-2-3-4.eu-west-1.compute.amazonaws.com:9000", false),
            ("https://s3-proxy-123.us-east-1.elb.amazonaws.com", false),
            ("https://s3.us-east-1.elb.amazonaws.com", false), ("https://s3.example.com", false),
            ("https://x1.execute-api.us-east-1.amazonaws.com", false), ("https://amazonaws.com", false),
            ("https://s3.amazonaws.com.evil.example", false), ("https://s3-amazonaws.com", false),
        ]) func whoIsAmazon(_ endpoint: String, _ isAmazon: Bool) throws {
            #expect(try S3Endpoint(parsing: endpoint, "x").isAmazon == isAmazon)
        }

        @Test func amazonIsTrusted() async throws {
            let server = FakeS3()
            let client = try fakeClient(server, dropping: ["endpoint"])
            let storage = S3Storage(client, path: "t", probe: ConditionalPutProbe())
            #expect(try await storage.putIfAbsent(ObjectKey("x"), [1], .full) == .created)
            #expect(server.requests.count == 1)
            #expect(server.requests.first?.url == "https://box.s3.eu-test-1.amazonaws.com/t/x")
        }
    }
#endif
