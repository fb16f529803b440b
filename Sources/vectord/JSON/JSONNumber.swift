// SPDX-License-Identifier: Apache-2.0

/// A JSON number with all its digits: `mantissa` x 10^`exponent`.
struct JSONNumber {
    var isNegative = false
    /// Whether there is neither a fraction nor an exponent.
    private(set) var isInteger = true
    /// The digits; meaningless unless `isExact`.
    private var mantissa: UInt64 = 0
    private var exponent = 0
    /// Whether all digits fit.
    private var isExact = true
    /// The number as it is written; valid as long as the scanner's bytes.
    var text = UnsafeRawBufferPointer(start: nil, count: 0)

    @inline(__always)
    mutating func append(_ digit: UInt8) {
        let (product, tooLarge) = mantissa.multipliedReportingOverflow(by: 10)
        let (sum, overflow) = product.addingReportingOverflow(UInt64(digit))
        if tooLarge || overflow { isExact = false }
        mantissa = sum
    }

    @inline(__always)
    mutating func append(fraction digit: UInt8) {
        isInteger = false
        append(digit)
        exponent -= 1
    }

    mutating func apply(exponent more: Int) {
        isInteger = false
        exponent += more
    }

    // MARK: Integers

    /// The integer; nil where it has a fraction or an exponent, or is out of the type's range.
    func integer<T: FixedWidthInteger>(_ type: T.Type) -> T? {
        guard isInteger, isExact else { return nil }
        guard isNegative, mantissa > 0 else { return T(exactly: mantissa) }
        // The smallest Int64 has no positive counterpart.
        guard mantissa <= UInt64(Int64.max) + 1 else { return nil }
        return T(exactly: Int64(truncatingIfNeeded: 0 &- mantissa))
    }

    // MARK: Floats

    /// Powers of ten that a Double holds exactly.
    private static let powers: [Double] = (0...22).map { power in
        (0..<power).reduce(1.0) { value, _ in value * 10 }
    }

    /// The nearest Double where one multiplication or division of exact numbers gives it; nil else.
    private var quickDouble: Double? {
        guard isExact, mantissa <= 1 << 53, (-22...22).contains(exponent) else { return nil }
        let magnitude =
            exponent < 0
            ? Double(mantissa) / Self.powers[-exponent] : Double(mantissa) * Self.powers[exponent]
        return isNegative ? -magnitude : magnitude
    }

    /// The nearest Double; infinite beyond its range.
    var double: Double {
        if let quickDouble { return quickDouble }
        return Double(String(decoding: text, as: UTF8.self)) ?? .infinity
    }

    /// The nearest Float; infinite beyond its range.
    var float: Float {
        // Rounding twice is wrong only where the Double stands exactly between two Floats: its lower 29 bits say so,
        // but for the subnormal ones.
        if let quickDouble, quickDouble.bitPattern & 0x1fff_ffff != 0x1000_0000 {
            let magnitude = abs(quickDouble)
            if magnitude == 0 || (magnitude >= 0x1p-125 && magnitude <= 0x1p127) { return Float(quickDouble) }
        }
        return Float(String(decoding: text, as: UTF8.self)) ?? .infinity
    }
}
