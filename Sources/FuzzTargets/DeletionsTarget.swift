// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto
import LanceTable
import TestSupport

/// A deletion file: the lowest bit of the first byte says whether it is a bitmap, the next two how many rows the
/// fragment has.
enum DeletionsTarget {
    private static let rows = [64, 1000, 200_000, Int(UInt32.max)]

    static func read(_ bytes: [UInt8]) async throws {
        guard let first = bytes.first else { return }
        let rows = rows[Int(first >> 1 & 3)]
        let vector = try DeletionVector(
            parsing: ByteView(copying: bytes.dropFirst(), name: "fuzz.deletions"),
            kind: first & 1 == 1 ? .bitmap : .arrowArray, rows: rows)
        var last = -1
        for offset in vector.offsets {
            guard Int(offset) > last, Int(offset) < rows else {
                throw CheckFailure("row \(offset) after \(last) in a fragment of \(rows)")
            }
            last = Int(offset)
        }
        try check(vector.slice(0..<rows).count == vector.count, "a slice of all rows")
        for offset in vector.offsets.prefix(3) {
            try check(vector.contains(offset), "row \(offset) is not found")
            try check(vector.slice(Int(offset)..<Int(offset) + 1).count == 1, "row \(offset) is not in its slice")
        }
        _ = vector.contains(0)
        _ = vector.contains(.max)
    }
}
