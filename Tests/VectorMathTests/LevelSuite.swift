// SPDX-License-Identifier: Apache-2.0
import Testing
import VectorMath

/// Every suite that computes distances is a part of this one, and it runs one test at a time: the kernel level is the
/// process's, and a test that forces it would change the last bits of the others' results. For the same reason
/// `Scripts/test` runs it apart from the other suites, some of which compare distances bit for bit.
@Suite(.serialized)
enum LevelSuite {
    /// Runs `body` once for each level that this machine has.
    static func forEachLevel(_ body: (KernelLevel) throws -> Void) rethrows {
        defer { KernelLevel.force(nil) }
        for level in KernelLevel.supported {
            KernelLevel.force(level)
            try body(level)
        }
    }

    /// All lengths up to two steps of the widest level and a bit, and those of well-known embedding models.
    static let dimensions = Array(1...130) + [384, 768, 1536, 3072]
}
