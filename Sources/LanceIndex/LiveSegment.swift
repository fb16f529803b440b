// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import LanceTable
import Synchronization
import VectorMath

/// An index segment as one version of the table sees it: its codes, and for each row a number that says what the row
/// adds to every distance, +infinity where the row does not count any more.
///
/// The numbers of a partition are computed when it is first probed: four bytes a row.
package final class LiveSegment: @unchecked Sendable {
    // Unchecked: `terms` of a partition are written by the one thread that moved its state from 0 to 1, and read by
    // others only after they have seen state 2.
    package let index: IVFPQIndex
    package let model: ScanModel
    package let liveness: RowLiveness
    /// Each partition's codes; `views` keep them alive. Pointers, since counting references to the same few files from
    /// several threads would cost more than the scan.
    private let codes: UnsafeMutablePointer<Partition>
    private let views: [ByteView]
    private let terms: UnsafeMutablePointer<Float>
    private let states: UnsafeMutablePointer<Atomic<UInt8>>

    private struct Partition {
        var count: Int
        var codes: UnsafePointer<UInt8>
        var rowIDs: UnsafeRawPointer
    }

    package init(_ index: IVFPQIndex, _ model: ScanModel, _ liveness: RowLiveness) throws {
        var views: [ByteView] = []
        var partitions: [Partition] = []
        for number in 0..<index.partitionCount {
            let count = index.partitions[number].count
            let codes = try index.codes(of: number)
            let rowIDs = try index.rowIDs(of: number)
            guard codes.count == count * index.codeBytes, rowIDs.count == count * 8 else {
                throw codes.corrupt("partition \(number) of \(count) rows has \(codes.count) bytes of codes")
            }
            views += [codes, rowIDs]
            codes.withUnsafeBytes { codes in
                rowIDs.withUnsafeBytes { rowIDs in
                    if let codes = codes.baseAddress, let rowIDs = rowIDs.baseAddress {
                        partitions.append(
                            Partition(
                                count: count, codes: codes.assumingMemoryBound(to: UInt8.self), rowIDs: rowIDs))
                    }
                }
            }
        }
        self.views = views
        codes = .allocate(capacity: max(partitions.count, 1))
        codes.initialize(from: partitions, count: partitions.count)
        self.index = index
        self.model = model
        self.liveness = liveness
        terms = .allocate(capacity: max(index.rowCount, 1))
        states = .allocate(capacity: max(index.partitionCount, 1))
        for partition in 0..<index.partitionCount { (states + partition).initialize(to: Atomic(0)) }
    }

    deinit {
        codes.deallocate()
        terms.deallocate()
        states.deinitialize(count: index.partitionCount)
        states.deallocate()
    }

    func partitionCount(_ partition: Int) -> Int { codes[partition].count }
    func codes(_ partition: Int) -> UnsafePointer<UInt8> { codes[partition].codes }

    func rowID(_ partition: Int, _ row: Int) -> UInt64 {
        UInt64(littleEndian: codes[partition].rowIDs.loadUnaligned(fromByteOffset: row * 8, as: UInt64.self))
    }

    /// The rows' terms of a partition; nil before they are computed.
    @inline(__always)
    func readyTerms(of partition: Int) -> UnsafePointer<Float>? {
        guard states[partition].load(ordering: .acquiring) == 2 else { return nil }
        return UnsafePointer(terms + index.partitions[partition].lowerBound)
    }

    /// Computes the rows' terms of a partition.
    ///
    /// - Parameters:
    ///   - table: scratch.
    ///   - spare: receives room for the terms where another thread is computing them at this moment.
    func makeTerms(of partition: Int, table: inout ScratchBuffer<Float>, spare: inout ScratchBuffer<Float>)
        -> UnsafePointer<Float>
    {
        let table = table.reserve(model.subVectors * model.codewords)
        let rows = index.partitions[partition]
        let isOurs = states[partition].compareExchange(expected: 0, desired: 1, ordering: .acquiring).exchanged
        let target = isOurs ? terms + rows.lowerBound : spare.reserve(rows.count)
        compute(partition, rows.count, codes(partition), table, target)
        if isOurs { states[partition].store(2, ordering: .releasing) }
        return UnsafePointer(target)
    }

    private func compute(
        _ partition: Int, _ count: Int, _ codes: UnsafePointer<UInt8>, _ table: UnsafeMutablePointer<Float>,
        _ target: UnsafeMutablePointer<Float>
    ) {
        // A dot product has no part of the row alone; then only rows that do not count need a number.
        if model.metric == .dot {
            target.update(repeating: 0, count: count)
        } else {
            model.rowTerms(partition: partition, codes: codes, count: count, table: table, into: target)
        }
        // Even where nothing was deleted: the files may hold rows of fragments that the manifest's entry does not name
        // any more, and another segment answers for those.
        for row in 0..<count where !liveness.isLive(RowAddress(rawValue: rowID(partition, row))) {
            target[row] = .infinity
        }
    }
}
