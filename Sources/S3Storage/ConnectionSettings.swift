// SPDX-License-Identifier: Apache-2.0
#if S3
    /// What connections are like; those of equal settings share one client.
    package struct ConnectionSettings: Sendable, Hashable {
        /// Seconds.
        package var connectTimeout = 5.0
        package var idleTimeout = 60.0
        package var proxy: Proxy?
        package var randomizesAddresses = false
        package var userAgent = "swift-lance"

        package struct Proxy: Sendable, Hashable {
            package var host: String
            package var port: Int
        }

        package init() {}

        init(_ all: [S3Option: String]) throws {
            connectTimeout = try S3Settings.seconds(all, .connectTimeout) ?? connectTimeout
            idleTimeout = try S3Settings.seconds(all, .poolIdleTimeout) ?? idleTimeout
            randomizesAddresses = try S3Settings.flag(all, .randomizeAddresses) ?? false
            if let text = all[.proxyURL] {
                let endpoint = try S3Endpoint(parsing: text, "the storage option proxy_url")
                let parts = endpoint.host.split(separator: ":")
                guard !endpoint.isSecure, endpoint.path.isEmpty, !endpoint.host.hasPrefix("["), let host = parts.first
                else {
                    throw S3Settings.bad(.proxyURL, "of the form http://host:port")
                }
                proxy = Proxy(host: String(host), port: parts.count > 1 ? Int(parts[1]) ?? 80 : 80)
            }
            if let text = all[.userAgent] {
                guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
                    throw S3Settings.bad(.userAgent, "a line of ASCII characters")
                }
                userAgent = text
            }
        }
    }
#endif
