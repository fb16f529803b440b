// SPDX-License-Identifier: Apache-2.0
#if S3
    import Crypto

    /// AWS Signature Version 4 in the `Authorization` header.
    ///
    /// ```
    /// canonical request     method \n path \n query \n header:value \n … \n\n names;… \n hash of the body
    /// string to sign        AWS4-HMAC-SHA256 \n time \n date/region/service/aws4_request \n hash of the canonical request
    /// key                   HMAC(HMAC(HMAC(HMAC("AWS4" + secret, date), region), service), "aws4_request")
    /// signature             HMAC(key, string to sign), in hexadecimal
    /// ```
    package struct RequestSigner: Sendable {
        package static let unsignedPayload = "UNSIGNED-PAYLOAD"
        package static let emptyPayload = hash([])

        private let credentials: AWSCredentials
        private let region: String
        private let service: String

        package init(_ credentials: AWSCredentials, region: String, service: String = "s3") {
            self.credentials = credentials
            self.region = region
            self.service = service
        }

        /// The `Authorization` header's value.
        ///
        /// - Parameters:
        ///   - path: percent-encoded once, as it goes onto the wire.
        ///   - query: not encoded, in any order.
        ///   - headers: those to sign, `host` among them.
        ///   - time: as `x-amz-date` says it.
        package func authorization(
            method: String, path: String, query: [(String, String)], headers: [HTTPField], payloadHash: String,
            time: String
        ) -> String {
            let (canonical, names) = Self.canonicalRequest(
                method: method, path: path, query: query, headers: headers, payloadHash: payloadHash)
            let date = String(time.prefix(8))
            let scope = "\(date)/\(region)/\(service)/aws4_request"
            let text = ["AWS4-HMAC-SHA256", time, scope, Self.hash(Array(canonical.utf8))].joined(separator: "\n")
            var key = SymmetricKey(data: Array("AWS4\(credentials.secret.revealed)".utf8))
            for part in [date, region, service, "aws4_request"] { key = SymmetricKey(data: Self.code(part, key)) }
            let signature = Self.hexadecimal(Self.code(text, key))
            return "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope), SignedHeaders=\(names), "
                + "Signature=\(signature)"
        }

        /// The text that is signed, and the names of its headers.
        package static func canonicalRequest(
            method: String, path: String, query: [(String, String)], headers: [HTTPField], payloadHash: String
        ) -> (text: String, signedHeaders: String) {
            var values: [String: [String]] = [:]
            for header in headers { values[header.name.lowercased(), default: []].append(collapsed(header.value)) }
            let names = values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            let signed = names.joined(separator: ";")
            let lines = names.map { "\($0):\(values[$0, default: []].joined(separator: ","))\n" }.joined()
            let text = [method, path, queryText(query), lines, signed, payloadHash].joined(separator: "\n")
            return (text, signed)
        }

        /// The query as it goes onto the wire: encoded, and in the order in which it is signed.
        package static func queryText(_ query: [(String, String)]) -> String {
            query.map { (PercentEncoding.encode($0.0), PercentEncoding.encode($0.1)) }
                .sorted { first, second in
                    first.0 == second.0
                        ? first.1.utf8.lexicographicallyPrecedes(second.1.utf8)
                        : first.0.utf8.lexicographicallyPrecedes(second.0.utf8)
                }
                .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        }

        /// Spaces around go, and several become one.
        private static func collapsed(_ value: String) -> String {
            value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
        }

        package static func hash(_ bytes: [UInt8]) -> String { hexadecimal(SHA256.hash(data: bytes)) }

        package static func hash(_ bytes: UnsafeRawBufferPointer) -> String {
            var digest = SHA256()
            digest.update(bufferPointer: bytes)
            return hexadecimal(digest.finalize())
        }

        private static func code(_ text: String, _ key: SymmetricKey) -> [UInt8] {
            Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
        }

        package static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
            let digits = Array("0123456789abcdef".utf8)
            var result: [UInt8] = []
            for byte in bytes { result += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
            return String(decoding: result, as: UTF8.self)
        }
    }
#endif
