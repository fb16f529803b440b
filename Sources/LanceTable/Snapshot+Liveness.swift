// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import LanceFile
import LanceProto

extension IndexEntry {
    /// Why this package does not know how to read the index: its kind, the version of its files, or where they are;
    /// nil where it does.
    ///
    /// Writers raise `index_version` where an older reader would take the files for something else, and `base_id` puts
    /// them outside the table's directory.
    fileprivate var unsupportedReason: String? {
        if proto.hasBaseID { return "its files are at another place" }
        let known: ClosedRange<Int32>
        switch kind {
        case .btree: known = 0...1
        case .vector: known = 0...1
        case .other(let name): return "it is of the kind '\(name.isEmpty ? "unknown" : name)'"
        }
        return known.contains(proto.indexVersion) ? nil : "its version is \(proto.indexVersion)"
    }
}

/// Which indices, and which of their rows, count in this version: the one place that decides so.
extension Snapshot {
    /// Of the system index that says how rows moved when fragments were rewritten and other indices were not.
    private static let fragmentReuse = "__lance_frag_reuse"

    /// Rows keep their ids when they move, and indices hold these ids.
    package var hasStableRowIDs: Bool { manifest.hasStableRowIDs }

    /// Whether an index holds ids of rows. From version 1 on a BTREE index of such a table holds addresses, as all
    /// indices do where rows have no ids.
    package func holdsRowIDs(_ index: IndexEntry) -> Bool {
        hasStableRowIDs && !(index.kind == .btree && index.proto.indexVersion >= 1)
    }

    /// What an index that is built now calls the rows of a fragment.
    ///
    /// - Parameter byAddress: also where the rows have ids.
    package func rowIDs(of reader: FragmentReader, byAddress: Bool = false) async throws -> FragmentRowIDs {
        let rows = try await reader.physicalRows()
        return hasStableRowIDs && !byAddress
            ? try FragmentRowIDs(reader.fragment, rows: rows, path: location)
            : FragmentRowIDs(addressesOf: reader.id, rows: rows)
    }

    /// Why rows of this version cannot be found by what an index holds: their ids cannot be read, or addresses must be
    /// followed through a system index first. Nil where they can.
    private func movedReason(_ index: IndexEntry) -> String? {
        if holdsRowIDs(index), let reason = fragments.lazy.compactMap({ FragmentRowIDs.unreadableReason($0) }).first {
            return reason
        }
        return indices.contains { $0.name == Self.fragmentReuse } ? "its rows have moved" : nil
    }

    package func covers(_ index: IndexEntry, _ fragment: Fragment) -> Bool {
        index.coveredFragments.contains(fragment.id)
    }

    /// Whether an index covers a fragment that this version has.
    package func isLive(_ index: IndexEntry) -> Bool {
        fragments.contains { covers(index, $0) }
    }

    /// Why queries may not use an index that is live; nil where, by the manifest, they may.
    package func unusableReason(_ index: IndexEntry) -> String? { index.unsupportedReason ?? movedReason(index) }

    /// Whether queries may use an index: it is live, and of a kind and version that this package reads.
    package func isUsable(_ index: IndexEntry) -> Bool { isLive(index) && unusableReason(index) == nil }

    /// The usable index segments of a column, in the manifest's order. Those of one name are one index.
    package func usableIndices(_ kind: IndexEntry.Kind, on field: TableField) -> [IndexEntry] {
        indices.filter { $0.kind == kind && $0.fieldIDs == [field.id] && isUsable($0) }
    }

    package func hasLiveIndex(_ kind: IndexEntry.Kind, on column: String) -> Bool {
        guard let field = schema[column] else { return false }
        return !usableIndices(kind, on: field).isEmpty
    }

    /// The fragments that none of the segments covers, which must be looked through row by row.
    package func uncoveredFragments(of segments: [IndexEntry]) -> [Fragment] {
        fragments.filter { fragment in !segments.contains { covers($0, fragment) } }
    }

    /// Live rows of the fragments that the segments cover.
    package func coveredRows(of segments: [IndexEntry]) async throws -> Int {
        var rows = 0
        for reader in fragmentReaders where segments.contains(where: { covers($0, reader.fragment) }) {
            rows += try await reader.liveRows()
        }
        return rows
    }

    /// The usable indices of a column, each with its segments, newest first: the index that covers the most live rows
    /// comes first, of equals the newest.
    ///
    /// - Parameter isReadable: false for a segment that the caller knows it cannot use; what it covers counts for nothing.
    package func rankedIndices(
        _ kind: IndexEntry.Kind, on field: TableField, where isReadable: (IndexEntry) -> Bool = { _ in true }
    ) async throws -> [(name: String, segments: [IndexEntry])] {
        let usable = usableIndices(kind, on: field).filter(isReadable)
        var ranked: [(name: String, segments: [IndexEntry], rows: Int)] = []
        for (name, segments) in Dictionary(grouping: usable, by: \.name) {
            let segments = segments.newestFirst
            // Where there is no choice nothing needs to be counted.
            ranked.append((name, segments, segments.count == usable.count ? 0 : try await coveredRows(of: segments)))
        }
        ranked.sort { a, b in
            if a.rows != b.rows { return a.rows > b.rows }
            guard let newestA = a.segments.first?.age, let newestB = b.segments.first?.age else { return false }
            return newestA != newestB ? newestA > newestB : a.name < b.name
        }
        return ranked.map { ($0.name, $0.segments) }
    }
}

extension IndexEntry {
    /// Greater for an index that was built later.
    fileprivate var age: (UInt64, UInt64) { (datasetVersion, proto.createdAt) }
}

extension [IndexEntry] {
    /// The ones that were built later come first.
    package var newestFirst: [IndexEntry] { sorted { $0.age > $1.age } }
}
