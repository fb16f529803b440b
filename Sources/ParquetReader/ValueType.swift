// SPDX-License-Identifier: Apache-2.0
import Columnar

/// What a primitive column of the file becomes: its type, and how decoded bytes turn into values of that type.
struct ValueType {
    /// Wider values than this are refused: a file may announce any length without having the bytes.
    static let maxFixedLength = 16 << 20

    var type: DataType
    var conversion: ValueConversion

    private init(_ type: DataType, _ conversion: ValueConversion = .none) {
        self.type = type
        self.conversion = conversion
    }

    /// Nil where we keep no such type.
    init?(_ physical: PhysicalType, length: Int, annotation: Annotation?) {
        guard length <= Self.maxFixedLength else { return nil }
        switch (physical, annotation) {
        case (_, .unknown): self.init(.null, .allNull)
        case (.boolean, nil): self.init(.bool, .bits)
        case (.float, nil): self.init(.float32)
        case (.double, nil): self.init(.float64)
        case (.int96, _): self.init(.timestamp(.nanosecond, zone: nil), .int96)
        case (.int32, _): self.init(int32: annotation)
        case (.int64, _): self.init(int64: annotation)
        case (.byteArray, nil), (.byteArray, .bson): self.init(.binary)
        case (.byteArray, .string), (.byteArray, .enum), (.byteArray, .json): self.init(.utf8, .text)
        case (.fixedLenByteArray, nil), (.fixedLenByteArray, .uuid):
            guard length > 0 else { return nil }
            self.init(.fixedSizeBinary(length))
        case (.fixedLenByteArray, .float16):
            guard length == 2 else { return nil }
            self.init(.float16)
        case (.fixedLenByteArray, .decimal(let precision, let scale)):
            guard (1...16).contains(length) else { return nil }
            self.init(precision: precision, scale: scale, .decimal(width: length, isBigEndian: true))
        default: return nil
        }
    }

    private init?(int32 annotation: Annotation?) {
        switch annotation {
        case nil, .integer(32, true): self.init(.int32)
        case .integer(32, false): self.init(.uint32)
        case .integer(16, true): self.init(.int16, .narrow(bytes: 2, isSigned: true))
        case .integer(16, false): self.init(.uint16, .narrow(bytes: 2, isSigned: false))
        case .integer(8, true): self.init(.int8, .narrow(bytes: 1, isSigned: true))
        case .integer(8, false): self.init(.uint8, .narrow(bytes: 1, isSigned: false))
        case .date: self.init(.date32)
        case .time(.millisecond): self.init(.time32(.millisecond))
        case .decimal(let precision, let scale):
            self.init(precision: precision, scale: scale, .decimal(width: 4, isBigEndian: false))
        default: return nil
        }
    }

    private init?(int64 annotation: Annotation?) {
        switch annotation {
        case nil, .integer(64, true): self.init(.int64)
        case .integer(64, false): self.init(.uint64)
        case .time(.microsecond): self.init(.time64(.microsecond))
        case .time(.nanosecond): self.init(.time64(.nanosecond))
        case .timestamp(let unit, let isUTC): self.init(.timestamp(unit, zone: isUTC ? "UTC" : nil))
        case .decimal(let precision, let scale):
            self.init(precision: precision, scale: scale, .decimal(width: 8, isBigEndian: false))
        default: return nil
        }
    }

    private init?(precision: Int, scale: Int, _ conversion: ValueConversion) {
        guard (1...38).contains(precision), (0...precision).contains(scale) else { return nil }
        self.init(.decimal128(precision: precision, scale: scale), conversion)
    }
}
