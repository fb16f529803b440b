// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
package import ObjectStorage

/// A name for a version, which keeps it from being cleaned up (format reference: tags).
///
/// `_refs/tags/NAME.json`: `{"branch": null, "version": 2, "createdAt": "…", "updatedAt": "…", "manifestSize": 659,
/// "metadata": {}}`. Older writers leave out the times and the metadata.
package struct Tag: Sendable, Equatable {
    package var name: String
    package var version: UInt64
    /// The branch whose version it is; nil for the table itself.
    package var branch: String?

    package static let directory = "_refs/tags"
    private static let ending = ".json"

    private struct File: Codable {
        var branch: String?
        var version: UInt64
        var createdAt: String?
        var updatedAt: String?
        var manifestSize: UInt64?
    }

    package init(name: String, version: UInt64, branch: String? = nil) {
        self.name = name
        self.version = version
        self.branch = branch
    }

    /// Throws `invalid_argument` for a name that the official library refuses, or that some reader may.
    package static func check(_ name: String) throws {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isPlain, !name.isEmpty, !name.hasPrefix("."), !name.hasSuffix("."), !name.contains(".."),
            !name.hasSuffix(".lock"), name.utf8.count <= 200, !name.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else {
            throw Failure(
                .invalidArgument,
                "'\(name)' cannot be the name of a tag: it takes letters, digits, '-', '_' and single dots inside, and is no number"
            )
        }
    }

    package static func key(_ name: String) throws -> ObjectKey { try ObjectKey(directory).appending(name + ending) }

    /// The tag of a file of the directory; nil for another file.
    static func name(ofFile file: String) -> String? {
        file.hasSuffix(ending) ? String(file.dropLast(ending.count)) : nil
    }

    init(name: String, parsing view: ByteView) throws {
        do {
            let file = try JSONDecoder().decode(File.self, from: Data(view.bytes))
            self.init(name: name, version: file.version, branch: file.branch)
        } catch {
            throw view.corrupt("the tag '\(name)' is not the JSON of a tag: \(error)")
        }
    }

    func serialized(manifestSize: UInt64, now: Date) throws -> [UInt8] {
        let time = now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        // Written by hand for its null: the encoder leaves it out.
        let text = """
            {
              "branch": null,
              "version": \(version),
              "createdAt": "\(time)",
              "updatedAt": "\(time)",
              "manifestSize": \(manifestSize),
              "metadata": {}
            }
            """
        return Array(text.utf8)
    }
}
