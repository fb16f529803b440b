// SPDX-License-Identifier: Apache-2.0
#if S3
    import AsyncHTTPClient
    import ByteCoding
    import NIOCore
    import NIOHTTP1
    import Synchronization

    /// Requests over AsyncHTTPClient.
    ///
    /// Clients live as long as the process, one for each way to connect: tables share their connections, and nobody has to
    /// shut one down.
    package struct AsyncHTTPTransport: HTTPTransport {
        private static let clients = Mutex<[ConnectionSettings: (client: HTTPClient, gate: Gate)]>([:])
        /// Of one host. More requests than that wait for each other: here, as in the client's own line they fail when the
        /// time for making a connection is over, and all at once when one connection fails.
        private static let mostConnections = 128

        private let client: HTTPClient
        private let gate: Gate
        private let userAgent: String

        package init(_ settings: ConnectionSettings) {
            userAgent = settings.userAgent
            (client, gate) = Self.clients.withLock { clients in
                if let known = clients[settings] { return known }
                let client = HTTPClient(
                    eventLoopGroupProvider: .shared(HTTPClient.defaultEventLoopGroup),
                    configuration: Self.configuration(settings))
                let made = (client: client, gate: Gate(Self.mostConnections))
                clients[settings] = made
                return made
            }
        }

        private static func configuration(_ settings: ConnectionSettings) -> HTTPClient.Configuration {
            var configuration = HTTPClient.Configuration()
            // A redirected request would need another signature.
            configuration.redirectConfiguration = .disallow
            configuration.decompression = .disabled
            configuration.httpVersion = .http1Only
            configuration.timeout = .init(connect: .nanoseconds(Int64(settings.connectTimeout * 1e9)), read: nil)
            configuration.connectionPool = .init(
                idleTimeout: .nanoseconds(Int64(settings.idleTimeout * 1e9)),
                concurrentHTTP1ConnectionsPerHostSoftLimit: mostConnections)
            // How often to try is decided in one place.
            configuration.connectionPool.retryConnectionEstablishment = false
            if settings.randomizesAddresses { configuration.dnsResolver = .randomized }
            if let proxy = settings.proxy { configuration.proxy = .server(host: proxy.host, port: proxy.port) }
            return configuration
        }

        package func whenFree<R: Sendable>(_ body: @Sendable () async throws -> R) async throws -> R {
            try await gate.pass(body)
        }

        package func send(_ request: HTTPRequest) async throws -> HTTPReply {
            var outgoing = HTTPClientRequest(url: request.url)
            outgoing.method = .init(rawValue: request.method.rawValue)
            for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
            outgoing.headers.add(name: "user-agent", value: userAgent)
            if !request.body.isEmpty || request.method == .put || request.method == .post {
                outgoing.body = .stream(
                    BodyPieces(bytes: request.body, progress: request.progress),
                    length: .known(Int64(request.body.count)))
            }
            do {
                // The caller limits the whole; this only ends what a cancellation does not reach.
                let response = try await client.execute(outgoing, deadline: .now() + .hours(1))
                let headers = response.headers.map { HTTPField($0.name, $0.value) }
                var receiver = try BodyReceiver(request, status: Int(response.status.code), headers: headers)
                for try await part in response.body { try part.withUnsafeReadableBytes { try receiver.append($0) } }
                // A cancelled task sees the end of a body that has not ended.
                try Task.checkCancellation()
                return try receiver.finish()
            } catch {
                try Task.checkCancellation()
                throw Self.failure(error)
            }
        }

        private static func failure(_ error: any Error) -> any Error {
            switch error {
            case is TransportFailure, is CancellationError: return error
            // No memory for the answer: the request was sent all the same.
            case let failure as Failure: return TransportFailure(.lost, failure.message)
            case let error as HTTPClientError:
                if error == .cancelled { return CancellationError() }
                let unsent: [HTTPClientError] = [
                    .connectTimeout, .tlsHandshakeTimeout, .socksHandshakeTimeout, .httpProxyHandshakeTimeout,
                    .getConnectionFromPoolTimeout, .proxyAuthenticationRequired, .invalidProxyResponse,
                ]
                if unsent.contains(error) { return TransportFailure(.notSent, error.shortDescription) }
                let isTimeout = [.readTimeout, .writeTimeout, .deadlineExceeded].contains(error)
                return TransportFailure(isTimeout ? .timedOut : .lost, error.shortDescription)
            default: break
            }
            let isUnsent = isBeforeSending(type: String(reflecting: Swift.type(of: error)), text: "\(error)")
            return TransportFailure(isUnsent ? .notSent : .lost, "\(error)")
        }

        /// Whether an error can only come before a request is sent. Names that could not be resolved, refused connections
        /// and failed handshakes have types of other modules, and are told by their names.
        ///
        /// Of the errors of TLS these are the few: the others come on connections that carry requests, too.
        package static func isBeforeSending(type: String, text: String) -> Bool {
            if type.contains("NIOSSLError") {
                return ["handshakeFailed", "unableToValidateCertificate", "noCertificateToValidate"].contains {
                    text.hasPrefix($0)
                }
            }
            if type.contains("NIOSSLExtraError") {
                return ["failedToValidateHostname", "serverHostnameImpossibleToMatch", "invalidSNIHostname"].contains {
                    text.hasPrefix("NIOSSLExtraError.\($0)")
                }
            }
            return ["NIOConnectionError", "SocketAddressError", "ConnectTimeout"].contains { type.contains($0) }
        }
    }
#endif
