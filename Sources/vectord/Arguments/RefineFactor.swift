// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// How many candidates for each hit of an index search are compared exactly.
package enum RefineFactor: Sendable, Hashable {
    case none
    case factor(Int)

    /// Nil for none, as searches take it.
    package var factor: Int? {
        switch self {
        case .none: nil
        case .factor(let factor): factor
        }
    }
}

extension RefineFactor: ExpressibleByArgument {
    package init?(argument: String) {
        if argument == "none" {
            self = .none
        } else if let factor = Int(argument), factor >= 1 {
            self = .factor(factor)
        } else {
            return nil
        }
    }

    package var defaultValueDescription: String { factor.map(String.init) ?? "none" }
}
