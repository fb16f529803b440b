// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import Synchronization

    /// Speaks S3 with one bucket: signs requests, sends them, and sends them again where that may help.
    package final class S3Client: Sendable {
        package let settings: S3Settings
        package let bucket: String
        package let time: TimeSource
        private let transport: any HTTPTransport
        /// Large answers under way at once. The line is full with these, and each further one would only make all of them
        /// slower, up to where none comes in time; small ones do not wait in their line.
        let largeAnswers = Gate(16)
        private let credentials: CredentialCache
        /// The region that signatures name; the server may teach us another.
        private let region: Mutex<String>

        /// - Parameter keyTransport: for keys of roles; nil for the same as for the bucket.
        package init(
            bucket: String, _ settings: S3Settings, _ transport: any HTTPTransport, _ time: TimeSource = .system,
            _ environment: S3Environment = .process(), keyTransport: (any HTTPTransport)? = nil
        ) {
            self.bucket = bucket
            self.settings = settings
            self.transport = transport
            self.time = time
            credentials = CredentialCache(
                settings.credentials, keyTransport ?? transport, time, readFile: environment.readFile)
            region = Mutex(settings.region ?? S3Settings.usualRegion)
        }

        /// Over the network.
        ///
        /// - Parameter options: as `S3Settings` has them.
        package convenience init(
            bucket: String, options: [String: String], _ environment: S3Environment = .process()
        ) throws {
            guard S3Address.isBucketName(bucket) else {
                throw Failure(.invalidArgument, "'\(bucket)' is no name of a bucket", path: "s3://\(bucket)")
            }
            let settings: S3Settings
            do {
                settings = try S3Settings(options, environment)
            } catch let failure as Failure {
                throw failure.at(path: "s3://\(bucket)")
            }
            // Services that give keys are on this machine or next to it. A proxy would read the keys, or give its own.
            var direct = settings.connection
            direct.proxy = nil
            self.init(
                bucket: bucket, settings, AsyncHTTPTransport(settings.connection), .system, environment,
                keyTransport: AsyncHTTPTransport(direct))
        }

        /// What a user calls an object.
        package func name(_ key: String?) -> String { key.map { "s3://\(bucket)/\($0)" } ?? "s3://\(bucket)" }

        /// The server's address, without the bucket.
        package var serverName: String { settings.endpoint?.text ?? "Amazon S3" }

        var isAmazon: Bool { settings.endpoint?.isAmazon ?? true }

        /// Whether conditional writes are known to work, or somebody said so.
        var knowsConditions: Bool { isAmazon || settings.conditionalPut == .trusted }

        // MARK: With retries

        /// The answer to a request that may be repeated, whatever became of it before.
        func send(_ request: S3Request) async throws -> HTTPReply {
            var tries = 0
            let start = time.uptime()
            while true {
                tries += 1
                do {
                    return try await attempt(request)
                } catch {
                    guard let wait = wait(after: error, tries: tries, since: start) else {
                        throw failure(error, request, tries: tries)
                    }
                    try await time.sleep(wait)
                }
            }
        }

        /// The same; a refusal that is none to be repeated is thrown as it is.
        func sendJudging(_ request: S3Request) async throws -> HTTPReply {
            do {
                return try await send(request)
            } catch let failure as Failure {
                if let refusal = failure.underlying as? S3Refusal, !refusal.isPassing { throw refusal }
                throw failure
            }
        }

        /// Seconds to wait before the next try; nil where there is to be none.
        func wait(after error: any Error, tries: Int, since start: Double) -> Double? {
            let isUnsent: Bool
            var wanted: Double?
            switch error {
            case let error as TransportFailure:
                guard error.kind != .tooLong else { return nil }
                isUnsent = error.kind == .notSent
            case let refusal as S3Refusal:
                guard refusal.isPassing else { return nil }
                isUnsent = false
                wanted = refusal.retryAfter
            default: return nil
            }
            return settings.retries.wait(
                afterTries: tries, elapsed: time.uptime() - start, isUnsent: isUnsent, random: time.random(),
                wanted: wanted)
        }

        /// What a caller of the storage is told.
        func failure(_ error: any Error, _ request: S3Request, tries: Int) -> any Error {
            switch error {
            case let refusal as S3Refusal:
                var failure = refusal.failure(request.doing, path: name(request.place ?? request.key))
                failure.underlying = refusal
                return failure
            case let error as TransportFailure:
                let advice =
                    error.kind == .tooLong ? "this is no answer that S3 gives" : "check the network and the endpoint"
                return Failure(
                    error.kind == .tooLong ? .io : .network,
                    "\(request.doing): \(error) from \(serverName), in \(tries) \(tries == 1 ? "try" : "tries"); \(advice)",
                    path: name(request.place ?? request.key), underlying: error)
            default: return error
            }
        }

        // MARK: Once

        /// One try: signed, sent, and its answer judged. Throws `S3Refusal`, `TransportFailure` or `CancellationError`.
        ///
        /// What a server refuses before it looks at the request (other region, expired keys) is put right, once each.
        func attempt(_ request: S3Request) async throws -> HTTPReply {
            var hasMoved = false
            var hasNewKeys = false
            while true {
                try Task.checkCancellation()
                let region = region.withLock { $0 }
                let keys = try await credentials.current()
                let reply = try await transport.whenFree { [self] in
                    // Not before: a signature is good for some minutes only.
                    let progress = TransferProgress()
                    var signed = sign(request, region: region, keys)
                    signed.progress = progress
                    let parts = max(1, request.body.count / S3Storage.partSize)
                    return try await time.limit(settings.timeout * Double(parts), progress) { [transport, signed] in
                        try await transport.send(signed)
                    }
                }
                if (200..<300).contains(reply.status) { return reply }
                let refusal = S3Refusal(reply)
                if refusal.isRedirect, !hasMoved, let own = refusal.region, own != region {
                    hasMoved = true
                    self.region.withLock { $0 = own }
                    continue
                }
                if refusal.wantsNewKeys, !hasNewKeys, let keys, await credentials.drop(keys) {
                    hasNewKeys = true
                    continue
                }
                throw refusal
            }
        }

        private func sign(_ request: S3Request, region: String, _ keys: AWSCredentials?) -> HTTPRequest {
            let address = S3Address(settings, bucket: bucket, region: region)
            let path = address.path(request.key)
            let stamp = Timestamp.basic(time.now())
            var headers = request.headers + settings.requestHeaders
            if let keys {
                let hash =
                    request.body.isEmpty
                    ? RequestSigner.emptyPayload
                    : settings.unsignedPayload
                        ? RequestSigner.unsignedPayload : request.body.withUnsafeBytes { RequestSigner.hash($0) }
                headers += [HTTPField("x-amz-content-sha256", hash), HTTPField("x-amz-date", stamp)]
                if let token = keys.sessionToken { headers.append(HTTPField("x-amz-security-token", token.revealed)) }
                let authorization = RequestSigner(keys, region: region).authorization(
                    method: request.method.rawValue, path: path, query: request.query,
                    headers: headers + [HTTPField("host", address.host)], payloadHash: hash, time: stamp)
                headers.append(HTTPField("authorization", authorization))
            }
            let query = RequestSigner.queryText(request.query)
            return HTTPRequest(
                method: request.method, url: address.origin + path + (query.isEmpty ? "" : "?" + query),
                headers: headers,
                body: request.body, destination: request.destination, limit: request.limit)
        }
    }
#endif
