// SPDX-License-Identifier: Apache-2.0
#if S3
    /// Who asks, and what he proves it with.
    package struct AWSCredentials: Sendable, Equatable {
        package var accessKeyID: String
        package var secret: Secret
        package var sessionToken: Secret?
        /// Seconds since 1970; nil for keys that do not expire.
        package var expiration: Double?

        package init(accessKeyID: String, secret: Secret, sessionToken: Secret? = nil, expiration: Double? = nil) {
            self.accessKeyID = accessKeyID
            self.secret = secret
            self.sessionToken = sessionToken
            self.expiration = expiration
        }
    }
#endif
