// SPDX-License-Identifier: Apache-2.0
package import LanceVectorStore

/// The rows that are nearest to a query, by exact search: what the hits of an index are held against.
///
/// A hit is right where a row of its doc_id and chunk_text is no farther from the query than the k-th nearest row.
/// Which of several rows at the k-th distance comes first is chance, so all of them are right; and rows that share a
/// doc_id are told apart by their texts. Each row counts once. The hit's own distance is not asked: without refining it
/// is an estimate.
package struct RecallTruth: Sendable {
    /// Distances that differ by less, in proportion to the distance where that is above 1, are the same: sums in another
    /// order round differently.
    private static let tolerance: Float = 1e-6

    /// How many hits there should be: k, or all rows where those are fewer.
    package let wanted: Int
    /// How many of the right rows have this doc_id and text. By hash: the texts of many queries would take much memory.
    private let rows: [Int: Int]

    /// - Parameter exact: the nearest rows, nearest first, beyond the k-th as far as they are as near as that.
    package init(_ exact: [Hit], k: Int) {
        wanted = min(k, exact.count)
        let limit = Self.limit(exact, k: k)
        rows = Dictionary(exact.prefix { $0.distance <= limit }.map { (Self.identity($0), 1) }, uniquingKeysWith: +)
    }

    /// Whether rows that are as near as the k-th may be missing at the end of this list of `asked` rows.
    package static func isCut(_ exact: [Hit], k: Int, asked: Int) -> Bool {
        guard exact.count >= asked, let last = exact.last else { return false }
        return last.distance <= limit(exact, k: k)
    }

    /// The part of the hits that should be there which is, in 0...1.
    package func recall(of hits: [Hit]) -> Double {
        guard wanted > 0 else { return 1 }
        var left = rows
        var right = 0
        for hit in hits {
            guard let count = left[Self.identity(hit)], count > 0 else { continue }
            left[Self.identity(hit)] = count - 1
            right += 1
        }
        return Double(min(right, wanted)) / Double(wanted)
    }

    private static func limit(_ exact: [Hit], k: Int) -> Float {
        guard k > 0, let farthest = exact.prefix(k).last?.distance else { return -.infinity }
        return farthest + tolerance * max(1, abs(farthest))
    }

    private static func identity(_ hit: Hit) -> Int {
        var hasher = Hasher()
        hasher.combine(hit.docID)
        hasher.combine(hit.chunkText)
        return hasher.finalize()
    }
}
