// SPDX-License-Identifier: Apache-2.0

/// How the bytes of a column's values are stored, by the numbers of the format's `Type`.
enum PhysicalType: Int32, Sendable, CustomStringConvertible {
    case boolean = 0
    case int32, int64, int96, float, double, byteArray, fixedLenByteArray

    var description: String {
        switch self {
        case .boolean: "BOOLEAN"
        case .int32: "INT32"
        case .int64: "INT64"
        case .int96: "INT96"
        case .float: "FLOAT"
        case .double: "DOUBLE"
        case .byteArray: "BYTE_ARRAY"
        case .fixedLenByteArray: "FIXED_LEN_BYTE_ARRAY"
        }
    }

    /// Bytes of a decoded value; nil where each has its own length. A Boolean is a byte until its column is made.
    func width(length: Int) -> Int? {
        switch self {
        case .boolean: 1
        case .int32, .float: 4
        case .int64, .double: 8
        case .int96: 12
        case .fixedLenByteArray: length
        case .byteArray: nil
        }
    }
}
