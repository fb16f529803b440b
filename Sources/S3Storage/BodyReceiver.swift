// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding

    /// Receives the body of one answer: into the request's destination, or into memory of its announced length.
    package struct BodyReceiver {
        /// An error's text need not be longer.
        package static let errorLimit = 1 << 20

        private let request: HTTPRequest
        private let status: Int
        private let headers: [HTTPField]
        private let announced: Int?
        private let limit: Int
        private let slot: BodySlot?
        private var grown: [UInt8] = []
        private var received = 0

        package init(_ request: HTTPRequest, status: Int, headers: [HTTPField]) throws {
            self.request = request
            self.status = status
            self.headers = headers
            request.progress?.advance()
            let isSuccess = (200..<300).contains(status)
            limit = isSuccess ? request.limit : Self.errorLimit
            // The answer to a HEAD has the length of what it does not bring.
            let length = headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) }
            announced = request.method == .head ? 0 : length
            if isSuccess, let destination = request.destination {
                slot = destination
            } else if let announced, announced > 0 {
                guard announced <= limit else { throw Self.tooLong(announced, limit) }
                slot = try ReceiveBuffer(count: announced, name: request.url).slot(0, announced)
            } else {
                slot = nil
            }
        }

        package mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
            let total = received + bytes.count
            if let slot {
                guard slot.write(bytes, at: received) else { throw Self.tooLong(total, slot.count) }
            } else {
                guard total <= limit else { throw Self.tooLong(total, limit) }
                grown.append(contentsOf: bytes)
            }
            received = total
            if !bytes.isEmpty { request.progress?.advance() }
        }

        package func finish() throws -> HTTPReply {
            if let announced, received != announced {
                throw TransportFailure(.truncated, "the answer ended after \(received) of \(announced) bytes")
            }
            let body: ByteView
            if let slot {
                let isElsewhere = (200..<300).contains(status) && request.destination != nil
                body = isElsewhere ? .empty : slot.buffer.region(received, name: request.url).view
            } else {
                body = grown.isEmpty ? .empty : ByteView(copying: grown, name: request.url)
            }
            return HTTPReply(status: status, headers: headers, body: body, received: received)
        }

        private static func tooLong(_ count: Int, _ limit: Int) -> TransportFailure {
            TransportFailure(.tooLong, "the answer has \(count) bytes or more, of at most \(limit) that were asked for")
        }
    }
#endif
