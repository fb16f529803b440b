// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ObjectStorage

/// What became of a commit, where the storage's answer does not tell.
extension Table {
    /// How long a cancelled task waits for what has to be known all the same.
    private static let longestWhenCancelled = Duration.seconds(5)

    /// Ends what has begun although the task is cancelled, if that does not take long.
    static func despiteCancellation<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        let task = Task { try await body() }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            Task {
                try? await Task.sleep(for: longestWhenCancelled)
                task.cancel()
            }
        }
    }

    /// Ours, where a commit that failed with `error` has happened all the same: the storage said that there was another
    /// manifest of that number, and nobody has looked since. Throws `commit_unknown` where it cannot be known.
    func outcome(of version: UInt64, after error: any Error, isOurs: @Sendable (Snapshot) -> Bool) async throws
        -> Snapshot?
    {
        func unknown(_ cause: any Error) -> Failure {
            Failure(
                .commitUnknown,
                "whether version \(version) is this commit's cannot be known (\(cause)); look at the table before you repeat the call",
                path: storage.location, underlying: cause)
        }
        do {
            let all = try await versions()
            // The newest is never cleaned away.
            guard all.last?.version ?? 0 >= version else { return nil }
            guard let name = all.first(where: { $0.version == version }),
                let snapshot = try await snapshotIfThere(name)
            else { throw unknown(error) }
            return isOurs(snapshot) ? snapshot : nil
        } catch let failure as Failure where failure.code == .commitUnknown {
            throw failure
        } catch {
            throw unknown(error)
        }
    }

    /// While this commit was under way others may have committed several versions, its own number among them, and cleaned
    /// up all but the newest: then the number was free once more, and what was put there is no version that anybody sees.
    ///
    /// Throws `commit_unknown` where that may be so.
    func checkThatNumberWasFree(for next: Snapshot, after current: Snapshot?) async throws {
        let problem: any Error
        do {
            let all = try await versions()
            guard let last = all.last, last.version > next.version else { return }
            // Clean-ups take the oldest first, but for those that have a tag.
            if let current, all.contains(where: { $0.version == current.version }),
                try await !tags(isComplete: true).contains(where: { $0.version == current.version })
            {
                return
            }
            let path = storage.location
            let before = try current.map { try NamedFiles.units(of: $0.manifest, path: path) } ?? []
            let new = try NamedFiles.units(of: next.manifest, path: path).subtracting(before).filter {
                !$0.hasPrefix(NamedFiles.transactions)
            }
            if let newest = try await files(of: last), !new.isDisjoint(with: newest) { return }
            problem = Failure(
                .conflict, "version \(last.version) was committed meanwhile, and nothing of it is in there")
        } catch {
            problem = error
        }
        throw Failure(
            .commitUnknown,
            "version \(next.version) was committed, and others may have used and removed that number before (\(problem)); look at the table before you repeat the call",
            path: storage.location, underlying: problem)
    }

    /// The files that a version names; nil where it was cleaned away.
    private func files(of name: ManifestName) async throws -> Set<String>? {
        try await snapshotIfThere(name).map { try NamedFiles.units(of: $0.manifest, path: storage.location) }
    }
}
