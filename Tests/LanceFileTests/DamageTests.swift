// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import ObjectStorage
import Testing
import TestSupport

/// Damaged files: a truncation throws, a changed byte throws or gives well-formed columns; nothing traps.
struct DamageTests {
    /// Opens the file and reads all there is, in every way.
    static func readEverything(_ bytes: [UInt8]) async throws {
        let reader = try DataFileReader(
            ObjectKey("data/damaged.lance"), ByteView(copying: bytes, name: "damaged.lance"))
        var failed: (any Error)?
        for (index, field) in try reader.tableSchema().fields.enumerated() {
            do {
                let column = try reader.column(index, field)
                for page in column.pages { _ = EncodingSummary.text(page.encoding) }
                // A damaged count of nulls can be billions, which is well-formed; nobody reads them at once.
                let rows = min(reader.rowCount, 4096)
                let whole = try await column.read(0..<rows)
                try check(whole.count == rows && whole.type == field.type, "\(whole.count) of \(rows) rows")
                for row in 0..<rows {
                    do { _ = try whole.value(row) } catch let failure as Failure where failure.code == .corrupt {}
                }
                let last = reader.rowCount - 1
                if last >= 0 {
                    let taken = try await column.take([last, 0, last / 2])
                    try check(taken.count == 3, "\(taken.count) rows of 3")
                }
                if case .fixedSizeList(.float32, let dimension) = field.type {
                    for block in try await column.vectorBlocks() {
                        try check(
                            block.floats.count == block.rowCount * dimension * 4
                                && block.validity.map { $0.count == block.rowCount } ?? true,
                            "a block of \(block.rowCount) rows")
                    }
                }
            } catch let failure as Failure {
                // The other columns are still to be read.
                failed = failure
            }
        }
        if let failed { throw failed }
    }

    @Test func ownFile() async throws {
        var random = SplitMix64(seed: 51)
        let schema = RandomBatches.schema(RandomColumns.writableTypes)
        let batches = try [RandomColumns.Nulls.some, .none].map {
            try RandomBatches.batch(schema, count: 12, nulls: $0, &random).batch
        }
        let storage = MemoryStorage()
        _ = try await RoundTripTests.write(batches, schema, in: storage)
        let good = try await storage.open(ObjectKey("data/file.lance")).view.bytes
        try await Self.readEverything(good)
        try await HeavyWork.bounded(300 << 20) {
            let refused = try await Damage.run(good, seed: 52, truncations: 2000, changes: 2000, Self.readEverything)
            try check(refused > 100, "only \(refused) changes were found")
        }
    }

    @Test(arguments: ["nullable", "vectors_nulls", "dictionary", "zstd", "lz4", "version_2_1", "version_2_2", "nested"])
    func goldenFiles(_ name: String) async throws {
        let good = try Golden.bytes(name)
        try await HeavyWork.bounded(300 << 20) {
            _ = try await Damage.run(good, seed: 53, truncations: 300, changes: 700, Self.readEverything)
        }
    }
}
