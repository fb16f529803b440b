// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import Foundation
    import Logging

    /// Finds out, once for each server and bucket of the process, whether a store keeps what `If-None-Match: *` promises.
    ///
    /// A commit is a put that must fail where another writer was faster. A store that takes the condition and does not look
    /// at it would let two writers both succeed, and lose one's rows without a word.
    package actor ConditionalPutProbe {
        package static let shared = ConditionalPutProbe()
        private static let logger = Logger(label: "swift-lance.s3")

        private var known: [String: Task<Void, any Error>] = [:]

        package init() {}

        /// Throws `unsupported` where the store does not keep it.
        ///
        /// - Parameter prefix: of the names that may be used.
        package func check(_ client: S3Client, prefix: String) async throws {
            let name = "\(client.serverName) \(client.bucket)"
            if let task = known[name] { return try await task.value }
            // Of nobody's own: others may be waiting for it when the one who began is cancelled.
            let task = Task { try await Self.tryOut(client, prefix) }
            known[name] = task
            do {
                try await task.value
            } catch {
                // Somebody may set it right, or another bucket's keys be given.
                if known[name] == task { known[name] = nil }
                throw error
            }
        }

        private static func tryOut(_ client: S3Client, _ prefix: String) async throws {
            // A name as an unfinished file's, which nobody takes for a part of a table.
            let key = prefix + "_versions/.tmp-conditional-put-" + UUID().uuidString.lowercased()
            let result: Result<Bool, any Error>
            do {
                guard try await client.putIfAbsent(key, ByteView(copying: Array("first".utf8))) else {
                    throw Failure(.io, "an object of a name that was made up just now is there", path: client.name(key))
                }
                result = .success(try await client.putIfAbsent(key, ByteView(copying: Array("second".utf8))))
            } catch {
                result = .failure(error)
            }
            do {
                try await client.delete(key)
            } catch {
                logger.warning(
                    "an object for trying out conditional writes stays behind",
                    metadata: ["object": "\(client.name(key))", "error": "\(error)"])
            }
            switch result {
            case .success(false): return
            case .success(true):
                throw refusal(
                    client, "it wrote an object with 'If-None-Match: *' over another one instead of answering 412")
            case .failure(let refused as S3Refusal):
                throw refusal(client, refused)
            case .failure(let error): throw error
            }
        }

        static func refusal(_ client: S3Client, _ refused: S3Refusal) -> Failure {
            refusal(client, "it answers \(refused.quoted) to 'If-None-Match: *'")
        }

        private static func refusal(_ client: S3Client, _ found: String) -> Failure {
            // Amazon keeps them: whoever is told otherwise has another problem, and no use for unsafe writes.
            let advice =
                client.isAmazon
                ? "check the bucket's policy and the endpoint"
                : "if nobody else ever writes to this table while you do, give the storage option conditional_put=unsafe"
            return Failure(
                .unsupported,
                "\(client.serverName) does not keep conditional writes (\(found)), without which two writers can lose each other's rows; "
                    + advice,
                path: client.name(nil))
        }
    }
#endif
