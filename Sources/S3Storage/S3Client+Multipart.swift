// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding

    extension S3Client {
        /// Begins an object that is sent in parts; returns the upload's name.
        func beginUpload(_ key: String) async throws -> String {
            var request = S3Request(.post, key, "cannot begin the object")
            request.query = [("uploads", "")]
            request.headers = settings.objectHeaders
            let reply = try await send(request)
            guard let root = XMLNode(parsing: reply.body), let id = root["UploadId"]?.text, !id.isEmpty else {
                throw Failure(.io, "cannot begin the object: the server gave the upload no name", path: name(key))
            }
            return id
        }

        /// Sends a part, from 1 on; returns what the server calls it.
        func sendPart(_ key: String, _ upload: String, _ number: Int, _ bytes: ByteView) async throws -> String {
            var request = S3Request(.put, key, "cannot write part \(number) of the object")
            request.query = [("partNumber", String(number)), ("uploadId", upload)]
            request.body = bytes
            guard let etag = try await send(request).header("etag"), let escaped = XMLNode.escape(etag) else {
                throw Failure(
                    .io, "cannot write part \(number) of the object: the server gave it no tag", path: name(key))
            }
            return escaped
        }

        /// Makes the parts an object, if there is none of that name; false where there is one.
        ///
        /// The answer may say 200 and still be an error: the server begins it before it knows, and some write white space
        /// until they do. Only the result itself is a yes. A lost answer, and one that is something else, are settled by the
        /// object's size: the name is the writer's own, and nobody else makes an object of it.
        func completeUpload(_ key: String, _ upload: String, _ parts: [String], size: UInt64, isConditional: Bool)
            async throws -> Bool
        {
            let list = parts.enumerated().map {
                "<Part><PartNumber>\($0.offset + 1)</PartNumber><ETag>\($0.element)</ETag></Part>"
            }
            let text =
                "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(list.joined())"
                + "</CompleteMultipartUpload>"
            var request = S3Request(.post, key, "cannot complete the object")
            request.query = [("uploadId", upload)]
            request.body = ByteView(copying: Array(text.utf8), name: name(key))
            request.headers = [HTTPField("content-type", "application/xml")]
            if isConditional { request.headers.append(HTTPField("if-none-match", "*")) }
            var mayBeDone = false
            var tries = 0
            let start = time.uptime()
            while true {
                tries += 1
                do {
                    let reply = try await attempt(request)
                    let root = XMLNode(parsing: reply.body)
                    if root?.name == "CompleteMultipartUploadResult" { return true }
                    if root?.name == "Error" { throw S3Refusal(reply) }
                    if try await hasSize(key, size) { return true }
                    throw TransportFailure(.lost, "the answer is none that S3 gives")
                } catch let refusal as S3Refusal where mayBeDone && (refusal.status == 404 || refusal.status == 412) {
                    // The parts are gone, or an object is there: both may be our own doing.
                    if try await hasSize(key, size) { return true }
                    if refusal.status == 412 { return false }
                    throw failure(refusal, request, tries: tries)
                } catch let refusal as S3Refusal where refusal.status == 412 {
                    return false
                } catch let refusal as S3Refusal
                    where refusal.status == 501 && request.headers.contains(where: { $0.name == "if-none-match" })
                {
                    // It knows the condition for whole objects, and not here.
                    if try await exists(key) { return false }
                    request.headers.removeAll { $0.name == "if-none-match" }
                } catch {
                    mayBeDone = mayBeDone || (error as? TransportFailure)?.kind != .notSent
                    guard let wait = wait(after: Self.bodyError(error), tries: tries, since: start) else {
                        throw failure(error, request, tries: tries)
                    }
                    try await time.sleep(wait)
                }
            }
        }

        /// An error in the body of a success is one that passes.
        private static func bodyError(_ error: any Error) -> any Error {
            guard let refusal = error as? S3Refusal, refusal.status == 200 else { return error }
            return refusal.isPassing || refusal.code.isEmpty
                ? TransportFailure(.lost, "the server answered \(refusal.code)") : error
        }

        private func hasSize(_ key: String, _ size: UInt64) async throws -> Bool {
            do {
                return try await self.size(key) == size
            } catch let failure as Failure where failure.code == .notFound {
                return false
            }
        }

        /// Gives the parts up; they cost as long as they lie there.
        func abortUpload(_ key: String, _ upload: String) async throws {
            var request = S3Request(.delete, key, "cannot give up the object's parts")
            request.query = [("uploadId", upload)]
            do {
                _ = try await send(request)
            } catch let failure as Failure where failure.code == .notFound {}
        }
    }
#endif
