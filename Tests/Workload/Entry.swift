// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// One process of several that use a table at once, or in turns with the official library: Interop/many_writers.py and
/// Interop/mixed_model.py start and judge them. Interop/pylance_workload.py is the same for the official library.
@main
struct Workload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workload", abstract: "Uses a table as one of several processes, for tests.",
        subcommands: [Serve.self, Write.self, Read.self])
}
