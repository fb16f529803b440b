// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import LanceProto

/// The rows of one fragment that are deleted.
package struct DeletionVector: Sendable {
    /// Offsets in the fragment, ascending.
    package let offsets: [UInt32]

    package init(_ offsets: some Sequence<UInt32>) { self.offsets = RoaringBitmap(offsets).values }

    /// Deleted rows of one fragment that are taken, at four bytes each: a few kilobytes can stand for billions.
    static let most = 1 << 26

    /// Reads a deletion file (format reference: deletion files) of a fragment of `rows` rows.
    package init(parsing view: ByteView, kind: ProtoDeletionFile.Kind, rows: Int) throws {
        let limit = min(rows, Self.most)
        switch kind {
        case .bitmap: offsets = try RoaringBitmap(parsing: view, limit: limit).values
        case .arrowArray: offsets = RoaringBitmap(try ArrowDeletionFile.read(view, limit: limit)).values
        case .UNRECOGNIZED(let number):
            throw Failure(.unsupported, "deletion files of kind \(number) are not supported", path: view.region.name)
        }
        if let last = offsets.last, Int(last) >= rows {
            throw view.corrupt("row \(last) of a fragment of \(rows) rows is deleted")
        }
    }

    package var count: Int { offsets.count }

    package func contains(_ offset: UInt32) -> Bool {
        let index = firstIndex(atOrAfter: offset)
        return index < offsets.count && offsets[index] == offset
    }

    /// How many rows before `offset` are deleted.
    package func count(before offset: UInt32) -> Int { firstIndex(atOrAfter: offset) }

    /// The deleted rows within `range`.
    package func slice(_ range: Range<Int>) -> ArraySlice<UInt32> {
        let start = firstIndex(atOrAfter: UInt32(clamping: range.lowerBound))
        let end = firstIndex(atOrAfter: UInt32(clamping: range.upperBound))
        return offsets[start..<max(start, end)]
    }

    private func firstIndex(atOrAfter offset: UInt32) -> Int {
        var low = 0
        var high = offsets.count
        while low < high {
            let middle = (low + high) / 2
            if offsets[middle] < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
