// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

struct TagCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "Give versions of a table names, which keep them from being cleaned up.",
        subcommands: [Create.self, List.self, Remove.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Give a version a name.")

        @OptionGroup var table: TableArgument

        @Argument(help: "The tag: ASCII letters, digits, '-', '_' and single dots inside.")
        var name: String

        @OptionGroup var version: VersionOption
        @OptionGroup var write: WriteOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let store = try table.store(write.options)
            try await store.createTag(name, version: version.at?.version)
            let tagged = try await store.tags()[name]
            guard !output.json else {
                var object = JSONObject()
                object.add("tag", name)
                object.add("version", tagged)
                return try object.print()
            }
            try StandardOutput.write("tag '\(name)' is version \(tagged.map { "\($0)" } ?? "?")\n")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the tags of a table.")

        @OptionGroup var table: TableArgument
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let tags = try await table.store().tags().sorted { $0.key < $1.key }
            guard !output.json else {
                var object = JSONObject()
                object.add(
                    "tags",
                    tags.map { name, version in
                        var object = JSONObject()
                        object.add("tag", name)
                        object.add("version", version)
                        return object
                    })
                return try object.print()
            }
            var table = TextTable(.text("tag"), .number("version"))
            for (name, version) in tags { table.add(name, "\(version)") }
            for line in table.lines { try StandardOutput.write(line + "\n") }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Take a tag away; the version stays until it is cleaned up.")

        @OptionGroup var table: TableArgument

        @Argument(help: "The tag.")
        var name: String

        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await table.store().deleteTag(name)
            guard !output.json else {
                var object = JSONObject()
                object.add("tag", name)
                return try object.print()
            }
            try StandardOutput.write("tag '\(name)' is gone\n")
        }
    }
}
