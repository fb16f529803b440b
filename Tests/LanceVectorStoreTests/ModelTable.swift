// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore
import TestSupport

/// What a table must hold and answer, as plain arrays.
///
/// Vectors are small integers: every sum of products is exact in single precision, in whatever order it is added up, so
/// that a distance has one value down to its last bit, and ties abound.
struct ModelTable {
    struct Row {
        /// Of this row alone, unlike its id.
        let text: String
        let id: String
        let vector: [Float]
        let fragment: UInt32
        let offset: UInt32
        let chunk: Int
    }

    struct Neighbor: Equatable {
        var distance: Float
        var text: String
    }

    /// The live rows in the table's order.
    var rows: [Row] = []
    /// Fragments that the version has, also those without live rows.
    var fragments: [UInt32] = []
    var nextFragment: UInt32 = 0
    var serial = 0
    /// The vector index: its metric, and what it covered when it was built.
    var index: (metric: DistanceMetric, partitions: Int, fragments: Set<UInt32>)?
    /// What the index of ids covered when it was built.
    var idFragments: Set<UInt32>?
    /// Rows in the index's files, deleted ones among them.
    var indexedRows = 0

    /// The fragments that the vector index answers for; none where there is no index.
    var covered: Set<UInt32> { index.map { $0.fragments.intersection(fragments) } ?? [] }
    var hasVectorIndex: Bool { !covered.isEmpty }
    var hasIDIndex: Bool { !(idFragments ?? []).isDisjoint(with: fragments) }
    /// How a search compares.
    var metric: DistanceMetric { hasVectorIndex ? index?.metric ?? .cosine : .cosine }

    static func isEligible(_ vector: [Float], _ metric: DistanceMetric) -> Bool {
        vector.allSatisfy(\.isFinite) && (metric != .cosine || vector.contains { $0 != 0 })
    }

    static func distance(_ query: [Float], _ vector: [Float], _ metric: DistanceMetric) -> Float {
        func dot(_ a: [Float], _ b: [Float]) -> Float {
            var sum: Float = 0
            for index in a.indices { sum += a[index] * b[index] }
            return sum
        }
        switch metric {
        case .l2:
            var sum: Float = 0
            for index in query.indices { sum += (query[index] - vector[index]) * (query[index] - vector[index]) }
            return sum
        case .dot: return 1 - dot(query, vector)
        case .cosine:
            let distance = 1 - dot(query, vector) / (dot(query, query) * dot(vector, vector)).squareRoot()
            return min(max(distance, 0), 2)
        }
    }

    /// All rows that have a distance, nearest first, ties in the table's order.
    func ranked(_ query: [Float], among: (Row) -> Bool = { _ in true }) -> [Neighbor] {
        var scored: [(distance: Float, place: Int)] = []
        for (place, row) in rows.enumerated() where among(row) && Self.isEligible(row.vector, metric) {
            scored.append((Self.distance(query, row.vector, metric), place))
        }
        scored.sort { ($0.distance, $0.place) < ($1.distance, $1.place) }
        return scored.map { Neighbor(distance: $0.distance, text: rows[$0.place].text) }
    }

    func row(id: String) -> Row? { rows.first { $0.id == id } }

    /// Rows that an index of this metric can hold.
    func eligible(_ metric: DistanceMetric) -> Int { rows.count { Self.isEligible($0.vector, metric) } }
}
