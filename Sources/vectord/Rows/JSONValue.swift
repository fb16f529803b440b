// SPDX-License-Identifier: Apache-2.0
import Columnar
import Foundation

/// Values of columns from JSON, by the column's type.
enum JSONValue {
    /// Adds the bytes of a value of a type with a fixed width.
    static func appendFixed(
        _ type: DataType, from scanner: inout JSONScanner, to bytes: inout [UInt8]
    ) throws(JSONProblem) {
        switch type {
        case .int8: write(try integer(Int8.self, &scanner), to: &bytes)
        case .int16: write(try integer(Int16.self, &scanner), to: &bytes)
        case .int32, .time32: write(try integer(Int32.self, &scanner), to: &bytes)
        case .int64, .time64, .duration: write(try integer(Int64.self, &scanner), to: &bytes)
        case .uint8: write(try integer(UInt8.self, &scanner), to: &bytes)
        case .uint16: write(try integer(UInt16.self, &scanner), to: &bytes)
        case .uint32: write(try integer(UInt32.self, &scanner), to: &bytes)
        case .uint64: write(try integer(UInt64.self, &scanner), to: &bytes)
        case .float16: write(try half(&scanner), to: &bytes)
        case .float32: write(try float(&scanner).bitPattern, to: &bytes)
        case .float64: write(try double(&scanner).bitPattern, to: &bytes)
        case .date32, .date64: try appendDate(type, from: &scanner, to: &bytes)
        case .timestamp(let unit, let zone): write(try timestamp(unit, zone, &scanner), to: &bytes)
        default:
            let start = scanner.position
            let data = try base64(&scanner)
            let width = type.byteWidth ?? 0
            guard data.count == width else {
                throw scanner.problem("\(data.count) bytes, expected \(width)", at: start)
            }
            bytes.append(contentsOf: data)
        }
    }

    private static func write<T: FixedWidthInteger>(_ value: T, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    // MARK: Numbers

    private static func integer<T: FixedWidthInteger>(_ type: T.Type, _ scanner: inout JSONScanner) throws(JSONProblem)
        -> T
    {
        let start = scanner.position
        let number = try scanner.number()
        guard number.isInteger else { throw scanner.problem("\(spelled(number)) is not an integer", at: start) }
        guard let value = number.integer(T.self) else {
            throw scanner.problem("\(spelled(number)) is not between \(T.min) and \(T.max)", at: start)
        }
        return value
    }

    static func float(_ scanner: inout JSONScanner) throws(JSONProblem) -> Float {
        try floating(&scanner) { $0.float }
    }

    static func double(_ scanner: inout JSONScanner) throws(JSONProblem) -> Double {
        try floating(&scanner) { $0.double }
    }

    private static func half(_ scanner: inout JSONScanner) throws(JSONProblem) -> UInt16 {
        let start = scanner.position
        let value = try float(&scanner)
        guard let bits = HalfFloat.narrowIfPossible(value) else {
            throw scanner.problem("\(value) is beyond float16", at: start)
        }
        return bits
    }

    /// A number, or a string for what JSON numbers cannot be.
    @inline(__always)
    private static func floating<T: BinaryFloatingPoint & LosslessStringConvertible>(
        _ scanner: inout JSONScanner, _ convert: (JSONNumber) -> T
    ) throws(JSONProblem) -> T {
        let start = scanner.position
        if scanner.peek() == UInt8(ascii: "\"") {
            let text = try scanner.string()
            switch text {
            case "NaN": return .nan
            case "Infinity": return .infinity
            case "-Infinity": return -.infinity
            default:
                throw scanner.problem(
                    "expected a number, found the string '\(Readable.line(text, limit: 40))'", at: start)
            }
        }
        let number = try scanner.number()
        let value = convert(number)
        guard value.isFinite else { throw scanner.problem("\(spelled(number)) is beyond \(T.self)", at: start) }
        return value
    }

    private static func spelled(_ number: JSONNumber) -> String {
        Readable.line(String(decoding: number.text, as: UTF8.self), limit: 40)
    }

    // MARK: Text of other types

    static func base64(_ scanner: inout JSONScanner) throws(JSONProblem) -> Data {
        let start = scanner.position
        guard let data = Data(base64Encoded: try scanner.string()) else {
            throw scanner.problem("not base64", at: start)
        }
        return data
    }

    private static func appendDate(
        _ type: DataType, from scanner: inout JSONScanner, to bytes: inout [UInt8]
    ) throws(JSONProblem) {
        let start = scanner.position
        let text = try scanner.string()
        if type == .date32, let days = TimeText.days(text).flatMap(Int32.init(exactly:)) {
            return write(days, to: &bytes)
        }
        if type == .date64 {
            let perDay = TimeText.secondsPerDay * 1000
            if let days = TimeText.days(text), !days.multipliedReportingOverflow(by: perDay).overflow {
                return write(days * perDay, to: &bytes)
            }
            if let ticks = TimeText.ticks(text, .millisecond, isUTC: false) { return write(ticks, to: &bytes) }
        }
        throw scanner.problem(
            "'\(Readable.line(text, limit: 40))' is not a date (YYYY-MM-DD) of the column's range", at: start)
    }

    private static func timestamp(
        _ unit: TimeUnit, _ zone: String?, _ scanner: inout JSONScanner
    ) throws(JSONProblem) -> Int64 {
        let start = scanner.position
        let text = try scanner.string()
        if let ticks = TimeText.ticks(text, unit, isUTC: zone != nil) { return ticks }
        let fraction = unit == .second ? "" : "." + String(repeating: "s", count: unit.fractionDigits)
        throw scanner.problem(
            "'\(Readable.line(text, limit: 40))' is not a time (YYYY-MM-DDThh:mm:ss\(fraction)"
                + (zone == nil ? " without zone" : " with Z or ±hh:mm") + ") of the column's range",
            at: start)
    }
}

extension HalfFloat {
    /// The nearest binary16; nil for finite numbers beyond its range.
    static func narrowIfPossible(_ value: Float) -> UInt16? {
        value.isFinite && value.magnitude >= tooLarge ? nil : narrow(value)
    }
}
