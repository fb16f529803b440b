// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite struct NDJSONTests {
    @Test func makesATable() throws {
        let scratch = try Scratch()
        let table = scratch.at("t")
        // A byte order mark, blank lines, carriage returns, keys in any order, missing keys, no line feed at the end.
        let input =
            "\u{feff}\n{\"vector\":[1,2.5,-3e2],\"doc_id\":\"a\"}\r\n   \n\n"
            + #"{"doc_id":"b\u00e9\uD83E\uDD8A\/","chunk_idx":-2147483648,"vector":[0.1,1e-45,"NaN"],"source":null}"#
        let result = try Command.run("append", table, "--ndjson", "-", input: input)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.hasPrefix("2 rows appended"))
        #expect(
            try Command.run("scan", table).lines == [
                #"{"source":null,"doc_id":"a","chunk_idx":null,"chunk_text":null,"vector":[1.0,2.5,-300.0]}"#,
                #"{"source":null,"doc_id":"bé🦊/","chunk_idx":-2147483648,"chunk_text":null,"vector":[0.1,1e-45,"NaN"]}"#,
            ])
    }

    @Test func nothingToAppend() throws {
        let scratch = try Scratch()
        let result = try Command.run("append", scratch.at("t"), "--ndjson", "-", "--json", input: "\n \n")
        #expect(result.status == 0)
        #expect(try Fixtures.object(result.output)["rows_appended"] as? Int == 0)
        #expect(try scratch.names("") == [])
    }

    @Test(arguments: [
        (#"{"doc_id":"x","vector":[1,2,3],"nonsense":1}"#, "nonsense"),
        (#"{"vector":[1,2,3]}"#, "doc_id"),
        (#"{"doc_id":null,"vector":[1,2,3]}"#, "doc_id"),
        (#"{"doc_id":"x"}"#, "vector"),
        (#"{"doc_id":1,"vector":[1,2,3]}"#, "doc_id"),
        (#"{"doc_id":"x","vector":[1,2]}"#, "2 numbers, expected 3"),
        (#"{"doc_id":"x","vector":[1,2,3,4]}"#, "vector"),
        (#"{"doc_id":"x","vector":[]}"#, "0 numbers, expected 3"),
        (#"{"doc_id":"x","vector":[1,null,3]}"#, "number 1 is null"),
        (#"{"doc_id":"x","vector":[1,"x",3]}"#, "vector"),
        (#"{"doc_id":"x","vector":[1,1e39,3]}"#, "1e39"),
        (#"{"doc_id":"x","vector":[[1],2,3]}"#, "an array"),
        (#"{"doc_id":"x","vector":"123"}"#, "a string"),
        (#"{"doc_id":"x","chunk_idx":1.5,"vector":[1,2,3]}"#, "1.5 is not an integer"),
        (#"{"doc_id":"x","chunk_idx":2147483648,"vector":[1,2,3]}"#, "2147483648"),
        (#"{"doc_id":"x","chunk_idx":"1","vector":[1,2,3]}"#, "chunk_idx"),
        (#"{"doc_id":"x","chunk_idx":true,"vector":[1,2,3]}"#, "found true"),
        (#"{"doc_id":"x","doc_id":"y","vector":[1,2,3]}"#, "twice"),
        (#"{"doc_id":"x","vector":[1,2,3]"#, "the end"),
        (#"{"doc_id":"x","vector":[1,2,3]}}"#, "'}'"),
        (#"{"doc_id":"x","vector":[1,2,3],}"#, "a key"),
        (#"{"doc_id":"x" "vector":[1,2,3]}"#, "','"),
        (#"{"doc_id":"x","vector":[01,2,3]}"#, "begin with 0"),
        (#"{"doc_id":"x","vector":[.5,2,3]}"#, "'.'"),
        (#"{"doc_id":"x","vector":[1.,2,3]}"#, "a digit"),
        (#"{"doc_id":"x","vector":[NaN,2,3]}"#, "'N'"),
        (#"{"doc_id":"\ud800","vector":[1,2,3]}"#, "surrogate"),
        (#"{"doc_id":"\q","vector":[1,2,3]}"#, "escape"),
        ("{\"doc_id\":\"a\tb\",\"vector\":[1,2,3]}", "control character"),
        (#"{"doc_id":"x"#, "without an end"),
        ("[1,2]", "an object"), ("null", "an object"), ("nonsense", "an object"), ("{", "a key"),
    ])
    func badLine(line: String, mention: String) throws {
        let scratch = try Scratch()
        let table = try Fixtures.table(scratch)
        let good = #"{"doc_id":"good","vector":[1,2,3]}"#
        let result = try Command.run("append", table, "--ndjson", "-", "--json", input: "\(good)\n\n\(line)\n\(good)\n")
        #expect(result.status == 1)
        #expect(result.output == "")
        #expect(try Fixtures.errorCode(result) == "invalid_argument")
        #expect(result.errors.contains("line 3"), "\(result.errors)")
        let error = try #require(try Fixtures.object(result.errors)["error"] as? [String: Any])
        #expect((error["message"] as? String)?.contains(mention) == true, "\(result.errors)")
        #expect(try Command.run("count", table).output == "\(Fixtures.rows.count)\n")
        #expect(try scratch.names("table/data").count == 1)
    }

    @Test func invalidUTF8() throws {
        let scratch = try Scratch()
        let line = Data(#"{"doc_id":""#.utf8) + Data([0xff, 0xfe]) + Data(#"","vector":[1]}"#.utf8)
        let result = try Command.run(["append", scratch.at("t"), "--ndjson", "-"], input: line)
        #expect(result.status == 1)
        #expect(result.errors.contains("UTF-8"))
    }

    /// Nesting costs no stack: the first bracket that is not wanted ends it.
    @Test func deepNesting() throws {
        let scratch = try Scratch()
        let deep = String(repeating: "[", count: 1_000_000)
        #expect(try Command.run("append", scratch.at("t"), "--ndjson", "-", input: deep).status == 1)
        let inner = #"{"doc_id":"x","vector":"# + deep
        #expect(try Command.run("append", scratch.at("t"), "--ndjson", "-", input: inner).status == 1)
        #expect(try Command.run("append", scratch.at("t"), "--ndjson", "-", input: "{\"" + deep).status == 1)
    }

    /// More rows than a batch has, and the bad one in the last batch.
    @Test func manyRows() throws {
        let scratch = try Scratch()
        let lines = (0..<10_000).map { #"{"doc_id":"id\#($0)","chunk_idx":\#($0),"vector":[\#($0),0.5]}"# }
        let file = try scratch.file("rows.ndjson", lines.joined(separator: "\n"))
        let table = scratch.at("t")
        #expect(try Command.run("append", table, "--ndjson", file, "--relaxed").status == 0)
        #expect(try Command.run("count", table).output == "10000\n")
        #expect(try Command.run("scan", table, "--columns", "doc_id").lines.last == #"{"doc_id":"id9999"}"#)
        let bad = try scratch.file("bad.ndjson", (lines + ["{}"]).joined(separator: "\n"))
        let result = try Command.run("append", table, "--ndjson", bad)
        #expect(result.status == 1)
        #expect(result.errors.contains("line 10001"))
        #expect(try Command.run("count", table).output == "10000\n")
        #expect(try scratch.names("t/data").count == 1)
        // A new table is not made either.
        #expect(try Command.run("append", scratch.at("new"), "--ndjson", bad).status == 1)
        #expect(try Command.run("count", scratch.at("new")).status == 1)
    }

    /// Every number reads as the nearest float, as the C library has it.
    @Test func floats() throws {
        let scratch = try Scratch()
        var generator = SystemRandomNumberGenerator()
        var texts = [
            "0", "-0", "1e-400", "16777217", "1.00000005960464477539", "0.1", "3.4028235e38", "1.4e-45", "7e-46",
        ]
        texts += [
            "1.000000059604644775390625", "1.0000000596046447753906250000000001", "9007199254740993", "1E2", "1e+2",
        ]
        for _ in 0..<2000 {
            let value = Float(bitPattern: UInt32.random(in: 0..<0x7f80_0000, using: &generator))
            texts.append("\(value)")
            texts.append("\(Double(value).nextUp)")
            texts.append("\(UInt32.random(in: 0...UInt32.max)).\(UInt32.random(in: 0...UInt32.max))")
        }
        let vector = "[" + texts.joined(separator: ",") + "]"
        let input = #"{"doc_id":"x","vector":"# + vector + "}"
        #expect(try Command.run("append", scratch.at("t"), "--ndjson", "-", input: input).status == 0)
        let expected = "[" + texts.map { "\(Float($0) ?? .nan)" }.joined(separator: ",") + "]"
        #expect(try Command.run("scan", scratch.at("t"), "--columns", "vector").output == "{\"vector\":\(expected)}\n")
    }
}
