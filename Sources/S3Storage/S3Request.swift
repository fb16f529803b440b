// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding

    /// What is asked of a bucket, before it has an address, a time and a signature.
    struct S3Request: Sendable {
        var method: HTTPMethod
        /// Of an object in the bucket; nil for the bucket itself.
        var key: String?
        /// Not encoded.
        var query: [(String, String)] = []
        var headers: [HTTPField] = []
        var body = ByteView.empty
        var destination: BodySlot?
        /// The most bytes that an answer's body may have.
        var limit = BodyReceiver.errorLimit
        /// For errors: what could not be done, and to what, where that is no object.
        var doing: String
        var place: String?

        init(_ method: HTTPMethod, _ key: String?, _ doing: String) {
            self.method = method
            self.key = key
            self.doing = doing
        }
    }
#endif
