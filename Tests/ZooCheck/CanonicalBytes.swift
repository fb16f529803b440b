// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// The values of a column as bytes that depend on nothing but the values, so that two readers can be compared.
///
/// ```
/// validity of n values      n bytes, 0 or 1; 0 where the row does not matter
/// null                      nothing more
/// bool                      n bytes, 0 or 1
/// fixed width w             n * w bytes
/// variable length           n lengths (u64), then the bytes
/// fixed-size list of d      the items: canonical bytes of n * d values
/// list, large list, map     n lengths (u64), then canonical bytes of the items
/// struct                    canonical bytes of each member
/// ```
///
/// What stands where a value is null or does not matter is zero: zero bytes, length 0. Nothing below a null counts: its
/// items are left out where lists vary in length, and do not matter where they have a place.
final class CanonicalBytes {
    private var validity: [UInt8] = []
    private var lengths: [UInt64] = []
    private var values: [UInt8] = []
    private var children: [CanonicalBytes] = []

    var count: Int {
        children.reduce(validity.count + lengths.count * 8 + values.count) { $0 + $1.count }
    }

    /// All of the bytes, part after part.
    func forEachPart(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try validity.withUnsafeBytes(body)
        try lengths.withUnsafeBytes(body)
        try values.withUnsafeBytes(body)
        for child in children { try child.forEachPart(body) }
    }

    var bytes: [UInt8] {
        var all: [UInt8] = []
        forEachPart { all.append(contentsOf: $0) }
        return all
    }

    /// The bytes of one value alone.
    static func of(_ column: Column, row: Int) throws -> [UInt8] {
        let one = CanonicalBytes()
        try one.append(column, [row..<row + 1])
        return one.bytes
    }

    /// Appends the given rows of `column`, all of which matter unless `mattering` says otherwise: an entry a row.
    func append(_ column: Column, _ rows: [Range<Int>], mattering: [Bool]? = nil) throws {
        let isValid = Self.validity(of: column, rows, mattering)
        let total = rows.reduce(0) { $0 + $1.count }
        if let isValid {
            validity.append(contentsOf: isValid.lazy.map { $0 ? 1 : 0 })
        } else {
            validity.append(contentsOf: repeatElement(1, count: total))
        }
        switch column.storage {
        case .none: break
        case .bits(let bits): appendBits(bits, rows, isValid)
        case .fixed(let view): try appendFixed(view, column.type.byteWidth ?? 0, rows, isValid)
        case .variable(let offsets, let data):
            for range in appendLengths(offsets, rows, isValid) {
                try data.slice(range.lowerBound, range.count).withUnsafeBytes { values.append(contentsOf: $0) }
            }
        case .fixedSizeList(let items, let length):
            let itemRows = rows.map { $0.lowerBound * length..<$0.upperBound * length }
            let itemsMatter = isValid.map { $0.flatMap { repeatElement($0, count: length) } }
            try child(0).append(items, itemRows, mattering: itemsMatter)
        case .list(let offsets, let items):
            try child(0).append(items, appendLengths(offsets, rows, isValid))
        case .structure(let members):
            for (index, member) in members.enumerated() {
                try child(index).append(member, rows, mattering: isValid)
            }
        }
    }

    private func child(_ index: Int) -> CanonicalBytes {
        while children.count <= index { children.append(CanonicalBytes()) }
        return children[index]
    }

    /// Which of the rows are valid and matter; nil where all are.
    private static func validity(of column: Column, _ rows: [Range<Int>], _ mattering: [Bool]?) -> [Bool]? {
        if column.type == .null { return rows.flatMap { repeatElement(false, count: $0.count) } }
        guard let bitmap = column.validity else { return mattering }
        let bits = bitmap.packed
        var result: [Bool] = []
        for range in rows {
            for row in range { result.append(bits[row >> 3] >> UInt8(row & 7) & 1 == 1) }
        }
        if let mattering {
            for index in result.indices where !mattering[index] { result[index] = false }
        }
        return result
    }

    private func appendBits(_ bitmap: Bitmap, _ rows: [Range<Int>], _ isValid: [Bool]?) {
        let bits = bitmap.packed
        var index = 0
        for range in rows {
            for row in range {
                values.append(isValid?[index] ?? true ? bits[row >> 3] >> UInt8(row & 7) & 1 : 0)
                index += 1
            }
        }
    }

    private func appendFixed(_ view: ByteView, _ width: Int, _ rows: [Range<Int>], _ isValid: [Bool]?) throws {
        let start = values.count
        for range in rows {
            try view.slice(range.lowerBound * width, range.count * width).withUnsafeBytes {
                values.append(contentsOf: $0)
            }
        }
        guard let isValid, width > 0 else { return }
        values.withUnsafeMutableBytes { values in
            for index in isValid.indices where !isValid[index] {
                let value = start + index * width
                for byte in value..<value + width { values[byte] = 0 }
            }
        }
    }

    /// Appends the lengths, and returns where the parts of valid rows are, neighbours joined.
    private func appendLengths(_ offsets: [Int], _ rows: [Range<Int>], _ isValid: [Bool]?) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var open: Range<Int>?
        var index = 0
        for range in rows {
            for row in range {
                let counts = isValid?[index] ?? true
                index += 1
                let part = offsets[row]..<offsets[row + 1]
                lengths.append(counts ? UInt64(part.count).littleEndian : 0)
                guard counts, !part.isEmpty else { continue }
                if let before = open, before.upperBound == part.lowerBound {
                    open = before.lowerBound..<part.upperBound
                } else {
                    if let before = open { parts.append(before) }
                    open = part
                }
            }
        }
        if let open { parts.append(open) }
        return parts
    }
}
