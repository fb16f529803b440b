// SPDX-License-Identifier: Apache-2.0

/// Values as people read them.
enum Readable {
    static func bytes(_ count: Int) -> String {
        var value = Double(count)
        for unit in ["bytes", "kB", "MB", "GB"] {
            if value < 1000 { return unit == "bytes" ? "\(count) bytes" : "\(decimal(value, 1)) \(unit)" }
            value /= 1000
        }
        return "\(decimal(value, 1)) TB"
    }

    static func seconds(_ value: Double) -> String { "\(decimal(value, value < 1 ? 3 : 2)) s" }

    /// `value` with a fixed number of digits after the point.
    static func decimal(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        let scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(scaled)" }
        let fraction = "\(scaled % scale)"
        return "\(sign)\(scaled / scale).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }

    /// Microseconds as µs, ms or s, with three digits or so.
    static func microseconds(_ value: Double) -> String {
        for (unit, scale) in [("µs", 1.0), ("ms", 1e3)] where value < 999.5 * scale {
            return "\(decimal(value / scale, value < 9.95 * scale ? 1 : 0)) \(unit)"
        }
        return "\(decimal(value / 1e6, 1)) s"
    }

    /// - Parameter nouns: the plural, where it is not the noun with an s.
    static func plural(_ count: Int, _ noun: String, _ nouns: String? = nil) -> String {
        "\(count) \(count == 1 ? noun : nouns ?? noun + "s")"
    }

    /// Text on one line, cut after `limit` characters; what would move a terminal's cursor becomes a space.
    static func line(_ text: String, limit: Int? = nil) -> String {
        var line = ""
        var count = 0
        for character in text {
            if let limit, count == limit { return line + "…" }
            line.append(isPrintable(character) ? character : " ")
            count += 1
        }
        return line
    }

    /// Text on several lines, with nothing else that would move a terminal's cursor.
    static func paragraph(_ text: String) -> String {
        String(text.map { $0 == "\n" || $0 == "\r\n" ? "\n" : isPrintable($0) || $0 == "\t" ? $0 : " " })
    }

    private static func isPrintable(_ character: Character) -> Bool {
        character.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
    }
}
