// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// One value of a column, for printing and for tests; never in a loop over vectors.
package enum Value: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case list([Value])
    /// One value a member, in the type's order.
    case structure([Value])
}

extension Column {
    /// The value of one row. Text that is not UTF-8 is `corrupt`.
    package func value(_ row: Int) throws -> Value {
        guard row >= 0, row < count else { throw Failure(.invalidArgument, "row \(row) of a column of \(count)") }
        if isNull(row) { return .null }
        switch storage {
        case .none: return .null
        case .bits(let bits): return .bool(bits[row])
        case .fixed(let view): return try fixedValue(view, row)
        case .variable(let offsets, let data):
            let part = try data.slice(offsets[row], offsets[row + 1] - offsets[row])
            return type.isText ? .string(try part.string("a value of a \(type) column")) : .bytes(part.bytes)
        case .fixedSizeList(let items, let length):
            return .list(try (row * length..<(row + 1) * length).map { try items.value($0) })
        case .list(let offsets, let items):
            return .list(try (offsets[row]..<offsets[row + 1]).map { try items.value($0) })
        case .structure(let members): return .structure(try members.map { try $0.value(row) })
        }
    }

    private func fixedValue(_ view: ByteView, _ row: Int) throws -> Value {
        switch type {
        case .int8: .int(Int64(try view.load(Int8.self, at: row)))
        case .int16: .int(Int64(try view.load(Int16.self, at: row * 2)))
        case .int32, .date32, .time32: .int(Int64(try view.load(Int32.self, at: row * 4)))
        case .int64, .date64, .time64, .timestamp, .duration: .int(try view.load(Int64.self, at: row * 8))
        case .uint8: .uint(UInt64(try view.load(UInt8.self, at: row)))
        case .uint16: .uint(UInt64(try view.load(UInt16.self, at: row * 2)))
        case .uint32: .uint(UInt64(try view.load(UInt32.self, at: row * 4)))
        case .uint64: .uint(try view.load(UInt64.self, at: row * 8))
        case .float16: .double(Double(HalfFloat.widen(try view.load(UInt16.self, at: row * 2))))
        case .float32: .double(Double(Float(bitPattern: try view.load(UInt32.self, at: row * 4))))
        case .float64: .double(Double(bitPattern: try view.load(UInt64.self, at: row * 8)))
        default:
            // Decimals and fixed-size binary: the bytes as they are.
            .bytes(try view.slice(row * (type.byteWidth ?? 0), type.byteWidth ?? 0).bytes)
        }
    }
}

/// IEEE binary16 by hand: `Float16` does not exist in Swift on x86 macOS.
package enum HalfFloat {
    /// Finite numbers from here on have no half beside them but infinity.
    package static let tooLarge: Float = 65520

    /// The nearest, of two the one whose last bit is 0; too large becomes infinite.
    package static func narrow(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
        let magnitude = bits & 0x7fff_ffff
        if magnitude > 0x7f80_0000 { return sign | 0x7e00 }
        // 65520 and more round to infinity; below 2^-14 the unit is 2^-24.
        if magnitude >= 0x477f_f000 { return sign | 0x7c00 }
        if magnitude < 0x3880_0000 {
            let units = (Float(bitPattern: magnitude) * 0x1p24).rounded(.toNearestOrEven)
            return sign | UInt16(units)
        }
        let rounded = magnitude + 0xfff + (magnitude >> 13 & 1)
        return sign | UInt16(truncatingIfNeeded: (rounded - 0x3800_0000) >> 13)
    }

    package static func widen(_ bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1f
        let fraction = UInt32(bits & 0x3ff)
        switch exponent {
        case 0:
            // Zero or subnormal: fraction x 2^-24, exact in a Float.
            let magnitude = Float(fraction) * 0x1p-24
            return Float(bitPattern: magnitude.bitPattern | sign)
        case 0x1f: return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
        default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
