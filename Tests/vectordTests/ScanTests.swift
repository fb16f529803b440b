// SPDX-License-Identifier: Apache-2.0
import Columnar
import Foundation
import LanceFile
import LanceVectorStore
import Testing

@Suite struct ScanTests {
    @Test func columnsAndLimit() throws {
        let scratch = try Scratch()
        let table = try Fixtures.table(scratch)
        #expect(try Command.run("scan", table, "--limit", "0").output == "")
        #expect(try Command.run("scan", table, "--limit", "2").lines.count == 2)
        #expect(try Command.run("scan", table, "--json").lines.count == Fixtures.rows.count)
        // The table's order, whatever the order asked for.
        #expect(
            try Command.run("scan", table, "--columns", "vector,doc_id", "--limit", "1").output
                == "{\"doc_id\":\"plain\",\"vector\":[1.0,0.0,0.0]}\n")
        let wrong = try Command.run("scan", table, "--columns", "doc_id,nonsense", "--json")
        #expect(wrong.status == 1)
        #expect(try Fixtures.errorCode(wrong) == "schema_mismatch")
    }

    @Test func everyLineIsJSON() throws {
        let scratch = try Scratch()
        let table = try Fixtures.table(scratch)
        for (line, row) in zip(try Command.run("scan", table).lines, Fixtures.rows) {
            let object = try Fixtures.object(line)
            #expect(object["doc_id"] as? String == row.id)
            #expect(object["chunk_text"] as? String == row.text)
            #expect((object["vector"] as? [Double])?.map(Float.init) == row.vector)
        }
    }

    @Test func roundTrip() throws {
        let scratch = try Scratch()
        let table = try Fixtures.table(scratch)
        let first = try Command.run("scan", table, "--json").output
        #expect(try Command.run("append", scratch.at("copy"), "--ndjson", "-", input: first).status == 0)
        #expect(try Command.run("scan", scratch.at("copy"), "--json").output == first)
    }

    @Test func roundTripOfParquet() throws {
        let scratch = try Scratch()
        #expect(try Command.run("migrate", Fixtures.parquet, scratch.at("t")).status == 0)
        let line =
            "$V scan '\(scratch.at("t"))' > '\(scratch.at("a"))' && $V append '\(scratch.at("u"))' --ndjson '\(scratch.at("a"))' "
            + "&& $V scan '\(scratch.at("u"))' | cmp - '\(scratch.at("a"))'"
        let result = try Command.shell(line)
        #expect(result.status == 0, "\(result.errors)")
    }

    /// A reader that goes away ends the command without a word, whether the signal is ignored or not.
    @Test(arguments: ["", "trap '' PIPE; "])
    func closedPipe(prefix: String) throws {
        let scratch = try Scratch()
        #expect(try Command.run("migrate", Fixtures.parquet, scratch.at("t")).status == 0)
        let result = try Command.shell("\(prefix)$V scan '\(scratch.at("t"))' | head -1")
        #expect(result.lines.count == 1)
        #expect(result.errors == "")
    }

    /// A file that is opened must not get the number of the closed output.
    @Test func closedOutput() throws {
        let scratch = try Scratch()
        let table = try Fixtures.table(scratch)
        let scan = try Command.shell("$V scan '\(table)' >&-")
        #expect(scan.status == 1)
        #expect(scan.errors.contains("Bad file descriptor"))
        let rows = try scratch.file("rows.ndjson", Fixtures.lines())
        #expect(try Command.shell("$V append '\(table)' --ndjson '\(rows)' <&- >&- 2>&-").status == 1)
        #expect(try Command.run("scan", table).lines.count == 2 * Fixtures.rows.count)
        #expect(try Command.shell("$V append '\(table)' --ndjson - <&-").status == 1)
    }

    #if os(Linux)
        @Test func fullDevice() throws {
            let scratch = try Scratch()
            let table = try Fixtures.table(scratch)
            let result = try Command.shell("$V scan '\(table)' > /dev/full")
            #expect(result.status == 1)
            #expect(result.errors.contains("No space left"))
        }
    #endif

    /// Names that would move a terminal's cursor do not.
    @Test func controlCharacters() throws {
        let result = try Command.run("count", "no\u{1b}[31m\ntable")
        #expect(result.status == 1)
        #expect(!result.errors.dropLast().unicodeScalars.contains { $0.value < 0x20 })
    }

    // MARK: Types

    private static let types: [(String, DataType)] = [
        ("bool", .bool), ("i8", .int8), ("i16", .int16), ("i32", .int32), ("i64", .int64), ("u8", .uint8),
        ("u16", .uint16), ("u32", .uint32), ("u64", .uint64), ("f16", .float16), ("f32", .float32), ("f64", .float64),
        ("text", .utf8), ("large", .largeUtf8), ("bin", .binary), ("fixed", .fixedSizeBinary(3)), ("d32", .date32),
        ("d64", .date64), ("t32", .time32(.second)), ("t64", .time64(.nanosecond)),
        ("s", .timestamp(.second, zone: nil)), ("ms", .timestamp(.millisecond, zone: nil)),
        ("us", .timestamp(.microsecond, zone: "Europe/Berlin")), ("ns", .timestamp(.nanosecond, zone: "UTC")),
        ("dur", .duration(.millisecond)), ("dec", .decimal128(precision: 10, scale: 2)),
        ("bytes", .fixedSizeList(.uint8, 2)), ("flags", .fixedSizeList(.bool, 3)),
        ("longs", .fixedSizeList(.float64, 2)),
    ]

    /// A table with a column of every type, and one row of nulls.
    private func everyType(_ scratch: Scratch) async throws -> String {
        let schema = Schema([Field("doc_id", .utf8)] + Self.types.map { Field($0.0, $0.1) })
        var batch: Batch? = try Batch(schema, schema.fields.map { try Column.nulls($0.type, count: 1) })
        let store = try LanceVectorStore(path: scratch.at("types"), options: Options(durability: .relaxed))
        _ = try await store.append(schema) {
            defer { batch = nil }
            return batch
        }
        return scratch.at("types")
    }

    @Test func typesRoundTrip() async throws {
        let scratch = try Scratch()
        let table = try await everyType(scratch)
        let nulls = Self.types.map { "\"\($0.0)\":null" }.joined(separator: ",")
        let least =
            #"{"doc_id":"least","bool":false,"i8":-128,"i16":-32768,"i32":-2147483648,"i64":-9223372036854775808,"u8":0,"#
            + #""u16":0,"u32":0,"u64":0,"f16":-65504.0,"f32":-3.4028235e+38,"f64":5e-324,"text":"","large":"","bin":"","#
            + #""fixed":"AAAA","d32":"-5877641-06-23","d64":"-292275055-05-17","t32":-2147483648,"t64":-9223372036854775808,"#
            + #""s":"-292277022657-01-27T08:29:52","ms":"-292275055-05-16T16:47:04.192","#
            + #""us":"-290308-12-21T19:59:05.224192Z","ns":"1677-09-21T00:12:43.145224192Z","dur":-9223372036854775808,"#
            + #""dec":"AAAAAAAAAAAAAAAAAAAAAA==","bytes":[0,255],"flags":[true,false,true],"longs":["-Infinity",-0.0]}"#
        let most =
            #"{"doc_id":"most","bool":true,"i8":127,"i16":32767,"i32":2147483647,"i64":9223372036854775807,"u8":255,"#
            + #""u16":65535,"u32":4294967295,"u64":18446744073709551615,"f16":0.099975586,"f32":"NaN","f64":"Infinity","#
            + #""text":"é","large":"🦊","bin":"/+8=","fixed":"//8A","d32":"+5881580-07-11","d64":"2024-02-29T12:00:00.001","#
            + #""t32":2147483647,"t64":9223372036854775807,"s":"+292277026596-12-04T15:30:07","#
            + #""ms":"+292278994-08-17T07:12:55.807","us":"+294247-01-10T04:00:54.775807Z","#
            + #""ns":"2262-04-11T23:47:16.854775807Z","dur":9223372036854775807,"dec":"/////////////////////w==","#
            + #""bytes":[1,2],"flags":[false,false,false],"longs":[0.1,1e+300]}"#
        let result = try Command.run("append", table, "--ndjson", "-", input: least + "\n" + most + "\n")
        #expect(result.status == 0, "\(result.errors)")
        let lines = try Command.run("scan", table).lines
        try #require(lines.count == 3)
        #expect(lines[0] == "{\"doc_id\":null,\(nulls)}")
        #expect(lines[1] == least)
        #expect(lines[2] == most)
    }

    @Test(arguments: [
        (#""i8":128"#, "128"), (#""u8":-1"#, "-1"), (#""u64":18446744073709551616"#, "18446744073709551616"),
        (#""i64":9223372036854775808"#, "9223372036854775808"),
        (#""i64":-9223372036854775809"#, "-9223372036854775809"),
        (#""i64":1e3"#, "not an integer"), (#""f16":65520"#, "float16"), (#""f64":1e309"#, "1e309"),
        (#""bin":"?""#, "base64"), (#""fixed":"AA==""#, "1 bytes, expected 3"), (#""d32":"2023-02-29""#, "not a date"),
        (#""d32":"2023-2-1""#, "not a date"), (#""d32":"+9999999-01-01""#, "range"), (#""d32":1"#, "a string"),
        (#""s":"2024-01-01T00:00:00Z""#, "without zone"), (#""s":"2024-01-01T24:00:00""#, "not a time"),
        (#""s":"2024-01-01T00:00:00.5""#, "not a time"), (#""us":"2024-01-01T00:00:00""#, "with Z"),
        (#""ns":"2262-04-11T23:47:16.854775808Z""#, "range"), (#""ns":"1677-09-21T00:12:43.145224191Z""#, "range"),
        (#""s":"+999999999999-01-01T00:00:00""#, "range"), (#""bool":1"#, "true or false"),
        (#""flags":[true,1,false]"#, "true or false"), (#""dec":"AAAA""#, "expected 16"),
    ])
    func valuesThatDoNotFit(member: String, mention: String) async throws {
        let scratch = try Scratch()
        let table = try await everyType(scratch)
        let result = try Command.run("append", table, "--ndjson", "-", input: "{\(member)}")
        #expect(result.status == 1)
        #expect(result.errors.contains("line 1") && result.errors.contains(mention), "\(result.errors)")
        #expect(try Command.run("count", table).output == "1\n")
    }

    /// Other spellings of a time.
    @Test func timesAreUnderstood() async throws {
        let scratch = try Scratch()
        let table = try await everyType(scratch)
        // Every column that is not given is null, vectors too.
        let input = #"{"doc_id":"x","us":"2024-02-29T01:30:00.5+02:00","ms":"2024-02-29 01:30:00","d64":"2000-01-01"}"#
        let result = try Command.run("append", table, "--ndjson", "-", input: input)
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            try Command.run("scan", table, "--columns", "us,ms,d64").lines.last
                == #"{"d64":"2000-01-01","ms":"2024-02-29T01:30:00.000","us":"2024-02-28T23:30:00.500000Z"}"#)
    }

    /// Nulls and values in turn, in every column and vector.
    @Test func nullsBetweenValues() async throws {
        let scratch = try Scratch()
        let table = try await everyType(scratch)
        let given =
            #"{"doc_id":"x","bool":true,"i8":1,"text":"t","bin":"AA==","bytes":[1,2],"flags":[true,false,true]}"#
        let columns = "doc_id,bool,i8,text,bin,bytes,flags"
        let null = #"{"doc_id":null,"bool":null,"i8":null,"text":null,"bin":null,"bytes":null,"flags":null}"#
        let input = ["{}", given, "{}", null, given].joined(separator: "\n")
        let result = try Command.run("append", table, "--ndjson", "-", input: input)
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            try Command.run("scan", table, "--columns", columns).lines == [null, null, given, null, null, given])
    }

    /// The days are the calendar's, not only our own.
    @Test func dates() async throws {
        let scratch = try Scratch()
        let known: [(Int32, String)] = [
            (0, "1970-01-01"), (-1, "1969-12-31"), (19_782, "2024-02-29"), (11_016, "2000-02-29"),
            (-25_509, "1900-02-28"),
            (-25_508, "1900-03-01"), (-719_162, "0001-01-01"), (-719_528, "0000-01-01"), (-719_529, "-0001-12-31"),
            (2_932_896, "9999-12-31"), (2_932_897, "+10000-01-01"),
        ]
        let column = try known.map(\.0).withUnsafeBytes { try Column(.date32, count: known.count, copying: $0) }
        let schema = Schema([Field("day", .date32)])
        var batch: Batch? = try Batch(schema, [column])
        let store = try LanceVectorStore(path: scratch.at("t"))
        _ = try await store.append(schema) {
            defer { batch = nil }
            return batch
        }
        #expect(try Command.run("scan", scratch.at("t")).lines == known.map { "{\"day\":\"\($0.1)\"}" })
    }
}
