// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceIndex
import ObjectStorage
import Testing
import TestSupport

/// Damaged segments: a truncation throws, a changed byte throws or gives a segment that fits together; nothing traps.
struct IVFPQDamageTests {
    @Test(arguments: ["4.0.2-l2", "4.0.2-row-major", "14.0.2-v21-double", "14.0.2-v22", "14.0.2-v22-4bit"])
    func damagedFiles(_ name: String) async throws {
        for (file, other) in [("auxiliary.idx", "index.idx"), ("index.idx", "auxiliary.idx")] {
            let good = try IVFPQFixtures.bytes(name, file)
            let rest = try IVFPQFixtures.bytes(name, other)
            try await HeavyWork.bounded(300 << 20) {
                let refused = try await Damage.run(good, seed: 91, truncations: 600, changes: 2500) { bytes in
                    let storage = MemoryStorage()
                    try await IVFPQFixtures.put(bytes, file, in: storage)
                    try await IVFPQFixtures.put(rest, other, in: storage)
                    _ = try await IVFPQIndex.open(IVFPQFixtures.uuid, dimension: 8, in: storage).everything()
                }
                try check(refused > 50, "\(file): only \(refused) changes were found")
            }
        }
    }
}
