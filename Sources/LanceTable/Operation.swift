// SPDX-License-Identifier: Apache-2.0
package import LanceFile
package import LanceProto

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
