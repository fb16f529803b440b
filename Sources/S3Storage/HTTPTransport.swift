// SPDX-License-Identifier: Apache-2.0
#if S3
    package import ByteCoding
    import Synchronization

    package struct HTTPField: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package enum HTTPMethod: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case put = "PUT"
        case post = "POST"
        case delete = "DELETE"
    }

    /// One request, with everything that goes onto the wire.
    ///
    /// It carries signatures and tokens: it is never printed.
    package struct HTTPRequest: Sendable {
        package var method: HTTPMethod
        package var url: String
        /// Without `host` and `content-length`, which the transport knows.
        package var headers: [HTTPField]
        package var body: ByteView
        /// Where the body of a successful answer goes; nil to have it in the reply.
        package var destination: BodySlot?
        /// The most bytes that an answer's body may have.
        package var limit: Int
        /// Told of what was sent and what has arrived.
        package var progress: TransferProgress?

        package init(
            method: HTTPMethod, url: String, headers: [HTTPField] = [], body: ByteView = .empty,
            destination: BodySlot? = nil, limit: Int, progress: TransferProgress? = nil
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.destination = destination
            self.limit = limit
            self.progress = progress
        }
    }

    /// How far a request and its answer have come.
    package final class TransferProgress: Sendable {
        private let count = Atomic<Int>(0)

        package init() {}

        /// Grows with each piece of a body that was sent or has come.
        var pieces: Int { count.load(ordering: .relaxed) }

        func advance() { count.wrappingAdd(1, ordering: .relaxed) }
    }

    package struct HTTPReply: Sendable {
        package var status: Int
        package var headers: [HTTPField]
        /// Empty where the bytes went to the request's destination.
        package var body: ByteView
        /// The bytes of the body, wherever they went.
        package var received: Int

        package init(status: Int, headers: [HTTPField], body: ByteView, received: Int) {
            self.status = status
            self.headers = headers
            self.body = body
            self.received = received
        }

        /// The first field of that name, which is compared without regard to case.
        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name }?.value
        }

        package var text: String { String(decoding: body.bytes, as: UTF8.self) }
    }

    /// Why there is no answer, or not all of one.
    package struct TransportFailure: Error, Sendable, CustomStringConvertible {
        package enum Kind: Sendable, Equatable {
            /// The server has not seen the request.
            case notSent
            /// The connection broke; whether the server did what was asked is not known.
            case lost
            case timedOut
            /// The answer ended early.
            case truncated
            /// The answer is longer than anything that was asked for.
            case tooLong
        }

        package var kind: Kind
        package var description: String

        package init(_ kind: Kind, _ description: String) {
            self.kind = kind
            self.description = description
        }
    }

    /// Sends one request and receives its answer, once: without retries, redirects or cookies.
    package protocol HTTPTransport: Sendable {
        /// Throws `TransportFailure`, and `CancellationError` as soon as the task is cancelled; then nothing writes to the
        /// request's destination any more.
        func send(_ request: HTTPRequest) async throws -> HTTPReply

        /// Waits until a request can be sent at once, and does `body` then, which sends it. The time does not count as the
        /// request's.
        func whenFree<R: Sendable>(_ body: @Sendable () async throws -> R) async throws -> R
    }

    extension HTTPTransport {
        package func whenFree<R: Sendable>(_ body: @Sendable () async throws -> R) async throws -> R {
            try await body()
        }
    }
#endif
