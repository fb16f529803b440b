// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceProto
package import LanceTable
package import ObjectStorage

/// Lets the indices of a version follow rows that were written again elsewhere, so that none is lost, doubled or stale.
///
/// Indices that hold the ids of rows need another coverage and no other files. Those that hold addresses are written again:
/// codes as they are, values in the order that they have.
package struct IndexRemapper: Sendable {
    package struct Result: Sendable {
        package var entries: [FragmentRewrite.Reindexed] = []
        /// The segments whose files are new.
        package var new: [IndexSegment] = []
    }

    let snapshot: Snapshot
    /// The version with the new fragments.
    let next: Snapshot
    let moves: RowMoves
    /// For each group its old fragments and its new ones.
    let groups: [(old: Set<UInt32>, new: [UInt32])]
    let durability: WriteDurability

    package init(
        _ snapshot: Snapshot, next: Snapshot, moves: RowMoves, groups: [(old: Set<UInt32>, new: [UInt32])],
        durability: WriteDurability
    ) {
        self.snapshot = snapshot
        self.next = next
        self.moves = moves
        self.groups = groups
        self.durability = durability
    }

    /// Why an index cannot follow rows; nil where it can.
    package static func reasonToStay(_ entry: IndexEntry, in snapshot: Snapshot) -> String? {
        if let reason = snapshot.unusableReason(entry) { return reason }
        if snapshot.holdsRowIDs(entry) { return nil }
        guard entry.fieldIDs.count == 1, let field = snapshot.schema.fields.first(where: { $0.id == entry.fieldIDs[0] })
        else { return "the column that it is over is gone" }
        switch (entry.kind, field.type) {
        case (.btree, let type): return type.isBTreeKey ? nil : "it is over \(type) values"
        case (.vector, .fixedSizeList(let item, _)):
            return item.isFloat ? IVFPQIndex.unsupportedReason(entry) : "it is over vectors of \(item)"
        default: return "it is over \(field.type) values"
        }
    }

    /// Writes what must be written. Where it throws nothing is left behind.
    package func remap() async throws -> Result {
        var result = Result()
        do {
            for entry in snapshot.indices {
                let concerned = groups.filter { group in group.old.contains { entry.coveredFragments.contains($0) } }
                guard !concerned.isEmpty else { continue }
                var covered = Set(entry.coveredFragments.values)
                for group in concerned { covered = covered.subtracting(group.old).union(group.new) }
                var proto = entry.proto
                if !snapshot.holdsRowIDs(entry) {
                    var segment = try await write(entry, covered)
                    result.new.append(segment)
                    // As old as what it was made from: of several that cover a fragment the newest answers.
                    segment.datasetVersion = entry.datasetVersion
                    let created = entry.proto.createdAt
                    proto = try segment.proto()
                    if created > 0 { proto.createdAt = created }
                }
                proto.fragmentBitmap = .init(RoaringBitmap(covered).serialized)
                result.entries.append(.init(old: entry.proto, new: proto))
            }
            return result
        } catch {
            await discard(result)
            throw error
        }
    }

    package func discard(_ result: Result) async {
        for segment in result.new {
            await segment.directory.discard(segment.files.map(\.name), in: snapshot.storage)
        }
    }

    private func write(_ entry: IndexEntry, _ covered: Set<UInt32>) async throws -> IndexSegment {
        guard let id = entry.fieldIDs.first, let field = snapshot.schema.fields.first(where: { $0.id == id }) else {
            throw Failure(.corrupt, "the column of index '\(entry.name)' is gone", path: snapshot.location)
        }
        guard entry.kind == .vector else {
            // Its values are read from the new files: that is as fast as reading them from the index.
            return try await BTreeBuilder.build(
                name: entry.name, over: next, next.fragmentReaders.filter { covered.contains($0.id) }, field: field,
                byAddress: true, durability: durability)
        }
        guard case .fixedSizeList(let element, let dimension) = field.type else {
            throw Failure(.corrupt, "the column of index '\(entry.name)' is \(field.type)", path: snapshot.location)
        }
        let index = try await IVFPQIndex.open(entry.uuid, dimension: dimension, in: snapshot.storage)
        let liveness = try await RowLiveness(entry, in: snapshot)
        let merger = IVFPQMerger(
            name: entry.name, fieldIDs: entry.fieldIDs, datasetVersion: entry.datasetVersion,
            covered: RoaringBitmap(covered), element: element)
        let source = IVFPQMerger.Source(index) { [moves] id in
            let address = RowAddress(rawValue: id)
            return liveness.isLive(address) ? moves.address(of: address)?.rawValue : nil
        }
        return try await merger.merge([source], in: snapshot.storage, durability).segment
    }
}
