// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceTable

/// An index segment whose files are damaged or missing, or turn out to be of no use when they are open.
///
/// Searches and fetches throw `failure`: going on without the index would be another metric, or a thousand times the
/// time, and nobody would learn why. Who only asks whether there is an index is told that there is none.
struct UnusableIndex: Error {
    let entry: IndexEntry
    let failure: Failure

    /// Nil where `failure` is not about the index's files.
    init?(_ entry: IndexEntry, _ failure: Failure) {
        guard [.corrupt, .notFound, .unsupported].contains(failure.code) else { return nil }
        self.entry = entry
        var failure = failure
        failure.message = "the index '\(entry.name)' cannot be used, build it again or drop it: \(failure.message)"
        self.failure = failure
    }
}
