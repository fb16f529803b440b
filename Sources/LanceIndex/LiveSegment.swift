// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import LanceTable
import Synchronization
import VectorMath

/// An index segment as one version of the table sees it: its codes, and for each row a number that says what the row
/// adds to every distance, +infinity where the row does not count any more.
///
/// The numbers of a partition are looked at when it is first probed. Files from this package have them; else, and where
/// rows do not count, they are computed: four bytes a row.
package final class LiveSegment: @unchecked Sendable {
    // Unchecked: `terms` of a partition are written by the one thread that moved its state to `busy`, and read by others
    // only after they have seen `own`.
    package let index: IVFPQIndex
    package let model: ScanModel
    package let liveness: RowLiveness
    /// Each partition's codes; `views` keep them alive. Pointers, since counting references to the same few files from
    /// several threads would cost more than the scan.
    private let codes: UnsafeMutablePointer<Partition>
    private let views: [ByteView]
    private let terms: UnsafeMutablePointer<Float>
    /// Those of the file, kept alive by the index.
    private let stored: UnsafePointer<Float>?
    private let states: UnsafeMutablePointer<Atomic<UInt8>>
    /// The rows' addresses, where the index holds ids; else the row ids of the file are these.
    private let addresses: UnsafeMutablePointer<UInt64>?
    /// How often the index has a row at the most: other writers may leave an updated one's old codes beside the new ones.
    package let copies: Int

    private struct Partition {
        var count: Int
        var codes: UnsafePointer<UInt8>
        var rowIDs: UnsafeRawPointer
    }

    package init(_ index: IVFPQIndex, _ model: ScanModel, _ liveness: RowLiveness) throws {
        var views: [ByteView] = []
        var partitions: [Partition] = []
        let addresses: UnsafeMutablePointer<UInt64>? =
            liveness.translates ? .allocate(capacity: max(index.rowCount, 1)) : nil
        self.addresses = addresses
        var isComplete = false
        defer { if !isComplete { addresses?.deallocate() } }
        for number in 0..<index.partitionCount {
            let count = index.partitions[number].count
            let codes = try index.codes(of: number)
            let rowIDs = try index.rowIDs(of: number)
            guard codes.count == count * index.codeBytes, rowIDs.count == count * 8 else {
                throw codes.corrupt("partition \(number) of \(count) rows has \(codes.count) bytes of codes")
            }
            views += [codes, rowIDs]
            let place = addresses.map { $0 + index.partitions[number].lowerBound }
            if let place {
                rowIDs.withUnsafeBytes { ids in
                    for row in 0..<count {
                        let id = UInt64(littleEndian: ids.loadUnaligned(fromByteOffset: row * 8, as: UInt64.self))
                        // No row is at the last address.
                        let address = liveness.address(ofRowID: id)?.rawValue ?? UInt64.max
                        (place + row).initialize(to: address.littleEndian)
                    }
                }
            }
            // An empty partition may have no address; it keeps its place, and nobody looks into it.
            let nowhere = UnsafeRawPointer(model.centroidNorms.base)
            partitions.append(
                Partition(
                    count: count,
                    codes: (codes.withUnsafeBytes { $0.baseAddress } ?? nowhere).assumingMemoryBound(to: UInt8.self),
                    rowIDs: place.map { UnsafeRawPointer($0) } ?? rowIDs.withUnsafeBytes { $0.baseAddress } ?? nowhere))
        }
        copies = addresses.map { Self.copies(UnsafeBufferPointer(start: $0, count: index.rowCount)) } ?? 1
        self.views = views
        codes = .allocate(capacity: max(partitions.count, 1))
        codes.initialize(from: partitions, count: partitions.count)
        stored = index.storedTerms?.withUnsafeBytes { $0.baseAddress?.assumingMemoryBound(to: Float.self) }
        self.index = index
        self.model = model
        self.liveness = liveness
        terms = .allocate(capacity: max(index.rowCount, 1))
        states = .allocate(capacity: max(index.partitionCount, 1))
        for partition in 0..<index.partitionCount { (states + partition).initialize(to: Atomic(0)) }
        isComplete = true
    }

    private static func copies(_ addresses: UnsafeBufferPointer<UInt64>) -> Int {
        var most = 1
        var run = 1
        var last = UInt64.max
        for address in addresses.sorted() where address != UInt64.max.littleEndian {
            run = address == last ? run + 1 : 1
            last = address
            most = max(most, run)
        }
        return most
    }

    deinit {
        codes.deallocate()
        addresses?.deallocate()
        terms.deallocate()
        states.deinitialize(count: index.partitionCount)
        states.deallocate()
    }

    func partitionCount(_ partition: Int) -> Int { codes[partition].count }
    func codes(_ partition: Int) -> UnsafePointer<UInt8> { codes[partition].codes }

    /// A partition's codes as they lie in memory.
    func memory(_ partition: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: codes[partition].codes, count: codes[partition].count * index.codeBytes)
    }

    /// Asks for a row's id before it is needed.
    @inline(__always)
    func prefetchID(_ partition: Int, _ row: Int) {
        VectorKernels.prefetch(UnsafeRawBufferPointer(start: codes[partition].rowIDs + row * 8, count: 8))
    }

    func rowID(_ partition: Int, _ row: Int) -> UInt64 {
        UInt64(littleEndian: codes[partition].rowIDs.loadUnaligned(fromByteOffset: row * 8, as: UInt64.self))
    }

    /// The rows' terms of a partition; nil before they are looked at.
    @inline(__always)
    func readyTerms(of partition: Int) -> UnsafePointer<Float>? {
        switch states[partition].load(ordering: .acquiring) {
        case State.own: UnsafePointer(terms + index.partitions[partition].lowerBound)
        case State.stored: stored.map { $0 + index.partitions[partition].lowerBound }
        default: nil
        }
    }

    /// Finds out the rows' terms of a partition: those of the file where it has them, they are possible and all rows
    /// count, else computed.
    ///
    /// - Parameters:
    ///   - table: scratch.
    ///   - spare: receives room for the terms where another thread is computing them at this moment.
    func makeTerms(of partition: Int, table: inout ScratchBuffer<Float>, spare: inout ScratchBuffer<Float>)
        -> UnsafePointer<Float>
    {
        let rows = index.partitions[partition]
        let ids = codes[partition].rowIDs
        let isLive = { [liveness] (row: Int) in
            liveness.isLive(
                RowAddress(rawValue: UInt64(littleEndian: ids.loadUnaligned(fromByteOffset: row * 8, as: UInt64.self))))
        }
        let range = model.termRange(of: partition)
        let given = stored.map { $0 + rows.lowerBound }
        let stored = given.flatMap { terms in (0..<rows.count).allSatisfy { range.contains(terms[$0]) } ? terms : nil }
        if let stored, (0..<rows.count).allSatisfy(isLive) {
            states[partition].store(State.stored, ordering: .releasing)
            return stored
        }
        let isOurs =
            states[partition].compareExchange(
                expected: State.unknown, desired: State.busy, ordering: .acquiring
            ).exchanged
        let target = isOurs ? terms + rows.lowerBound : spare.reserve(rows.count)
        if let stored {
            target.update(from: stored, count: rows.count)
        } else {
            let computer = model.rowTerms
            computer.compute(
                partition: partition, codes: codes(partition), count: rows.count,
                table: table.reserve(computer.tableSize), into: target)
        }
        // Even where nothing was deleted: the files may hold rows of fragments that the manifest's entry does not name
        // any more, and another segment answers for those.
        for row in 0..<rows.count where !isLive(row) { target[row] = .infinity }
        if isOurs { states[partition].store(State.own, ordering: .releasing) }
        return UnsafePointer(target)
    }

    /// What is known of a partition's terms.
    private enum State {
        static let unknown: UInt8 = 0
        /// A thread is writing them.
        static let busy: UInt8 = 1
        /// They are in `terms`.
        static let own: UInt8 = 2
        /// Those of the file hold: all rows count.
        static let stored: UInt8 = 3
    }
}
