// SPDX-License-Identifier: Apache-2.0

/// Values as JSON, faithful: floats with the fewest digits that give the same float back, integers whole.
enum JSONText {
    static let null: StaticString = "null"

    static func append(_ literal: StaticString, to out: inout [UInt8]) {
        literal.withUTF8Buffer { out.append(contentsOf: $0) }
    }

    static func append(_ text: String, to out: inout [UInt8]) {
        var text = text
        text.withUTF8 { append(utf8: UnsafeRawBufferPointer($0), to: &out) }
    }

    /// Text whose bytes are known to be UTF-8.
    static func append(utf8 bytes: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        var start = 0
        for index in 0..<bytes.count {
            let byte = bytes[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            out.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
            escape(byte, to: &out)
            start = index + 1
        }
        out.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start...]))
        out.append(UInt8(ascii: "\""))
    }

    private static func escape(_ byte: UInt8, to out: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"" as StaticString, to: &out)
        case UInt8(ascii: "\\"): append("\\\\" as StaticString, to: &out)
        case UInt8(ascii: "\n"): append("\\n" as StaticString, to: &out)
        case UInt8(ascii: "\r"): append("\\r" as StaticString, to: &out)
        case UInt8(ascii: "\t"): append("\\t" as StaticString, to: &out)
        default:
            let digits = Array("0123456789abcdef".utf8)
            append("\\u00" as StaticString, to: &out)
            out.append(digits[Int(byte >> 4)])
            out.append(digits[Int(byte & 0xf)])
        }
    }

    static func append(_ value: some FixedWidthInteger, to out: inout [UInt8]) {
        out.append(contentsOf: "\(value)".utf8)
    }

    /// NaN and infinities, which JSON numbers cannot be, as strings.
    static func append<T: BinaryFloatingPoint & LosslessStringConvertible>(_ value: T, to out: inout [UInt8]) {
        if value.isFinite {
            out.append(contentsOf: value.description.utf8)
        } else if value.isNaN {
            append("\"NaN\"" as StaticString, to: &out)
        } else {
            append(value < 0 ? "\"-Infinity\"" as StaticString : "\"Infinity\"", to: &out)
        }
    }

    static func append(_ values: [Float], to out: inout [UInt8]) {
        out.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            append(value, to: &out)
        }
        out.append(UInt8(ascii: "]"))
    }
}
