// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make an older version's rows and indices the newest again, in one commit.",
        discussion: "The versions in between stay, until they are cleaned up.")

    @OptionGroup var table: TableArgument

    @Argument(help: "A version's number, or the name of a tag.")
    var version: VersionArgument

    @OptionGroup var write: WriteOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let made = try await table.store(write.options).restore(version.version)
        guard !output.json else {
            var object = JSONObject()
            object.add("version", made)
            return try object.print()
        }
        try StandardOutput.write("restored; the newest version is \(made) now\n")
    }
}
