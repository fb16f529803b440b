// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import Crypto
    import Foundation
    import S3Storage
    import Synchronization

    /// A server in memory that speaks S3: checks signatures, answers like the real ones, and fails as it is told.
    final class FakeS3: HTTPTransport {
        /// What becomes of a request.
        enum Fault: Sendable {
            /// Answers so, and does nothing.
            case status(Int, String)
            /// Does nothing, and the connection breaks.
            case lostBefore
            /// Does it, and the answer is lost.
            case lostAfter
            /// Does it, and the answer ends in the middle of its body.
            case truncated
            /// Never answers.
            case hangs
            /// Answers 200, with an error in the body.
            case errorInSuccess
            case refusesConnection
            /// Does it, and the connection fails as if nothing had been sent.
            case lostAsUnsent
            /// Answers so, and does nothing.
            case answers(Answer)
            /// Does it, and answers so.
            case answersAfter(Answer)
        }

        struct State {
            var objects: [String: [UInt8]] = [:]
            var uploads: [String: (key: String, parts: [Int: [UInt8]])] = [:]
            var requests: [HTTPRequest] = []
            var nextUpload = 0
        }

        static let keyID = "AKIDFAKE"
        static let secret = "fake/secret+of-no-use"
        static let token = "fake-session-token"

        let bucket = "box"
        let region: String
        /// Honours `If-None-Match: *`; else ignores it.
        let isConditional: Bool
        let pageSize: Int
        let listing: FakeListing.Style
        /// `W/` for a server behind a proxy that compresses.
        let tagPrefix: String
        let state = Mutex(State())
        private let fault = Mutex<(@Sendable (Int, HTTPRequest) -> Fault?)?>(nil)

        init(
            region: String = "eu-test-1", isConditional: Bool = true, pageSize: Int = 7,
            listing: FakeListing.Style = .init(), tagPrefix: String = ""
        ) {
            self.region = region
            self.isConditional = isConditional
            self.pageSize = pageSize
            self.listing = listing
            self.tagPrefix = tagPrefix
        }

        /// From now on; requests are numbered from 0 again.
        func fail(_ body: (@Sendable (Int, HTTPRequest) -> Fault?)?) {
            state.withLock { $0.requests = [] }
            fault.withLock { $0 = body }
        }

        var requests: [HTTPRequest] { state.withLock { $0.requests } }
        var objects: [String: [UInt8]] { state.withLock { $0.objects } }
        var uploads: Int { state.withLock { $0.uploads.count } }

        func send(_ request: HTTPRequest) async throws -> HTTPReply {
            try Task.checkCancellation()
            let number = state.withLock { state in
                state.requests.append(request)
                return state.requests.count - 1
            }
            let fault = fault.withLock { $0 }?(number, request)
            switch fault {
            case .status(let status, let code): return try reply(request, error(status, code))
            case .lostBefore: throw TransportFailure(.lost, "connection reset")
            case .refusesConnection: throw TransportFailure(.notSent, "connection refused")
            case .hangs:
                try await Task.sleep(for: .seconds(3600))
                throw CancellationError()
            case .errorInSuccess: return try reply(request, error(200, "InternalError"))
            case .lostAfter:
                _ = answer(request)
                throw TransportFailure(.lost, "connection reset")
            case .lostAsUnsent:
                _ = answer(request)
                throw TransportFailure(.notSent, "connection refused")
            case .answers(let answer): return try reply(request, answer)
            case .answersAfter(let answer):
                _ = self.answer(request)
                return try reply(request, answer)
            case .truncated:
                let answer = answer(request)
                guard !answer.body.isEmpty else { throw TransportFailure(.lost, "connection reset") }
                return try reply(request, answer, dropping: max(1, answer.body.count / 2))
            case nil:
                await Task.yield()
                return try reply(request, answer(request))
            }
        }

        struct Answer {
            var status: Int
            var headers: [HTTPField] = []
            var body: [UInt8] = []

            init(status: Int, headers: [HTTPField] = [], body: [UInt8] = []) {
                self.status = status
                self.headers = headers
                self.body = body
            }

            init(_ status: Int, _ text: String = "", _ headers: [String: String] = [:]) {
                self.init(
                    status: status, headers: headers.map { HTTPField($0.key, $0.value) }, body: Array(text.utf8))
            }
        }

        private func reply(_ request: HTTPRequest, _ answer: Answer, dropping dropped: Int = 0) throws -> HTTPReply {
            var headers = answer.headers
            if answer.headers.allSatisfy({ $0.name != "Content-Length" }) {
                headers.append(HTTPField("Content-Length", "\(answer.body.count)"))
            }
            var receiver = try BodyReceiver(request, status: answer.status, headers: headers)
            if request.method != .head {
                let sent = Array(answer.body.dropLast(dropped))
                // In pieces, as from a socket.
                for start in stride(from: 0, to: sent.count, by: 100_000) {
                    try sent[start..<min(start + 100_000, sent.count)].withUnsafeBytes { try receiver.append($0) }
                }
            }
            return try receiver.finish()
        }

        func error(_ status: Int, _ code: String, _ more: String = "") -> Answer {
            let text =
                "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>as told</Message>\(more)<RequestId>R1</RequestId></Error>"
            return Answer(status: status, body: code.isEmpty ? [] : Array(text.utf8))
        }

        // MARK: Signatures, in a few lines of their own

        /// Nil where the request is signed right.
        private func complaint(_ request: HTTPRequest, _ target: Target) -> Answer? {
            func header(_ name: String) -> String {
                request.headers.first { $0.name.lowercased() == name }?.value ?? ""
            }
            let text = header("authorization")
            guard
                let match = text.firstMatch(
                    of:
                        /Credential=([^\/]+)\/(\d+)\/([^\/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/
                )
            else { return error(403, "AccessDenied") }
            let scopeRegion = String(match.3)
            guard scopeRegion == region else {
                return error(400, "AuthorizationHeaderMalformed", "<Region>\(region)</Region>")
            }
            guard match.1 == Self.keyID else { return error(403, "InvalidAccessKeyId") }
            let body = request.body.bytes
            let hash = SHA256.hash(data: body).map { String(format: "%02x", $0) }.joined()
            guard header("x-amz-content-sha256") == hash else { return error(400, "XAmzContentSHA256Mismatch") }
            let names = match.4.split(separator: ";").map(String.init)
            let mustBeSigned = request.headers.map { $0.name.lowercased() }.filter { $0 != "authorization" }
            guard Set(mustBeSigned).union(["host"]).isSubset(of: names), names == names.sorted() else {
                return error(403, "AccessDenied")
            }
            let lines = names.map { name in "\(name):\(name == "host" ? target.host : header(name))\n" }.joined()
            let canonical = "\(request.method.rawValue)\n\(target.path)\n\(target.query)\n\(lines)\n\(match.4)\n\(hash)"
            let digest = SHA256.hash(data: Data(canonical.utf8)).map { String(format: "%02x", $0) }.joined()
            let toSign =
                "AWS4-HMAC-SHA256\n\(header("x-amz-date"))\n\(match.2)/\(scopeRegion)/s3/aws4_request\n\(digest)"
            let key = [String(match.2), scopeRegion, "s3", "aws4_request"].reduce(Data("AWS4\(Self.secret)".utf8)) {
                Data(HMAC<SHA256>.authenticationCode(for: Data($1.utf8), using: SymmetricKey(data: $0)))
            }
            let signature = HMAC<SHA256>.authenticationCode(for: Data(toSign.utf8), using: SymmetricKey(data: key))
            return signature.map { String(format: "%02x", $0) }.joined() == match.5
                ? nil : error(403, "SignatureDoesNotMatch")
        }

        struct Target {
            var host: String
            var path: String
            var query: String
            var items: [String: String]

            init(_ url: String) {
                let rest = url.replacing(/^https?:\/\//, with: "")
                let slash = rest.firstIndex(of: "/") ?? rest.endIndex
                host = String(rest[..<slash])
                let parts = rest[slash...].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
                path = String(parts.first ?? "/")
                query = parts.count > 1 ? String(parts[1]) : ""
                items = [:]
                for item in query.split(separator: "&") {
                    let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    items[String(pair[0])] = pair.count > 1 ? String(pair[1]).removingPercentEncoding ?? "" : ""
                }
            }
        }

        // MARK: Answers

        private func answer(_ request: HTTPRequest) -> Answer {
            let target = Target(request.url)
            if let complaint = complaint(request, target) { return complaint }
            let path = target.path.removingPercentEncoding ?? ""
            let key: String
            if target.host.hasPrefix(bucket + ".") {
                key = String(path.dropFirst())
            } else {
                guard path == "/\(bucket)" || path.hasPrefix("/\(bucket)/") else { return error(404, "NoSuchBucket") }
                key = String(path.dropFirst(bucket.count + 2))
            }
            return state.withLock { answer(request, key, target.items, &$0) }
        }

        private func answer(_ request: HTTPRequest, _ key: String, _ query: [String: String], _ state: inout State)
            -> Answer
        {
            let isNew = request.headers.contains { $0.name == "if-none-match" } && isConditional
            switch request.method {
            case .get where key.isEmpty:
                return FakeListing.answer(state.objects, query, pageSize: pageSize, listing, etag)
            case .get, .head: return read(request, state.objects[key])
            case .put:
                if let upload = query["uploadId"], let number = query["partNumber"].flatMap({ Int($0) }) {
                    guard state.uploads[upload] != nil else { return error(404, "NoSuchUpload") }
                    state.uploads[upload]?.parts[number] = request.body.bytes
                    return Answer(status: 200, headers: [HTTPField("ETag", "\"part-\(number)\"")])
                }
                if isNew, state.objects[key] != nil { return error(412, "PreconditionFailed") }
                state.objects[key] = request.body.bytes
                return Answer(status: 200, headers: [HTTPField("ETag", etag(request.body.bytes))])
            case .delete:
                if let upload = query["uploadId"] {
                    return state.uploads.removeValue(forKey: upload) == nil
                        ? error(404, "NoSuchUpload") : Answer(status: 204)
                }
                state.objects[key] = nil
                return Answer(status: 204)
            case .post: return post(request, key, query, isNew, &state)
            }
        }

        private func post(
            _ request: HTTPRequest, _ key: String, _ query: [String: String], _ isNew: Bool, _ state: inout State
        ) -> Answer {
            let text = String(decoding: request.body.bytes, as: UTF8.self)
            if query["uploads"] != nil {
                state.nextUpload += 1
                state.uploads["u\(state.nextUpload)"] = (key, [:])
                let body =
                    "<InitiateMultipartUploadResult><UploadId>u\(state.nextUpload)</UploadId></InitiateMultipartUploadResult>"
                return Answer(status: 200, body: Array(body.utf8))
            }
            if let id = query["uploadId"] {
                guard let upload = state.uploads[id], upload.key == key else { return error(404, "NoSuchUpload") }
                if isNew, state.objects[key] != nil { return error(412, "PreconditionFailed") }
                let named = text.matches(of: /<PartNumber>(\d+)<\/PartNumber><ETag>&quot;part-(\d+)&quot;<\/ETag>/)
                    .compactMap { Int($0.1) }
                guard named == Array(1...max(upload.parts.count, 1)), upload.parts.count == named.count else {
                    return error(400, "InvalidPart")
                }
                state.objects[key] = named.flatMap { upload.parts[$0] ?? [] }
                state.uploads[id] = nil
                return Answer(status: 200, body: Array("<CompleteMultipartUploadResult/>".utf8))
            }
            guard query["delete"] != nil,
                request.headers.contains(
                    HTTPField("content-md5", Data(Insecure.MD5.hash(data: request.body.bytes)).base64EncodedString()))
            else { return error(400, "InvalidRequest") }
            var errors = ""
            for match in text.matches(of: /<Key>([^<]*)<\/Key>/) {
                let key = FakeListing.unescape(String(match.1))
                // As one that the first look could not remove.
                if key.hasSuffix("stubborn"), state.objects[key] != nil {
                    errors += "<Error><Key>\(match.1)</Key><Code>InternalError</Code></Error>"
                } else {
                    state.objects[key] = nil
                }
            }
            return Answer(status: 200, body: Array("<DeleteResult>\(errors)</DeleteResult>".utf8))
        }

        private func read(_ request: HTTPRequest, _ object: [UInt8]?) -> Answer {
            guard let object else { return request.method == .head ? Answer(status: 404) : error(404, "NoSuchKey") }
            var headers = [HTTPField("ETag", etag(object))]
            // A weak one equals none.
            if let wanted = request.headers.first(where: { $0.name == "if-match" })?.value,
                wanted != etag(object) || wanted.hasPrefix("W/")
            {
                return error(412, "PreconditionFailed")
            }
            if request.method == .head {
                return Answer(status: 200, headers: headers + [HTTPField("Content-Length", "\(object.count)")])
            }
            guard let range = request.headers.first(where: { $0.name == "range" })?.value else {
                return Answer(status: 200, headers: headers, body: object)
            }
            guard let match = range.wholeMatch(of: /bytes=(\d*)-(\d*)/)?.output else {
                return error(400, "InvalidArgument")
            }
            let first: Int
            let end: Int
            if match.1.isEmpty {
                first = max(0, object.count - (Int(match.2) ?? 0))
                end = object.count
            } else {
                first = Int(match.1) ?? Int.max
                end = (Int(match.2) ?? Int.max) < object.count ? (Int(match.2) ?? 0) + 1 : object.count
            }
            guard first < object.count else {
                var answer = error(416, "InvalidRange")
                answer.headers.append(HTTPField("Content-Range", "bytes */\(object.count)"))
                return answer
            }
            headers.append(HTTPField("Content-Range", "bytes \(first)-\(end - 1)/\(object.count)"))
            return Answer(status: 206, headers: headers, body: Array(object[first..<end]))
        }

        private func etag(_ bytes: [UInt8]) -> String {
            "\(tagPrefix)\"\(RequestSigner.hash(bytes).prefix(16))\""
        }
    }
#endif
