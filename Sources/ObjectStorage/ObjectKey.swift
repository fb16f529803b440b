// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// The name of an object inside a table's directory: `data/x.lance`.
///
/// Manifests name files, and a manifest may come from anybody: a key is made of plain components only, so that none
/// can lead out of the table's directory.
package struct ObjectKey: Sendable, Hashable, CustomStringConvertible {
    package let components: [String]

    package init(_ path: String) throws {
        // By bytes, as the file system does it: to Swift a slash with an accent over it is another character.
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { String($0) }
        for part in parts {
            guard let part, !part.isEmpty, part != ".", part != "..", !part.utf8.contains(0) else {
                throw Failure(.corrupt, "'\(path)' is not a name inside a table's directory")
            }
        }
        components = parts.compactMap { $0 }
    }

    private init(components: [String]) { self.components = components }

    /// The table's directory itself.
    package static let root = ObjectKey(components: [])

    package func appending(_ path: String) throws -> ObjectKey {
        ObjectKey(components: components + (try ObjectKey(path)).components)
    }

    package var name: String { components.last ?? "" }
    package var parent: ObjectKey { ObjectKey(components: Array(components.dropLast())) }
    package var description: String { components.joined(separator: "/") }
}
