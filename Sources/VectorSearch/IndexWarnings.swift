// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceFile
import LanceTable
import Logging
import Synchronization

/// Says of each index segment that is passed over why it is, once.
final class IndexWarnings: Sendable {
    private let what: String
    private let reported = Mutex<Set<UUID>>([])
    private static let logger = Logger(label: "swift-lance.search")

    /// - Parameter what: the kind of index, as a warning names it.
    init(_ what: String) { self.what = what }

    func report(_ entry: IndexEntry, _ reason: String, _ snapshot: Snapshot) {
        guard reported.withLock({ $0.insert(entry.uuid).inserted }) else { return }
        Self.logger.warning(
            "a \(what) index is not used",
            metadata: [
                "table": "\(snapshot.location)", "index": "\(entry.name)", "uuid": "\(entry.uuid)",
                "reason": "\(reason)",
            ])
    }

    /// Reports the live entries over `field` alone that the manifest tells to be of no use. What covers nothing is no
    /// index, of whatever kind.
    ///
    /// - Parameters:
    ///   - isWanted: of which kinds.
    ///   - reason: why the caller does not use an entry of that kind; nil where it may.
    func reportUnusable(
        on field: TableField, in snapshot: Snapshot, where isWanted: (IndexEntry.Kind) -> Bool,
        reason: (IndexEntry) -> String? = { _ in nil }
    ) {
        for entry in snapshot.indices where entry.fieldIDs == [field.id] && isWanted(entry.kind) {
            guard snapshot.isLive(entry), let reason = reason(entry) ?? snapshot.unusableReason(entry) else { continue }
            report(entry, reason, snapshot)
        }
    }

    /// Forgets the segments that a version does not list.
    func keep(_ listed: Set<UUID>) { reported.withLock { $0.formIntersection(listed) } }
}
