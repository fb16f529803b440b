// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import vectord

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct RecallPlotTests {
    /// What stands in a picture.
    private final class Contents: NSObject, XMLParserDelegate {
        var counts: [String: Int] = [:]
        var texts: [String] = []
        var places: [Double] = []

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            counts[name, default: 0] += 1
            if name == "text" || name == "title" { texts.append("") }
            places += ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy"].compactMap { attributes[$0].flatMap(Double.init) }
        }

        func parser(_ parser: XMLParser, foundCharacters text: String) {
            if !texts.isEmpty { texts[texts.count - 1] += text }
        }
    }

    private func contents(_ plot: RecallPlot) throws -> Contents {
        let contents = Contents()
        let parser = XMLParser(data: Data(plot.svg.utf8))
        parser.delegate = contents
        try #require(parser.parse(), "\(String(describing: parser.parserError))")
        // What stands between elements counts with the one before.
        contents.texts = contents.texts.map { $0.trimmingCharacters(in: .newlines) }
        #expect(contents.places.allSatisfy { (0...900).contains($0) })
        return contents
    }

    private func point(_ nprobes: Int, _ refine: Int?, _ recall: Double, _ p50: Double) -> RecallPoint {
        RecallPoint(nprobes: nprobes, refine: refine, recall: recall, p50: p50, p95: p50, queriesPerSecond: 1e6 / p50)
    }

    @Test func lines() throws {
        var points: [RecallPoint] = []
        for refine in [nil, 2, 10] {
            for nprobes in [1, 10, 100] {
                let recall = 0.5 + Double(nprobes) / 250 + Double(refine ?? 0) / 300
                points.append(point(nprobes, refine, recall, Double(nprobes * 50 + 100)))
            }
        }
        let svg = try contents(RecallPlot(title: "A title", subtitle: "About <it> & \"that\"\u{1}", points: points))
        #expect(svg.counts["polyline"] == 3)
        // The points, the legend's, its ring, and rings.
        #expect(svg.counts["circle", default: 0] >= 9 + 3 + 1)
        for text in [
            "A title", "About <it> & \"that\" ", "refine none", "refine 2", "refine 10", "recall", "nprobes 1",
        ] {
            #expect(svg.texts.contains(text), "\(text)")
        }
        #expect(svg.texts.contains { $0.hasPrefix("nprobes 10, refine 2: recall 0.5467, median 600 µs") })
    }

    /// Nothing that another place would have to be asked for.
    @Test func selfContained() {
        let svg = RecallPlot(title: "t", subtitle: "s", points: [point(1, nil, 0.5, 10)]).svg
        for word in ["href", "url(", "@import", "<script", "<image"] { #expect(!svg.contains(word)) }
        #expect(svg.contains("prefers-color-scheme:dark"))
    }

    @Test(arguments: [
        [], [(1, 1.0, 100.0)], [(1, 0.0, 0.0)], [(1, 1.0, 5.0), (2, 1.0, 5.0)], [(1, 0.1, 0.5), (2, 1.0, 5e8)],
        [(1, 0.9985, 99.0), (2, 0.9995, 101.0)], [(1, Double.nan, Double.nan)], [(1, 2.0, Double.infinity)],
    ])
    func oddPoints(points: [(Int, Double, Double)]) throws {
        _ = try contents(RecallPlot(title: "", subtitle: "", points: points.map { point($0.0, 5, $0.1, $0.2) }))
    }

    @Test func logTicks() {
        #expect(LogAxis([10, 100_000]).ticks == [10, 100, 1000, 10_000, 100_000])
        #expect(LogAxis([60, 320]).ticks.count >= 3)
        #expect(LogAxis([100]).ticks.count >= 3)
        #expect(LogAxis([1e-3, 1e12]).ticks.count <= 10)
        let axis = LogAxis([10, 1000], margin: 0)
        #expect(abs(axis.place(100) - 0.5) < 1e-9 && axis.place(1) == 0 && axis.place(1e9) == 1 && axis.place(0) == 0)
    }

    @Test(arguments: [
        (0.0, 0.0, 0.2, 1), (0.44, 0.4, 0.1, 1), (0.71, 0.7, 0.05, 2), (0.93, 0.93, 0.01, 2), (1.0, 0.98, 0.005, 3),
    ])
    func recallTicks(least: Double, low: Double, step: Double, digits: Int) throws {
        let axis = RecallAxis([1, least])
        #expect(abs(axis.low - low) < 1e-9)
        #expect(abs(axis.ticks[1] - axis.ticks[0] - step) < 1e-9 && axis.ticks.last == 1)
        #expect(axis.digits == digits)
        #expect(axis.place(1) == 1 && axis.place(low) == 0)
    }

    @Test func labelsApart() {
        #expect(RecallPlot.apart([10, 12, 50], by: 15, lowest: 100) == [10, 25, 50])
        #expect(RecallPlot.apart([90, 95, 99], by: 15, lowest: 100) == [70, 85, 100])
        #expect(RecallPlot.apart([], by: 15, lowest: 100) == [])
    }
}
