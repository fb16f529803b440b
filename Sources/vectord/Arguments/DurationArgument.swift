// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// A length of time as people write it: "14d", "36h", "90m", "30s".
package struct DurationArgument: ExpressibleByArgument {
    package let duration: Duration

    private static let units: [Character: Int64] = ["d": 86_400, "h": 3600, "m": 60, "s": 1]
    /// A thousand years: more is a slip of the finger, and sums of such do not overflow.
    private static let longest: Int64 = 1000 * 366 * 86_400

    /// - Throws: a `ValidationError` that says what a length of time looks like.
    package static func parse(_ argument: String) throws -> DurationArgument {
        guard let made = DurationArgument(argument: argument) else {
            throw ValidationError(
                "'\(argument)' is no length of time; give a number with d, h, m or s, such as 14d or 36h")
        }
        return made
    }

    package init?(argument: String) {
        guard let unit = argument.last.flatMap({ Self.units[$0] }), let number = Int64(argument.dropLast()),
            number >= 0,
            number <= Self.longest / unit
        else { return nil }
        duration = .seconds(number * unit)
    }
}
