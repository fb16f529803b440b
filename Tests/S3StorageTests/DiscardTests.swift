// SPDX-License-Identifier: Apache-2.0
#if S3
    import ObjectStorage
    import S3Storage
    import TestSupport
    import Testing

    /// What a failed call leaves behind goes, whatever became of its task.
    struct DiscardTests {
        @Test(arguments: [1, 40]) func cancelledTasksCleanUp(_ count: Int) async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            let keys = try (0..<count).map { try ObjectKey("data/\($0)") }
            for key in keys { _ = try await storage.putIfAbsent(key, [1], .full) }
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                await #expect(throws: CancellationError.self) { try await storage.delete(keys[0]) }
                await storage.discard(keys)
            }
            task.cancel()
            await task.value
            #expect(server.objects.isEmpty)
        }

        /// Several go by one request.
        @Test func together() async throws {
            let server = FakeS3()
            let storage = try fakeStorage(server)
            let keys = try (0..<40).map { try ObjectKey("data/\($0)") }
            for key in keys { _ = try await storage.putIfAbsent(key, [1], .full) }
            server.fail(nil)
            await storage.discard(keys)
            #expect(server.objects.isEmpty && server.requests.count == 1)
        }
    }
#endif
