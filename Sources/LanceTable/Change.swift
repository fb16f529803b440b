// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
package import LanceProto

/// What a transaction changes, as far as conflicts are judged by it.
package struct Change: Sendable {
    package var kind: Operation.Kind
    /// The fragments whose rows or files it changes, or which it takes away; nil where that is not known.
    package var fragments: Set<UInt64>? = []
    /// The fragments that its index entries cover; nil where that is not known.
    package var covered: Set<UInt64>? = []
    /// The indices that it adds or takes away, by name.
    package var indexNames: Set<String> = []

    package init(_ kind: Operation.Kind) {
        self.kind = kind
        guard kind == .unknown else { return }
        fragments = nil
        covered = nil
    }

    package init(_ transaction: ProtoTransaction) {
        self.init(transaction.kind)
        switch transaction.operation {
        case .delete(let delete): fragments = Set(delete.updatedFragments.map(\.id) + delete.deletedFragmentIds)
        case .update(let update):
            fragments = Set(update.updatedFragments.map(\.id) + update.removedFragmentIds)
        case .createIndex(let create):
            indexNames = Set((create.newIndices + create.removedIndices).map(\.name))
            covered = Self.covered(create.newIndices)
        case .rewrite(let rewrite): fragments = Set(rewrite.groups.flatMap { $0.oldFragments.map(\.id) })
        case .dataReplacement(let data): fragments = Set(data.replacements.map(\.fragmentID))
        case .append, .reserveFragments, .updateConfig: break
        default:
            fragments = nil
            covered = nil
        }
    }

    /// Nil for an index that does not say, or whose bitmap cannot be read.
    private static func covered(_ indices: [ProtoIndexMetadata]) -> Set<UInt64>? {
        var ids = Set<UInt64>()
        for index in indices {
            guard let bitmap = try? RoaringBitmap(parsing: ByteView(copying: index.fragmentBitmap), limit: 1 << 24)
            else {
                return nil
            }
            ids.formUnion(bitmap.values.map(UInt64.init))
        }
        return ids
    }
}
