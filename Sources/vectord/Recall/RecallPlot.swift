// SPDX-License-Identifier: Apache-2.0

/// A picture of recall over latency, a line for each refine factor, which needs no other file and is readable on light
/// and dark grounds.
package struct RecallPlot: Sendable {
    private static let width = 900.0
    private static let height = 560.0
    private static let left = 74.0
    private static let right = 790.0
    private static let top = 104.0
    private static let bottom = 488.0
    private static let labelHeight = 15.0

    /// What is told apart by colour is told apart by its label too.
    private static let colors = [
        (light: "#b45309", dark: "#fbbf24"), (light: "#1d4ed8", dark: "#60a5fa"), (light: "#047857", dark: "#34d399"),
        (light: "#a21caf", dark: "#e879f9"), (light: "#b91c1c", dark: "#f87171"), (light: "#0e7490", dark: "#22d3ee"),
    ]

    private struct Line {
        var name: String
        var color: Int
        /// In the order of nprobes.
        var points: [RecallPoint]
    }

    private let title: String
    private let subtitle: String
    private let lines: [Line]
    private let points: [RecallPoint]
    private let latency: LogAxis
    private let recall: RecallAxis

    package init(title: String, subtitle: String, points: [RecallPoint]) {
        self.title = title
        self.subtitle = subtitle
        self.points = points
        let factors = Set(points.map(\.refine)).sorted { ($0 ?? 0) < ($1 ?? 0) }
        lines = factors.enumerated().map { index, factor in
            Line(
                name: "refine " + (factor.map(String.init) ?? "none"), color: index % Self.colors.count,
                points: points.filter { $0.refine == factor }.sorted { $0.nprobes < $1.nprobes })
        }
        latency = LogAxis(points.map(\.p50))
        recall = RecallAxis(points.map(\.recall))
    }

    package var svg: String {
        var svg = SVGDocument(
            width: Self.width, height: Self.height, label: "\(title). \(subtitle)", style: Self.style)
        svg.add("rect", ["class": "ground", "width": "100%", "height": "100%"])
        svg.label("title", Self.left, 32, title)
        svg.label("muted", Self.left, 53, subtitle)
        drawLegend(&svg)
        drawAxes(&svg)
        drawLines(&svg)
        drawCheapest(&svg)
        drawLineLabels(&svg)
        return svg.finished
    }

    private static var style: String {
        func rules(_ ground: String, _ ink: String, _ muted: String, _ grid: String, _ colors: [String]) -> String {
            let lines = colors.enumerated().map { ".l\($0){stroke:\($1)} .d\($0),.t\($0){fill:\($1)}" }
            return """
                .ground{fill:\(ground)} text{fill:\(ink)} .halo{stroke:\(ground)} .muted,.tick,.probes{fill:\(muted)}
                .grid{stroke:\(grid)} .target{stroke:\(muted)} .ring{stroke:\(ink)} .dot{stroke:\(ground)}
                \(lines.joined(separator: "\n"))
                """
        }
        return """
            text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
            .halo{stroke-width:4px;stroke-linejoin:round}
            .title{font-size:18px;font-weight:600} .tick{font-size:12px} .probes{font-size:10px} .name{font-weight:600}
            .mark{font-size:11px;font-weight:600}
            line,polyline,.ring{fill:none} .grid{stroke-width:1} .target{stroke-width:1;stroke-dasharray:2 4}
            polyline,.key{stroke-width:2;stroke-linejoin:round} .dot{stroke-width:1.5} .ring{stroke-width:1.5}
            \(rules("#ffffff", "#1f2937", "#6b7280", "#e5e7eb", colors.map(\.light)))
            @media (prefers-color-scheme:dark){
            \(rules("#111827", "#f3f4f6", "#9ca3af", "#374151", colors.map(\.dark)))
            }
            """
    }

    // MARK: Places

    private func x(_ point: RecallPoint) -> Double { x(point.p50) }

    private func x(_ microseconds: Double) -> Double {
        Self.left + latency.place(microseconds) * (Self.right - Self.left)
    }

    private func y(_ recall: Double) -> Double {
        Self.bottom - self.recall.place(recall) * (Self.bottom - Self.top)
    }

    // MARK: Parts

    private func drawLegend(_ svg: inout SVGDocument) {
        var x = Self.left
        let y = 78.0
        for line in lines {
            svg.line("key l\(line.color)", x, y - 4, x + 22, y - 4)
            dot(&svg, "dot d\(line.color)", x + 11, y - 4, 3.5)
            svg.label("legend", x + 28, y, line.name)
            x += 44 + Double(line.name.count) * 7
        }
        svg.add("circle", Self.circle("ring", x + 7, y - 4, 6.5))
        svg.label("legend", x + 19, y, "cheapest for a recall")
    }

    private func drawAxes(_ svg: inout SVGDocument) {
        for tick in recall.ticks {
            svg.line("grid", Self.left, y(tick), Self.right, y(tick))
            svg.label("tick", Self.left - 9, y(tick) + 4, anchor: "end", Readable.decimal(tick, recall.digits))
        }
        for tick in latency.ticks {
            svg.line("grid", x(tick), Self.top, x(tick), Self.bottom)
            svg.label("tick", x(tick), Self.bottom + 19, anchor: "middle", Self.tickText(tick))
        }
        for target in RecallPoint.targets where target > recall.low {
            svg.line("target", Self.left, y(target), Self.right, y(target))
        }
        svg.label(
            "axis", (Self.left + Self.right) / 2, Self.bottom + 46, anchor: "middle",
            "median latency of a search (logarithmic)")
        let (x, y) = (22.0, (Self.top + Self.bottom) / 2)
        svg.add(
            "text",
            [
                "class": "axis", "text-anchor": "middle",
                "transform": "translate(\(SVGDocument.number(x)) \(SVGDocument.number(y))) rotate(-90)",
            ], "recall")
    }

    private static func tickText(_ microseconds: Double) -> String {
        let (unit, scale) = microseconds < 999 ? ("µs", 1.0) : microseconds < 999_000 ? ("ms", 1e3) : ("s", 1e6)
        let value = microseconds / scale
        return "\(SVGDocument.number(value)) \(unit)"
    }

    private func drawLines(_ svg: inout SVGDocument) {
        for line in lines {
            let places = line.points.map { "\(SVGDocument.number(x($0))),\(SVGDocument.number(y($0.recall)))" }
            svg.add("polyline", ["class": "l\(line.color)", "points": places.joined(separator: " ")])
        }
        for line in lines {
            for point in line.points {
                dot(&svg, "dot d\(line.color)", x(point), y(point.recall), 4, title: Self.description(point))
            }
        }
        // On one line only: the others' points stand near these.
        guard let line = lines.last else { return }
        var last: (x: Double, y: Double)?
        for (index, point) in line.points.enumerated() {
            // Right of the last one stands the line's name.
            let isLast = index + 1 == line.points.count && index > 0
            let place = (x: x(point) + (isLast ? 0 : 6), y: y(point.recall) + (isLast ? 17 : 13))
            // Where points are too near each other, the first is enough.
            if let last, abs(place.x - last.x) < 24, abs(place.y - last.y) < 11 { continue }
            last = place
            svg.label(
                "probes", place.x, place.y, anchor: isLast ? "middle" : "start", onLines: true,
                (index == 0 ? "nprobes " : "") + "\(point.nprobes)")
        }
    }

    /// Up and left of such a point there is no other: it would be cheaper.
    private func drawCheapest(_ svg: inout SVGDocument) {
        for point in points {
            let targets = point.targets(among: points)
            guard !targets.isEmpty else { continue }
            svg.add("circle", Self.circle("ring", x(point), y(point.recall), 7.5))
            svg.label(
                "mark", x(point) - 11, y(point.recall) - 5, anchor: "end", onLines: true,
                "≥ \(targets.map { Readable.decimal($0, 2) }.joined(separator: ", ")): nprobes \(point.nprobes)")
        }
    }

    /// Names at the ends of the lines, moved apart where ends are near each other.
    private func drawLineLabels(_ svg: inout SVGDocument) {
        let ends = lines.compactMap { line in line.points.last.map { (line, x($0), y($0.recall)) } }
            .sorted { $0.2 < $1.2 }
        let places = Self.apart(ends.map(\.2), by: Self.labelHeight, lowest: Self.bottom)
        let farthest = ends.map(\.1).max() ?? 0
        for ((line, end, _), y) in zip(ends, places) {
            // In one column where that is near.
            let x = farthest - end < 90 ? farthest : end
            svg.label("name t\(line.color)", x + 11, y + 4, onLines: true, line.name)
        }
    }

    /// Ascending values with at least `gap` between them, none above `lowest`, moved as little as that takes.
    package static func apart(_ values: [Double], by gap: Double, lowest: Double) -> [Double] {
        var places = values
        for index in places.indices.dropFirst() { places[index] = max(places[index], places[index - 1] + gap) }
        var limit = lowest
        for index in places.indices.reversed() {
            places[index] = min(places[index], limit)
            limit = places[index] - gap
        }
        return places
    }

    private func dot(
        _ svg: inout SVGDocument, _ kind: String, _ x: Double, _ y: Double, _ radius: Double, title: String? = nil
    ) {
        svg.add("circle", Self.circle(kind, x, y, radius), title: title)
    }

    private static func circle(_ kind: String, _ x: Double, _ y: Double, _ radius: Double) -> KeyValuePairs<
        String, String
    > {
        [
            "class": kind, "cx": SVGDocument.number(x), "cy": SVGDocument.number(y), "r": SVGDocument.number(radius),
        ]
    }

    private static func description(_ point: RecallPoint) -> String {
        "nprobes \(point.nprobes), refine \(point.refine.map(String.init) ?? "none"): "
            + "recall \(Readable.decimal(point.recall, 4)), median \(Readable.microseconds(point.p50)), "
            + "\(Readable.decimal(point.queriesPerSecond, 0)) queries a second"
    }
}
