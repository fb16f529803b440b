// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import Testing

/// The README's program is the one below, word by word, and it works.
struct ReadmeTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test func theProgramInTheReadmeIsTheOneThatIsCompiled() throws {
        let readme = try String(contentsOf: Self.root.appending(path: "README.md"), encoding: .utf8)
        let block = try #require(
            readme.components(separatedBy: "```swift\n").dropFirst().first?.components(separatedBy: "\n```").first)
        let file = try String(
            contentsOf: Self.root.appending(path: "Tests/HouseTests/ReadmeSample.swift"), encoding: .utf8)
        let sample = try #require(
            file.components(separatedBy: "// README begins\n").last?.components(separatedBy: "\n// README ends").first)
        #expect(block == sample)
    }

    @Test func theProgramWorks() async throws {
        let place = FileManager.default.temporaryDirectory.appending(path: "readme-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: place) }
        let parquet = Self.root.appending(path: "Examples/wordnet2k.parquet").path
        let hits = try await neighbours(of: "n00002137", table: place.path, parquet: parquet)
        #expect(hits.map(\.docID).prefix(2) == ["n00002137", "note-1"])
    }

    @Test func theReadmeNamesTheTwoCommands() throws {
        let readme = try String(contentsOf: Self.root.appending(path: "README.md"), encoding: .utf8)
        for command in ["Scripts/quickstart", "Scripts/test"] {
            #expect(readme.contains("\n    \(command)\n"))
            #expect(FileManager.default.isExecutableFile(atPath: Self.root.appending(path: command).path))
        }
    }
}
