// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import S3Storage
    import Testing

    struct SettingsTests {
        private static func environment(_ variables: [String: String] = [:], _ files: [String: String] = [:])
            -> S3Environment
        {
            S3Environment(variables: variables, home: "/home/u") { files[$0] }
        }

        private static let keys = ["access_key_id": "id", "secret_access_key": "s3cr3t-word"]

        private func refused(_ options: [String: String], _ variables: [String: String] = [:]) -> Failure? {
            #expect(throws: Failure.self) { try S3Settings(options, Self.environment(variables)) }
        }

        @Test(arguments: ["region", "REGION", "aws_region", "AWS_Region"]) func namesInAnyCase(_ name: String) throws {
            #expect(try S3Settings([name: "eu-west-1"], Self.environment()).region == "eu-west-1")
        }

        @Test func unknownNames() throws {
            let failure = refused(["regoin": "x"])
            #expect(failure?.code == .invalidArgument)
            #expect(
                failure?.message.contains("'regoin'") == true
                    && failure?.message.contains("virtual_hosted_style_request") == true)
            for name in ["s3_express", "aws_copy_if_not_exists", "allow_invalid_certificates", "bucket", "role_arn"] {
                #expect(refused([name: "true"])?.code == .unsupported)
            }
            #expect(refused(["region": "a", "aws_region": "b"])?.code == .invalidArgument)
        }

        @Test(arguments: [
            ["timeout": "soon"], ["timeout": "0s"], ["connect_timeout": "-1"], ["client_max_retries": "-1"],
            ["client_max_retries": "many"], ["allow_http": "perhaps"], ["region": "eu west"], ["region": ""],
            ["region": "evil.example/"], ["endpoint": "localhost:9000"], ["endpoint": "ftp://x"],
            ["endpoint": "https://"],
            ["endpoint": "http://x"], ["endpoint": "https://user:s3cr3t-word@x"], ["endpoint": "https://x/?a=b"],
            ["endpoint": "https://x:99999"], ["access_key_id": "a"], ["secret_access_key": "s3cr3t-word"],
            ["access_key_id": "a\nb", "secret_access_key": "s3cr3t-word"], ["conditional_put": "s3cr3t-word"],
            ["unsigned_payload": "true", "endpoint": "http://x", "allow_http": "true"],
            ["server_side_encryption": "rot13"],
            ["sse_kms_key_id": "k"], ["proxy_url": "https://x"], ["proxy_url": "http://u:s3cr3t-word@x"],
            ["user_agent": "a\r\nb"], ["region": "s3cr3t-word/"], ["skip_signature": "maybe"],
        ]) func valuesThatMakeNoSense(_ options: [String: String]) {
            let failure = refused(options)
            #expect(failure?.code == .invalidArgument)
            #expect(failure.map { "\($0)".contains("s3cr3t-word") } == false)
        }

        @Test(arguments: [
            ("30s", 30.0), ("500ms", 0.5), ("2 minutes", 120), ("1m 30s", 90), ("45", 45), ("1h", 3600), ("0.5s", 0.5),
        ]) func times(_ text: String, _ seconds: Double) throws {
            #expect(try S3Settings(["request_timeout": text], Self.environment()).timeout == seconds)
        }

        @Test func whatIsGivenGoesFirst() throws {
            let files = [
                "/home/u/.aws/config": """
                [default]
                region = config-default
                [profile work]
                region=config-work   ; a comment
                endpoint_url = https://profile.example:8443/
                services = own
                [services own]
                s3 =
                  endpoint_url = https://s3.profile.example
                """,
                "/home/u/.aws/credentials": """
                # keys
                [default]
                aws_access_key_id = default-id
                aws_secret_access_key = default-secret
                [work]
                aws_access_key_id = work-id
                aws_secret_access_key = work-secret
                aws_session_token = work-token
                """,
            ]
            func settings(_ options: [String: String], _ variables: [String: String]) throws -> S3Settings {
                try S3Settings(options, Self.environment(variables, files))
            }
            func keyID(_ settings: S3Settings) -> String? {
                if case .fixed(let keys) = settings.credentials { keys.accessKeyID } else { nil }
            }
            let plain = try settings([:], [:])
            #expect(plain.region == "config-default" && plain.endpoint == nil && keyID(plain) == "default-id")
            let work = try settings([:], ["AWS_PROFILE": "work"])
            #expect(work.region == "config-work" && keyID(work) == "work-id")
            #expect(work.endpoint?.origin == "https://s3.profile.example")
            let variables = [
                "AWS_PROFILE": "work", "AWS_REGION": "env", "AWS_DEFAULT_REGION": "env-default",
                "AWS_ENDPOINT_URL": "https://env.example", "AWS_ACCESS_KEY_ID": "env-id", "AWS_SECRET_ACCESS_KEY": "x",
                "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
            ]
            let env = try settings([:], variables)
            #expect(env.region == "env" && keyID(env) == "env-id" && env.virtualHostedStyle == true)
            #expect(env.endpoint?.origin == "https://env.example")
            let given = try settings(
                Self.keys.merging(["region": "given", "endpoint_url": "https://given.example"]) { $1 }, variables)
            #expect(
                given.region == "given" && keyID(given) == "id" && given.endpoint?.origin == "https://given.example")
            let s3 = try settings([:], variables.merging(["AWS_ENDPOINT_URL_S3": "https://s3.example"]) { $1 })
            #expect(s3.endpoint?.origin == "https://s3.example")
            #expect(try settings(["skip_signature": "true"], variables).credentials == .anonymous)
            #expect(throws: Failure.self) { try settings([:], ["AWS_PROFILE": "none"]) }
            #expect(throws: Failure.self) { try settings([:], ["AWS_ACCESS_KEY_ID": "alone"]) }
            #expect(throws: Failure.self) { try settings([:], ["AWS_ENDPOINT_URL": "http://env.example"]) }
            #expect(
                try settings([:], ["AWS_ENDPOINT_URL": "http://env.example", "AWS_ALLOW_HTTP": "true"]).endpoint?
                    .isSecure == false)
        }

        @Test func otherSourcesOfKeys() throws {
            func source(_ options: [String: String], _ variables: [String: String], _ config: String = "") throws
                -> CredentialSource
            {
                try S3Settings(options, Self.environment(variables, ["/home/u/.aws/config": config])).credentials
            }
            #expect(try source([:], [:]) == .instance(endpoint: "http://169.254.169.254"))
            #expect(
                try source(["metadata_endpoint": "http://127.0.0.1:1338/"], [:])
                    == .instance(endpoint: "http://127.0.0.1:1338"))
            #expect(
                try source([:], ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x?id=1"])
                    == .container(url: "http://169.254.170.2/v2/x?id=1", token: nil, tokenFile: nil))
            #expect(
                try source(
                    [:],
                    [
                        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost:80/x",
                        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "t",
                    ])
                    == .container(url: "http://localhost:80/x", token: Secret("t"), tokenFile: nil))
            for host in ["evil.example", "127.evil.example", "127.0.0.1.evil.example", "127.0.0", "127.0.0.256"] {
                #expect(throws: Failure.self) {
                    try source([:], ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://\(host)/x"])
                }
            }
            #expect(
                try source([:], ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.1.2.3:80/x"])
                    == .container(url: "http://127.1.2.3:80/x", token: nil, tokenFile: nil))
            #expect(
                try source([:], ["AWS_METADATA_ENDPOINT": "http://127.0.0.1:1338"])
                    == .instance(endpoint: "http://127.0.0.1:1338"))
            for (variables, config) in [
                (["AWS_EC2_METADATA_DISABLED": "true"], ""), (["AWS_WEB_IDENTITY_TOKEN_FILE": "/t"], ""),
                ([:], "[default]\nsso_session = x"), ([:], "[default]\ncredential_process = /bin/x"),
            ] {
                guard case .none(let reason) = try source([:], variables, config) else {
                    Issue.record("\(variables) \(config)")
                    continue
                }
                #expect(reason.contains("AWS_ACCESS_KEY_ID") || reason.contains("export-credentials"))
            }
        }

        /// Who is asked for by role must not be served by the keys that lead there; nor by a mixture of two files.
        @Test func profilesOfSeveralParts() throws {
            func settings(_ config: String, _ credentials: String, _ variables: [String: String] = [:]) throws
                -> S3Settings
            {
                try S3Settings(
                    [:],
                    Self.environment(
                        variables, ["/home/u/.aws/config": config, "/home/u/.aws/credentials": credentials]))
            }
            let keys = "aws_access_key_id = id\naws_secret_access_key = s3cr3t-word"
            for way in [
                "role_arn = arn:x\nsource_profile = default", "sso_session = x", "web_identity_token_file = /t",
            ] {
                for (config, credentials) in [
                    ("[default]\n\(way)\n\(keys)", ""), ("[default]\n\(way)", "[default]\n\(keys)"),
                ] {
                    guard case .none(let reason) = try settings(config, credentials).credentials else {
                        Issue.record("\(config) \(credentials)")
                        continue
                    }
                    #expect(reason.contains("export-credentials") && !reason.contains("s3cr3t"))
                }
            }
            guard
                case .none(_) = try settings("", "[default]\n\(keys)", ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t"])
                    .credentials
            else {
                Issue.record("a web identity")
                return
            }
            let plain = AWSCredentials(accessKeyID: "id", secret: Secret("s3cr3t-word"))
            let mixed = try settings(
                "[default]\naws_access_key_id = other\naws_session_token = t", "[default]\n\(keys)")
            #expect(mixed.credentials == .fixed(plain))
            #expect(throws: Failure.self) {
                try settings("[default]\n\(keys)", "[default]\naws_access_key_id = half")
            }
            // What a process would give is of no use where keys are there.
            #expect(try settings("[default]\ncredential_process = x\n\(keys)", "").credentials == .fixed(plain))
            #expect(
                try settings(
                    "[default]\nregion = plain\nendpoint_url = https://x\n[profile default]\nregion = named", ""
                )
                .region == "named")
        }

        @Test(
            arguments: [
                ([:], "b", "https://b.s3.eu-west-1.amazonaws.com", "/k%20y/%2B"),
                ([:], "b.c", "https://s3.eu-west-1.amazonaws.com", "/b.c/k%20y/%2B"),
                (["virtual_hosted_style_request": "false"], "b", "https://s3.eu-west-1.amazonaws.com", "/b/k%20y/%2B"),
                (["region": "cn-north-1"], "b", "https://b.s3.cn-north-1.amazonaws.com.cn", "/k%20y/%2B"),
                (["endpoint": "https://h:9000"], "b", "https://h:9000", "/b/k%20y/%2B"),
                (["endpoint": "https://H:443/base/"], "b", "https://h", "/base/b/k%20y/%2B"),
                (["endpoint": "https://[::1]:9000"], "b", "https://[::1]:9000", "/b/k%20y/%2B"),
                (["endpoint": "https://b.h", "virtual_hosted_style_request": "1"], "b", "https://b.h", "/k%20y/%2B"),
                (
                    ["endpoint": "https://own.h/x", "virtual_hosted_style_request": "1"], "b", "https://own.h",
                    "/x/k%20y/%2B"
                ),
                (["virtual_hosted_style_request": "1"], "b.c", "https://b.c.s3.eu-west-1.amazonaws.com", "/k%20y/%2B"),
            ] as [([String: String], String, String, String)])
        func addresses(_ options: [String: String], _ bucket: String, _ origin: String, _ path: String) throws {
            let settings = try S3Settings(["region": "eu-west-1"].merging(options) { $1 }, Self.environment())
            let address = S3Address(settings, bucket: bucket, region: settings.region ?? "")
            #expect(address.origin == origin)
            #expect(address.path("k y/+") == path)
        }

        @Test func settingsShowNoSecrets() throws {
            let settings = try S3Settings(Self.keys.merging(["token": "s3cr3t-token"]) { $1 }, Self.environment())
            var dumped = ""
            dump(settings, to: &dumped)
            for text in ["\(settings)", String(reflecting: settings), dumped] {
                #expect(!text.contains("s3cr3t") && text.contains("id"))
            }
        }

        @Test func waits() {
            let policy = RetryPolicy()
            #expect(policy.wait(afterTries: 1, elapsed: 0, random: 0.5) == 0.05)
            #expect(policy.wait(afterTries: 3, elapsed: 0, random: 0.5) == 0.2)
            #expect(policy.wait(afterTries: 10, elapsed: 0, random: 0.999) ?? 0 <= 10)
            #expect(policy.wait(afterTries: 11, elapsed: 0, random: 0) == nil)
            #expect(policy.wait(afterTries: 5, elapsed: 0, isUnsent: true, random: 0) == nil)
            #expect(policy.wait(afterTries: 1, elapsed: 180, random: 0) == nil)
            #expect(policy.wait(afterTries: 1, elapsed: 0, random: 0, wanted: 7) == 7)
            #expect(policy.wait(afterTries: 1, elapsed: 0, random: 0, wanted: 1e9) == 30)
        }
    }
#endif
