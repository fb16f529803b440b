// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore
import Testing
import vectord

@Suite struct RecallTruthTests {
    private func hit(_ id: String, _ distance: Float, text: String = "") -> Hit {
        Hit(docID: id, chunkText: text, score: 1 - distance, distance: distance)
    }

    @Test func parts() {
        let truth = RecallTruth([hit("a", 0.1), hit("b", 0.2), hit("c", 0.3), hit("d", 0.4)], k: 3)
        #expect(truth.wanted == 3)
        #expect(truth.recall(of: [hit("a", 0.1), hit("b", 0.2), hit("c", 0.3)]) == 1)
        #expect(truth.recall(of: [hit("c", 9), hit("x", 0), hit("d", 0.1)]) == 1.0 / 3)
        #expect(truth.recall(of: []) == 0)
    }

    /// Any row at the k-th distance is right, whichever the exact search puts first.
    @Test func ties() {
        let exact = [hit("a", 0.1), hit("b", 0.2), hit("c", 0.2 + 5e-7), hit("d", 0.2 + 3e-6)]
        let truth = RecallTruth(exact, k: 2)
        #expect(truth.recall(of: [hit("a", 0.1), hit("c", 0.2)]) == 1)
        #expect(truth.recall(of: [hit("a", 0.1), hit("d", 0.2)]) == 0.5)
        // Never more than all.
        #expect(truth.recall(of: [hit("a", 0.1), hit("b", 0.2), hit("c", 0.2)]) == 1)
        // Large distances are the same in proportion.
        let far = RecallTruth([hit("a", 1000), hit("b", 1000.0005)], k: 1)
        #expect(far.recall(of: [hit("b", 1000)]) == 1)
        let negative = RecallTruth([hit("a", -1000), hit("b", -999.9995)], k: 1)
        #expect(negative.recall(of: [hit("b", -1000)]) == 1)
    }

    /// Each row counts once, and rows of one id are told apart by their texts.
    @Test func sameIDs() {
        let truth = RecallTruth([hit("a", 0.1), hit("a", 0.2), hit("b", 0.3), hit("c", 0.4)], k: 3)
        #expect(truth.recall(of: [hit("a", 0.1), hit("a", 0.1), hit("a", 0.1)]) == 2.0 / 3)
        let texts = RecallTruth([hit("", 0.1, text: "x"), hit("", 0.2, text: "y")], k: 1)
        #expect(texts.recall(of: [hit("", 0.1, text: "y")]) == 0)
        #expect(texts.recall(of: [hit("", 0.1, text: "x")]) == 1)
    }

    @Test func fewRows() {
        #expect(RecallTruth([hit("a", 0.1)], k: 10).recall(of: [hit("a", 0.1)]) == 1)
        #expect(RecallTruth([], k: 10).recall(of: []) == 1)
    }

    @Test func cutLists() {
        let exact = [hit("a", 0.1), hit("b", 0.2), hit("c", 0.2)]
        #expect(RecallTruth.isCut(exact, k: 2, asked: 3))
        #expect(!RecallTruth.isCut(exact, k: 2, asked: 4))
        #expect(!RecallTruth.isCut(exact, k: 1, asked: 3))
        #expect(!RecallTruth.isCut([], k: 1, asked: 3))
    }

    @Test func cheapest() {
        func point(_ nprobes: Int, _ recall: Double, _ p50: Double) -> RecallPoint {
            RecallPoint(nprobes: nprobes, refine: nil, recall: recall, p50: p50, p95: p50, queriesPerSecond: 1)
        }
        let points = [point(1, 0.5, 1), point(2, 0.95, 9), point(3, 0.96, 8), point(4, 0.98, 20)]
        #expect(RecallPoint.cheapest(points, target: 0.95)?.nprobes == 3)
        #expect(RecallPoint.cheapest(points, target: 0.99) == nil)
        #expect(points.map { $0.targets(among: points) } == [[], [], [0.90, 0.95], []])
    }
}
