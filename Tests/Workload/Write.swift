// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LanceVectorStore
import TestSupport

struct Write: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Changes its own rows of a table again and again, and says of each change what it is to be and was.",
        discussion: """
            A line of JSON before each, {"begin": 7, "at": 1700000000, "op": "upsert", "ids": ["a1"], "serial": 7}, and one \
            after: {"end": 7, "seconds": 0.01}, with "error" and "message" where it failed, and "unknown" where it may have been \
            done all the same. Rows with an unknown outcome are left alone from then on.
            """)

    @Argument var table: String
    @Option var seconds: Double = 10
    @Option var seed: UInt64 = 0
    @Option(help: "What the ids of this process begin with.") var prefix: String
    @Option(help: "Seconds that it waits after each change, on average.") var pause: Double = 0
    @Option(help: "Only these operations, by name and weight: append=5,delete=2.")
    var mix = "append=30,upsert=30,delete=20,optimize=6,compact=6,index=2,scalar_index=2"

    private struct Begin: Encodable {
        var begin: Int
        var at: Double
        var op: Command.Name
        var ids: [String]?
        var serial: Int?
    }

    private struct End: Encodable {
        var end: Int
        var seconds: Double
        var count: Int?
        var error: String?
        var message: String?
        var unknown: Bool?
    }

    func run() async throws {
        let choice = try weights()
        var worker = try Worker(path: table)
        var rows = OwnRows(prefix: prefix, seed: seed)
        let clock = ContinuousClock()
        let start = clock.now
        var number = 0
        while clock.now - start < .seconds(seconds) {
            number += 1
            let command = rows.next(choice[Int(rows.random.next() % UInt64(choice.count))], number)
            try JSONLine.write(
                Begin(
                    begin: number, at: Date().timeIntervalSince1970, op: command.op, ids: command.ids,
                    serial: command.serial))
            let began = clock.now
            let answer = await worker.perform(command)
            let outcome: OwnRows.Outcome =
                switch answer.error {
                case nil: .done
                // The only failure of a change after which it may be there.
                case StoreError.Code.commitUnknown.rawValue: .unknown
                default: .notDone
                }
            rows.finish(command, outcome)
            try JSONLine.write(
                End(
                    end: number, seconds: (clock.now - began) / .seconds(1), count: answer.count, error: answer.error,
                    message: answer.message, unknown: outcome == .unknown ? true : nil))
            let wait = pause * Double(rows.random.below(2001)) / 1000
            if wait > 0 { try await Task.sleep(for: .seconds(wait)) }
        }
    }

    /// Each operation as often as it weighs.
    private func weights() throws -> [Command.Name] {
        try mix.split(separator: ",").flatMap { part in
            let words = part.split(separator: "=")
            guard words.count == 2, let name = Command.Name(rawValue: String(words[0])), let weight = Int(words[1]),
                weight >= 0
            else { throw ValidationError("--mix needs name=weight with commas between them, got '\(part)'") }
            return Array(repeating: name, count: weight)
        }
    }
}
