// SPDX-License-Identifier: Apache-2.0
import Columnar
import Testing

struct HalfFloatTests {
    /// By the definition: sign, 5 bits of exponent with bias 15, 10 bits of fraction.
    private func reference(_ bits: UInt16) -> Double {
        let sign: Double = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1f)
        let fraction = Double(bits & 0x3ff)
        func power(_ exponent: Int) -> Double { Double(sign: .plus, exponent: exponent, significand: 1) }
        switch exponent {
        case 0: return sign * fraction * power(-24)
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1 + fraction / 1024) * power(exponent - 15)
        }
    }

    @Test func allPatterns() {
        var wrong: [UInt16] = []
        for bits in UInt16.min...UInt16.max {
            let widened = HalfFloat.widen(bits)
            let expected = reference(bits)
            let isRight =
                expected.isNaN
                ? widened.isNaN && (widened.sign == .minus) == (bits & 0x8000 != 0)
                : widened.bitPattern == Float(expected).bitPattern && Double(widened) == expected
            if !isRight { wrong.append(bits) }
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(5)) of \(wrong.count)")
    }

    #if arch(arm64) || (arch(x86_64) && !os(macOS))
        @Test func allPatternsAsTheCompilerHasThem() {
            var wrong: [UInt16] = []
            for bits in UInt16.min...UInt16.max {
                let expected = Float(Float16(bitPattern: bits))
                let widened = HalfFloat.widen(bits)
                // A conversion quietens a signalling NaN; ours keeps it.
                let isRight = expected.isNaN ? widened.isNaN : widened.bitPattern == expected.bitPattern
                if !isRight { wrong.append(bits) }
            }
            #expect(wrong.isEmpty, "\(wrong.prefix(5)) of \(wrong.count)")
        }
    #endif
}
