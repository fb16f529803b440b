// SPDX-License-Identifier: Apache-2.0
import Columnar

extension TimeUnit {
    /// Digits after the point of a second.
    var fractionDigits: Int {
        switch self {
        case .second: 0
        case .millisecond: 3
        case .microsecond: 6
        case .nanosecond: 9
        }
    }

    var ticksPerSecond: Int64 { (0..<fractionDigits).reduce(1) { ticks, _ in ticks * 10 } }
}

/// Dates and times as ISO 8601 text, in both directions.
///
/// Years beyond 9999 and before 0 have a sign and as many digits as they need.
enum TimeText {
    static let secondsPerDay: Int64 = 86_400

    // MARK: Writing

    /// `2024-02-29`
    static func append(days: Int64, to out: inout [UInt8]) {
        let date = CalendarDate(daysSince1970: days)
        if !(0...9999).contains(date.year) { out.append(UInt8(ascii: date.year < 0 ? "-" : "+")) }
        append(abs(date.year), digits: 4, to: &out)
        out.append(UInt8(ascii: "-"))
        append(Int64(date.month), digits: 2, to: &out)
        out.append(UInt8(ascii: "-"))
        append(Int64(date.day), digits: 2, to: &out)
    }

    /// `2024-02-29T12:34:56.789`, with Z where the instant is in UTC.
    static func append(ticks: Int64, _ unit: TimeUnit, isUTC: Bool, to out: inout [UInt8]) {
        let (seconds, fraction) = ticks.floorDivision(by: unit.ticksPerSecond)
        let (days, second) = seconds.floorDivision(by: secondsPerDay)
        append(days: days, to: &out)
        out.append(UInt8(ascii: "T"))
        for (index, part) in [second / 3600, second / 60 % 60, second % 60].enumerated() {
            if index > 0 { out.append(UInt8(ascii: ":")) }
            append(part, digits: 2, to: &out)
        }
        if unit != .second {
            out.append(UInt8(ascii: "."))
            append(fraction, digits: unit.fractionDigits, to: &out)
        }
        if isUTC { out.append(UInt8(ascii: "Z")) }
    }

    private static func append(_ value: Int64, digits: Int, to out: inout [UInt8]) {
        let text = "\(value)"
        out.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: max(digits - text.utf8.count, 0)))
        out.append(contentsOf: text.utf8)
    }

    // MARK: Reading

    /// Days since 1970; nil where the text is no date.
    static func days(_ text: String) -> Int64? {
        var reader = TimeReader(text)
        guard let days = reader.date(), reader.isAtEnd else { return nil }
        return days
    }

    /// Ticks since 1970; nil where the text is no such time, is too precise for the unit, or out of range.
    ///
    /// - Parameter isUTC: whether the text must have a Z or an offset; else it must have none.
    static func ticks(_ text: String, _ unit: TimeUnit, isUTC: Bool) -> Int64? {
        var reader = TimeReader(text)
        guard let days = reader.date(), let time = reader.time(fractionDigits: unit.fractionDigits) else { return nil }
        var offset: Int64 = 0
        if isUTC {
            guard let found = reader.offset() else { return nil }
            offset = found
        }
        guard reader.isAtEnd else { return nil }
        return sum(days, time.seconds - offset, scale: secondsPerDay)
            .flatMap { sum($0, time.fraction, scale: unit.ticksPerSecond) }
    }

    /// `count * scale + more`; nil where that is beyond Int64.
    private static func sum(_ count: Int64, _ more: Int64, scale: Int64) -> Int64? {
        // One unit is moved over: the product alone may be out of range where the sum is the smallest Int64.
        let (count, more) = count < 0 ? (count + 1, more - scale) : (count, more)
        let (product, tooLarge) = count.multipliedReportingOverflow(by: scale)
        let (sum, overflow) = product.addingReportingOverflow(more)
        return tooLarge || overflow ? nil : sum
    }
}

/// Reads the parts of an ISO 8601 text from front to back.
private struct TimeReader {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = Substring(text).utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func number(digits: ClosedRange<Int>) -> Int64? {
        let part = rest.prefix(digits.upperBound).prefix { (0x30...0x39).contains($0) }
        guard digits.contains(part.count) else { return nil }
        rest.removeFirst(part.count)
        return part.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    /// `[+-]YYYY-MM-DD` as days since 1970.
    mutating func date() -> Int64? {
        let isNegative = take("-")
        let isSigned = isNegative || take("+")
        guard let year = number(digits: 4...(isSigned ? 12 : 4)), take("-"), let month = number(digits: 2...2),
            take("-"), let day = number(digits: 2...2)
        else { return nil }
        let date = CalendarDate(year: isNegative ? -year : year, month: Int(month), day: Int(day))
        return date.isValid ? date.daysSince1970 : nil
    }

    /// `THH:MM:SS[.fraction]`; digits beyond `fractionDigits` must be zeros.
    mutating func time(fractionDigits: Int) -> (seconds: Int64, fraction: Int64)? {
        guard take("T") || take(" "), let hour = number(digits: 2...2), take(":"), let minute = number(digits: 2...2),
            take(":"), let second = number(digits: 2...2), hour < 24, minute < 60, second < 60
        else { return nil }
        var fraction: Int64 = 0
        if take(".") {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard (1...18).contains(digits.count), digits.dropFirst(fractionDigits).allSatisfy({ $0 == 0x30 }) else {
                return nil
            }
            rest.removeFirst(digits.count)
            let kept = digits.prefix(fractionDigits)
            fraction = kept.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
            for _ in kept.count..<max(fractionDigits, kept.count) { fraction *= 10 }
        }
        return (hour * 3600 + minute * 60 + second, fraction)
    }

    /// `Z` or `±HH:MM`, in seconds.
    mutating func offset() -> Int64? {
        if take("Z") { return 0 }
        let isNegative = take("-")
        guard isNegative || take("+"), let hours = number(digits: 2...2), take(":"),
            let minutes = number(digits: 2...2), hours < 24, minutes < 60
        else { return nil }
        let seconds = hours * 3600 + minutes * 60
        return isNegative ? -seconds : seconds
    }
}
