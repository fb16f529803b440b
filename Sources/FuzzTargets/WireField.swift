// SPDX-License-Identifier: Apache-2.0

/// A field of a protobuf message as it stands in the bytes.
struct WireField {
    var tag: UInt64
    var value: Value

    enum Value {
        case number(UInt64)
        case bytes([UInt8])
        /// Of four or eight bytes.
        case fixed([UInt8])
    }

    /// The fields of a message; nil where the bytes are none.
    static func parse(_ bytes: [UInt8]) -> [WireField]? {
        var fields: [WireField] = []
        var place = 0
        func varint() -> UInt64? {
            var number: UInt64 = 0
            for shift in stride(from: 0, to: 64, by: 7) {
                guard place < bytes.count else { return nil }
                number |= UInt64(bytes[place] & 127) << UInt64(shift)
                place += 1
                if bytes[place - 1] < 128 { return number }
            }
            return nil
        }
        func take(_ count: UInt64) -> [UInt8]? {
            guard count <= UInt64(bytes.count - place) else { return nil }
            defer { place += Int(count) }
            return Array(bytes[place..<place + Int(count)])
        }
        while place < bytes.count {
            guard let tag = varint(), tag >> 3 > 0, tag >> 3 < 1 << 12 else { return nil }
            switch tag & 7 {
            case 0:
                guard let number = varint() else { return nil }
                fields.append(WireField(tag: tag, value: .number(number)))
            case 2:
                guard let length = varint(), let content = take(length) else { return nil }
                fields.append(WireField(tag: tag, value: .bytes(content)))
            case 1, 5:
                guard let content = take(tag & 7 == 1 ? 8 : 4) else { return nil }
                fields.append(WireField(tag: tag, value: .fixed(content)))
            default: return nil
            }
        }
        return fields
    }

    static func serialize(_ fields: [WireField]) -> [UInt8] {
        var bytes: [UInt8] = []
        func varint(_ number: UInt64) {
            var rest = number
            while rest > 127 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }
        for field in fields {
            varint(field.tag)
            switch field.value {
            case .number(let number): varint(number)
            case .fixed(let content): bytes += content
            case .bytes(let content):
                varint(UInt64(content.count))
                bytes += content
            }
        }
        return bytes
    }
}
