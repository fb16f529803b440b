// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import Foundation
import Synchronization
package import VectorMath

/// One opened IVF_PQ segment: the model, and each partition's row ids and codes. Immutable.
///
/// Row ids and codes are slices of the mapped file where the file version is 2.0, its codes are transposed, and a
/// partition lies in one page, which is how this package and current Lance write. Otherwise a partition is copied when
/// it is first asked for, and kept: a search asks for all of them when it opens the index.
package final class IVFPQIndex: Sendable {
    package let uuid: UUID
    package let model: IVFPQModel
    /// Each partition's rows in the file of codes: one after another, none left out.
    package let partitions: [Range<Int>]
    /// The sum of all rows' distances from their centroids, if the builder told.
    package let loss: Double?

    let rowIDs: IVFPQRows
    let codes: IVFPQRows
    let isTransposed: Bool
    /// What each row adds to every distance (`RowTerms`), a float32 a row at an address that is a multiple of 4; nil where
    /// the files do not have it.
    package let storedTerms: ByteView?
    private let copies = Mutex<[CopyKey: ByteView]>([:])

    private struct CopyKey: Hashable {
        var partition: Int
        var isCodes: Bool
    }

    init(
        uuid: UUID, model: IVFPQModel, partitions: [Range<Int>], loss: Double?, rowIDs: IVFPQRows, codes: IVFPQRows,
        isTransposed: Bool, storedTerms: ByteView? = nil
    ) {
        self.uuid = uuid
        self.model = model
        self.partitions = partitions
        self.loss = loss
        self.rowIDs = rowIDs
        self.codes = codes
        self.isTransposed = isTransposed
        self.storedTerms = storedTerms
    }

    package var metric: Metric { model.metric }
    package var dimension: Int { model.dimension }
    package var bits: Int { model.bits }
    package var subVectors: Int { model.subVectors }
    package var codeBytes: Int { model.codeBytes }
    package var partitionCount: Int { partitions.count }
    package var centroids: [Float] { model.centroids }
    package var codebook: [Float] { model.codebook }
    package var rowCount: Int { partitions.last?.upperBound ?? 0 }

    /// The row ids of a partition, 8 little-endian bytes each, at an address that is a multiple of 8.
    ///
    /// They ascend in what this package writes; elsewhere they need not.
    package func rowIDs(of partition: Int) throws -> ByteView {
        let rows = try rows(of: partition)
        if let view = try rowIDs.inPlace(rows) { return view }
        return try copy(CopyKey(partition: partition, isCodes: false)) { try rowIDs.gathered(rows) }
    }

    /// The codes of a partition of n rows, `codeBytes` x n: byte `j * n + r` is code byte j of row r.
    ///
    /// At any address.
    package func codes(of partition: Int) throws -> ByteView {
        let rows = try rows(of: partition)
        let view = try codes.inPlace(rows)
        if let view, isTransposed || rows.count <= 1 { return view }
        return try copy(CopyKey(partition: partition, isCodes: true)) {
            let gathered = try view ?? codes.gathered(rows)
            return isTransposed ? gathered : Self.transposed(gathered, rows: rows.count, width: codeBytes)
        }
    }

    private func rows(of partition: Int) throws -> Range<Int> {
        guard partitions.indices.contains(partition) else {
            throw Failure(.invalidArgument, "partition \(partition) of an index that has \(partitions.count)")
        }
        return partitions[partition]
    }

    /// Made without holding the lock: two that ask at once make it twice, and the first one is kept.
    private func copy(_ key: CopyKey, _ make: () throws -> ByteView) throws -> ByteView {
        if let known = copies.withLock({ $0[key] }) { return known }
        let made = try make()
        return copies.withLock { copies in
            if let known = copies[key] { return known }
            copies[key] = made
            return made
        }
    }

    /// From row by row to code byte by code byte.
    private static func transposed(_ view: ByteView, rows: Int, width: Int) -> ByteView {
        Region(count: view.count, name: view.region.name) { target in
            view.withUnsafeBytes { source in
                // In strips of rows whose bytes all stay in the nearest cache.
                for first in stride(from: 0, to: rows, by: 64) {
                    let last = min(first + 64, rows)
                    for column in 0..<width {
                        for row in first..<last { target[column * rows + row] = source[row * width + column] }
                    }
                }
            }
        }.view
    }
}
