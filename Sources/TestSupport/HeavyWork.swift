// SPDX-License-Identifier: Apache-2.0

/// One at a time of those tests that take much memory or measure it: the others run beside them.
package actor HeavyWork {
    private static let shared = HeavyWork()
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    @discardableResult
    package static func alone<T: Sendable>(_ body: @Sendable () async throws -> T) async rethrows -> T {
        await shared.enter()
        do {
            let result = try await body()
            await shared.leave()
            return result
        } catch {
            await shared.leave()
            throw error
        }
    }

    /// Runs `body`, which may let the process grow by `limit` bytes for a moment; throws where it grew by more.
    @discardableResult
    package static func bounded<T: Sendable>(_ limit: Int, _ body: @Sendable () async throws -> T) async throws -> T {
        try await alone {
            ProcessGauge.resetPeakMemory()
            let before = ProcessGauge.peakMemory
            let result = try await body()
            if let before, let after = ProcessGauge.peakMemory {
                try check(after - before < limit, "the process grew by \((after - before) >> 20) MiB")
            }
            return result
        }
    }

    private func enter() async {
        if isBusy {
            await withCheckedContinuation { waiting.append($0) }
        } else {
            isBusy = true
        }
    }

    private func leave() {
        if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
    }
}
