// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceFile
package import LanceProto
import SwiftProtobuf

/// A transaction for looking at: what a commit did.
package struct TransactionInspection: Sendable, Encodable {
    /// `append`, `delete`, `overwrite`, …
    package var operation: String
    /// The version that the operation was prepared on.
    package var readVersion: UInt64
    package var uuid: String
    package var tag: String
    package var properties: [String: String]
    /// The operation's own numbers, one thing a line.
    package var details: [String]

    /// Looks at a `.txn` file of this machine.
    package static func file(at path: String) async throws -> TransactionInspection {
        let region = try await LocalFile.open(path)
        let proto = try region.view.message(ProtoTransaction.self, "the transaction")
        // Any bytes that end well make a protobuf message; one without all of this is no transaction.
        guard proto.operation != nil || !proto.uuid.isEmpty || proto.readVersion != 0 else {
            throw region.view.corrupt("not a transaction: it has neither an operation nor a UUID")
        }
        return TransactionInspection(proto)
    }

    package init(_ proto: ProtoTransaction) {
        operation = proto.kind.rawValue
        readVersion = proto.readVersion
        uuid = proto.uuid
        tag = proto.tag
        properties = proto.transactionProperties
        details = Self.details(proto)
    }

    private static func details(_ proto: ProtoTransaction) -> [String] {
        switch proto.operation {
        case .append(let append): return [added(append.fragments)]
        case .delete(let delete):
            return [
                "predicate: \(delete.predicate)", "changes fragments \(list(delete.updatedFragments.map(\.id)))",
                "removes fragments \(list(delete.deletedFragmentIds))",
            ]
        case .overwrite(let overwrite):
            return [
                "columns: \(overwrite.schema.filter { $0.parentID < 0 }.map(\.name).joined(separator: ", "))",
                added(overwrite.fragments),
            ]
        case .createIndex(let create):
            return create.newIndices.map { "adds index '\($0.name)' on fields \(list($0.fields))" }
                + create.removedIndices.map { "removes index '\($0.name)' on fields \(list($0.fields))" }
        case .rewrite(let rewrite):
            return rewrite.groups.map {
                "fragments \(list($0.oldFragments.map(\.id))) become \(list($0.newFragments.map(\.id)))"
            }
        case .merge(let merge): return ["fragments \(list(merge.fragments.map(\.id)))"]
        case .restore(let restore): return ["version \(restore.version)"]
        case .reserveFragments(let reserve): return ["\(reserve.numFragments) fragment ids"]
        case .update(let update):
            return [
                "changes fragments \(list(update.updatedFragments.map(\.id)))",
                "removes fragments \(list(update.removedFragmentIds))", added(update.newFragments),
            ]
        case .project(let project):
            return ["columns: \(project.schema.filter { $0.parentID < 0 }.map(\.name).joined(separator: ", "))"]
        case .updateConfig, .dataReplacement, .updateMemWalState, .clone, .updateBases, nil: return []
        }
    }

    private static func added(_ fragments: [ProtoDataFragment]) -> String {
        let rows = fragments.reduce(UInt64(0)) { $0 &+ $1.physicalRows }
        return "adds \(fragments.count) fragment\(fragments.count == 1 ? "" : "s") of \(rows) rows"
    }

    private static func list<T: BinaryInteger>(_ ids: [T]) -> String {
        guard ids.count > 20 else { return ids.isEmpty ? "none" : ids.map { "\($0)" }.joined(separator: ", ") }
        return ids.prefix(20).map { "\($0)" }.joined(separator: ", ") + " and \(ids.count - 20) more"
    }
}
