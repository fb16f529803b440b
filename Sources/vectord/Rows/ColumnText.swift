// SPDX-License-Identifier: Apache-2.0
import Columnar
import Foundation
import LanceFile
import LanceVectorStore

/// The values of a column as JSON, one after another.
///
/// A column at a time: the type is looked at once a batch, and the rows are put together from the pieces.
struct ColumnText {
    private(set) var bytes: [UInt8] = []
    /// Where the text of each row ends.
    private(set) var ends: [Int] = []
    private let name: String

    init(_ column: Column, name: String) throws {
        self.name = name
        ends.reserveCapacity(column.count)
        if case .fixedSizeList(let items, let length) = column.storage {
            try appendLists(column, items) { $0 * length..<($0 + 1) * length }
        } else if case .list(let offsets, let items) = column.storage {
            try appendLists(column, items) { offsets[$0]..<offsets[$0 + 1] }
        } else if case .structure(let members) = column.storage, case .structure(let types) = column.type {
            try appendObjects(column, members, names: types.map(\.name))
        } else {
            try column.withValueBytes { values throws in
                for row in 0..<column.count {
                    try append(column, row, values)
                    ends.append(bytes.count)
                }
            }
        }
    }

    func text(_ row: Int) -> ArraySlice<UInt8> { bytes[(row == 0 ? 0 : ends[row - 1])..<ends[row]] }

    private mutating func appendLists(_ column: Column, _ items: Column, _ range: (Int) -> Range<Int>) throws {
        // Lists within lists are rare and slow; lists of numbers are vectors.
        let nested: ColumnText?
        switch items.storage {
        case .fixedSizeList, .list, .structure: nested = try ColumnText(items, name: name)
        default: nested = nil
        }
        try items.withValueBytes { values throws in
            for row in 0..<column.count {
                if column.isNull(row) {
                    JSONText.append(JSONText.null, to: &bytes)
                } else {
                    bytes.append(UInt8(ascii: "["))
                    for (index, item) in range(row).enumerated() {
                        if index > 0 { bytes.append(UInt8(ascii: ",")) }
                        if let nested { bytes += nested.text(item) } else { try append(items, item, values) }
                    }
                    bytes.append(UInt8(ascii: "]"))
                }
                ends.append(bytes.count)
            }
        }
    }

    private mutating func appendObjects(_ column: Column, _ members: [Column], names: [String]) throws {
        let texts = try members.map { try ColumnText($0, name: name) }
        for row in 0..<column.count {
            if column.isNull(row) {
                JSONText.append(JSONText.null, to: &bytes)
            } else {
                bytes.append(UInt8(ascii: "{"))
                for (index, (text, name)) in zip(texts, names).enumerated() {
                    if index > 0 { bytes.append(UInt8(ascii: ",")) }
                    JSONText.append(name, to: &bytes)
                    bytes.append(UInt8(ascii: ":"))
                    bytes += text.text(row)
                }
                bytes.append(UInt8(ascii: "}"))
            }
            ends.append(bytes.count)
        }
    }

    private mutating func append(_ column: Column, _ row: Int, _ values: UnsafeRawBufferPointer) throws {
        guard !column.isNull(row) else { return JSONText.append(JSONText.null, to: &bytes) }
        func load<T: BitwiseCopyable>(_: T.Type) -> T {
            // `Column` promises a value for each row.
            values.loadUnaligned(fromByteOffset: row * MemoryLayout<T>.size, as: T.self)
        }
        switch column.type {
        case .null, .other: JSONText.append(JSONText.null, to: &bytes)
        case .bool:
            guard case .bool(let value) = try column.value(row) else { return }
            JSONText.append(value ? "true" as StaticString : "false", to: &bytes)
        case .int8: JSONText.append(load(Int8.self), to: &bytes)
        case .int16: JSONText.append(load(Int16.self), to: &bytes)
        case .int32, .time32: JSONText.append(load(Int32.self), to: &bytes)
        case .int64, .time64, .duration: JSONText.append(load(Int64.self), to: &bytes)
        case .uint8: JSONText.append(load(UInt8.self), to: &bytes)
        case .uint16: JSONText.append(load(UInt16.self), to: &bytes)
        case .uint32: JSONText.append(load(UInt32.self), to: &bytes)
        case .uint64: JSONText.append(load(UInt64.self), to: &bytes)
        case .float16: JSONText.append(HalfFloat.widen(load(UInt16.self)), to: &bytes)
        case .float32: JSONText.append(load(Float.self), to: &bytes)
        case .float64: JSONText.append(load(Double.self), to: &bytes)
        case .date32: appendQuoted { TimeText.append(days: Int64(load(Int32.self)), to: &$0) }
        case .date64: appendDate(milliseconds: load(Int64.self))
        case .timestamp(let unit, let zone):
            let ticks = load(Int64.self)
            appendQuoted { TimeText.append(ticks: ticks, unit, isUTC: zone != nil, to: &$0) }
        case .utf8, .largeUtf8: try appendText(column, row, values)
        case .binary, .largeBinary: appendBase64(Self.variable(column, row, values))
        case .fixedSizeBinary, .decimal128, .decimal256:
            let width = column.type.byteWidth ?? 0
            appendBase64(UnsafeRawBufferPointer(rebasing: values[row * width..<(row + 1) * width]))
        case .fixedSizeList, .list, .largeList, .structure, .map: break
        }
    }

    /// The bytes of one value; `Column` promises that its offsets are within the data.
    private static func variable(
        _ column: Column, _ row: Int, _ values: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        guard case .variable(let offsets, _) = column.storage else {
            return UnsafeRawBufferPointer(rebasing: values[..<0])
        }
        return UnsafeRawBufferPointer(rebasing: values[offsets[row]..<offsets[row + 1]])
    }

    private mutating func appendText(_ column: Column, _ row: Int, _ values: UnsafeRawBufferPointer) throws {
        let value = Self.variable(column, row, values)
        guard value.allSatisfy({ $0 < 0x80 }) || String(validating: value, as: UTF8.self) != nil else {
            throw StoreError(code: .corrupt, message: "column '\(name)' has text that is not valid UTF-8")
        }
        JSONText.append(utf8: value, to: &bytes)
    }

    private mutating func appendBase64(_ value: UnsafeRawBufferPointer) {
        appendQuoted { $0.append(contentsOf: Data(value).base64EncodedString().utf8) }
    }

    /// A whole number of days is a date; anything else, which the type does not foresee, keeps its time.
    private mutating func appendDate(milliseconds: Int64) {
        let perDay = TimeText.secondsPerDay * 1000
        appendQuoted { out in
            if milliseconds % perDay == 0 {
                TimeText.append(days: milliseconds / perDay, to: &out)
            } else {
                TimeText.append(ticks: milliseconds, .millisecond, isUTC: false, to: &out)
            }
        }
    }

    private mutating func appendQuoted(_ body: (inout [UInt8]) -> Void) {
        bytes.append(UInt8(ascii: "\""))
        body(&bytes)
        bytes.append(UInt8(ascii: "\""))
    }
}
