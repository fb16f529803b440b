// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LanceVectorStore

struct Versions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the versions of a table that can be looked at, the newest last.",
        discussion: "Look at one with --at, for example 'vectord search TABLE --at 3', or bring it back with 'restore'."
    )

    @OptionGroup var table: TableArgument
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let versions = try await table.store().versions()
        guard !output.json else {
            var objects = JSONObject()
            objects.add(
                "versions",
                versions.map { version in
                    var object = JSONObject()
                    object.add("version", version.version)
                    object.add("committed_at", version.committedAt.map(Self.time))
                    object.add("operation", version.operation)
                    object.add("rows", version.rows)
                    object.add("tags", version.tags)
                    return object
                })
            return try objects.print()
        }
        var table = TextTable(
            .number("version"), .text("committed"), .text("operation"), .number("rows"), .text("tags"))
        for version in versions {
            table.add(
                "\(version.version)", version.committedAt.map(Self.time) ?? "", version.operation, "\(version.rows)",
                version.tags.joined(separator: ", "))
        }
        for line in table.lines { try StandardOutput.write(line + "\n") }
    }

    /// ISO 8601, UTC.
    private static func time(_ seconds: Double) -> String {
        // What no calendar has is no time of a commit.
        guard (0..<253_402_300_800).contains(seconds) else { return "\(seconds) s" }
        return Date(timeIntervalSince1970: seconds).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
