// SPDX-License-Identifier: Apache-2.0
package import LanceFile
package import LanceProto
import SwiftProtobuf

/// What a commit does to a table.
package enum Operation: Sendable {
    /// Adds fragments; their ids are given at the commit.
    case append([ProtoDataFragment])
    /// Makes the table, or replaces all it holds and its schema. Indices go.
    case overwrite(fields: [ProtoField], fragments: [ProtoDataFragment], version: FileVersion)
    /// Adds index entries and takes some away, by UUID.
    case createIndex(new: [ProtoIndexMetadata], removed: [ProtoIndexMetadata])
    /// Takes rows away.
    case delete(RowDeletion)
    /// Takes rows away and adds fragments, with what came in place of what.
    ///
    /// - Parameter replaced: for each row of the new fragments, one after another, the address of the row that it takes
    ///   the place of; needed where rows keep their ids.
    case update(RowDeletion, adding: [ProtoDataFragment], replaced: [RowAddress?])
    /// Makes an older version's contents the newest again.
    case restore(Manifest)
    /// Takes so many fragment ids, for fragments that indices must know before they are committed.
    case reserveFragments(UInt32)
    /// Puts fragments in the place of others with the same rows.
    case rewrite(FragmentRewrite)

    /// What a conflict is judged by.
    package enum Kind: String, Sendable, CaseIterable {
        case append, delete, overwrite
        case createIndex = "create index"
        case rewrite, merge, restore
        case reserveFragments = "reserve fragments"
        case update, project
        case updateConfig = "update config"
        case dataReplacement = "data replacement"
        case updateMemWalState = "update MemWAL state"
        case clone
        case updateBases = "update bases"
        case unknown
    }

    package var kind: Kind {
        switch self {
        case .append: .append
        case .overwrite: .overwrite
        case .createIndex: .createIndex
        case .delete: .delete
        case .update: .update
        case .restore: .restore
        case .reserveFragments: .reserveFragments
        case .rewrite: .rewrite
        }
    }

    func transaction(readVersion: UInt64, uuid: String) -> ProtoTransaction {
        var transaction = ProtoTransaction()
        transaction.readVersion = readVersion
        transaction.uuid = uuid
        switch self {
        case .append(let fragments): transaction.append.fragments = fragments
        case .overwrite(let fields, let fragments, _):
            transaction.overwrite.schema = fields
            transaction.overwrite.fragments = fragments
        case .createIndex(let new, let removed):
            transaction.createIndex.newIndices = new
            transaction.createIndex.removedIndices = removed
        case .delete(let deletion):
            transaction.delete.updatedFragments = deletion.updated
            transaction.delete.deletedFragmentIds = deletion.removedIDs
            transaction.delete.predicate = deletion.predicate
        case .update(let deletion, let fragments, _):
            transaction.update.updatedFragments = deletion.updated
            transaction.update.removedFragmentIds = deletion.removedIDs
            transaction.update.newFragments = fragments
        case .restore(let old): transaction.restore.version = old.proto.version
        case .reserveFragments(let count): transaction.reserveFragments.numFragments = count
        case .rewrite(let rewrite):
            transaction.rewrite.groups = rewrite.groups.map { group in
                .with {
                    $0.oldFragments = group.old
                    $0.newFragments = group.new
                }
            }
            transaction.rewrite.rewrittenIndices = rewrite.indices.filter { $0.old.uuid != $0.new.uuid }.map { index in
                .with {
                    $0.oldID = index.old.uuid
                    $0.newID = index.new.uuid
                    $0.newIndexDetails = index.new.indexDetails
                    $0.newIndexVersion = UInt32(clamping: index.new.indexVersion)
                    $0.newIndexFiles = index.new.files
                }
            }
        }
        return transaction
    }
}

extension ProtoTransaction {
    package var kind: Operation.Kind {
        switch operation {
        case .append: .append
        case .delete: .delete
        case .overwrite: .overwrite
        case .createIndex: .createIndex
        case .rewrite: .rewrite
        case .merge: .merge
        case .restore: .restore
        case .reserveFragments: .reserveFragments
        case .update: .update
        case .project: .project
        case .updateConfig: .updateConfig
        case .dataReplacement: .dataReplacement
        case .updateMemWalState: .updateMemWalState
        case .clone: .clone
        case .updateBases: .updateBases
        case nil: .unknown
        }
    }
}
