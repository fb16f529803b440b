// SPDX-License-Identifier: Apache-2.0
import Testing
import VectorMath

extension LevelSuite {
    @Suite struct KernelLevelTests {
        @Test func scalarIsAlwaysSupported() {
            #expect(KernelLevel.supported.contains(.scalar))
        }

        @Test func theBestSupportedLevelIsTheDefault() {
            let best = KernelLevel.supported.max { $0.rawValue < $1.rawValue }
            #expect(KernelLevel.current == best)
        }

        @Test func aSupportedLevelCanBeForcedAndGivenBack() {
            let before = KernelLevel.current
            for level in KernelLevel.supported {
                #expect(KernelLevel.force(level))
                #expect(KernelLevel.current == level)
            }
            #expect(KernelLevel.force(nil))
            #expect(KernelLevel.current == before)
        }

        @Test func anUnsupportedLevelIsRefused() {
            defer { KernelLevel.force(nil) }
            KernelLevel.force(.scalar)
            for level in KernelLevel.allCases where !KernelLevel.supported.contains(level) {
                #expect(!KernelLevel.force(level))
                #expect(KernelLevel.current == .scalar)
            }
        }
    }
}
