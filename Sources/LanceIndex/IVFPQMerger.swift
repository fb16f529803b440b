// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import Columnar
import Foundation
package import ObjectStorage

/// Writes one segment from the codes of others that have the same centroids and code words: nothing is trained and no
/// vector is read.
package struct IVFPQMerger {
    package struct Source: Sendable {
        package var index: IVFPQIndex
        /// What a row is called in the new segment; nil for one that does not count.
        package var rowID: @Sendable (UInt64) -> UInt64?

        package init(_ index: IVFPQIndex, rowID: @escaping @Sendable (UInt64) -> UInt64?) {
            self.index = index
            self.rowID = rowID
        }
    }

    package var name: String
    package var fieldIDs: [Int32]
    package var datasetVersion: UInt64
    package var covered: RoaringBitmap
    /// The type of the column's numbers.
    package var element: DataType

    package init(
        name: String, fieldIDs: [Int32], datasetVersion: UInt64, covered: RoaringBitmap, element: DataType
    ) {
        self.name = name
        self.fieldIDs = fieldIDs
        self.datasetVersion = datasetVersion
        self.covered = covered
        self.element = element
    }

    /// - Parameter sources: at least one; where it throws nothing is left behind.
    package func merge(_ sources: [Source], in storage: any ObjectStorage, _ durability: WriteDurability) async throws
        -> (segment: IndexSegment, rows: Int)
    {
        guard let model = sources.first?.index.model, sources.allSatisfy({ $0.index.model == model }) else {
            throw Failure(.invalidArgument, "segments of different centroids or code words cannot be merged")
        }
        let uuid = UUID()
        // The sum of all distances is not known without the rows that are gone: rather none than a wrong one.
        let writer = try await IVFPQWriter(
            IndexDirectory(uuid), model, element: element, loss: nil, in: storage, durability)
        do {
            var rows = 0
            for partition in 0..<model.partitionCount {
                try Task.checkCancellation()
                let (ids, codes) = try Self.partition(partition, of: sources, model)
                rows += ids.count / 8
                try await writer.append(rowIDs: ids, codes: codes)
            }
            let files = try await writer.finish()
            let segment = IndexSegment(
                uuid: uuid, name: name, fieldIDs: fieldIDs, datasetVersion: datasetVersion, coveredFragments: covered,
                details: model.details, files: files)
            return (segment, rows)
        } catch {
            await writer.discard()
            throw error
        }
    }

    /// The row ids that count of one partition, and their codes byte by byte.
    private static func partition(_ number: Int, of sources: [Source], _ model: IVFPQModel) throws
        -> (ids: ByteView, codes: ByteView)
    {
        var kept: [(rows: [Int], ids: [UInt64])] = []
        var count = 0
        for source in sources {
            let ids = try source.index.rowIDs(of: number)
            var rows: [Int] = []
            var names: [UInt64] = []
            ids.withUnsafeBytes { bytes in
                for row in 0..<bytes.count / 8 {
                    let id = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: row * 8, as: UInt64.self))
                    guard let name = source.rowID(id) else { continue }
                    rows.append(row)
                    names.append(name)
                }
            }
            kept.append((rows, names))
            count += rows.count
        }
        let ids = Region(count: count * 8, name: "row ids") { target in
            var place = 0
            for (_, names) in kept {
                for name in names {
                    target.storeBytes(of: name.littleEndian, toByteOffset: place * 8, as: UInt64.self)
                    place += 1
                }
            }
        }
        let views = try sources.map { try $0.index.codes(of: number) }
        let codes = Region(count: count * model.codeBytes, name: "codes") { target in
            var first = 0
            for ((rows, _), view) in zip(kept, views) {
                view.withUnsafeBytes { source in
                    let length = source.count / model.codeBytes
                    for byte in 0..<model.codeBytes {
                        let from = byte * length
                        let to = byte * count + first
                        for (place, row) in rows.enumerated() { target[to + place] = source[from + row] }
                    }
                }
                first += rows.count
            }
        }
        return (ids.view, codes.view)
    }
}
