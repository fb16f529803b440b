// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ObjectStorage
import Testing

struct StorageLocationTests {
    @Test(arguments: [
        ("table", "table"), ("./table", "./table"), ("/a/b c.lance", "/a/b c.lance"), ("../t", "../t"),
        ("file:///a/b", "/a/b"), ("FILE:///a", "/a"), ("file://localhost/a", "/a"),
        ("file:///a%20b/%C3%BC", "/a b/ü"), ("file:///100%25", "/100%"),
        // Names that only look like a URI.
        ("C:", "C:"), ("C:\\tables\\t", "C:\\tables\\t"), ("a:b", "a:b"), ("file:/a", "/a"), ("1://b", "1://b"),
        ("a b://c", "a b://c"), ("://x", "://x"), ("/a://b", "/a://b"), ("./s3://b", "./s3://b"), ("100%", "100%"),
    ]) func local(_ text: String, _ path: String) throws {
        #expect(try StorageLocation(parsing: text) == .local(path))
    }

    @Test(arguments: ["s3://bucket/t", "S3://bucket/t", "gs://b", "https://x/y", "a://b", "c+d.e-f://x", "http://"])
    func otherSchemesAreUnsupported(_ text: String) {
        let failure = #expect(throws: Failure.self) { try StorageLocation(parsing: text) }
        #expect(failure?.code == .unsupported)
        #expect(failure?.path == text)
    }

    @Test(arguments: [
        "", "\0", "a\0b", "file://", "file://host/a", "file://localhost", "file://a", "file:///%zz", "file:///a%00b",
        "file:///%ff",
    ]) func badLocationsAreInvalid(_ text: String) {
        let failure = #expect(throws: Failure.self) { try StorageLocation(parsing: text) }
        #expect(failure?.code == .invalidArgument)
    }
}
