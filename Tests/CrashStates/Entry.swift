// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Tables as a crash leaves them, and a writer that is to be killed:
///
///     crashstates cuts DIRECTORY NUMBER    that many tables, each with what others may read from it in a file
///     crashstates write TABLE SEED         changes a table for ever and says what is done, a line of JSON each
///     crashstates few-files DIRECTORY      every call with no descriptor left, with one, and so on
@main
enum Entry {
    static func main() async throws {
        let arguments = CommandLine.arguments
        switch arguments.dropFirst().first {
        case "cuts" where arguments.count == 4:
            guard let number = Int(arguments[3]), number > 0 else { throw usage }
            try await CutStates(directory: arguments[2], number: number).write()
        case "write" where arguments.count == 4:
            guard let seed = UInt64(arguments[3]) else { throw usage }
            var writer = try EndlessWriter(path: arguments[2], seed: seed)
            try await writer.run()
        case "few-files" where arguments.count == 3: try await FewFiles(directory: arguments[2]).run()
        default: throw usage
        }
    }

    private static let usage = Failure(
        .invalidArgument,
        "usage: crashstates cuts DIRECTORY NUMBER | write TABLE SEED | few-files DIRECTORY")
}
