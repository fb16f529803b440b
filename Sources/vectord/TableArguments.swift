// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

/// The table that a command is about.
struct TableArgument: ParsableArguments {
    @Argument(help: "The table's directory: a path, or file:///…", completion: .directory)
    var table: String
}

/// How a command speaks.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON, errors too.")
    var json = false
}

/// How hard a write is pressed onto the device.
struct WriteOptions: ParsableArguments {
    @Flag(help: "Do not wait for the device: faster, but a power loss may undo the write.")
    var relaxed = false

    var options: Options { Options(durability: relaxed ? .relaxed : .full) }
}

struct ThreadOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Threads to work with. (default: every core)", valueName: "n"))
    var threads: Int?

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, got \(threads)") }
    }
}
