// SPDX-License-Identifier: Apache-2.0
import Columnar
import LanceVectorStore
import TestSupport

/// A row whose contents all follow from its text, so that whoever reads one can tell whether it is whole.
///
///     source "a", doc_id "a12", chunk_idx 12, chunk_text "a12 v5", vector: random numbers with the text's hash as seed
///
/// `made_row` of Interop/workload_rows.py makes the same.
struct MadeRow {
    static let dimension = 8
    static let columns = ["source", "doc_id", "chunk_idx", "chunk_text", "vector"]

    let id: String
    let serial: Int

    var source: String { String(id.prefix { !$0.isNumber }) }
    var chunkIndex: Int { Int(id.drop { !$0.isNumber }) ?? -1 }
    var text: String { "\(id) v\(serial)" }
    var vector: [Float] { Self.vector(of: text) }

    /// Numbers that a float holds exactly.
    static func vector(of text: String) -> [Float] {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        var random = SplitMix64(seed: hash)
        return (0..<dimension).map { _ in Float(random.next() >> 40) / Float(1 << 24) - 0.5 }
    }

    init(id: String, serial: Int) {
        self.id = id
        self.serial = serial
    }

    /// The row that such a text belongs to; nil where it is no such text.
    init?(text: String) {
        let parts = text.split(separator: " v", maxSplits: 1)
        guard parts.count == 2, let serial = Int(parts[1]) else { return nil }
        self.init(id: String(parts[0]), serial: serial)
    }

    /// Whether a row of a table, its values in the order of `columns`, is this one.
    func isEqual(to values: [Value]) -> Bool {
        values == [
            .string(source), .string(id), .int(Int64(chunkIndex)), .string(text),
            .list(vector.map { .double(Double($0)) }),
        ]
    }

    func isEqual(to row: Row) -> Bool {
        row
            == Row(docID: id, chunkText: text, vector: vector, source: source, chunkIndex: chunkIndex)
    }
}
