// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import Foundation

    /// The address of a server that speaks S3: `https://host:port/path`.
    package struct S3Endpoint: Sendable, Equatable {
        package var isSecure: Bool
        /// With the port, where it is not the scheme's own; in brackets where it is an IPv6 address.
        package var host: String
        /// Without a slash at the end; empty for most.
        package var path: String

        package init(isSecure: Bool, host: String, path: String = "") {
            self.isSecure = isSecure
            self.host = host
            self.path = path
        }

        /// - Parameter name: what the address was given as, for errors.
        package init(parsing text: String, _ name: String) throws {
            let trimmed = text.trimmingCharacters(in: .whitespaces)
            func refuse(_ reason: String) -> Failure {
                // The text itself may have a password in it.
                Failure(.invalidArgument, "\(name) \(reason); it needs the form https://host or https://host:port")
            }
            guard let parts = URLComponents(string: trimmed), let scheme = parts.scheme?.lowercased() else {
                throw refuse("is no URL")
            }
            guard scheme == "https" || scheme == "http" else { throw refuse("begins with '\(scheme):'") }
            guard parts.user == nil, parts.password == nil else { throw refuse("has a user or a password in it") }
            guard parts.query == nil, parts.fragment == nil else { throw refuse("has a query or a fragment") }
            guard let host = parts.host?.lowercased(), !host.isEmpty,
                host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") })
            else { throw refuse("has no host") }
            isSecure = scheme == "https"
            let bracketed = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
            let ownPort = isSecure ? 443 : 80
            if let port = parts.port {
                guard (1...65_535).contains(port) else { throw refuse("has the port \(port)") }
                self.host = port == ownPort ? bracketed : "\(bracketed):\(port)"
            } else {
                self.host = bracketed
            }
            var path = parts.percentEncodedPath
            while path.hasSuffix("/") { path.removeLast() }
            self.path = path
        }

        package var origin: String { (isSecure ? "https://" : "http://") + host }

        var text: String { origin + path }

        /// The service of Amazon in a region.
        static func amazon(_ region: String) -> S3Endpoint {
            S3Endpoint(
                isSecure: true, host: "s3.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : ""))
        }

        /// Whether it is Amazon's S3 itself, whose conditional writes are known to work.
        ///
        /// Amazon gives names to its customers' machines and services too, and those may be any server: only the forms of S3
        /// count, with or without a bucket before them. `s3.region`, `s3.dualstack.region`, `s3-fips.region`,
        /// `s3-accesspoint.region`, `s3-accelerate`, `s3-region` of old, and `s3.region.vpce` in private networks.
        package var isAmazon: Bool {
            let name = host.split(separator: ":").first.map(String.init) ?? host
            let region = #"[a-z]{2}(?:-[a-z]+)+-\d{1,2}"#
            let forms = [
                #"s3(?:-fips|-accesspoint|-accesspoint-fips)?(?:\.dualstack)?\.\#(region)"#, "s3-\(region)",
                #"s3-accelerate(?:\.dualstack)?"#, "s3(?:-external-1)?", #"s3\.\#(region)\.vpce"#,
            ]
            let pattern = #"(?:.+\.)?(?:\#(forms.joined(separator: "|")))\.amazonaws\.com(?:\.cn)?"#
            guard let form = try? Regex(pattern) else { return false }
            return name.wholeMatch(of: form) != nil
        }
    }
#endif
