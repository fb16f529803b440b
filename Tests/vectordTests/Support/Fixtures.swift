// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Tables and files that many tests need.
enum Fixtures {
    /// A small Parquet file of the repository.
    static let parquet = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Examples/wordnet2k.parquet").path

    /// Ids, texts and vectors that are easy to get wrong.
    static let rows: [(id: String, text: String, vector: [Float])] = [
        ("plain", "a plain text", [1, 0, 0]),
        ("it's \"quoted\" \\ back", "line one\nline two\r\n\ttab \u{1}", [0, 1, 0]),
        ("", "", [0, 0, 1]),
        ("日本語 🦊 é", "emoji 👩‍👩‍👧 and ünïcödé \u{2028}", [0.1, 0.2, 0.3]),
        ("-x", String(repeating: "long ", count: 100), [-1, 1e-7, 3.4028235e38]),
    ]

    static func json(_ text: String) throws -> String {
        String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
    }

    static func lines() throws -> String {
        try rows.enumerated().map { index, row in
            #"{"source":"s","doc_id":\#(try json(row.id)),"chunk_idx":\#(index),"#
                + #""chunk_text":\#(try json(row.text)),"vector":\#(row.vector)}"# + "\n"
        }.joined()
    }

    /// A table of the rows above.
    static func table(_ scratch: Scratch, _ name: String = "table") throws -> String {
        let result = try Command.run(["append", scratch.at(name), "--ndjson", "-"], input: Data(lines().utf8))
        try #require(result.status == 0, "\(result.errors)")
        return scratch.at(name)
    }

    static func object(_ text: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
    }

    /// The code of an error in JSON on standard error.
    static func errorCode(_ result: Command.Result) throws -> String {
        let error = try #require(try object(result.errors)["error"] as? [String: Any])
        #expect(Set(error.keys) == ["code", "message", "path"])
        return try #require(error["code"] as? String)
    }
}
