// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import Foundation
    import S3Storage
    import Synchronization

    /// Time that passes only when somebody waits.
    final class FakeTime: Sendable {
        private let seconds = Mutex(1_790_000_000.0)
        private let deadline: @Sendable (Double) async throws -> Void
        let waits = Mutex<[Double]>([])

        /// - Parameter deadline: returns when a request has had its time; without it, none ever has, on a busy machine
        ///   neither.
        init(deadline: @escaping @Sendable (Double) async throws -> Void = { _ in try await until { false } }) {
            self.deadline = deadline
        }

        var source: TimeSource {
            TimeSource(
                now: { self.seconds.withLock { $0 } }, uptime: { self.seconds.withLock { $0 } },
                sleep: { wait in
                    try Task.checkCancellation()
                    self.waits.withLock { $0.append(wait) }
                    await Task.yield()
                    self.pass(wait)
                },
                deadline: { wait in
                    try await self.deadline(wait)
                    self.pass(wait)
                },
                random: { 0.5 })
        }

        func pass(_ wait: Double) { seconds.withLock { $0 += wait } }
    }

    /// Returns once `condition` holds. Nothing else bounds the wait: how long it takes says nothing on a busy machine.
    func until(_ condition: @Sendable () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    func fakeOptions(_ more: [String: String] = [:]) -> [String: String] {
        [
            "endpoint": "http://fake.test:9000", "allow_http": "true", "region": "eu-test-1",
            "access_key_id": FakeS3.keyID, "secret_access_key": FakeS3.secret, "session_token": FakeS3.token,
        ].merging(more) { $1 }
    }

    func fakeClient(
        _ server: any HTTPTransport, _ more: [String: String] = [:], time: FakeTime = FakeTime(),
        dropping: [String] = []
    ) throws -> S3Client {
        let options = fakeOptions(more).filter { !dropping.contains($0.key) }
        return S3Client(bucket: "box", try S3Settings(options, S3Environment()), server, time.source, S3Environment())
    }

    func fakeStorage(
        _ server: FakeS3, path: String = "tables/t 1", _ more: [String: String] = [:], time: FakeTime = FakeTime()
    ) throws -> S3Storage {
        S3Storage(try fakeClient(server, more, time: time), path: path, probe: ConditionalPutProbe())
    }
#endif
