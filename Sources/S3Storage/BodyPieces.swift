// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import NIOCore

    /// A request's body in pieces, each copied when it is its turn: a copy of the whole would double what a part takes.
    struct BodyPieces: AsyncSequence, Sendable {
        private static let size = 256 << 10

        let bytes: ByteView
        /// Told of each piece: the next one is asked for when the connection can take it.
        let progress: TransferProgress?

        struct Iterator: AsyncIteratorProtocol {
            let bytes: ByteView
            let progress: TransferProgress?
            var position = 0

            mutating func next() async throws -> ByteBuffer? {
                guard position < bytes.count else { return nil }
                let length = Swift.min(BodyPieces.size, bytes.count - position)
                let piece = try bytes.slice(position, length).withUnsafeBytes { ByteBuffer(bytes: $0) }
                position += length
                progress?.advance()
                return piece
            }
        }

        func makeAsyncIterator() -> Iterator { Iterator(bytes: bytes, progress: progress) }
    }
#endif
