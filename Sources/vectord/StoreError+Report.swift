// SPDX-License-Identifier: Apache-2.0
import LanceTable
import LanceVectorStore

extension StoreError {
    /// What a room below the front threw, as the front would say it.
    init(reporting error: any Error, path: String) {
        switch error {
        case let error as StoreError: self = error
        case is CancellationError:
            self.init(code: .cancelled, message: "the task was cancelled; nothing was changed", path: path)
        default:
            let report = FailureReport(error)
            self.init(
                code: report.flatMap { Code(rawValue: $0.code) } ?? .io, message: report?.message ?? "\(error)",
                path: report?.path ?? path, underlying: error)
        }
    }
}

/// Runs `body`, which speaks to rooms below the front, and turns what it throws into a `StoreError`.
func reporting<T>(_ path: String, _ body: () async throws -> T) async throws(StoreError) -> T {
    do {
        return try await body()
    } catch {
        throw StoreError(reporting: error, path: path)
    }
}
