// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What goes to standard output: one line of JSON, then as many bytes as it says.
struct Frame: Encodable {
    var table: String
    /// Nil in the frame that ends a table, and where the table as a whole could not be read.
    var column: String?
    var type: String?
    var rows: Int?
    var bytes: Int?
    var error: String?
    var code: String?
    /// True in the last frame of a table.
    var end: Bool?

    func write(_ canonical: CanonicalBytes? = nil) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var line = try encoder.encode(self)
        line.append(UInt8(ascii: "\n"))
        try FileHandle.standardOutput.write(contentsOf: line)
        try canonical?.forEachPart { part in
            // In slices: the call copies what it is given.
            var rest = part[...]
            while !rest.isEmpty {
                let slice = rest.prefix(1 << 20)
                try FileHandle.standardOutput.write(contentsOf: Data(slice))
                rest = rest.dropFirst(slice.count)
            }
        }
    }
}
