// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import TestSupport

struct Read: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Looks at a table again and again in every way; the first error ends it.",
        discussion: "A line of JSON at the end says how often what was done.")

    @Argument var table: String
    @Option var seconds: Double = 10
    @Option var seed: UInt64 = 0

    func run() async throws {
        var random = SplitMix64(seed: seed)
        var worker = try Worker(path: table)
        var done: [String: Int] = [:]
        var versions: [Int] = []
        var texts: [String] = []
        let clock = ContinuousClock()
        let start = clock.now
        while clock.now - start < .seconds(seconds) {
            let command = next(&random, versions, texts)
            let answer = await worker.perform(command)
            if let error = answer.error {
                try JSONLine.write(Failed(command: command, error: error, message: answer.message ?? ""))
                throw ExitCode(1)
            }
            versions = answer.versions ?? versions
            if command.op == .contents { texts = answer.texts ?? [] }
            done[command.op.rawValue + (command.version == nil ? "" : " at"), default: 0] += 1
        }
        try JSONLine.write(done)
    }

    private struct Failed: Encodable {
        var command: Command
        var error: String
        var message: String
    }

    private func next(_ random: inout SplitMix64, _ versions: [Int], _ texts: [String]) -> Command {
        let known = texts.isEmpty ? "nobody" : texts[random.below(texts.count)]
        let old = versions.isEmpty || random.chance(0.7) ? nil : versions[random.below(versions.count)]
        switch random.below(100) {
        case 0..<35:
            return Command(
                op: .search, version: old, query: MadeRow.vector(of: known), k: 1 + random.below(20),
                refine: random.chance(0.5) ? 10 : nil)
        case 35..<65: return Command(op: .get, ids: [MadeRow(text: known)?.id ?? known], version: old)
        case 65..<80: return Command(op: .count, version: old)
        case 80..<92: return Command(op: .contents, version: old)
        case 92..<96: return Command(op: .reopen)
        default: return Command(op: .versions)
        }
    }
}
