// SPDX-License-Identifier: Apache-2.0

/// The version that a table's readers may use without another look, as long as it is young enough.
///
/// Its age counts from before the look that found it, or from before its manifest was put: what others committed since then
/// may be missing in it, and nothing else.
struct RecentVersion {
    private var known: (snapshot: Snapshot, since: ContinuousClock.Instant)?
    /// When this process last finished a commit: a look that was begun before may have missed it.
    private var committed: ContinuousClock.Instant?

    /// Nil where a look is needed.
    func snapshot(_ now: ContinuousClock.Instant, within interval: Duration) -> Snapshot? {
        guard let known, now - known.since < interval else { return nil }
        return known.snapshot
    }

    /// A look that was begun at `start` found the newest version, or none.
    mutating func saw(_ snapshot: Snapshot?, _ start: ContinuousClock.Instant) {
        // So may one of the same tick.
        if let committed, start <= committed { return }
        if let known, start < known.since { return }
        known = snapshot.map { ($0, start) }
    }

    /// A commit of this process is finished, whose manifest was put after `start`.
    mutating func made(_ snapshot: Snapshot, _ start: ContinuousClock.Instant, _ now: ContinuousClock.Instant) {
        committed = now
        // Who has looked meanwhile may have seen what others put on top of it, and no reader is to go back from there.
        if let known, known.snapshot.version > snapshot.version {
            if known.since < start { self.known = nil }
            return
        }
        known = (snapshot, start)
    }

    /// A commit of this process has failed, or seems to.
    mutating func forget(_ now: ContinuousClock.Instant) {
        committed = now
        known = nil
    }
}
