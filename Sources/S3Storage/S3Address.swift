// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding

    /// Where a bucket's objects are: `https://bucket.host/key`, or `https://host/bucket/key`.
    ///
    /// With `virtual_hosted_style_request` an endpoint of one's own is the bucket's own address, as the official library has
    /// it: `https://bucket.host`, or another name that stands for the bucket. To look whether the bucket is in it already
    /// would be a guess, which is wrong where a server has the name of the bucket, and keys would become buckets.
    package struct S3Address: Sendable, Equatable {
        package let origin: String
        /// What the request's `host` header says.
        package let host: String
        private let base: String

        package init(_ settings: S3Settings, bucket: String, region: String) {
            let endpoint = settings.endpoint ?? S3Endpoint.amazon(region)
            var host = endpoint.host
            var base = endpoint.path
            // Certificates cover one label before the host: a bucket with dots in its name has several.
            let isVirtual = settings.virtualHostedStyle ?? (settings.endpoint == nil && !bucket.contains("."))
            if !isVirtual {
                base += "/" + PercentEncoding.encode(bucket)
            } else if settings.endpoint == nil {
                host = "\(bucket).\(host)"
            }
            self.host = host
            self.base = base
            origin = (endpoint.isSecure ? "https://" : "http://") + host
        }

        /// The path of an object, percent-encoded; of the bucket itself where there is no key.
        package func path(_ key: String?) -> String {
            guard let key else { return base.isEmpty ? "/" : base }
            return base + "/" + PercentEncoding.encode(key, keepingSlashes: true)
        }

        /// A bucket's name as Amazon allows it, and as other servers do.
        package static func isBucketName(_ name: String) -> Bool {
            let allowed = name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
            return allowed && (1...255).contains(name.utf8.count) && name != "." && name != ".."
        }
    }
#endif
