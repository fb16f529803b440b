// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

/// `DistanceMetric` as the command line takes it.
enum MetricArgument: String, ExpressibleByArgument, CaseIterable {
    case cosine, l2, dot

    var metric: DistanceMetric {
        switch self {
        case .cosine: .cosine
        case .l2: .l2
        case .dot: .dot
        }
    }
}
