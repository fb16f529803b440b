// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// What has to be done to decoded values before they are a column's.
enum ValueConversion: Sendable, Equatable {
    case none
    /// Bytes of 0 and 1 become bits.
    case bits
    /// The bytes must be UTF-8.
    case text
    /// INT32 whose values fit 1 or 2 bytes.
    case narrow(bytes: Int, isSigned: Bool)
    /// Nanoseconds of a day and a Julian day number become nanoseconds since 1970.
    case int96
    /// Two's complement of `width` bytes becomes one of 16.
    case decimal(width: Int, isBigEndian: Bool)
    /// A column of the null type.
    case allNull
}

/// A value that cannot be converted: thrown here, turned by the caller into a failure that names column and row.
struct InvalidValue: Error {
    var index: Int
    var message: String
    var code = Failure.Code.corrupt
}

extension ValueConversion {
    /// Makes a column of `type` from the values of `buffer`, which is used up.
    func column(_ type: DataType, _ buffer: ValueBuffer, count: Int, validity: Bitmap?) throws -> Column {
        let offsets = buffer.offsets
        let view = buffer.takeBytes(name: "column")
        func fixed(_ bytes: ByteView) throws -> Column {
            try Column(type, count: count, validity: validity, storage: .fixed(bytes))
        }
        switch self {
        case .none where buffer.width != nil: return try fixed(view)
        case .text, .none:
            if self == .text { try UTF8Check.validate(view, offsets: offsets) }
            return try Column(type, count: count, validity: validity, storage: .variable(offsets: offsets, data: view))
        case .bits: return try Column(type, count: count, validity: validity, storage: .bits(Self.pack(view, count)))
        case .narrow(let bytes, let isSigned):
            return try fixed(
                bytes == 1 ? Self.narrow(view, isSigned, Int8.self) : Self.narrow(view, isSigned, Int16.self))
        case .int96: return try fixed(Self.nanoseconds(view, validity))
        case .decimal(let width, let isBigEndian): return try fixed(Self.widen(view, width, isBigEndian))
        case .allNull:
            guard count == 0 || validity?.zeros == count else {
                throw InvalidValue(index: 0, message: "a column of the null type has a value that is not null")
            }
            return try Column(type, count: count, storage: .none)
        }
    }

    private static func pack(_ view: ByteView, _ count: Int) throws -> Bitmap {
        let size = (count + 7) / 8
        let region = Region(count: size, name: "column") { target in
            view.withUnsafeBytes { source in
                var index = 0
                for byte in 0..<size {
                    var bits: UInt8 = 0
                    for bit in 0..<min(8, count - index) { bits |= (source[index + bit] & 1) << UInt8(bit) }
                    target[byte] = bits
                    index += 8
                }
            }
        }
        return try Bitmap(region.view, count: count)
    }

    /// Unsigned values may have been extended to 32 bits by zeros or by their highest bit: writers do either.
    private static func narrow<T: FixedWidthInteger & SignedInteger>(
        _ view: ByteView, _ isSigned: Bool, _ type: T.Type
    ) throws -> ByteView {
        let count = view.count / 4
        return try Region(count: count * MemoryLayout<T>.size, name: "column") { target in
            try view.withUnsafeBytes { source in
                for index in 0..<count {
                    let wide = source.loadUnaligned(fromByteOffset: index * 4, as: Int32.self)
                    let value = T(truncatingIfNeeded: wide)
                    guard Int32(value) == wide || !isSigned && wide >> Int32(T.bitWidth) == 0 else {
                        throw InvalidValue(index: index, message: "\(wide) does not fit \(T.bitWidth) bits")
                    }
                    target.storeBytes(of: value, toByteOffset: index * MemoryLayout<T>.size, as: T.self)
                }
            }
        }.view
    }

    /// INT96 is 8 bytes of nanoseconds in the day and 4 of the Julian day, whose number 2,440,588 is 1970-01-01.
    private static func nanoseconds(_ view: ByteView, _ validity: Bitmap?) throws -> ByteView {
        let count = view.count / 12
        return try Region(count: count * 8, name: "column") { target in
            try view.withUnsafeBytes { source in
                for index in 0..<count {
                    let inDay = source.loadUnaligned(fromByteOffset: index * 12, as: Int64.self)
                    let day = Int64(source.loadUnaligned(fromByteOffset: index * 12 + 8, as: Int32.self)) - 2_440_588
                    let (start, far) = day.multipliedReportingOverflow(by: 86_400_000_000_000)
                    let (value, further) = start.addingReportingOverflow(inDay)
                    if far || further, validity?[index] ?? true {
                        throw InvalidValue(
                            index: index,
                            message: "an INT96 time outside of the years 1677 to 2262 cannot be kept in nanoseconds",
                            code: .unsupported)
                    }
                    target.storeBytes(of: value, toByteOffset: index * 8, as: Int64.self)
                }
            }
        }.view
    }

    private static func widen(_ view: ByteView, _ width: Int, _ isBigEndian: Bool) -> ByteView {
        let count = view.count / width
        return Region(count: count * 16, name: "column") { target in
            view.withUnsafeBytes { source in
                for index in 0..<count {
                    let first = index * width
                    let top = source[isBigEndian ? first : first + width - 1]
                    let fill: UInt8 = top & 0x80 == 0 ? 0 : 0xff
                    for byte in 0..<16 {
                        let place = isBigEndian ? first + width - 1 - byte : first + byte
                        target[index * 16 + byte] = byte < width ? source[place] : fill
                    }
                }
            }
        }.view
    }
}
