// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import Testing

@Suite struct SearchTests {
    private struct Answer: Decodable, Equatable {
        var hits: [Hit]
    }

    @Test func oneQuery() throws {
        let scratch = try Scratch()
        let table = try Fixtures.table(scratch)
        let query = try scratch.file("q.json", " [ 0.1, 0.2, 0.3 ] \n")
        let json = try Command.run("search", table, "--query", query, "--top-k", "2", "--json")
        let answer = try JSONDecoder().decode(Answer.self, from: Data(json.output.utf8))
        #expect(answer.hits.count == 2)
        #expect(answer.hits[0].docID == "日本語 🦊 é")
        #expect(answer.hits[0].chunkText == Fixtures.rows[3].text)
        #expect(abs(answer.hits[0].score - 1) < 1e-6 && abs(answer.hits[0].distance) < 1e-6)
        let standardInput = try Command.run(
            "search", table, "--query", "-", "--top-k", "2", "--json", "--threads", "1", "--refine", "none",
            "--nprobes", "3",
            input: "[0.1,0.2,0.3]")
        #expect(standardInput.output == json.output)
        let text = try Command.run("search", table, "--query", query)
        #expect(text.lines.count == Fixtures.rows.count)
        #expect(text.lines[0].hasPrefix("1.0000  日本語 🦊 é  emoji"))
        #expect(text.lines.contains { $0.hasSuffix("…") && $0.count < 130 })
    }

    @Test func severalQueries() throws {
        let scratch = try Scratch()
        let table = try Fixtures.table(scratch)
        let json = try Command.run(
            "search", table, "--query", "-", "--top-k", "1", "--json", input: "[[1,0,0],[0,1,0]]")
        let answers = try JSONDecoder().decode([Answer].self, from: Data(json.output.utf8))
        #expect(answers.map { $0.hits.map(\.docID) } == [["plain"], [Fixtures.rows[1].id]])
        let one = try Command.run("search", table, "--query", "-", "--top-k", "1", "--json", input: "[[1,0,0]]")
        #expect(try JSONDecoder().decode([Answer].self, from: Data(one.output.utf8)).count == 1)
        let text = try Command.run("search", table, "--query", "-", "--top-k", "1", input: "[[1,0,0],[0,1,0]]")
        #expect(text.lines.first == "query 0")
        #expect(text.lines.count == 4)
    }

    @Test(arguments: [
        "", "{}", "1", "null", "[", "[1,2", "[1,2,3]]", "[1,2,3] x", "[1,\"x\",3]", "[1,[2],3]", "[[1,2,3],4]",
        "[[[1,2,3]]]", "[1,2]", "[]", "[[]]", "[0,0,0]", "[1,\"NaN\",3]", "[1,1e99,3]", "[[1,2,3],[1,2]]", "[1,2,+3]",
        "[1,2,0x3]", "[tru]",
    ])
    func badQuery(query: String) throws {
        let scratch = try Scratch()
        let table = try Fixtures.table(scratch)
        let result = try Command.run("search", table, "--query", "-", "--json", input: query)
        #expect(result.status == 1)
        #expect(result.output == "")
        #expect(try Fixtures.errorCode(result) == "invalid_argument")
    }

    // MARK: .npy

    /// A file of NumPy's format by hand.
    private func npy(_ header: String, version: UInt8 = 1, _ values: [some BitwiseCopyable], cut: Int = 0) -> Data {
        var data = Data([0x93]) + Data("NUMPY".utf8) + Data([version, 0])
        let text = Data((header + "\n").utf8)
        if version == 1 {
            withUnsafeBytes(of: UInt16(text.count).littleEndian) { data.append(contentsOf: $0) }
        } else {
            withUnsafeBytes(of: UInt32(text.count).littleEndian) { data.append(contentsOf: $0) }
        }
        data += text
        values.withUnsafeBytes { data.append(contentsOf: $0) }
        return data.dropLast(cut)
    }

    private func header(_ type: String, _ shape: String, fortran: Bool = false) -> String {
        "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }   "
    }

    @Test func npyFiles() throws {
        let scratch = try Scratch()
        let table = try Fixtures.table(scratch)
        let vector: [Float] = [0, 1, 0]
        for (index, data) in [
            npy(header("<f4", "(3,)"), vector), npy(header("<f8", "(3,)"), vector.map(Double.init)),
            npy(header("<f4", "(3,)"), version: 2, vector), npy(header("<f4", "(3,)"), version: 3, vector),
            npy(#"{"shape":(3,),"fortran_order":False,"descr":"<f4"}"#, vector), npy(header("<f4", "(3)"), vector),
        ].enumerated() {
            let file = try scratch.file("q\(index).npy", data)
            let result = try Command.run("search", table, "--query", file, "--top-k", "1", "--json")
            #expect(result.status == 0, "\(index): \(result.errors)")
            let answer = try JSONDecoder().decode(Answer.self, from: Data(result.output.utf8))
            #expect(answer.hits.map(\.docID) == [Fixtures.rows[1].id])
        }
        let several = try scratch.file("several.npy", npy(header("<f4", "(2, 3)"), vector + [1, 0, 0]))
        let result = try Command.run("search", table, "--query", several, "--top-k", "1", "--json")
        let answers = try JSONDecoder().decode([Answer].self, from: Data(result.output.utf8))
        #expect(answers.map { $0.hits[0].docID } == [Fixtures.rows[1].id, "plain"])
    }

    @Test func badNPYFiles() throws {
        let scratch = try Scratch()
        let table = try Fixtures.table(scratch)
        let vector: [Float] = [0, 1, 0]
        let bad: [(Data, String)] = [
            (npy(header(">f4", "(3,)"), vector), ">f4"), (npy(header("<i4", "(3,)"), vector), "<i4"),
            (npy(header("<f2", "(3,)"), vector), "<f2"), (npy(header("|O", "(3,)"), vector), "|O"),
            (npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)}", vector), "structures"),
            (npy(header("<f4", "(1, 3)", fortran: true), vector), "Fortran"),
            (npy(header("<f4", "(1, 1, 3)"), vector), "3 dimensions"),
            (npy(header("<f4", "()"), vector), "0 dimensions"),
            (npy(header("<f4", "(4,)"), vector), "16 bytes"), (npy(header("<f4", "(2,)"), vector), "8 bytes"),
            (npy(header("<f4", "(3,)"), vector, cut: 1), "11"), (npy(header("<f4", "(3,)"), vector, cut: 20), "header"),
            (npy(header("<f4", "(4611686018427387904, 3)"), vector), "shape"),
            (npy(header("<f4", "(99999999999999999999,)"), vector), "shape"),
            (npy(header("<f4", "(1000000000000, 0)"), [Float]()), "no numbers"),
            (npy(header("<f4", "(-3,)"), vector), "shape"), (npy("{'descr': '<f4'}", vector), "fortran_order"),
            (npy("{'descr': '<f4", vector), "without an end"), (npy("", vector), "'{'"),
            (npy("{'nonsense': 1}", vector), "nonsense"), (npy(header("<f4", "(3,)"), version: 9, vector), "version 9"),
            (Data([0x93]) + Data("NUMPY".utf8), "ends within"),
            (Data([0x93]) + Data("NUMPY".utf8) + Data([2, 0, 255, 255, 255, 255]), "header of"),
        ]
        for (index, (data, mention)) in bad.enumerated() {
            let file = try scratch.file("q.npy", data)
            let result = try Command.run("search", table, "--query", file, "--json")
            #expect(result.status == 1, "\(index)")
            #expect(try Fixtures.errorCode(result) == "invalid_argument")
            #expect(result.errors.contains(mention), "\(index): \(result.errors)")
        }
    }
}
