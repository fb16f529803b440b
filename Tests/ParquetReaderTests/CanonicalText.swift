// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// Values as the text that `Interop/parquet_expect.py` writes.
enum CanonicalText {
    static func append(_ column: Column, _ row: Int, to text: inout [UInt8]) {
        if column.isNull(row) { return text.append(UInt8(ascii: "~")) }
        switch column.storage {
        case .none: text.append(UInt8(ascii: "~"))
        case .bits(let bits): text.append(UInt8(ascii: bits[row] ? "t" : "f"))
        case .variable(let offsets, let data):
            hex(data, offsets[row], offsets[row + 1] - offsets[row], prefix: "'", &text)
        case .list(let offsets, let items):
            text.append(UInt8(ascii: "["))
            for item in offsets[row]..<offsets[row + 1] {
                if item > offsets[row] { text.append(UInt8(ascii: ",")) }
                append(items, item, to: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .fixedSizeList, .structure: text.append(UInt8(ascii: "?"))
        case .fixed(let view):
            let width = column.type.byteWidth ?? 0
            if column.type.isFloat {
                hex(view, row * width, width, prefix: "x", &text, reversed: true)
            } else if case .int(let value) = try? column.value(row) {
                text.append(contentsOf: String(value).utf8)
            } else if case .uint(let value) = try? column.value(row) {
                text.append(contentsOf: String(value).utf8)
            } else {
                hex(view, row * width, width, prefix: "'", &text)
            }
        }
    }

    private static func hex(
        _ view: ByteView, _ start: Int, _ count: Int, prefix: UnicodeScalar, _ text: inout [UInt8],
        reversed: Bool = false
    ) {
        let digits = Array("0123456789abcdef".utf8)
        text.append(UInt8(ascii: prefix))
        view.withUnsafeBytes { bytes in
            for index in 0..<count {
                let byte = bytes[start + (reversed ? count - 1 - index : index)]
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            }
        }
    }
}
