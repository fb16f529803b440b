// SPDX-License-Identifier: Apache-2.0

/// Writes a picture as SVG, element by element; texts may hold anything.
package struct SVGDocument: Sendable {
    private var text: String

    /// - Parameters:
    ///   - label: what the picture shows, for those who do not see it.
    ///   - style: CSS; our own words, never an outside text.
    package init(width: Double, height: Double, label: String, style: String) {
        text = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.number(width))" height="\(Self.number(height))" \
            viewBox="0 0 \(Self.number(width)) \(Self.number(height))" role="img" aria-label="\(Self.escaped(label))">
            <style>
            \(style)
            </style>

            """
    }

    /// An element without others in it.
    package mutating func add(
        _ name: String, _ attributes: KeyValuePairs<String, String>, _ content: String? = nil, title: String? = nil
    ) {
        start(name, attributes)
        if content == nil, title == nil {
            text += "/>\n"
            return
        }
        text += ">"
        if let title { text += "<title>\(Self.escaped(title))</title>" }
        if let content { text += Self.escaped(content) }
        text += "</\(name)>\n"
    }

    package mutating func line(_ kind: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) {
        add(
            "line",
            [
                "class": kind, "x1": Self.number(x1), "y1": Self.number(y1), "x2": Self.number(x2),
                "y2": Self.number(y2),
            ])
    }

    /// - Parameters:
    ///   - anchor: which part of the text stands at x: start, middle or end.
    ///   - onLines: puts the text twice, first with a wide edge of the class `halo`, so that it is readable over lines.
    ///     CSS's `paint-order` would do with one, but not all programs that show pictures know it.
    package mutating func label(
        _ kind: String, _ x: Double, _ y: Double, anchor: String = "start", onLines: Bool = false, _ content: String
    ) {
        for kind in onLines ? ["halo " + kind, kind] : [kind] {
            add("text", ["class": kind, "x": Self.number(x), "y": Self.number(y), "text-anchor": anchor], content)
        }
    }

    /// The whole document.
    package var finished: String { text + "</svg>\n" }

    private mutating func start(_ name: String, _ attributes: KeyValuePairs<String, String>) {
        text += "<" + name
        for (key, value) in attributes { text += " \(key)=\"\(Self.escaped(value))\"" }
    }

    /// A tenth of a pixel is fine enough.
    package static func number(_ value: Double) -> String {
        let text = Readable.decimal(value, 1)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// Control characters, which XML cannot hold, become spaces.
    package static func escaped(_ text: String) -> String {
        var out = ""
        for character in Readable.line(text) {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.append(character)
            }
        }
        return out
    }
}
