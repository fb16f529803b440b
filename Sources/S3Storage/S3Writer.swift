// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import ObjectStorage
    import Synchronization

    /// Writes one object from front to back: in one request where it is short, else in parts, a few of which are on their
    /// way while the next is being filled. What was not finished is given up.
    ///
    /// One call at a time, as for every writer.
    final class S3Writer: ObjectWriter {
        /// Parts on their way; each is kept in memory until the server has it.
        private static let mostParts = 4
        /// What S3 allows for one object.
        private static let mostNumbers = 10_000

        private struct State {
            var count: UInt64 = 0
            var buffer: ReceiveBuffer?
            var filled = 0
            var upload: String?
            var parts: [Task<String, any Error>] = []
            /// Of `parts`, those that are known to have arrived.
            var arrived = 0
            var phase = Phase.open
        }

        private enum Phase {
            case open
            case finishing
            /// By a failure.
            case closed
            case finished
        }

        private let storage: S3Storage
        private let name: String
        private let state = Mutex(State())
        private var client: S3Client { storage.client }

        init(_ storage: S3Storage, _ name: String) {
            self.storage = storage
            self.name = name
        }

        deinit {
            let (upload, parts, phase) = state.withLock { ($0.upload, $0.parts, $0.phase) }
            guard phase != .finished, let upload else { return }
            let client = client
            let name = name
            Task.detached { await Self.giveUp(client, name, upload, parts) }
        }

        var count: UInt64 { state.withLock { $0.count } }

        /// Later parts are longer, for objects that would have too many.
        private static func partSize(_ number: Int) -> Int {
            number <= 5000 ? S3Storage.partSize : 16 * S3Storage.partSize
        }

        func write(_ bytes: ByteView) async throws {
            try await closingOnFailure {
                var place = 0
                while place < bytes.count {
                    place += try take(bytes, from: place)
                    if isFull { try await sendPart() }
                }
                // Empty writes are writes, too.
                if bytes.isEmpty { try checkOpen() }
            }
        }

        /// Copies what fits into the part being filled; returns how much that was.
        private func take(_ bytes: ByteView, from place: Int) throws -> Int {
            try state.withLock { state in
                try Self.checkOpen(state, client.name(name))
                let buffer: ReceiveBuffer
                if let begun = state.buffer {
                    buffer = begun
                } else {
                    buffer = try ReceiveBuffer(count: Self.partSize(state.parts.count + 1), name: client.name(name))
                    state.buffer = buffer
                    state.filled = 0
                }
                let length = min(buffer.count - state.filled, bytes.count - place)
                guard let slot = buffer.slot(state.filled, length),
                    try bytes.slice(place, length).withUnsafeBytes({ slot.write($0, at: 0) })
                else { throw Failure(.io, "a part cannot take \(length) bytes more", path: client.name(name)) }
                state.filled += length
                state.count += UInt64(length)
                return length
            }
        }

        private var isFull: Bool { state.withLock { $0.buffer != nil && $0.filled == $0.buffer?.count } }

        private func sendPart() async throws {
            let upload: String
            if let begun = state.withLock({ $0.upload }) {
                upload = begun
            } else {
                upload = try await client.beginUpload(name)
                state.withLock { $0.upload = upload }
            }
            try await waitForParts(leaving: Self.mostParts - 1)
            try state.withLock { state in
                guard let buffer = state.buffer else { return }
                let number = state.parts.count + 1
                guard number <= Self.mostNumbers else {
                    throw Failure(
                        .io, "the object has more than \(Self.mostNumbers) parts, which S3 does not allow",
                        path: client.name(name))
                }
                let bytes = buffer.region(state.filled, name: client.name(name)).view
                state.buffer = nil
                state.filled = 0
                state.parts.append(Task { [client, name] in try await client.sendPart(name, upload, number, bytes) })
            }
        }

        /// Until no more than so many are on their way. A cancelled task does not wait for the network.
        private func waitForParts(leaving left: Int) async throws {
            let tasks = state.withLock { Array($0.parts[$0.arrived...]) }
            guard tasks.count > left else { return }
            try await withTaskCancellationHandler {
                for task in tasks.prefix(tasks.count - left) {
                    _ = try await task.value
                    state.withLock { $0.arrived += 1 }
                }
            } onCancel: {
                for task in tasks { task.cancel() }
            }
        }

        func finish() async throws {
            try state.withLock { state in
                try Self.checkOpen(state, client.name(name))
                state.phase = .finishing
            }
            try await closingOnFailure {
                let isCreated: Bool
                if let upload = state.withLock({ $0.upload }) {
                    if state.withLock({ $0.filled > 0 }) { try await sendPart() }
                    try await waitForParts(leaving: 0)
                    let (parts, count) = state.withLock { ($0.parts, $0.count) }
                    var tags: [String] = []
                    for part in parts { tags.append(try await part.value) }
                    isCreated = try await client.completeUpload(
                        name, upload, tags, size: count, isConditional: storage.isConditional)
                } else {
                    let bytes = state.withLock { state in
                        state.buffer?.region(state.filled, name: client.name(name)).view ?? .empty
                    }
                    isCreated = try await putWhole(bytes)
                }
                guard isCreated else { throw Failure(.io, "the name is in use", path: client.name(name)) }
                state.withLock { state in
                    state.phase = .finished
                    state.buffer = nil
                    state.parts = []
                }
            }
        }

        /// What nobody knows of yet is no commit: where it cannot be known whether it was written, it is as good as not.
        private func putWhole(_ bytes: ByteView) async throws -> Bool {
            do {
                return try await storage.putIfAbsent(name, bytes)
            } catch let failure as Failure where failure.code == .commitUnknown {
                await client.deleteIfPossible(name)
                try Task.checkCancellation()
                throw Failure(
                    .network, "cannot write the object: whether the server has it cannot be known; try again",
                    path: client.name(name), underlying: failure.underlying)
            }
        }

        private func checkOpen() throws { try state.withLock { try Self.checkOpen($0, client.name(name)) } }

        private static func checkOpen(_ state: State, _ path: String) throws {
            guard state.phase == .open else {
                throw Failure(.io, "cannot write the object: it is not open any more", path: path)
            }
        }

        /// After the first failure the object is of no use: its parts are given up, and every later call fails too.
        private func closingOnFailure(_ body: () async throws -> Void) async throws {
            do {
                try await body()
            } catch {
                let (upload, parts) = state.withLock { state in
                    let open = (state.phase == .finished ? nil : state.upload, state.parts)
                    if state.phase != .finished {
                        state.phase = .closed
                        state.upload = nil
                        state.parts = []
                        state.arrived = 0
                        state.buffer = nil
                    }
                    return open
                }
                if let upload {
                    // Cancelled tasks clean up behind them as well.
                    let client = client
                    let name = name
                    await Task { await Self.giveUp(client, name, upload, parts) }.value
                }
                throw error
            }
        }

        /// Parts that are on their way must not arrive afterwards; what cannot be given up costs, and does no harm.
        private static func giveUp(
            _ client: S3Client, _ name: String, _ upload: String, _ parts: [Task<String, any Error>]
        ) async {
            for part in parts { part.cancel() }
            for part in parts { _ = try? await part.value }
            try? await client.abortUpload(name, upload)
        }
    }
#endif
