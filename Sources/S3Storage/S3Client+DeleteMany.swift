// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import Crypto
    import Foundation

    extension S3Client {
        /// What one request may name.
        package static let mostDeletions = 1000

        /// Removes objects, at most `mostDeletions`; those that are not there are no error.
        package func delete(_ keys: [String]) async throws {
            // XML 1.0 has no way to write some characters.
            let escaped = keys.map { XMLNode.escape($0) }
            for (key, text) in zip(keys, escaped) where text == nil { try await delete(key) }
            let named = escaped.compactMap { $0 }
            guard !named.isEmpty else { return }
            let list = named.map { "<Object><Key>\($0)</Key></Object>" }.joined()
            let text = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(list)<Quiet>true</Quiet></Delete>"
            var request = S3Request(.post, nil, "cannot remove \(named.count) objects")
            request.query = [("delete", "")]
            request.body = ByteView(copying: Array(text.utf8), name: name(nil))
            request.limit = 16 << 20
            // The one request that must bring a checksum beside the signature's.
            let digest = Data(Insecure.MD5.hash(data: Array(text.utf8))).base64EncodedString()
            request.headers = [HTTPField("content-md5", digest), HTTPField("content-type", "application/xml")]
            let reply: HTTPReply
            do {
                reply = try await sendJudging(request)
            } catch let refusal as S3Refusal {
                // Some servers know no such request.
                guard refusal.status == 501 || refusal.status == 405 || refusal.code == "NotImplemented" else {
                    throw refusal.failure(request.doing, path: name(nil))
                }
                for key in keys { try await delete(key) }
                return
            }
            for key in try staying(reply, request, keys) { try await delete(key) }
        }

        /// Those that may have stayed. They are removed once more, alone: what passes passes, and the rest is told as for any
        /// other request.
        private func staying(_ reply: HTTPReply, _ request: S3Request, _ keys: [String]) throws -> [String] {
            let root = XMLNode(parsing: reply.body)
            if root?.name == "Error" { throw S3Refusal(reply).failure(request.doing, path: name(nil)) }
            // An answer that is none tells of no key that it is gone.
            guard let root, root.name == "DeleteResult" else { return keys }
            // By bytes: to Swift there are several ways to write one and the same character.
            let asked = Dictionary(keys.map { (Array($0.utf8), $0) }) { first, _ in first }
            var staying: [String] = []
            for error in root.all("Error") where error["Code"]?.text != "NoSuchKey" {
                // Of a key that was not asked for nothing can be made, and least of all a request to remove it.
                guard let key = error["Key"].flatMap({ asked[Array($0.text.utf8)] }) else { return keys }
                staying.append(key)
            }
            return staying
        }
    }
#endif
