// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding

    /// How to reach a store: what was given, then the environment, then the files of the AWS tools.
    package struct S3Settings: Sendable {
        /// What a store is believed about `If-None-Match: *`.
        package enum ConditionalPut: String, Sendable {
            /// It must work: Amazon is trusted, others are tried out before the first write.
            case required
            /// `etag`: it works, and nobody tries it out.
            case trusted
            /// `disabled`: the store cannot, and nothing is written.
            case refused
            /// `unsafe`: looked for first, and then written without any condition.
            case unsafe
        }

        /// Nil for Amazon's own.
        package var endpoint: S3Endpoint?
        /// Nil where nobody said; the server does, then.
        package var region: String?
        package var virtualHostedStyle: Bool?
        package var unsignedPayload = false
        package var conditionalPut = ConditionalPut.required
        package var credentials: CredentialSource
        /// Go with every request.
        package var requestHeaders: [HTTPField] = []
        /// Go with every request that makes an object.
        package var objectHeaders: [HTTPField] = []
        package var retries = RetryPolicy()
        /// Seconds that one request may take, or during which nothing of its answer arrives.
        package var timeout = 30.0
        package var connection = ConnectionSettings()

        /// The regions that signatures name where nobody said one.
        package static let usualRegion = "us-east-1"

        /// - Parameter options: by the names of `storage_options` of the official Lance, in any case.
        package init(_ options: [String: String], _ environment: S3Environment) throws {
            let given = try Self.named(options)
            let profile = try AWSProfile(environment)
            var all = given
            for option in S3Option.allCases where all[option] == nil {
                all[option] = environment.variable("AWS_" + option.rawValue.uppercased())
            }
            let isAnonymous = try Self.flag(all, .skipSignature) ?? false
            credentials = try isAnonymous ? .anonymous : CredentialSource(given: given, environment, profile)
            region = try Self.region(given, environment, profile)
            endpoint = try Self.endpoint(given, environment, profile)
            let allowsHTTP = try Self.flag(all, .allowHTTP) ?? false
            if let endpoint, !endpoint.isSecure, !allowsHTTP {
                throw Failure(
                    .invalidArgument,
                    "the endpoint \(endpoint.text) has no encryption; give the storage option allow_http=true, or AWS_ALLOW_HTTP=true, to use it nevertheless"
                )
            }
            virtualHostedStyle = try Self.flag(all, .virtualHostedStyle)
            unsignedPayload = try Self.flag(all, .unsignedPayload) ?? false
            if unsignedPayload, let endpoint, !endpoint.isSecure {
                throw Failure(
                    .invalidArgument, "unsigned_payload needs https: without it nothing protects what is written")
            }
            if let text = all[.conditionalPut] { conditionalPut = try Self.conditionalPut(text) }
            requestHeaders =
                try Self.flag(all, .requestPayer) == true ? [HTTPField("x-amz-request-payer", "requester")] : []
            objectHeaders = try Self.encryption(all)
            timeout = try Self.seconds(all, .timeout) ?? timeout
            if let count = all[.maxRetries] {
                guard let count = Int(count), (0...1000).contains(count) else {
                    throw Self.bad(.maxRetries, "a number from 0 to 1000")
                }
                retries.most = count
            }
            retries.total = try Self.seconds(all, .retryTimeout) ?? retries.total
            connection = try ConnectionSettings(all)
            if try Self.flag(all, .http1Only) == false {
                throw Failure(.unsupported, "http1_only=false is not supported: requests go over HTTP/1.1")
            }
            _ = try Self.flag(all, .disableTagging)
        }

        /// Throws for the name of an option that there is none of, or that is not supported.
        package static func checkNames(_ options: [String: String]) throws { _ = try named(options) }

        private static func named(_ options: [String: String]) throws -> [S3Option: String] {
            var given: [S3Option: String] = [:]
            for (name, value) in options.sorted(by: { $0.key < $1.key }) {
                let option = try S3Option(name: name)
                if let other = given[option], other != value {
                    throw Failure(
                        .invalidArgument, "the storage option \(option.rawValue) is given twice, by two names")
                }
                given[option] = value
            }
            return given
        }

        private static func region(_ given: [S3Option: String], _ environment: S3Environment, _ profile: AWSProfile)
            throws
            -> String?
        {
            let region =
                given[.region] ?? given[.defaultRegion] ?? environment.variable("AWS_REGION")
                ?? environment.variable("AWS_DEFAULT_REGION") ?? profile["region"]
            // It becomes a part of a host's name.
            if let region, region.wholeMatch(of: /[A-Za-z0-9-]{1,64}/) == nil {
                throw Failure(.invalidArgument, "what was given as the AWS region is none; it needs the form us-east-1")
            }
            return region
        }

        private static func endpoint(_ given: [S3Option: String], _ environment: S3Environment, _ profile: AWSProfile)
            throws -> S3Endpoint?
        {
            if let text = given[.endpoint] { return try S3Endpoint(parsing: text, "the storage option endpoint") }
            for name in ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"] {
                if let text = environment.variable(name) { return try S3Endpoint(parsing: text, name) }
            }
            for key in ["s3.endpoint_url", "endpoint_url"] {
                if let text = profile[key] {
                    return try S3Endpoint(parsing: text, "\(key) of the AWS profile '\(profile.name)'")
                }
            }
            return nil
        }

        private static func conditionalPut(_ text: String) throws -> ConditionalPut {
            switch text.lowercased().trimmed {
            case "etag": .trusted
            case "disabled": .refused
            case "unsafe": .unsafe
            default: throw bad(.conditionalPut, "'etag', 'disabled' or 'unsafe'")
            }
        }

        private static func encryption(_ all: [S3Option: String]) throws -> [HTTPField] {
            guard let kind = all[.serverSideEncryption] else {
                guard all[.encryptionKeyID] == nil, all[.encryptionBucketKey] == nil else {
                    throw Failure(
                        .invalidArgument, "sse_kms_key_id and sse_bucket_key_enabled need server_side_encryption")
                }
                return []
            }
            let names = ["AES256": "AES256", "aws:kms": "aws:kms", "aws:kms:dsse": "aws:kms:dsse"]
            guard let value = names[kind] else {
                throw bad(.serverSideEncryption, "'AES256', 'aws:kms' or 'aws:kms:dsse'")
            }
            var headers = [HTTPField("x-amz-server-side-encryption", value)]
            if let key = all[.encryptionKeyID] {
                guard key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw bad(.encryptionKeyID, "a key's id") }
                headers.append(HTTPField("x-amz-server-side-encryption-aws-kms-key-id", key))
            }
            if let flag = try flag(all, .encryptionBucketKey) {
                headers.append(HTTPField("x-amz-server-side-encryption-bucket-key-enabled", flag ? "true" : "false"))
            }
            return headers
        }

        static func flag(_ all: [S3Option: String], _ option: S3Option) throws -> Bool? {
            guard let text = all[option] else { return nil }
            guard let value = S3Option.boolean(text) else { throw bad(option, "true or false") }
            return value
        }

        static func seconds(_ all: [S3Option: String], _ option: S3Option) throws -> Double? {
            guard let text = all[option] else { return nil }
            guard let value = S3Option.seconds(text), value > 0 else {
                throw bad(option, "a time such as 30s or 500ms")
            }
            return value
        }

        /// Without the value, which may have come to the wrong name: it could be a key.
        static func bad(_ option: S3Option, _ wanted: String) -> Failure {
            Failure(.invalidArgument, "the storage option \(option.rawValue) must be \(wanted)")
        }
    }

    extension String {
        fileprivate var trimmed: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
    }
#endif
