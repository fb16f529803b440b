// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import ObjectStorage
package import TestSupport

extension PowerLossStorage {
    /// Copies all objects, byte by byte: half-written ones and those with temporary names too.
    package func copy(to target: any ObjectStorage) async throws {
        for entry in try await walk() {
            let writer = try await target.create(entry.key, .relaxed)
            try await writer.write(open(entry.key).view)
            try await writer.finish()
        }
    }
}
