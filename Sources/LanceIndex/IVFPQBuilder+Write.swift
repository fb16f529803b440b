// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceTable
import LanceFile
import ObjectStorage
import VectorMath

extension IVFPQBuilder {
    /// Encodes the rows, some partitions at a time as memory allows, and writes them in the order of the partitions.
    func write(
        _ model: IVFPQModel, _ quantizer: ProductQuantizer, _ rows: VectorRows, _ survey: VectorSurvey,
        _ assignment: Assignment, _ plan: MemoryPlan, name: String, covered: RoaringBitmap,
        _ durability: WriteDurability
    ) async throws -> IndexSegment {
        let uuid = UUID()
        let writer = try await IVFPQWriter(
            IndexDirectory(uuid), model, element: element, loss: assignment.loss, in: snapshot.storage, durability)
        do {
            let encoder = RowEncoder(model, quantizer)
            let monitor = TrainingMonitor(total: max(survey.valid, 1)) { [progress] in try progress(.encode, $0) }
            let rowBytes = model.codeBytes + 8
            let groupBytes = try plan.groupBytes(largest: (assignment.lengths.max() ?? 0) * rowBytes)
            var first = 0
            while first < model.partitionCount {
                var end = first + 1
                var bytes = assignment.lengths[first] * rowBytes
                while end < model.partitionCount {
                    bytes += assignment.lengths[end] * rowBytes
                    guard bytes <= groupBytes else { break }
                    end += 1
                }
                let group = CodeGroup(assignment, first..<end, codeBytes: model.codeBytes)
                try group.encode(rows, survey, encoder, threads: threads, monitor)
                for partition in first..<end {
                    monitor.add(0)
                    if monitor.isStopped { try monitor.finish() }
                    let (ids, codes) = try group.partition(partition)
                    try await writer.append(rowIDs: ids, codes: codes)
                }
                first = end
            }
            try monitor.finish()
            try progress(.write, 0)
            let files = try await writer.finish()
            try progress(.write, 1)
            return IndexSegment(
                uuid: uuid, name: name, fieldIDs: [field.id], datasetVersion: snapshot.version,
                coveredFragments: covered,
                details: model.details, files: files)
        } catch {
            await writer.discard()
            throw error
        }
    }
}

/// Codes and row ids of some partitions that follow one another, as the file has them.
private final class CodeGroup: @unchecked Sendable {
    // Unchecked: threads write the places of different rows, and nobody reads before they are done.
    private let assignment: Assignment
    private let partitions: Range<Int>
    private let codeBytes: Int
    private let firstSlot: Int
    private let codes: SharedArray<UInt8>
    private let ids: SharedArray<UInt64>

    init(_ assignment: Assignment, _ partitions: Range<Int>, codeBytes: Int) {
        self.assignment = assignment
        self.partitions = partitions
        self.codeBytes = codeBytes
        firstSlot = assignment.offsets[partitions.lowerBound]
        let rows = partitions.reduce(0) { $0 + assignment.lengths[$1] }
        codes = SharedArray(repeating: 0, count: rows * codeBytes)
        ids = SharedArray(repeating: 0, count: rows)
    }

    func encode(
        _ rows: VectorRows, _ survey: VectorSurvey, _ encoder: RowEncoder, threads: Int, _ monitor: TrainingMonitor
    ) throws {
        let range = UInt32(partitions.lowerBound)..<UInt32(partitions.upperBound)
        let block = Residuals.blockRows
        parallelLoop(
            rows.parts.count, threads: threads, unless: monitor,
            state: { Scratch(rows: block, dimension: rows.dimension, codeBytes: codeBytes) }
        ) { index, scratch in
            let part = rows.parts[index]
            do {
                try part.withFloats { floats, _ in
                    var row = 0
                    while row < part.count, !monitor.isStopped {
                        var taken = 0
                        while row < part.count, taken < block {
                            let partition = assignment.partitions.base[part.first + row]
                            if range.contains(partition) {
                                survey.copy(
                                    part.first + row, floats + row * rows.dimension, rows.dimension,
                                    to: scratch.floats.base + taken * rows.dimension)
                                scratch.partitions.base[taken] = partition
                                scratch.rows.base[taken] = UInt32(row)
                                taken += 1
                            }
                            row += 1
                        }
                        encodeBlock(taken, part, encoder, scratch)
                        monitor.add(taken)
                    }
                }
            } catch {
                monitor.fail(with: error)
            }
        }
        // Reports what stopped the threads.
        if monitor.isStopped { try monitor.finish() }
    }

    private func encodeBlock(_ count: Int, _ part: VectorRows.Part, _ encoder: RowEncoder, _ scratch: Scratch) {
        encoder.encode(scratch.floats.base, count: count, of: scratch.partitions.base, into: scratch.codes.base)
        for index in 0..<count {
            let row = Int(scratch.rows.base[index])
            let partition = Int(scratch.partitions.base[index])
            let length = assignment.lengths[partition]
            let slot = Int(assignment.slots[part.first + row])
            ids.base[slot - firstSlot] = part.id(row).littleEndian
            // Byte j of the partition's row r is at j * length + r.
            let target =
                codes.base + (assignment.offsets[partition] - firstSlot) * codeBytes + slot
                - assignment.offsets[partition]
            let source = scratch.codes.base + index * codeBytes
            for byte in 0..<codeBytes { target[byte * length] = source[byte] }
        }
    }

    /// A partition's row ids and transposed codes.
    func partition(_ partition: Int) throws -> (ids: ByteView, codes: ByteView) {
        let start = assignment.offsets[partition] - firstSlot
        let length = assignment.lengths[partition]
        let ids = UnsafeRawBufferPointer(
            UnsafeBufferPointer(start: ids.base + start, count: length))
        let codes = UnsafeRawBufferPointer(
            UnsafeBufferPointer(start: codes.base + start * codeBytes, count: length * codeBytes))
        return (
            Region(copying: ids, name: "row ids").view, Region(copying: codes, name: "codes").view
        )
    }

    /// What one thread encodes a block with.
    private struct Scratch {
        let floats: FloatBuffer
        let partitions: SharedArray<UInt32>
        let rows: SharedArray<UInt32>
        let codes: SharedArray<UInt8>

        init(rows count: Int, dimension: Int, codeBytes: Int) {
            floats = FloatBuffer(count: count * dimension)
            partitions = SharedArray(repeating: 0, count: count)
            rows = SharedArray(repeating: 0, count: count)
            codes = SharedArray(repeating: 0, count: count * codeBytes)
        }
    }
}
