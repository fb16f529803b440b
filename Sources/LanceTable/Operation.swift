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
        }
        return transaction
    }
}

extension ProtoTransaction {
    var kind: Operation.Kind {
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
