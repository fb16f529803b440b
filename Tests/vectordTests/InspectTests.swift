// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite struct InspectTests {
    /// A table of two versions.
    private func table(_ scratch: Scratch) throws -> String {
        let table = try Fixtures.table(scratch)
        #expect(try Command.run("append", table, "--ndjson", "-", input: Fixtures.lines()).status == 0)
        return table
    }

    @Test func tableAsText() throws {
        let scratch = try Scratch()
        let table = try table(scratch)
        let text = try Command.run("inspect", table).output
        for part in [
            "versions 2", "append", "overwrite", "by swift-lance 0.1.0", "fixed_size_list:float:3  not null",
            "fragments 2", "10 rows", "indices 0",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        #expect(!text.contains("Flat64"))
        #expect(try Command.run("inspect", table, "--pages").output.contains("NoNull(FSL(3, NoNull(Flat32)))"))
        let limited = try Command.run("inspect", table, "--versions", "1").output
        #expect(limited.contains("1 older") && !limited.contains("overwrite"))
        #expect(!(try Command.run("inspect", table, "--versions", "1", "--all").output.contains("older")))
        #expect(try Command.run("inspect", table, "--version", "1").output.contains("fragments 1"))
        let missing = try Command.run("inspect", table, "--version", "9", "--json")
        #expect(missing.status == 1)
        #expect(try Fixtures.errorCode(missing) == "not_found")
    }

    @Test func tableAsJSON() throws {
        let scratch = try Scratch()
        let table = try table(scratch)
        let object = try Fixtures.object(Command.run("inspect", table, "--json", "--pages").output)
        #expect(object["version_count"] as? Int == 2)
        let versions = try #require(object["versions"] as? [[String: Any]])
        #expect(versions.map { $0["version"] as? Int } == [2, 1])
        #expect(versions.map { $0["rows"] as? Int } == [10, 5])
        #expect((versions[0]["transaction"] as? [String: Any])?["operation"] as? String == "append")
        let detail = try #require(object["detail"] as? [String: Any])
        let fragments = try #require(detail["fragments"] as? [[String: Any]])
        #expect(fragments.count == 2)
        let file = try #require((fragments[0]["files"] as? [[String: Any]])?.first)
        let contents = try #require(file["contents"] as? [String: Any])
        #expect(contents["rows"] as? Int == 5)
        #expect(
            (contents["columns"] as? [[String: Any]])?.map { $0["name"] as? String } == [
                "source", "doc_id", "chunk_idx", "chunk_text", "vector",
            ])
    }

    @Test func files() throws {
        let scratch = try Scratch()
        let table = try table(scratch)
        for (directory, mention) in [
            ("data", "column 4  vector"), ("_versions", "fragments "), ("_transactions", "transaction "),
        ] {
            for name in try scratch.names("table/" + directory) {
                let path = "\(table)/\(directory)/\(name)"
                let text = try Command.run("inspect", path)
                #expect(text.status == 0, "\(path): \(text.errors)")
                #expect(text.output.contains(mention))
                _ = try Fixtures.object(Command.run("inspect", path, "--json").output)
            }
        }
    }

    /// Damage is told, wherever it is.
    @Test func damage() throws {
        let scratch = try Scratch()
        let table = try table(scratch)
        for directory in ["data", "_versions", "_transactions"] {
            let name = try #require(try scratch.names("table/" + directory).first)
            let whole = try Data(contentsOf: URL(fileURLWithPath: "\(table)/\(directory)/\(name)"))
            let suffix = (name as NSString).pathExtension
            for length in Set([0, 1, 3, 15, 16, 39, 40, whole.count / 2, whole.count - 1]) where length < whole.count {
                let result = try Command.run("inspect", try scratch.file("cut.\(suffix)", whole.prefix(length)))
                #expect(result.status == 0 || result.status == 1, "\(directory) cut to \(length)")
            }
            for place in stride(from: 0, to: whole.count, by: max(whole.count / 40, 1)) {
                var changed = whole
                changed[place] ^= 0xff
                let result = try Command.run("inspect", try scratch.file("changed.\(suffix)", changed))
                #expect(result.status == 0 || result.status == 1, "\(directory) changed at \(place)")
            }
        }
        #expect(try Command.run("inspect", Fixtures.parquet).status == 1)
        #expect(try Command.run("inspect", scratch.at("nothing")).status == 1)
        #expect(try Command.run("inspect", scratch.path).status == 1)
    }

    /// A data file or transaction that is gone does not hide the rest of the table.
    @Test func missingFiles() throws {
        let scratch = try Scratch()
        let table = try table(scratch)
        try FileManager.default.removeItem(atPath: table + "/_transactions")
        try FileManager.default.removeItem(atPath: table + "/data")
        let result = try Command.run("inspect", table, "--pages")
        #expect(result.status == 0)
        #expect(result.output.contains("cannot be read"))
    }
}
