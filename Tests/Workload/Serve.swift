// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Performs commands, a line of JSON each, and answers each with a line of JSON.")

    @Argument var table: String

    func run() async throws {
        var worker = try Worker(path: table)
        while let line = readLine(strippingNewline: true) {
            let command = try JSONDecoder().decode(Command.self, from: Data(line.utf8))
            try JSONLine.write(await worker.perform(command))
        }
    }
}

/// A value as a line of standard output, which is with its reader when the call returns: whoever dies afterwards has
/// said it.
enum JSONLine {
    static func write(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try FileHandle.standardOutput.write(contentsOf: try encoder.encode(value) + Data("\n".utf8))
    }
}
