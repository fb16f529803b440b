// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore
import TestSupport

/// A history of a table: steps that can be run on a store and on a dictionary, in any selection.
///
/// Every step means something after any other, so that a failing history can be shortened by leaving steps out.
struct History: CustomStringConvertible {
    enum Step: CustomStringConvertible {
        /// Rows of ids that are not there yet; the others are left out.
        case append([Int])
        case upsert([Int])
        case delete([Int])
        case deleteSource(Int)
        case index
        case scalarIndex
        case optimize
        case compact(Int)
        /// The version so many numbers before the newest.
        case restore(Int)
        case lookAt(Int)
        /// The version so many numbers before the newest gets a name.
        case tag(Int)
        /// All but so many of the newest versions go.
        case cleanup(Int)
        case maintain
        case reopen

        var description: String {
            switch self {
            case .append(let ids): "append \(ids)"
            case .upsert(let ids): "upsert \(ids)"
            case .delete(let ids): "delete \(ids)"
            case .deleteSource(let source): "delete source \(source)"
            case .index: "index"
            case .scalarIndex: "scalar index"
            case .optimize: "optimize"
            case .compact(let rows): "compact to \(rows)"
            case .restore(let back): "restore \(back) back"
            case .lookAt(let back): "look \(back) back"
            case .tag(let back): "tag \(back) back"
            case .cleanup(let keep): "clean up all but \(keep)"
            case .maintain: "maintain"
            case .reopen: "reopen"
            }
        }
    }

    var steps: [Step]
    let seed: UInt64
    let fileVersion: String

    var description: String {
        "seed \(seed), files \(fileVersion):\n" + steps.enumerated().map { "  \($0): \($1)" }.joined(separator: "\n")
    }

    private static let ids = 160
    static let sources = 5

    init(seed: UInt64, length: Int) {
        var random = SplitMix64(seed: seed)
        self.seed = seed
        fileVersion = ["2.0", "2.1", "2.2"][random.below(3)]
        steps = (0..<length).map { _ in
            func some(_ most: Int) -> [Int] {
                Array(Set((0..<1 + random.below(most)).map { _ in random.below(Self.ids) })).sorted()
            }
            switch random.below(100) {
            case 0..<22: return .append(some(random.chance(0.3) ? 80 : 6))
            case 22..<42: return .upsert(some(random.chance(0.2) ? 60 : 6))
            case 42..<60: return .delete(some(random.chance(0.1) ? 100 : 8))
            case 60..<63: return .deleteSource(random.below(Self.sources))
            case 63..<69: return .index
            case 69..<74: return .scalarIndex
            case 74..<82: return .optimize
            case 82..<89: return .compact(random.chance(0.5) ? 1 << 20 : 30)
            case 89..<92: return .restore(1 + random.below(8))
            case 92..<94: return .lookAt(1 + random.below(8))
            case 94: return .tag(random.below(8))
            case 95..<97: return .cleanup(1 + random.below(12))
            case 97: return .maintain
            default: return .reopen
            }
        }
    }

    /// The shortest selection of the steps for which `fails` that leaving out runs of steps comes to.
    func shortened(while fails: (History) async -> Bool) async -> History {
        var best = self
        var run = max(best.steps.count / 2, 1)
        while true {
            var start = 0
            while start < best.steps.count {
                var candidate = best
                candidate.steps.removeSubrange(start..<min(start + run, candidate.steps.count))
                if await fails(candidate) { best = candidate } else { start += run }
            }
            if run == 1 { return best }
            run = max(run / 2, 1)
        }
    }
}
