// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import ObjectStorage
    import S3Storage
    import Synchronization
    import Testing

    /// Many and slow answers.
    struct TransferTests {
        /// Answers any range with zeros, piece by piece, and counts who is being answered.
        private final class Slow: HTTPTransport {
            let pieces: Int
            /// Returns when the piece of that number may be sent; the one after the last, when the answer may end.
            let wait: @Sendable (Slow, Int) async throws -> Void
            let active = Mutex((now: 0, most: 0))
            let sent = Mutex(0)

            init(pieces: Int, wait: @escaping @Sendable (Slow, Int) async throws -> Void) {
                self.pieces = pieces
                self.wait = wait
            }

            func send(_ request: HTTPRequest) async throws -> HTTPReply {
                active.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                defer { active.withLock { $0.now -= 1 } }
                let range = request.headers.first { $0.name == "range" }?.value.split(whereSeparator: {
                    "=-".contains($0)
                })
                let (first, last) = (range.flatMap { Int($0[1]) } ?? 0, range.flatMap { Int($0[2]) } ?? 0)
                let count = last - first + 1
                var receiver = try BodyReceiver(
                    request, status: 206,
                    headers: [
                        HTTPField("Content-Range", "bytes \(first)-\(last)/1000000000"),
                        HTTPField("Content-Length", "\(count)"),
                    ])
                for piece in 0..<pieces {
                    try await wait(self, piece)
                    let bytes = [UInt8](repeating: 0, count: count * (piece + 1) / pieces - count * piece / pieces)
                    try bytes.withUnsafeBytes { try receiver.append($0) }
                    sent.withLock { $0 += 1 }
                }
                try await wait(self, pieces)
                return try receiver.finish()
            }
        }

        private func storage(_ transport: any HTTPTransport, _ time: FakeTime, _ more: [String: String] = [:]) throws
            -> S3Storage
        {
            S3Storage(try fakeClient(transport, more, time: time), path: "t", probe: ConditionalPutProbe())
        }

        /// An answer that comes all the time is waited for, though it takes longer than a request may be silent: here
        /// each piece takes one such period.
        @Test func slowAnswersAreWaitedFor() async throws {
            let periods = Mutex(0)
            let slow = Slow(pieces: 15) { _, piece in try await until { periods.withLock { $0 } > piece } }
            let time = FakeTime { _ in
                let before = slow.sent.withLock { $0 }
                periods.withLock { $0 += 1 }
                try await until { slow.sent.withLock { $0 } > before }
            }
            let storage = try storage(slow, time, ["client_max_retries": "0"])
            #expect(try await storage.read(ObjectKey("x"), 5..<100_005).count == 100_000)
        }

        @Test func silenceIsNot() async throws {
            let slow = Slow(pieces: 1) { slow, piece in try await until { piece < slow.pieces } }
            let time = FakeTime { _ in try await until { slow.sent.withLock { $0 } == 1 } }
            let storage = try storage(slow, time, ["client_max_retries": "0"])
            await #expect {
                try await storage.read(ObjectKey("x"), 5..<1005)
            } throws: {
                ($0 as? Failure)?.code == .network && ($0 as? Failure)?.message.contains("nothing more") == true
            }
        }

        /// Large answers come some at a time, whoever asks for them; small ones do not wait for them.
        @Test func largeAnswersWaitInLine() async throws {
            let isFilling = Mutex(false)
            // Later on, nobody is answered before there are more than 16.
            let slow = Slow(pieces: 2) { slow, _ in
                try await Task.sleep(for: .milliseconds(20))
                try await until { !isFilling.withLock { $0 } || slow.active.withLock { $0.most } > 16 }
            }
            let storage = try storage(slow, FakeTime())
            let key = try ObjectKey("x")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<60 {
                    group.addTask {
                        let start = UInt64(number) << 22
                        let region = try await storage.read(key, start..<start + 2_000_000)
                        #expect(region.count == 2_000_000)
                    }
                }
                try await group.waitForAll()
            }
            #expect(slow.active.withLock { $0.most } <= 16)
            isFilling.withLock { $0 = true }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<60 { group.addTask { _ = try await storage.read(key, 0..<1000) } }
                try await group.waitForAll()
            }
            #expect(slow.active.withLock { $0.most } > 16)
        }

        @Test func whoWaitsInLineCanBeCancelled() async throws {
            let isOpen = Mutex(false)
            let slow = Slow(pieces: 1) { _, _ in try await until { isOpen.withLock { $0 } } }
            let storage = try storage(slow, FakeTime())
            let key = try ObjectKey("x")
            let first = Task { try await storage.read(key, 0..<2_000_000) }
            try await until { slow.active.withLock { $0.now } == 1 }
            let others = (0..<40).map { _ in Task { try await storage.read(key, 0..<2_000_000) } }
            try await until { slow.active.withLock { $0.now } == 16 }
            for task in others { task.cancel() }
            for task in others { await #expect(throws: CancellationError.self) { _ = try await task.value } }
            isOpen.withLock { $0 = true }
            // The line is free again.
            #expect(try await storage.read(key, 0..<2_000_000).count == 2_000_000)
            #expect(try await first.value.count == 2_000_000)
        }
    }
#endif
