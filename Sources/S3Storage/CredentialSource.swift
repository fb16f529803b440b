// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding

    /// Where keys come from.
    package enum CredentialSource: Sendable, Equatable {
        /// Requests are not signed.
        case anonymous
        case fixed(AWSCredentials)
        /// The endpoint that a container's environment names, and what it wants to be shown.
        case container(url: String, token: Secret?, tokenFile: String?)
        /// The role of the machine, from its metadata service.
        case instance(endpoint: String)
        /// There are none, for this reason.
        case none(String)
    }

    extension CredentialSource {
        static let metadataAddress = "http://169.254.169.254"
        static let containerAddress = "http://169.254.170.2"

        /// In the order in which AWS's own tools look: given, environment, profile, container, machine.
        init(given: [S3Option: String], _ environment: S3Environment, _ profile: AWSProfile) throws {
            if let keys = try Self.pair(
                given[.accessKeyID], given[.secretAccessKey], given[.sessionToken],
                "the storage options access_key_id and secret_access_key")
            {
                self = .fixed(keys)
            } else if let keys = try Self.pair(
                environment.variable("AWS_ACCESS_KEY_ID"), environment.variable("AWS_SECRET_ACCESS_KEY"),
                environment.variable("AWS_SESSION_TOKEN"), "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
            {
                self = .fixed(keys)
            } else if let way = Self.foreign(environment, profile) {
                self = Self.unsupported(way)
            } else if let keys = try Self.pair(
                profile["aws_access_key_id"], profile["aws_secret_access_key"], profile["aws_session_token"],
                "aws_access_key_id and aws_secret_access_key of the profile '\(profile.name)'")
            {
                self = .fixed(keys)
            } else if profile["credential_process"] != nil {
                self = Self.unsupported("the AWS profile '\(profile.name)' gets its keys by 'credential_process'")
            } else if let container = try Self.container(given, environment) {
                self = container
            } else if environment.flag("AWS_EC2_METADATA_DISABLED") {
                self = .none(Self.nothing)
            } else {
                let text =
                    given[.metadataEndpoint] ?? environment.variable("AWS_METADATA_ENDPOINT")
                    ?? environment.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? Self.metadataAddress
                self = .instance(endpoint: try S3Endpoint(parsing: text, "metadata_endpoint").text)
            }
        }

        static let nothing =
            "there are no AWS keys: give the storage options access_key_id and secret_access_key, set AWS_ACCESS_KEY_ID and "
            + "AWS_SECRET_ACCESS_KEY, or choose a profile with AWS_PROFILE; a public bucket needs none with "
            + "skip_signature=true"

        private static func pair(_ id: String?, _ secret: String?, _ token: String?, _ names: String) throws
            -> AWSCredentials?
        {
            guard id != nil || secret != nil else {
                guard token == nil else {
                    throw Failure(.invalidArgument, "there is a session token, but \(names) are missing")
                }
                return nil
            }
            guard let id, let secret, !id.isEmpty, !secret.isEmpty else {
                throw Failure(.invalidArgument, "\(names) belong together, and one of them is missing")
            }
            // Both go into a header; a stray line break would end it.
            guard (id + secret + (token ?? "")).utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw Failure(
                    .invalidArgument, "\(names) have a space, a line break or another character that no key has")
            }
            return AWSCredentials(accessKeyID: id, secret: Secret(secret), sessionToken: token.map { Secret($0) })
        }

        /// Ways to get keys that this package does not go, and that count more than keys of the same profile: these may be
        /// there to take on the role with, and are then somebody else.
        private static func foreign(_ environment: S3Environment, _ profile: AWSProfile) -> String? {
            for key in ["role_arn", "web_identity_token_file", "sso_session", "sso_start_url"] where profile[key] != nil
            {
                return "the AWS profile '\(profile.name)' gets its keys by '\(key)'"
            }
            if environment.variable("AWS_WEB_IDENTITY_TOKEN_FILE") != nil {
                return "AWS_WEB_IDENTITY_TOKEN_FILE asks for a web identity"
            }
            return nil
        }

        private static func unsupported(_ way: String) -> CredentialSource {
            .none(
                "\(way), which is not supported; put keys into the environment, for example with "
                    + "'aws configure export-credentials --format env'")
        }

        /// 127.0.0.0/8, in numbers: a name may begin with them, too.
        private static func isLoopback(_ host: String) -> Bool {
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            return parts.count == 4 && parts.first == "127"
                && parts.allSatisfy { $0.wholeMatch(of: /\d{1,3}/) != nil && UInt8($0) != nil }
        }

        private static func container(_ given: [S3Option: String], _ environment: S3Environment) throws
            -> CredentialSource?
        {
            let relative =
                given[.containerRelativeURI] ?? environment.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
            let full = given[.containerFullURI] ?? environment.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")
            let url: String
            if let relative {
                url = containerAddress + (relative.hasPrefix("/") ? relative : "/" + relative)
            } else if let full {
                let base = full.split(separator: "?", maxSplits: 1).first.map(String.init) ?? full
                let endpoint = try S3Endpoint(parsing: base, "AWS_CONTAINER_CREDENTIALS_FULL_URI")
                // The answer is keys: without encryption from this machine only, or from where AWS has them.
                let bare = endpoint.host.replacing(/:\d+$/, with: "")
                let near = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "[::1]", "localhost"]
                guard endpoint.isSecure || near.contains(bare) || isLoopback(bare) else {
                    throw Failure(
                        .invalidArgument,
                        "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of this machine: '\(bare)'")
                }
                url = full
            } else {
                return nil
            }
            return .container(
                url: url, token: environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map { Secret($0) },
                tokenFile: given[.containerTokenFile] ?? environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
        }
    }
#endif
