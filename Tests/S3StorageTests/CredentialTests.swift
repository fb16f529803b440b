// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import Foundation
    import S3Storage
    import Synchronization
    import Testing

    /// Keys of roles, and when they are fetched again.
    struct CredentialTests {
        /// A metadata service and a container's endpoint.
        final class Services: HTTPTransport {
            let paths = Mutex<[String]>([])
            let isDown = Mutex(false)
            /// Does not answer until it is over.
            let isStuck = Mutex(false)
            let expiration: @Sendable () -> String

            init(_ expiration: @escaping @Sendable () -> String) { self.expiration = expiration }

            /// Until there were so many requests.
            func wait(for count: Int) async throws {
                for _ in 0..<5000 where paths.withLock({ $0.count }) < count {
                    try await Task.sleep(for: .milliseconds(1))
                }
                #expect(paths.withLock { $0.count } >= count)
            }

            func send(_ request: HTTPRequest) async throws -> HTTPReply {
                let path = request.url.replacing(/^http:\/\/[^\/]+/, with: "")
                let count = paths.withLock {
                    $0.append(path)
                    return $0.count
                }
                try await Task.sleep(for: .milliseconds(5))
                while isStuck.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(2)) }
                if isDown.withLock({ $0 }) { throw TransportFailure(.notSent, "no route to host") }
                func has(_ name: String, _ value: String) -> Bool { request.headers.contains(HTTPField(name, value)) }
                func reply(_ status: Int, _ text: String = "") throws -> HTTPReply {
                    var receiver = try BodyReceiver(request, status: status, headers: [])
                    try Array(text.utf8).withUnsafeBytes { try receiver.append($0) }
                    return try receiver.finish()
                }
                let keys =
                    "{\"Code\":\"Success\",\"AccessKeyId\":\"id-\(count)\",\"SecretAccessKey\":\"swordfish\",\"Token\":\"t\",\"Expiration\":\"\(expiration())\"}"
                switch path {
                case "/latest/api/token":
                    return try reply(
                        request.method == .put && has("x-aws-ec2-metadata-token-ttl-seconds", "21600") ? 200 : 400,
                        "imds-token")
                case "/latest/meta-data/iam/security-credentials/":
                    return try reply(has("x-aws-ec2-metadata-token", "imds-token") ? 200 : 401, "my role\n")
                case "/latest/meta-data/iam/security-credentials/my%20role":
                    return try reply(has("x-aws-ec2-metadata-token", "imds-token") ? 200 : 401, keys)
                case "/v2/keys": return try reply(has("authorization", "from-file") ? 200 : 403, keys)
                case "/bad": return try reply(200, "{\"AccessKeyId\":\"id\",\"SecretAccessKey\":\"sword\\nfish\"}")
                default: return try reply(404)
                }
            }
        }

        private static func text(_ seconds: Double) -> String {
            let basic = Timestamp.basic(seconds)
            let digits = Array(basic)
            func part(_ range: Range<Int>) -> String { String(digits[range]) }
            return "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z"
        }

        @Test func machinesAndContainersHaveRoles() async throws {
            let time = FakeTime()
            let services = Services { Self.text(time.source.now() + 3600) }
            let machine = CredentialCache(.instance(endpoint: "http://169.254.169.254"), services, time.source) { _ in
                nil
            }
            let keys = try #require(try await machine.current())
            #expect(keys.secret == Secret("swordfish") && keys.sessionToken == Secret("t"))
            #expect(services.paths.withLock { $0.count } == 3)
            let container = CredentialCache(
                .container(url: "http://169.254.170.2/v2/keys", token: nil, tokenFile: "/token"), services, time.source
            ) { path in path == "/token" ? "from-file\n" : nil }
            #expect(try await container.current()?.secret == Secret("swordfish"))
            for source: CredentialSource in [
                .container(url: "http://169.254.170.2/v2/keys", token: nil, tokenFile: "/none"),
                .container(url: "http://169.254.170.2/v2/keys", token: Secret("wrong"), tokenFile: nil),
                .container(url: "http://169.254.170.2/bad", token: nil, tokenFile: nil),
            ] {
                let cache = CredentialCache(source, services, time.source) { _ in nil }
                await #expect { _ = try await cache.current() } throws: {
                    ($0 as? Failure)?.code == .permission && !"\($0)".contains("sword") && !"\($0)".contains("wrong")
                }
            }
        }

        @Test func oneFetchServesAllWhoWait() async throws {
            let time = FakeTime()
            let services = Services { Self.text(time.source.now() + 3600) }
            let cache = CredentialCache(.instance(endpoint: "http://m"), services, time.source) { _ in nil }
            try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<50 { group.addTask { try await cache.current()?.accessKeyID } }
                for try await id in group { #expect(id == "id-3") }
            }
            #expect(services.paths.withLock { $0.count } == 3)
            // Still good for a while, then fetched ahead of time.
            time.pass(3200)
            #expect(try await cache.current()?.accessKeyID == "id-3")
            time.pass(150)
            // Nobody waits for that.
            #expect(try await cache.current()?.accessKeyID == "id-3")
            try await services.wait(for: 6)
            for _ in 0..<500 {
                if try await cache.current()?.accessKeyID == "id-6" { break }
                try await Task.sleep(for: .milliseconds(2))
            }
            #expect(try await cache.current()?.accessKeyID == "id-6")
            // When the service is down, the old ones do until they expire, and it is asked now and then.
            time.pass(3350)
            services.isDown.withLock { $0 = true }
            #expect(try await cache.current()?.accessKeyID == "id-6")
            try await services.wait(for: 9)
            try await Task.sleep(for: .milliseconds(30))
            for _ in 0..<100 { #expect(try await cache.current()?.accessKeyID == "id-6") }
            try await Task.sleep(for: .milliseconds(30))
            #expect(services.paths.withLock { $0.count } == 9)
            time.pass(31)
            // The fetch before may be about to fail still.
            for _ in 0..<5000 where services.paths.withLock({ $0.count }) == 9 {
                #expect(try await cache.current()?.accessKeyID == "id-6")
                try await Task.sleep(for: .milliseconds(2))
            }
            try await services.wait(for: 12)
            time.pass(300)
            await #expect { _ = try await cache.current() } throws: { ($0 as? Failure)?.code == .permission }
            services.isDown.withLock { $0 = false }
            #expect(try await cache.current() != nil)
        }

        /// Keys that live for minutes only are not fetched for each request.
        @Test func shortLives() async throws {
            let time = FakeTime()
            let services = Services { Self.text(time.source.now() + 240) }
            let cache = CredentialCache(.instance(endpoint: "http://m"), services, time.source) { _ in nil }
            for _ in 0..<17 {
                #expect(try await cache.current()?.accessKeyID == "id-3")
                time.pass(10)
            }
            #expect(services.paths.withLock { $0.count } == 3)
            time.pass(15)
            #expect(try await cache.current()?.accessKeyID == "id-3")
            try await services.wait(for: 6)
        }

        /// Whoever waits for keys may give up; the others get them.
        @Test func waitingCanBeCancelled() async throws {
            let time = FakeTime()
            let services = Services { Self.text(time.source.now() + 3600) }
            services.isStuck.withLock { $0 = true }
            let cache = CredentialCache(.instance(endpoint: "http://m"), services, time.source) { _ in nil }
            let impatient = Task { try await cache.current() }
            let patient = Task { try await cache.current() }
            try await services.wait(for: 1)
            impatient.cancel()
            await #expect(throws: CancellationError.self) { _ = try await impatient.value }
            services.isStuck.withLock { $0 = false }
            #expect(try await patient.value?.accessKeyID == "id-3")
        }

        /// Keys do not go where a proxy sees them.
        @Test func keysComeTheirOwnWay() async throws {
            let time = FakeTime()
            let services = Services { Self.text(time.source.now() + 3600) }
            let server = FakeS3()
            let settings = try S3Settings(
                ["endpoint": "http://fake.test:9000", "allow_http": "true", "region": "eu-test-1"], S3Environment())
            let client = S3Client(
                bucket: "box", settings, server, time.source, S3Environment(), keyTransport: services)
            // The server does not know these keys; what counts is who was asked for them.
            await #expect(throws: Failure.self) { _ = try await client.exists("x") }
            #expect(services.paths.withLock { $0.count } == 3)
            #expect(server.requests.allSatisfy { $0.url.hasPrefix("http://fake.test:9000/box") })
            #expect(server.requests.count == 1)
        }

        @Test func keysThatTheServerCallsExpiredAreFetchedAgain() async throws {
            let time = FakeTime()
            let services = Services { Self.text(time.source.now() + 3600) }
            let cache = CredentialCache(.instance(endpoint: "http://m"), services, time.source) { _ in nil }
            let keys = try #require(try await cache.current())
            #expect(await cache.drop(keys))
            #expect(try await cache.current()?.accessKeyID == "id-6")
            let fixed = CredentialCache(.fixed(keys), services, time.source) { _ in nil }
            #expect(await !fixed.drop(keys))
            #expect(try await fixed.current() == keys)
        }
    }
#endif
