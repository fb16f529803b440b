// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore

/// What a search did, as people and as programs read it.
enum ExplanationText {
    private static let digits = 1

    static func lines(_ explanation: SearchExplanation) -> [String] {
        var table = TextTable(.text("stage"), .number("microseconds"), .text("what"))
        for stage in explanation.stages {
            table.add(stage.name, Readable.decimal(stage.microseconds, digits), what(stage.name, explanation))
        }
        let total = explanation.stages.reduce(0) { $0 + $1.microseconds }
        table.add("total", Readable.decimal(total, digits), "\(Readable.bytes(explanation.bytesRead)) looked at")
        let index =
            explanation.indexName.map { name in
                "index \(name): \(explanation.partitionsProbed) of \(explanation.partitions) partitions"
            } ?? "no index: every row was compared"
        return ["version \(explanation.version), \(index)"] + table.lines
    }

    private static func what(_ stage: String, _ explanation: SearchExplanation) -> String {
        switch stage {
        case "open": return "newest version and its index"
        case "prepare": return "nearest partitions, tables of the query"
        case "scan": return "\(Readable.plural(explanation.codesScanned, "code")) compared"
        case "resolve": return "\(explanation.codesResolved) of them computed in full"
        case "refine": return "\(Readable.plural(explanation.candidatesReranked, "candidate")) compared exactly"
        case "tail":
            return explanation.indexName == nil
                ? "\(Readable.plural(explanation.tailRows, "row")) compared exactly: all there are"
                : "\(Readable.plural(explanation.tailRows, "row")) that the index does not cover"
        case "rows": return "texts of \(Readable.plural(explanation.hits.count, "hit"))"
        default: return ""
        }
    }

    /// Everything but the hits.
    static func add(_ explanation: SearchExplanation, to object: inout JSONObject) {
        object.add("version", Int(clamping: explanation.version))
        object.add("index", explanation.indexName)
        object.add("partitions", explanation.partitions)
        object.add("largest_segment_partitions", explanation.largestSegmentPartitions)
        object.add("nprobes", explanation.nprobes)
        object.add("partitions_probed", explanation.partitionsProbed)
        object.add("codes_scanned", explanation.codesScanned)
        object.add("codes_resolved", explanation.codesResolved)
        object.add("candidates_reranked", explanation.candidatesReranked)
        object.add("tail_rows", explanation.tailRows)
        object.add("bytes_read", explanation.bytesRead)
        object.add(
            "stages",
            explanation.stages.map { stage in
                var object = JSONObject()
                object.add("name", stage.name)
                object.add("microseconds", stage.microseconds)
                return object
            })
    }
}
