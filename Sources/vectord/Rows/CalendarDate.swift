// SPDX-License-Identifier: Apache-2.0

/// A day of the Gregorian calendar, extended without end in both directions.
///
/// By hand, since a column may hold any number of days: Foundation's calendar is neither made for that nor fast.
struct CalendarDate: Equatable {
    var year: Int64
    /// 1 to 12.
    var month: Int
    /// 1 to 31.
    var day: Int

    /// Days of 400 years, after which the calendar repeats itself.
    private static let daysPerEra: Int64 = 146_097
    /// From March 1 of the year 0, where the count is simple, to 1970-01-01.
    private static let daysBefore1970: Int64 = 719_468
    /// The years of every Int64 count of seconds, and more; far from where arithmetic would overflow.
    static let longestYear: Int64 = 1_000_000_000_000

    init(year: Int64, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// - Parameter days: days since 1970-01-01, at most 2^53 either way.
    init(daysSince1970 days: Int64) {
        let shifted = days + Self.daysBefore1970
        let (era, dayOfEra) = shifted.floorDivision(by: Self.daysPerEra)
        // Leap days are at the end of a year that begins in March: one every 4 years, but for 3 of 4 centuries.
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        // From March on the lengths of months repeat every 153 days.
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01; the year must be within `longestYear`.
    var daysSince1970: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = shiftedYear.floorDivision(by: 400)
        let shiftedMonth = Int64(month > 2 ? month - 3 : month + 9)
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * Self.daysPerEra + dayOfEra - Self.daysBefore1970
    }

    /// Whether there is such a day.
    var isValid: Bool {
        guard (1...12).contains(month), day >= 1, abs(year) <= Self.longestYear else { return false }
        // A day that is not there would be another one when counted.
        return CalendarDate(daysSince1970: daysSince1970) == self
    }
}

extension Int64 {
    /// Rounded towards minus infinity, and the rest, which is never negative.
    func floorDivision(by divisor: Int64) -> (quotient: Int64, rest: Int64) {
        let (quotient, rest) = quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
    }
}
