// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import Foundation

    /// Asks a container's endpoint or the machine's metadata service for the keys of a role.
    struct CredentialFetcher: Sendable {
        let transport: any HTTPTransport
        let time: TimeSource
        let readFile: @Sendable (String) throws -> String?

        /// These services are on the machine or next to it: who does not answer at once is not there.
        private static let patience = 2.0
        private static let tries = 3

        func container(_ url: String, token: Secret?, tokenFile: String?) async throws -> AWSCredentials {
            var headers: [HTTPField] = []
            var word = token
            if let tokenFile {
                // Read each time: it is exchanged for a new one now and then.
                guard let text = try readFile(tokenFile) else {
                    throw Failure(
                        .permission, "there is no file with the container's authorization token", path: tokenFile)
                }
                word = Secret(text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "")
            }
            if let word {
                guard word.revealed.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
                    throw Failure(.invalidArgument, "the container's authorization token has a line break in it")
                }
                headers.append(HTTPField("authorization", word.revealed))
            }
            let reply = try await ask(.get, url, headers, "the container's endpoint for keys")
            return try Self.parse(reply, "the container's endpoint for keys")
        }

        /// IMDSv2: a token first, then the role's name, then its keys.
        func instance(_ endpoint: String) async throws -> AWSCredentials {
            let name = "the machine's metadata service"
            let token = try await ask(
                .put, endpoint + "/latest/api/token", [HTTPField("x-aws-ec2-metadata-token-ttl-seconds", "21600")], name
            )
            let header = HTTPField("x-aws-ec2-metadata-token", token.text)
            let place = endpoint + "/latest/meta-data/iam/security-credentials/"
            let roles = try await ask(.get, place, [header], name)
            guard let role = roles.text.split(whereSeparator: \.isNewline).first, !role.isEmpty else {
                throw Failure(.permission, "this machine has no role; \(CredentialSource.nothing)")
            }
            return try Self.parse(
                try await ask(.get, place + PercentEncoding.encode(String(role)), [header], name), name)
        }

        private func ask(_ method: HTTPMethod, _ url: String, _ headers: [HTTPField], _ name: String) async throws
            -> HTTPReply
        {
            let request = HTTPRequest(method: method, url: url, headers: headers, limit: 1 << 16)
            var problem = ""
            for attempt in 1...Self.tries {
                try Task.checkCancellation()
                do {
                    let reply = try await time.limit(Self.patience) { try await transport.send(request) }
                    if reply.status == 200 { return reply }
                    problem = "it answered \(reply.status)"
                    guard reply.status >= 500 || reply.status == 429 else { break }
                } catch let failure as TransportFailure {
                    problem = failure.description
                    // Nobody is at that address: this is no machine of Amazon's.
                    if failure.kind == .timedOut, attempt == 2 { break }
                }
                if attempt < Self.tries { try await time.sleep(0.1 * Double(1 << attempt) * time.random()) }
            }
            throw Failure(.permission, "no keys from \(name): \(problem); \(CredentialSource.nothing)")
        }

        private struct Answer: Decodable {
            var accessKeyID: String
            var secret: String
            var token: String?
            var expiration: String?

            enum CodingKeys: String, CodingKey {
                case accessKeyID = "AccessKeyId"
                case secret = "SecretAccessKey"
                case token = "Token"
                case expiration = "Expiration"
            }
        }

        private static func parse(_ reply: HTTPReply, _ name: String) throws -> AWSCredentials {
            // A decoding error would quote what it could not decode.
            guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(reply.body.bytes)),
                !answer.accessKeyID.isEmpty, !answer.secret.isEmpty,
                (answer.accessKeyID + answer.secret + (answer.token ?? "")).utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else { throw Failure(.permission, "what \(name) answered are no keys") }
            var expiration: Double?
            if let text = answer.expiration {
                guard let time = Timestamp.parse(text) else {
                    throw Failure(.permission, "\(name) gave keys with the expiration '\(text.prefix(40))'")
                }
                expiration = time
            }
            return AWSCredentials(
                accessKeyID: answer.accessKeyID, secret: Secret(answer.secret),
                sessionToken: answer.token.map { Secret($0) },
                expiration: expiration)
        }
    }
#endif
