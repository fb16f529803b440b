// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LanceVectorStore

@main
enum Entry {
    static func main() async {
        occupyStandardDescriptors()
        let code = await CommandLineRun(arguments: Array(CommandLine.arguments.dropFirst())).run()
        if code != CommandLineRun.success { Interruption.endIfReceived() }
        exit(code)
    }
}

/// One run of the command: from the arguments to the exit code.
struct CommandLineRun: Sendable {
    static let success: Int32 = 0
    static let failure: Int32 = 1
    static let usage: Int32 = 2

    let arguments: [String]

    /// Errors are told in JSON even when the arguments could not be understood.
    private var isJSON: Bool { arguments.prefix { $0 != "--" }.contains("--json") }

    func run() async -> Int32 {
        var command: any ParsableCommand
        do {
            command = try Vectord.parseAsRoot(arguments)
        } catch {
            return report(parsing: error)
        }
        do {
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            try StandardOutput.flush()
            return Self.success
        } catch let error as StoreError {
            // What was printed before the failure belongs before its message.
            try? StandardOutput.flush()
            ErrorMessage(error).print(asJSON: isJSON)
            return Self.failure
        } catch is CancellationError {
            ErrorMessage(StoreError(code: .cancelled, message: "cancelled")).print(asJSON: isJSON)
            return Self.failure
        } catch {
            return report(parsing: error)
        }
    }

    /// Help and version texts travel as errors too.
    private func report(parsing error: any Error) -> Int32 {
        guard Vectord.exitCode(for: error) != .success else {
            do {
                try StandardOutput.write(Vectord.fullMessage(for: error) + "\n")
                try StandardOutput.flush()
                return Self.success
            } catch {
                return Self.failure
            }
        }
        if isJSON {
            ErrorMessage(code: StoreError.Code.invalidArgument.rawValue, message: Vectord.message(for: error))
                .print(asJSON: true)
        } else {
            StandardError.write(Vectord.fullMessage(for: error) + "\n")
        }
        return Self.usage
    }
}
