// SPDX-License-Identifier: Apache-2.0
#if S3
    package import ByteCoding

    /// An answer that is not the one asked for: what the server said, and what to make of it.
    package struct S3Refusal: Error, Sendable {
        package let status: Int
        /// `NoSuchKey`, `SlowDown` and so on; empty where the answer had none.
        package let code: String
        package let message: String
        package let requestID: String
        /// The bucket's own, where the server named it.
        package let region: String?
        /// The server's clock, as it wrote it.
        package let date: String?
        package let retryAfter: Double?
        /// Where it sends us.
        package let location: String?
        /// The object's size, which the answer to a range beyond it names.
        package let size: UInt64?

        init(_ reply: HTTPReply) {
            let root = XMLNode(parsing: reply.body)
            let error = root?.name == "Error" ? root : root?["Error"] ?? root?["Errors"]?["Error"]
            status = reply.status
            code = Self.plain(error?["Code"]?.text ?? reply.header("x-minio-error-code") ?? "", 80)
            message = Self.plain(error?["Message"]?.text ?? "", 300)
            requestID = Self.plain(error?["RequestId"]?.text ?? reply.header("x-amz-request-id") ?? "", 80)
            let region = reply.header("x-amz-bucket-region") ?? error?["Region"]?.text
            self.region = region.flatMap { $0.wholeMatch(of: /[A-Za-z0-9-]{1,64}/) == nil ? nil : $0 }
            date = reply.header("date").map { Self.plain($0, 40) }
            retryAfter = reply.header("retry-after").flatMap { Double($0) }.flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
            location = reply.header("location").map { Self.plain($0, 200) }
            size = reply.header("content-range").flatMap { ContentRange($0)?.total }
        }

        /// What a server writes may end on a terminal or in a log.
        private static func plain(_ text: String, _ limit: Int) -> String {
            String(
                String.UnicodeScalarView(
                    text.unicodeScalars.prefix(limit).map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
        }

        /// The same request may succeed a little later.
        package var isPassing: Bool {
            switch status {
            case 408, 409, 429: true
            // Proxies have numbers of their own, such as 522 for a server that took too long.
            case 500...599 where ![501, 505, 507, 511].contains(status): true
            default:
                [
                    "RequestTimeout", "SlowDown", "SlowDownRead", "SlowDownWrite", "InternalError",
                    "ServiceUnavailable",
                    "Throttling", "ThrottlingException", "RequestThrottled", "TooManyRequests", "RequestLimitExceeded",
                    "OperationAborted", "ConditionalRequestConflict",
                ].contains(code)
            }
        }

        /// The keys are too old; newer ones may do.
        package var wantsNewKeys: Bool {
            ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "RequestExpired"]
                .contains(code)
        }

        /// The bucket is somewhere else, or the signature names another region than the server's.
        package var isRedirect: Bool {
            switch status {
            case 301, 302, 307, 308: true
            default:
                [
                    "AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect",
                    "IllegalLocationConstraintException",
                ]
                .contains(code) || (status == 400 && region != nil && code.isEmpty)
            }
        }

        /// The store does not know what `If-None-Match` asks for.
        ///
        /// - Parameter isKnowing: of stores that are known to know it. What else they do not like in a request is answered in
        ///   the same words.
        package func isUnknownCondition(_ isKnowing: Bool) -> Bool {
            if status == 501 || code == "NotImplemented" { return true }
            guard !isKnowing, status == 400, ["InvalidArgument", "InvalidRequest"].contains(code) else { return false }
            let text = message.lowercased()
            return ["if-none-match", "conditional", "precondition"].contains { text.contains($0) }
        }

        /// What the server said: `400 InvalidArgument (…)`.
        var quoted: String {
            "\(status)" + (code.isEmpty ? "" : " \(code)") + (message.isEmpty ? "" : " (\(message))")
        }

        package func failure(_ doing: String, path: String) -> Failure {
            var text = "\(doing): the server answered \(quoted)"
            let (kind, advice) = meaning
            if !advice.isEmpty { text += "; \(advice)" }
            if !requestID.isEmpty { text += " [request \(requestID)]" }
            return Failure(kind, text, path: path)
        }

        private var meaning: (Failure.Code, String) {
            switch code {
            case "NoSuchBucket": return (.notFound, "there is no such bucket; make it first, or check the endpoint")
            case "RequestTimeTooSkewed":
                return (.permission, "set this machine's clock: the server's says \(date ?? "something else")")
            case "InvalidAccessKeyId": return (.permission, "the server does not know this access key")
            case "SignatureDoesNotMatch": return (.permission, "check the secret access key")
            case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "RequestExpired":
                return (.permission, "the session token is no longer valid; get new keys")
            case "AccessDenied", "AllAccessDisabled", "AccountProblem":
                return (.permission, "check what the keys are allowed to do")
            default: break
            }
            if isRedirect {
                if let region {
                    return (.invalidArgument, "the bucket is in the region \(region); give region=\(region)")
                }
                return (
                    .invalidArgument,
                    "the bucket is elsewhere\(location.map { ", at \($0)" } ?? ""); give its region or endpoint"
                )
            }
            if isPassing { return (.network, "it said so again and again; try later") }
            switch status {
            case 401, 403: return (.permission, "check the keys and what they are allowed to do")
            case 404: return (.notFound, "")
            case 405: return (.permission, "")
            case 507: return (.noSpace, "")
            case 501: return (.unsupported, "")
            default: return (.io, "")
            }
        }
    }

    /// `bytes 0-9/100`, or `bytes */100` where nothing was in the range.
    struct ContentRange {
        let first: UInt64?
        let last: UInt64?
        let total: UInt64?

        init?(_ text: String) {
            guard let match = text.wholeMatch(of: /\s*bytes\s+(?:(\d+)-(\d+)|\*)\/(\d+|\*)\s*/)?.output else {
                return nil
            }
            first = match.1.flatMap { UInt64($0) }
            last = match.2.flatMap { UInt64($0) }
            total = UInt64(match.3)
        }

        /// Whether it is so many bytes of an object, and where they begin.
        func start(ofBytes count: Int) -> UInt64? {
            guard count > 0, let first, let last, let total, first <= last, last < total,
                last - first == UInt64(count) - 1
            else { return nil }
            return first
        }
    }
#endif
