// SPDX-License-Identifier: Apache-2.0
import Testing
import vectord

@Suite struct TextTests {
    @Test func tables() {
        var table = TextTable(.text("name"), .number("n"), .text("more"))
        table.add("a", "1", "")
        table.add("日本語 é", "12345", "x y")
        table.add("short")
        #expect(
            table.lines == [
                "name       n  more", "a          1", "日本語 é  12345  x y", "short",
            ])
        #expect(TextTable(.text("alone")).lines == ["alone"])
    }

    @Test(arguments: [
        ("1", 1), ("1000000", 1_000_000), ("512MB", 512_000_000), ("1.5 GiB", 1_610_612_736), ("2kb", 2000),
        ("1KiB", 1024), ("7B", 7), ("1TB", 1_000_000_000_000), ("0.5kB", 500),
    ])
    func byteCounts(text: String, bytes: Int) {
        #expect(ByteCount(text)?.bytes == bytes)
    }

    @Test(arguments: [
        "", "0", "-1", "MB", "1XB", "1e9", "0x10", "1.2.3", "99999999999TB", "1 2", "0.1", "inf", "nan", "٣", " 1",
        "9223372036854775808",
    ])
    func noByteCounts(text: String) {
        #expect(ByteCount(text) == nil)
    }

    @Test func lengthsOfTime() {
        for (text, seconds) in [("14d", 1_209_600), ("36h", 129_600), ("90m", 5400), ("0s", 0), ("7s", 7)] {
            #expect(DurationArgument(argument: text)?.duration == .seconds(seconds))
        }
        for bad in ["", "d", "14", "-1d", "1.5h", "1w", "1 d", "99999999999d", "9223372036854775807s", "d14"] {
            #expect(DurationArgument(argument: bad) == nil, "\(bad)")
        }
    }

    @Test func lists() {
        #expect(ArgumentList<Int>(argument: "3,1,3,2")?.values == [3, 1, 2])
        #expect(ArgumentList<RefineFactor>(argument: "none,5")?.values == [.none, .factor(5)])
        for bad in ["", ",", "1,", ",1", "1,,2", "x", "1, 2"] { #expect(ArgumentList<Int>(argument: bad) == nil) }
        for bad in ["0", "-1", "none,", "None", "5,all"] { #expect(ArgumentList<RefineFactor>(argument: bad) == nil) }
    }
}
