// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding

    /// The keys that are valid now. They are fetched before they expire, once for all who wait for them; as long as the old
    /// ones do, nobody waits.
    package actor CredentialCache {
        /// Services have new keys ready five minutes before the old ones expire.
        private static let early = 300.0
        /// A request that is signed later than this may arrive too late.
        private static let last = 15.0
        /// Between two fetches ahead of time: a service that is down, or has the same keys still, is not asked by every request.
        private static let pause = 30.0

        private let source: CredentialSource
        private let fetcher: CredentialFetcher
        private var known: AWSCredentials?
        /// Seconds before their end from which on the known keys are to be replaced.
        private var window = early
        private var isFetching = false
        private var lastFetch = -Double.infinity
        private var waiting: [UInt64: CheckedContinuation<AWSCredentials, any Error>] = [:]
        private var nextNumber: UInt64 = 0

        package init(
            _ source: CredentialSource, _ transport: any HTTPTransport, _ time: TimeSource,
            readFile: @escaping @Sendable (String) throws -> String?
        ) {
            self.source = source
            fetcher = CredentialFetcher(transport: transport, time: time, readFile: readFile)
            if case .fixed(let keys) = source { known = keys }
        }

        /// Nil where requests are not to be signed.
        package func current() async throws -> AWSCredentials? {
            switch source {
            case .anonymous: return nil
            case .fixed(let keys): return keys
            case .none(let reason): throw Failure(.permission, reason)
            case .container, .instance: break
            }
            if let known {
                let remaining = (known.expiration ?? .infinity) - fetcher.time.now()
                if remaining > window { return known }
                if remaining > Self.last {
                    if fetcher.time.uptime() - lastFetch >= Self.pause { fetch() }
                    return known
                }
            }
            return try await fetched()
        }

        /// Forgets keys that the server called expired. False where there can be no others.
        package func drop(_ keys: AWSCredentials) -> Bool {
            switch source {
            case .anonymous, .fixed, .none: return false
            case .container, .instance:
                if known == keys { known = nil }
                return true
            }
        }

        /// Waits for keys, as long as the task is not cancelled.
        private func fetched() async throws -> AWSCredentials {
            let number = nextNumber
            nextNumber += 1
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    guard !Task.isCancelled else {
                        continuation.resume(throwing: CancellationError())
                        return
                    }
                    waiting[number] = continuation
                    fetch()
                }
            } onCancel: {
                Task { await self.leave(number) }
            }
        }

        private func leave(_ number: UInt64) {
            waiting.removeValue(forKey: number)?.resume(throwing: CancellationError())
        }

        /// Begins to fetch keys, unless somebody does already.
        private func fetch() {
            guard !isFetching else { return }
            isFetching = true
            lastFetch = fetcher.time.uptime()
            // Of nobody's own: whoever gives up waiting must not take the keys from the others.
            Task {
                let result: Result<AWSCredentials, any Error>
                do {
                    result = .success(try await ask())
                } catch {
                    result = .failure(error)
                }
                finish(result)
            }
        }

        private func ask() async throws -> AWSCredentials {
            switch source {
            case .container(let url, let token, let file):
                try await fetcher.container(url, token: token, tokenFile: file)
            case .instance(let endpoint): try await fetcher.instance(endpoint)
            case .anonymous, .fixed, .none: throw Failure(.permission, CredentialSource.nothing)
            }
        }

        private func finish(_ result: Result<AWSCredentials, any Error>) {
            isFetching = false
            if case .success(let keys) = result {
                // Keys that live for minutes only are good for most of them.
                if let expiration = keys.expiration {
                    window = min(Self.early, max(expiration - fetcher.time.now(), 0) / 4)
                }
                known = keys
            }
            let all = waiting
            waiting = [:]
            for continuation in all.values { continuation.resume(with: result) }
        }
    }
#endif
