// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding

    /// The settings that `storage_options` of the official Lance knows, by its names.
    enum S3Option: String, CaseIterable {
        case accessKeyID = "access_key_id"
        case secretAccessKey = "secret_access_key"
        case sessionToken = "session_token"
        case region
        case defaultRegion = "default_region"
        case endpoint
        case allowHTTP = "allow_http"
        case virtualHostedStyle = "virtual_hosted_style_request"
        case skipSignature = "skip_signature"
        case unsignedPayload = "unsigned_payload"
        case conditionalPut = "conditional_put"
        case requestPayer = "request_payer"
        case serverSideEncryption = "server_side_encryption"
        case encryptionKeyID = "sse_kms_key_id"
        case encryptionBucketKey = "sse_bucket_key_enabled"
        case metadataEndpoint = "metadata_endpoint"
        case containerRelativeURI = "container_credentials_relative_uri"
        case containerFullURI = "container_credentials_full_uri"
        case containerTokenFile = "container_authorization_token_file"
        case timeout
        case connectTimeout = "connect_timeout"
        case poolIdleTimeout = "pool_idle_timeout"
        case maxRetries = "client_max_retries"
        case retryTimeout = "client_retry_timeout"
        case proxyURL = "proxy_url"
        case randomizeAddresses = "randomize_addresses"
        case userAgent = "user_agent"
        case disableTagging = "disable_tagging"
        case http1Only = "http1_only"

        /// Other names of the same.
        private static let others: [String: S3Option] = [
            "token": .sessionToken, "endpoint_url": .endpoint, "request_timeout": .timeout,
        ]

        /// What the official library knows and this package does not do, with the reason or the remedy.
        private static let refused: [String: String] = [
            "bucket": "the bucket stands in the table's URI", "bucket_name": "the bucket stands in the table's URI",
            "s3_express": "directory buckets have a session protocol of their own",
            "checksum_algorithm": "the signature covers every body's SHA-256 already",
            "imdsv1_fallback": "roles come from version 2 of the instance metadata service only",
            "web_identity_token_file": "take the keys with 'aws configure export-credentials' into the environment",
            "role_arn": "take the keys with 'aws configure export-credentials' into the environment",
            "role_session_name": "take the keys with 'aws configure export-credentials' into the environment",
            "endpoint_url_sts": "no security token service is asked",
            "copy_if_not_exists": "nothing is ever copied here; leave it out",
            "sse_customer_key_base64": "let the bucket encrypt, or set server_side_encryption",
            "allow_invalid_certificates": "add the server's certificate to those that this machine trusts",
            "default_content_type": "the objects of a table have no types",
            "http2_only": "requests go over HTTP/1.1", "http2_keep_alive_interval": "requests go over HTTP/1.1",
            "http2_keep_alive_timeout": "requests go over HTTP/1.1",
            "http2_keep_alive_while_idle": "requests go over HTTP/1.1",
            "http2_max_frame_size": "requests go over HTTP/1.1",
            "pool_max_idle_per_host": "set pool_idle_timeout", "proxy_ca_certificate": "set proxy_url only",
            "proxy_excludes": "set proxy_url only", "download_retry_count": "set client_max_retries",
            "expires_at_millis": "keys that expire come from a role or from the environment",
            "use_opendal": "there is one client only",
        ]

        /// Takes names with and without `aws_`, in any case. An unknown one is an error that lists the known.
        init(name: String) throws {
            let lower = name.lowercased()
            let bare = lower.hasPrefix("aws_") ? String(lower.dropFirst(4)) : lower
            if let known = S3Option(rawValue: bare) ?? Self.others[bare] {
                self = known
                return
            }
            if let reason = Self.refused[bare] {
                throw Failure(.unsupported, "the storage option '\(name)' is not supported: \(reason)")
            }
            throw Failure(
                .invalidArgument,
                "there is no storage option '\(name)'; known are \(Self.allCases.map(\.rawValue).sorted().joined(separator: ", "))"
            )
        }
    }

    extension S3Option {
        /// `true` and `false` as people write them.
        static func boolean(_ text: String) -> Bool? {
            switch text.lowercased() {
            case "1", "true", "on", "yes", "y": true
            case "0", "false", "off", "no", "n": false
            default: nil
            }
        }

        /// Seconds of `30s`, `500ms`, `2 minutes`, `1m 30s`, or a plain number.
        static func seconds(_ text: String) -> Double? {
            let units: [String: Double] = [
                "ms": 0.001, "msec": 0.001, "millis": 0.001, "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
                "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60, "h": 3600, "hr": 3600, "hour": 3600,
                "hours": 3600,
            ]
            if let plain = Double(text), plain.isFinite, plain >= 0 { return min(plain, 1e9) }
            var rest = text[...]
            var total = 0.0
            while !rest.isEmpty {
                guard let part = rest.prefixMatch(of: /\s*(\d{1,9}(?:\.\d{1,9})?)\s*([a-z]+)\s*/)?.output,
                    let number = Double(part.1), let unit = units[String(part.2)]
                else { return nil }
                total += number * unit
                rest = rest[part.0.endIndex...]
            }
            return text.isEmpty ? nil : min(total, 1e9)
        }
    }
#endif
