// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct Vectord: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "vectord",
        abstract: "Keeps text chunks and their embedding vectors in open Lance tables, and searches them.",
        discussion: """
            A table is a directory; make one from a Parquet file with 'vectord migrate', or from lines of JSON with \
            'vectord append'. Searches compare every row until 'vectord index' has made an index.

            Results go to standard output, errors and progress to standard error. Exit code 0 is success, 1 a failure \
            (also a doc_id that is not there), 2 wrong usage. With --json, results and errors are JSON.
            """,
        version: version,
        subcommands: [
            Migrate.self, Append.self, Upsert.self, Delete.self, BuildIndex.self, BuildScalarIndex.self, Optimize.self,
            Compact.self, Cleanup.self, Maintain.self, Search.self, Recall.self, Get.self, Count.self, Stats.self,
            Scan.self, Versions.self,
            TagCommand.self, Restore.self,
            Inspect.self, Bench.self,
        ])
}
