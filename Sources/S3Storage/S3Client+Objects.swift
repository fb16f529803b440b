// SPDX-License-Identifier: Apache-2.0
#if S3
    package import ByteCoding

    /// A part of an object, and what the answer says of all of it.
    package struct S3Part: Sendable {
        /// Empty where the bytes went to a slot.
        package var bytes: ByteView
        package var received: Int
        /// The object's size.
        package var total: UInt64
        package var etag: String?
    }

    extension S3Client {
        /// Bytes from which on an answer is a large one.
        private static let largeAnswer = 1 << 20

        /// `length` bytes from `offset`, or fewer where the object ends before.
        ///
        /// - Parameters:
        ///   - slot: where the bytes go; nil to have them in the part.
        ///   - etag: of the object that the bytes must be of. A weak one is never equal to anything, to a server: it is
        ///     compared here.
        ///   - isGuess: the object may be far shorter, and does not wait until other large answers are here.
        /// - Throws: `S3Refusal` with status 416 where the object has no byte at `offset`, and 412 where it is another one.
        package func get(
            _ key: String, from offset: UInt64, _ length: Int, into slot: BodySlot? = nil, etag: String? = nil,
            isGuess: Bool = false
        ) async throws -> S3Part {
            var request = S3Request(.get, key, "cannot read the object")
            let last = offset.addingReportingOverflow(UInt64(max(length, 1)) - 1)
            request.headers = [HTTPField("range", "bytes=\(offset)-\(last.overflow ? UInt64.max : last.partialValue)")]
            let isWeak = etag?.hasPrefix("W/") == true
            if let etag, !isWeak { request.headers.append(HTTPField("if-match", etag)) }
            request.destination = slot
            request.limit = length
            let reply: HTTPReply
            if length > Self.largeAnswer, !isGuess {
                reply = try await largeAnswers.pass { [request] in try await sendJudging(request) }
            } else {
                reply = try await sendJudging(request)
            }
            let part = try part(reply, from: offset, request)
            if isWeak, let found = part.etag, found != etag {
                throw Failure(.io, "\(request.doing): it is another one than before", path: name(key))
            }
            return part
        }

        /// The last `length` bytes, or all where the object has no more.
        package func get(_ key: String, last length: Int) async throws -> S3Part {
            var request = S3Request(.get, key, "cannot read the object's end")
            request.headers = [HTTPField("range", "bytes=-\(length)")]
            request.limit = length
            let part = try part(try await sendJudging(request), from: nil, request)
            guard part.received == min(length, Int(clamping: part.total)) else { throw otherPart(request) }
            return part
        }

        private func part(_ reply: HTTPReply, from offset: UInt64?, _ request: S3Request) throws -> S3Part {
            let etag = reply.header("etag")
            if reply.status == 206 {
                guard let range = reply.header("content-range").flatMap({ ContentRange($0) }), let total = range.total,
                    let first = range.start(ofBytes: reply.received),
                    first == offset ?? (total - UInt64(reply.received))
                else { throw otherPart(request) }
                return S3Part(bytes: reply.body, received: reply.received, total: total, etag: etag)
            }
            // The whole object: right where nothing comes before it.
            guard offset == nil || offset == 0 else {
                throw Failure(
                    .unsupported, "\(request.doing): the server knows no ranges, without which tables cannot be read",
                    path: name(request.key))
            }
            return S3Part(bytes: reply.body, received: reply.received, total: UInt64(reply.received), etag: etag)
        }

        private func otherPart(_ request: S3Request) -> Failure {
            Failure(
                .io, "\(request.doing): the server sent another part than it was asked for", path: name(request.key))
        }

        /// The object's size. Throws `not_found`.
        package func size(_ key: String) async throws -> UInt64 {
            let request = S3Request(.head, key, "cannot find the object")
            let reply = try await send(request)
            guard let size = reply.header("content-length").flatMap({ UInt64($0) }) else {
                throw Failure(.io, "\(request.doing): the server does not say how long it is", path: name(key))
            }
            return size
        }

        /// Whether there is an object of that name.
        package func exists(_ key: String) async throws -> Bool {
            do {
                _ = try await send(S3Request(.head, key, "cannot look for the object"))
                return true
            } catch let failure as Failure where failure.code == .notFound {
                return false
            }
        }

        /// Writes an object whole, whatever was there.
        func put(_ key: String, _ bytes: ByteView) async throws { _ = try await send(putRequest(key, bytes)) }

        func putRequest(_ key: String, _ bytes: ByteView) -> S3Request {
            var request = S3Request(.put, key, "cannot write the object")
            request.body = bytes
            request.headers = settings.objectHeaders
            return request
        }

        /// Removes an object that nobody needs and nobody knows of, with one short try: whatever becomes of the task, and of
        /// the try.
        func deleteIfPossible(_ key: String) async {
            await Task {
                _ = try? await time.limit(5) {
                    try await self.attempt(S3Request(.delete, key, "cannot remove the object"))
                }
            }.value
        }

        /// Removes an object; one that is not there is no error.
        package func delete(_ key: String) async throws {
            do {
                _ = try await sendJudging(S3Request(.delete, key, "cannot remove the object"))
            } catch let refusal as S3Refusal {
                if refusal.status == 404, refusal.code != "NoSuchBucket" { return }
                throw refusal.failure("cannot remove the object", path: name(key))
            }
        }
    }
#endif
