// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore
import TestSupport

/// The rows of one writing process, as far as it knows, and what it may do with them next.
struct OwnRows {
    enum Outcome { case done, notDone, unknown }

    let prefix: String
    var random: SplitMix64
    private var live: Set<String> = []
    private var last = 0
    /// Rows are deleted rather than added from here on.
    private static let many = 300

    init(prefix: String, seed: UInt64) {
        self.prefix = prefix
        random = SplitMix64(seed: seed)
    }

    /// The next command of a kind, or an append where there is nothing to be deleted. `number` makes its rows different
    /// from all before.
    mutating func next(_ name: Command.Name, _ number: Int) -> Command {
        switch name {
        case .append where live.count < Self.many: return Command(op: .append, ids: fresh(8), serial: number)
        case .upsert:
            let ids = known(6) + (random.chance(0.3) ? fresh(2) : [])
            return Command(op: .upsert, ids: ids.isEmpty ? fresh(2) : ids, serial: number)
        case .append, .delete:
            let ids = known(10)
            return ids.isEmpty
                ? Command(op: .append, ids: fresh(8), serial: number) : Command(op: .delete, ids: ids)
        case .index:
            return Command(op: .index, serial: number, bits: random.chance(0.5) ? 4 : 8, metric: .l2)
        case .compact: return Command(op: .compact, rows: random.chance(0.5) ? 1 << 20 : 100)
        default: return Command(op: name)
        }
    }

    mutating func finish(_ command: Command, _ outcome: Outcome) {
        let ids = command.ids ?? []
        switch (outcome, command.op) {
        case (.notDone, _): break
        case (.unknown, _), (.done, .delete): live.subtract(ids)
        case (.done, _): live.formUnion(ids)
        }
    }

    private mutating func fresh(_ most: Int) -> [String] {
        (0..<1 + random.below(most)).map { _ in
            last += 1
            return "\(prefix)\(last)"
        }
    }

    private mutating func known(_ most: Int) -> [String] {
        Array(live.sorted().shuffled(using: &random).prefix(1 + random.below(most)))
    }
}
