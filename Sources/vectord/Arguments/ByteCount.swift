// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// A number of bytes as people write it: `1000000`, `512MB`, `1.5 GiB`.
package struct ByteCount: Sendable, Equatable {
    private static let units: [String: Double] = [
        "": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 1024, "mib": 1_048_576,
        "gib": 1_073_741_824, "tib": 1_099_511_627_776,
    ]

    package let bytes: Int

    /// Nil where this is no such number, or one below 1 or beyond an Int.
    package init?(_ text: String) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(number.count).drop { $0 == " " }.lowercased()
        guard let value = Double(number), let factor = Self.units[unit],
            let bytes = Int(exactly: (value * factor).rounded()), bytes >= 1
        else { return nil }
        self.bytes = bytes
    }
}

extension ByteCount: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
