// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Holds the import lines of every room, and the package's dependencies, against the table in docs/ARCHITECTURE.md.
struct ImportTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let free: Set<String> = [
        "Foundation", "FoundationXML", "Dispatch", "Synchronization", "Darwin", "Glibc", "Musl", "FoundationEssentials",
    ]

    /// Room -> what it may import.
    private static func table() throws -> [String: Set<String>] {
        let text = try String(contentsOf: root.appending(path: "docs/ARCHITECTURE.md"), encoding: .utf8)
        let section = try #require(
            text.components(separatedBy: "## Who may import whom").last?.components(separatedBy: "\n## ").first)
        var allowed: [String: Set<String>] = [:]
        for line in section.split(separator: "\n") where line.hasPrefix("| ") && !line.hasPrefix("| room") {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            try #require(cells.count == 5, "a row of the table has three cells: \(line)")
            let names = (cells[2] + "," + cells[3]).split(separator: ",").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            allowed[cells[1]] = Set(names.filter { !$0.isEmpty })
        }
        return allowed
    }

    private static func sources(of room: URL) throws -> [URL] {
        let files = try #require(FileManager.default.enumerator(at: room, includingPropertiesForKeys: nil))
        return files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
    }

    private static func imports(of file: URL) throws -> [String] {
        let line =
            /^\s*(?:@\w+(?:\(\w+\))?\s+)*(?:public |package |internal |fileprivate |private )?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap {
            try line.firstMatch(in: $0).map { String($0.output.1) }
        }
    }

    @Test func everyRoomImportsWhatItMay() throws {
        let table = try Self.table()
        let sources = Self.root.appending(path: "Sources")
        var seen = 0
        for room in try FileManager.default.contentsOfDirectory(at: sources, includingPropertiesForKeys: nil) {
            let name = room.lastPathComponent
            // System libraries have no sources of ours.
            if FileManager.default.fileExists(atPath: room.appending(path: "module.modulemap").path) { continue }
            let allowed = try #require(table[name], "the room \(name) is missing in the table")
            for file in try Self.sources(of: room) {
                for module in try Self.imports(of: file) {
                    seen += 1
                    #expect(
                        allowed.contains(module) || Self.free.contains(module),
                        "\(name)/\(file.lastPathComponent) imports \(module), which its row in docs/ARCHITECTURE.md does not list"
                    )
                }
            }
        }
        #expect(seen > 100, "the import lines were not found")
    }

    @Test func roomsOnlyCallDown() throws {
        let table = try Self.table()
        for (room, allowed) in table {
            for other in allowed {
                #expect(table[other]?.contains(room) != true, "\(room) and \(other) may import each other")
            }
        }
    }

    @Test func onlyTheDoorIsPublic() throws {
        let sources = Self.root.appending(path: "Sources")
        for room in try Self.table().keys where room != "LanceVectorStore" {
            for file in try Self.sources(of: sources.appending(path: room)) {
                let declared = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter {
                    let words = $0.drop { $0 == " " }
                    return words.hasPrefix("public ") || words.hasPrefix("open ")
                }
                #expect(declared.isEmpty, "\(room)/\(file.lastPathComponent): \(declared.first ?? "")")
            }
        }
    }

    @Test func nothingForeignCrossesTheDoor() throws {
        for file in try Self.sources(of: Self.root.appending(path: "Sources/LanceVectorStore")) {
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(
                !text.contains("public import"), "\(file.lastPathComponent) shows another module in a public signature")
            #expect(!text.contains("@testable"), "\(file.lastPathComponent)")
        }
    }

    @Test func filesStaySmall() throws {
        for folder in ["Sources", "Tests"] {
            for file in try Self.sources(of: Self.root.appending(path: folder))
            where !file.lastPathComponent.hasSuffix(".pb.swift") {
                let lines = try String(contentsOf: file, encoding: .utf8).split(
                    separator: "\n", omittingEmptySubsequences: false)
                #expect(lines.count <= 401, "\(file.lastPathComponent) has \(lines.count) lines: it is two files")
            }
        }
    }
}
