// SPDX-License-Identifier: Apache-2.0

/// A file that is elsewhere: its bytes come part by part, when they are asked for.
package protocol RemoteFile: AnyObject, Sendable {
    var name: String { get }
    var count: Int { get }

    /// The bytes of a range; nil where not all of them are in memory.
    func bytes(_ range: Range<Int>) -> ByteView?

    /// Brings ranges into memory, all of them at once. They stay there as long as what is returned.
    func fetch(_ ranges: [Range<Int>]) async throws -> [Region]
}
