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

    @Test(arguments: [
        ("s3://bucket/t", "bucket", "t"), ("S3://bucket/a/b/", "bucket", "a/b"), ("s3://bucket", "bucket", ""),
        ("s3://bucket/", "bucket", ""), ("s3://my.bucket-1/a%20b/%C3%BC+c", "my.bucket-1", "a b/ü+c"),
        ("s3://bucket/a b", "bucket", "a b"), ("s3://bucket/100%", "bucket", "100%"), ("s3://b/a//", "b", "a"),
    ]) func objectStores(_ text: String, _ bucket: String, _ path: String) throws {
        #expect(try StorageLocation(parsing: text) == .s3(bucket: bucket, path: path))
    }

    @Test(arguments: [
        "s3://", "s3:///a", "s3://b/a//b", "s3://b//a", "s3://b/../a", "s3://b/a/.", "s3://b/a?x=1", "s3://b/a#1",
        "s3://user@b/a", "s3://user:word@b/a", "s3://user:wo/rd@b/a?token=word", "s3://b:9000/a", "s3://b/a%2F%2Fb",
        "s3://user:word1?2@b/a", "s3://user:word?x@b/a", "s3://user:word#x@b/a?y",
    ]) func badObjectStores(_ text: String) {
        let failure = #expect(throws: Failure.self) { try StorageLocation(parsing: text) }
        #expect(failure?.code == .invalidArgument)
        #expect(failure.map { "\($0)".contains("word") } == false)
    }

    @Test(arguments: [
        "s3a://bucket/t", "s3+ddb://bucket/t?ddbTableName=x", "gs://b", "https://x/y", "a://b", "c+d.e-f://x",
        "http://",
    ])
    func otherSchemesAreUnsupported(_ text: String) {
        let failure = #expect(throws: Failure.self) { try StorageLocation(parsing: text) }
        #expect(failure?.code == .unsupported)
        #expect(failure?.path == String(text.prefix { $0 != "?" }))
    }

    @Test(arguments: [
        "", "\0", "a\0b", "file://", "file://host/a", "file://localhost", "file://a", "file:///%zz", "file:///a%00b",
        "file:///%ff",
    ]) func badLocationsAreInvalid(_ text: String) {
        let failure = #expect(throws: Failure.self) { try StorageLocation(parsing: text) }
        #expect(failure?.code == .invalidArgument)
    }
}
