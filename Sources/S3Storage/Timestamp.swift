// SPDX-License-Identifier: Apache-2.0
#if S3
    /// Moments in the two forms in which S3 writes them.
    package enum Timestamp {
        private static let day = 86_400

        /// `20130524T000000Z`: ISO 8601 without separators.
        package static func basic(_ seconds: Double) -> String {
            // Years 1 to 9999; a clock that says anything else is wrong, and the server will say so.
            let clamped = Int(min(max(seconds.isFinite ? seconds : 0, -62_135_596_800), 253_402_300_799).rounded(.down))
            let days = clamped.quotientDown(day)
            let rest = clamped - days * day
            let (year, month, date) = civil(days)
            return padded(year, 4) + padded(month, 2) + padded(date, 2) + "T" + padded(rest / 3600, 2)
                + padded(rest / 60 % 60, 2) + padded(rest % 60, 2) + "Z"
        }

        /// Seconds since 1970 of `2013-05-24T00:00:00.000Z`, or with a distance from UTC; nil for anything else.
        package static func parse(_ text: String) -> Double? {
            let form =
                /(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d{1,30})? ?(?:[Zz]|([+-])(\d{2}):?(\d{2}))/
            guard let match = text.wholeMatch(of: form)?.output, let year = Int(match.1), let month = Int(match.2),
                let date = Int(match.3), let hour = Int(match.4), let minute = Int(match.5), let second = Int(match.6),
                (1...12).contains(month), (1...31).contains(date), hour < 24, minute < 60, second <= 60
            else { return nil }
            let fraction = match.7.flatMap { Double("0" + $0) } ?? 0
            var distance = 0
            if let sign = match.8, let hours = match.9.flatMap({ Int($0) }), let minutes = match.10.flatMap({ Int($0) })
            {
                guard hours < 24, minutes < 60 else { return nil }
                distance = (hours * 3600 + minutes * 60) * (sign == "-" ? -1 : 1)
            }
            return Double(days(year, month, date) * day + hour * 3600 + minute * 60 + second - distance) + fraction
        }

        private static func padded(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }

        /// Days since 1970-01-01. Years begin in March here, so that a leap day is the last of its year.
        private static func days(_ year: Int, _ month: Int, _ date: Int) -> Int {
            let marchYear = month <= 2 ? year - 1 : year
            let era = marchYear.quotientDown(400)
            let yearOfEra = marchYear - era * 400
            let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + date - 1
            return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        }

        private static func civil(_ days: Int) -> (year: Int, month: Int, date: Int) {
            let shifted = days + 719_468
            let era = shifted.quotientDown(146_097)
            let dayOfEra = shifted - era * 146_097
            let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
            let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
            let marchMonth = (5 * dayOfYear + 2) / 153
            let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
            return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
        }
    }

    extension Int {
        fileprivate func quotientDown(_ divisor: Int) -> Int {
            self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
        }
    }
#endif
