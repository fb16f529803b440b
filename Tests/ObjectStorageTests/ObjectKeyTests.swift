// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ObjectStorage
import Testing

struct ObjectKeyTests {
    /// U+0301 is an accent: after a slash the two are one `Character`, and still two names to the file system.
    @Test(arguments: [
        "", "/", "//", "a//b", "/a", "a/", ".", "..", "a/..", "../a", "a/../b", "a/./b", "\0", "a\0b", "a/\0",
        "..\u{2f}", "../\u{301}a", "a/../\u{301}b", "a/\u{301}/../..", "\u{2f}\u{301}",
    ]) func escapesAreRefused(_ text: String) throws {
        let failure = #expect(throws: Failure.self) { try ObjectKey(text) }
        #expect(failure?.code == .corrupt)
        #expect(throws: Failure.self) { try ObjectKey("data").appending(text) }
    }

    @Test func partsAreThoseOfTheFileSystem() throws {
        #expect(try ObjectKey("a/\u{301}b/c").components == ["a", "\u{301}b", "c"])
        for text in ["...", "..a", "a..", ". ", "a\\..\\b", "%2e%2e", "~", "C:", "ü"] {
            #expect(try ObjectKey(text).components == [text])
        }
    }

    @Test func parentsAndNames() throws {
        let key = try ObjectKey("a/b/c")
        #expect(key.name == "c" && key.parent.description == "a/b")
        #expect(key.parent.parent.parent == .root && ObjectKey.root.parent == .root)
        #expect(ObjectKey.root.name == "" && ObjectKey.root.description == "")
        #expect(try ObjectKey.root.appending("x/y") == ObjectKey("x/y"))
    }
}
