// SPDX-License-Identifier: Apache-2.0
#if S3
    import S3Storage
    import Testing

    /// What Amazon publishes to check a signer with.
    struct SignatureVectorTests {
        struct Vector: Sendable, CustomTestStringConvertible {
            var name: String
            var method = "GET"
            var path = "/"
            var query: [[String]] = []
            var headers: [[String]] = []
            var payloadHash = RequestSigner.emptyPayload
            var signature: String

            var testDescription: String { name }
        }

        /// Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in a Single
        /// Chunk", the four examples there; their keys are of the same page.
        static let storage = [
            Vector(
                name: "GET Object", path: "/test.txt", headers: [["Range", "bytes=0-9"]],
                signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
            Vector(
                name: "PUT Object", method: "PUT",
                path: PercentEncoding.encode("/test$file.text", keepingSlashes: true),
                headers: [["Date", "Fri, 24 May 2013 00:00:00 GMT"], ["x-amz-storage-class", "REDUCED_REDUNDANCY"]],
                payloadHash: RequestSigner.hash(Array("Welcome to Amazon S3.".utf8)),
                signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
            Vector(
                name: "GET Bucket Lifecycle", query: [["lifecycle", ""]],
                signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
            Vector(
                name: "Get Bucket (List Objects)", query: [["prefix", "J"], ["max-keys", "2"]],
                signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
        ]

        @Test(arguments: storage) func exampleOfTheReference(_ vector: Vector) {
            let keys = AWSCredentials(
                accessKeyID: "AKIAIOSFODNN7EXAMPLE", secret: Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
            let headers =
                vector.headers.map { HTTPField($0[0], $0[1]) } + [
                    HTTPField("Host", "examplebucket.s3.amazonaws.com"),
                    HTTPField("x-amz-content-sha256", vector.payloadHash), HTTPField("x-amz-date", "20130524T000000Z"),
                ]
            let header = RequestSigner(keys, region: "us-east-1").authorization(
                method: vector.method, path: vector.path, query: vector.query.map { ($0[0], $0[1]) }, headers: headers,
                payloadHash: vector.payloadHash, time: Timestamp.basic(1_369_353_600))
            #expect(
                header.hasPrefix(
                    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "))
            #expect(header.hasSuffix("Signature=" + vector.signature))
        }

        private static let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        private static let form = RequestSigner.hash(Array("Param1=value1".utf8))

        /// aws-sig-v4-test-suite, by the names of its directories: those that S3 signs like every other service, which are
        /// all but paths that are to be normalised. As in aws-c-auth's copy, the signer adds the hash of a body.
        static let suite = [
            Vector(name: "get-vanilla", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            Vector(
                name: "get-vanilla-query-order-key-case", query: [["Param2", "value2"], ["Param1", "value1"]],
                signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
            Vector(
                name: "get-vanilla-query-unreserved", query: [[unreserved, unreserved]],
                signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
            Vector(
                name: "get-vanilla-utf8-query", query: [["ሴ", "bar"]],
                signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
            Vector(
                name: "get-header-key-duplicate",
                headers: [["My-Header1", "value2"], ["My-Header1", "value2"], ["My-Header1", "value1"]],
                signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
            Vector(
                name: "get-header-value-order",
                headers: [
                    ["My-Header1", "value4"], ["My-Header1", "value1"], ["My-Header1", "value3"],
                    ["My-Header1", "value2"],
                ], signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
            Vector(
                name: "get-header-value-trim",
                headers: [["My-Header1", " value1"], ["My-Header2", " \"a   b   c\""]],
                signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
            Vector(
                name: "get-unreserved", path: "/" + unreserved,
                signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
            Vector(
                name: "get-utf8", path: "/ሴ",
                signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
            Vector(
                name: "get-space-unnormalized", path: "/example space/",
                signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
            Vector(
                name: "get-slashes-unnormalized", path: "//example//",
                signature: "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5"),
            Vector(
                name: "post-vanilla", method: "POST",
                signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            Vector(
                name: "post-vanilla-query", method: "POST", query: [["Param1", "value1"]],
                signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
            Vector(
                name: "post-header-key-sort", method: "POST", headers: [["My-Header1", "value1"]],
                signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
            Vector(
                name: "post-x-www-form-urlencoded", method: "POST",
                headers: [
                    ["Content-Type", "application/x-www-form-urlencoded"], ["Content-Length", "13"],
                    ["X-Amz-Content-Sha256", form],
                ], payloadHash: form, signature: "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"),
            Vector(
                name: "post-x-www-form-urlencoded-parameters", method: "POST",
                headers: [
                    ["Content-Type", "application/x-www-form-urlencoded; charset=utf-8"], ["Content-Length", "13"],
                    ["X-Amz-Content-Sha256", form],
                ], payloadHash: form, signature: "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"),
        ]

        @Test(arguments: suite) func caseOfTheSuite(_ vector: Vector) {
            let keys = AWSCredentials(
                accessKeyID: "AKIDEXAMPLE", secret: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))
            let headers =
                vector.headers.map { HTTPField($0[0], $0[1]) } + [
                    HTTPField("Host", "example.amazonaws.com"), HTTPField("X-Amz-Date", "20150830T123600Z"),
                ]
            let header = RequestSigner(keys, region: "us-east-1", service: "service").authorization(
                method: vector.method, path: PercentEncoding.encode(vector.path, keepingSlashes: true),
                query: vector.query.map { ($0[0], $0[1]) }, headers: headers, payloadHash: vector.payloadHash,
                time: Timestamp.basic(1_440_938_160))
            #expect(header.hasSuffix("Signature=" + vector.signature))
        }

        @Test(arguments: [
            ("a b", "a%20b"), ("a+b=c", "a%2Bb%3Dc"), ("ü", "%C3%BC"), ("100%", "100%25"), ("e%2ff", "e%252ff"),
            ("x/y", "x%2Fy"), ("-._~", "-._~"), ("*'()!", "%2A%27%28%29%21"), ("new\nline", "new%0Aline"), ("", ""),
        ]) func encoding(_ text: String, _ encoded: String) {
            #expect(PercentEncoding.encode(text) == encoded)
            #expect(PercentEncoding.decode(encoded) == text)
            #expect(PercentEncoding.decode(encoded, plusIsSpace: true) == text)
        }

        @Test func decodingWhatNobodyEncoded() {
            #expect(PercentEncoding.decode("100%") == "100%")
            #expect(PercentEncoding.decode("%zz+") == "%zz+")
            #expect(PercentEncoding.decode("a+b", plusIsSpace: true) == "a b")
            #expect(PercentEncoding.decode("%FF") == nil)
        }

        @Test func queries() {
            #expect(RequestSigner.queryText([("uploads", "")]) == "uploads=")
            #expect(RequestSigner.queryText([("b", "2"), ("a", "x y"), ("a", "+")]) == "a=%2B&a=x%20y&b=2")
            #expect(RequestSigner.queryText([]) == "")
        }

        @Test(arguments: [
            (0.0, "19700101T000000Z"), (1_369_353_600, "20130524T000000Z"), (951_782_400.9, "20000229T000000Z"),
            (4_107_542_399, "21000228T235959Z"), (-1, "19691231T235959Z"), (.nan, "19700101T000000Z"),
            (.infinity, "19700101T000000Z"),
        ]) func times(_ seconds: Double, _ text: String) { #expect(Timestamp.basic(seconds) == text) }

        @Test(arguments: [
            ("2013-05-24T00:00:00.000Z", 1_369_353_600.0), ("2000-02-29T00:00:00Z", 951_782_400),
            ("1970-01-01T00:00:00.250Z", 0.25), ("2013-05-24T00:00:00+00:00", 1_369_353_600),
        ]) func readingTimes(_ text: String, _ seconds: Double) { #expect(Timestamp.parse(text) == seconds) }

        @Test(arguments: ["", "2013-05-24", "2013-13-24T00:00:00Z", "2013-05-24T24:00:00Z", "x", "9-9-9T0:0:0Z"])
        func noTimes(_ text: String) { #expect(Timestamp.parse(text) == nil) }
    }
#endif
