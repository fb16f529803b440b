// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import SwiftProtobuf

/// Gives new rows their ids, in tables whose rows keep them, and notes the versions in which rows were made and last
/// changed (format reference: stable row ids).
struct RowLineage {
    /// The fragments as they were before rows were taken away, by id.
    let before: [UInt64: ProtoDataFragment]

    /// Rows that take no other's place get the next ids.
    static func giveFreshIDs(to fragment: inout ProtoDataFragment, _ proto: inout ProtoManifest) throws {
        let first = proto.nextRowID
        try advance(&proto, by: fragment.physicalRows)
        let ids = ProtoRowIdSequence.with { $0.segments = [.range(first, proto.nextRowID)] }
        let versions = ProtoRowVersionSequence.with { $0.runs = [.run(0, fragment.physicalRows, proto.version)] }
        fragment.inlineRowIds = try ids.serializedBytes()
        fragment.inlineCreatedAtVersions = try versions.serializedBytes()
        fragment.inlineLastUpdatedAtVersions = try versions.serializedBytes()
    }

    private static func advance(_ proto: inout ProtoManifest, by rows: UInt64) throws {
        let (end, overflow) = proto.nextRowID.addingReportingOverflow(rows)
        guard !overflow else { throw Failure(.unsupported, "the table has used up its row ids") }
        proto.nextRowID = end
    }

    /// Rows that take the place of others get their ids and the versions in which they were made, the rest the next ids.
    ///
    /// - Parameter replaced: for each row of the fragments, one after another, the address of the row whose place it
    ///   takes.
    func give(to fragments: inout [ProtoDataFragment], _ replaced: [RowAddress?], _ proto: inout ProtoManifest) throws {
        let rows = fragments.reduce(0) { $0 + Int(clamping: $1.physicalRows) }
        guard rows == replaced.count else {
            throw Failure(.invalidArgument, "\(rows) new rows, and the places of \(replaced.count) are known")
        }
        var places = replaced[...]
        var known: [UInt32: Lineage] = [:]
        for address in Set(replaced.compactMap { $0?.fragment }) { known[address] = try lineage(of: address) }
        for number in fragments.indices {
            var ids: [UInt64] = []
            var made: [UInt64] = []
            for place in places.prefix(Int(clamping: fragments[number].physicalRows)) {
                if let place, let fragment = known[place.fragment] {
                    guard let id = fragment.ids.id(ifAt: Int(place.offset)) else {
                        throw Failure(.corrupt, "row \(place.offset) of fragment \(place.fragment) has no id")
                    }
                    ids.append(id)
                    made.append(fragment.made.version(at: UInt64(place.offset)) ?? proto.version)
                } else {
                    ids.append(proto.nextRowID)
                    made.append(proto.version)
                    try Self.advance(&proto, by: 1)
                }
            }
            places = places.dropFirst(ids.count)
            try Self.note(ids, made, [UInt64](repeating: proto.version, count: ids.count), in: &fragments[number])
        }
    }

    /// The live rows of a group's old fragments are those of its new ones, with their ids and versions.
    func carry(_ group: FragmentRewrite.Group, to fragments: inout [ProtoDataFragment]) throws {
        var ids: [UInt64] = []
        var made: [UInt64] = []
        var changed: [UInt64] = []
        for (proto, deletions) in zip(group.old, group.deletions) {
            let fragment = try lineage(of: UInt32(clamping: proto.id))
            var next = deletions?.offsets[...] ?? []
            for run in fragment.ids.runs {
                for row in 0..<run.count {
                    let offset = run.offset + row
                    if let deleted = next.first, Int(deleted) == offset {
                        next = next.dropFirst()
                        continue
                    }
                    ids.append(run.firstID + UInt64(row))
                    // What is not known is older than all that is.
                    made.append(fragment.made.version(at: UInt64(offset)) ?? 1)
                    changed.append(fragment.changed.version(at: UInt64(offset)) ?? 1)
                }
            }
        }
        var first = 0
        for number in fragments.indices {
            let end = first + Int(clamping: fragments[number].physicalRows)
            guard end <= ids.count else {
                throw Failure(.corrupt, "\(end) rows were written, and the ids of \(ids.count) are known")
            }
            try Self.note(
                Array(ids[first..<end]), Array(made[first..<end]), Array(changed[first..<end]), in: &fragments[number])
            first = end
        }
        guard first == ids.count else {
            throw Failure(.corrupt, "\(first) rows were written, and the ids of \(ids.count) are known")
        }
    }

    private static func note(
        _ ids: [UInt64], _ made: [UInt64], _ changed: [UInt64], in fragment: inout ProtoDataFragment
    ) throws {
        fragment.inlineRowIds = try sequence(ids).serializedBytes()
        fragment.inlineCreatedAtVersions = try versions(made).serializedBytes()
        fragment.inlineLastUpdatedAtVersions = try versions(changed).serializedBytes()
    }

    // MARK: Reading

    /// From which row on rows are of which version, ascending.
    private struct Versions {
        var runs: [(first: UInt64, version: UInt64)] = []

        func version(at offset: UInt64) -> UInt64? {
            var low = 0
            var high = runs.count
            while low < high {
                let middle = (low + high) / 2
                if runs[middle].first <= offset { low = middle + 1 } else { high = middle }
            }
            return low > 0 ? runs[low - 1].version : nil
        }
    }

    private struct Lineage {
        var ids: FragmentRowIDs
        var made: Versions
        var changed: Versions
    }

    private func lineage(of id: UInt32) throws -> Lineage {
        guard let proto = before[UInt64(id)] else { throw Failure(.corrupt, "there is no fragment \(id)") }
        let fragment = try Fragment(proto, path: "")
        let ids = try FragmentRowIDs(fragment, rows: fragment.physicalRows, path: "")
        var lineage = Lineage(ids: ids, made: Versions(), changed: Versions())
        if case .inlineCreatedAtVersions(let bytes) = proto.createdAtVersionSequence {
            lineage.made = try Self.versions(reading: bytes, of: id)
        }
        if case .inlineLastUpdatedAtVersions(let bytes) = proto.lastUpdatedAtVersionSequence {
            lineage.changed = try Self.versions(reading: bytes, of: id)
        }
        return lineage
    }

    private static func versions(reading bytes: Data, of fragment: UInt32) throws -> Versions {
        do {
            // Spans are offsets of rows, and ranges wherever they were seen.
            let runs = try ProtoRowVersionSequence(serializedBytes: bytes).runs.compactMap { run in
                if case .range(let range) = run.span.segment { (range.start, run.version) } else { nil }
            }
            return Versions(runs: runs.sorted { $0.0 < $1.0 })
        } catch {
            throw Failure(.corrupt, "the versions of fragment \(fragment)'s rows are not well-formed: \(error)")
        }
    }

    // MARK: Writing

    private static func sequence(_ ids: [UInt64]) -> ProtoRowIdSequence {
        .with { sequence in
            if let first = ids.first, let last = ids.last, last >= first, last - first == UInt64(ids.count - 1),
                zip(ids, ids.dropFirst()).allSatisfy({ $0 < $1 })
            {
                sequence.segments = [.range(first, last + 1)]
            } else if let base = ids.min(), let top = ids.max() {
                sequence.segments = [
                    .with { segment in
                        if top - base <= UInt64(UInt32.max) {
                            var offsets = ByteWriter(reserving: ids.count * 4)
                            for id in ids { offsets.write(UInt32(id - base)) }
                            segment.array.u32Array.base = base
                            segment.array.u32Array.offsets = .init(offsets.bytes)
                        } else {
                            var values = ByteWriter(reserving: ids.count * 8)
                            for id in ids { values.write(id) }
                            segment.array.u64Array.values = .init(values.bytes)
                        }
                    }
                ]
            }
        }
    }

    private static func versions(_ versions: [UInt64]) -> ProtoRowVersionSequence {
        .with { sequence in
            var start = 0
            while start < versions.count {
                var end = start + 1
                while end < versions.count, versions[end] == versions[start] { end += 1 }
                sequence.runs.append(.run(UInt64(start), UInt64(end), versions[start]))
                start = end
            }
        }
    }
}

extension ProtoRowIdSegment {
    static func range(_ start: UInt64, _ end: UInt64) -> ProtoRowIdSegment {
        .with {
            $0.range.start = start
            $0.range.end = end
        }
    }
}

extension ProtoRowVersionSequence.Run {
    /// Rows `start ..< end` are of a version.
    fileprivate static func run(_ start: UInt64, _ end: UInt64, _ version: UInt64) -> Self {
        .with {
            $0.span = .range(start, end)
            $0.version = version
        }
    }
}
