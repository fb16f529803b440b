// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

struct Count: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the number of rows.")

    @OptionGroup var table: TableArgument
    @OptionGroup var version: VersionOption
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let rows = try await table.store(Options(version: version.at?.version)).count()
        guard output.json else { return try StandardOutput.write("\(rows)\n") }
        var object = JSONObject()
        object.add("rows", rows)
        try object.print()
    }
}
