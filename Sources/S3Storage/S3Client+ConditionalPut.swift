// SPDX-License-Identifier: Apache-2.0
#if S3
    package import ByteCoding

    extension S3Client {
        /// Writes an object whole if there is none of that name; false where there is one.
        ///
        /// Throws `commit_unknown` where it cannot be known whether it was written, and the refusal of a store that does not
        /// know the condition as it is.
        ///
        /// - Parameter isConditional: false where the store does not know the condition, and nobody else writes.
        package func putIfAbsent(_ key: String, _ bytes: ByteView, isConditional: Bool = true) async throws -> Bool {
            var request = putRequest(key, bytes)
            if isConditional { request.headers.append(HTTPField("if-none-match", "*")) }
            var state = ConditionalPut()
            var tries = 0
            let start = time.uptime()
            var event = try await putOnce(request)
            tries += 1
            while true {
                switch state.next(event) {
                case .finish(let created): return created
                case .readBack: event = .readBack(await compare(key, bytes))
                case .fail(let error):
                    if isConditional, let refusal = error as? S3Refusal, refusal.isUnknownCondition(knowsConditions) {
                        throw refusal
                    }
                    throw failure(error, request, tries: tries)
                case .giveUp(let error): throw unknown(error, key)
                case .again(let error):
                    guard let wait = wait(after: error, tries: tries, since: start) else {
                        if state.mayBeThere { throw unknown(error, key) }
                        throw failure(error, request, tries: tries)
                    }
                    do {
                        try await time.sleep(wait)
                        try Task.checkCancellation()
                    } catch {
                        if state.mayBeThere { throw unknown(error, key) }
                        throw error
                    }
                    event = try await putOnce(request, mayBeThere: state.mayBeThere)
                    tries += 1
                }
            }
        }

        /// One try. A task that is cancelled while the request is on its way still has to tell what became of it.
        private func putOnce(_ request: S3Request, mayBeThere: Bool = false) async throws -> ConditionalPut.Event {
            if !mayBeThere { try Task.checkCancellation() }
            do {
                _ = try await attempt(request)
                return .created
            } catch let refusal as S3Refusal {
                return .refused(refusal)
            } catch let failure as TransportFailure {
                return .failed(failure, isSent: failure.kind != .notSent)
            } catch let failure as Failure {
                // There were no keys to sign with: nothing was sent.
                if mayBeThere { return .readBack(.unknown(failure)) }
                throw failure
            } catch {
                return .failed(error, isSent: true)
            }
        }

        /// What is there now. Of a cancelled task one short look is left, which nothing cancels.
        private func compare(_ key: String, _ bytes: ByteView) async -> ConditionalPut.Finding {
            guard Task.isCancelled else { return await finding(key, bytes) { try await self.send($0) } }
            return await Task {
                let finding = await finding(key, bytes) { request in
                    try await self.time.limit(5) { try await self.attempt(request) }
                }
                // What was sent may arrive yet, and nobody will look again.
                if case .nothing = finding { return .unknown(CancellationError()) }
                return finding
            }.value
        }

        private func finding(
            _ key: String, _ bytes: ByteView, _ send: @Sendable (S3Request) async throws -> HTTPReply
        ) async -> ConditionalPut.Finding {
            var request = S3Request(.get, key, "cannot read back what was written")
            request.limit = bytes.count
            do {
                let reply = try await send(request)
                let isOurs = reply.body.withUnsafeBytes { found in
                    bytes.withUnsafeBytes { found.elementsEqual($0) }
                }
                return isOurs ? .ours : .theirs
            } catch {
                let cause = (error as? Failure)?.underlying ?? error
                if let refusal = cause as? S3Refusal, refusal.status == 404, refusal.code != "NoSuchBucket" {
                    return .nothing
                }
                // Longer than ours.
                if let failure = cause as? TransportFailure, failure.kind == .tooLong { return .theirs }
                return .unknown(error)
            }
        }

        private func unknown(_ error: any Error, _ key: String) -> Failure {
            let cause: String =
                switch error {
                case is CancellationError: "the task was cancelled"
                case let refusal as S3Refusal: "the server answered \(refusal.quoted)"
                default: "\(error)"
                }
            return Failure(
                .commitUnknown,
                "the object was sent, and whether it was written cannot be known (\(cause)): it may be there, or not; look at the table before you repeat the call",
                path: name(key), underlying: error)
        }
    }
#endif
