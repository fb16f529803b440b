// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// A bar on standard error for work that takes over a second, where that is a terminal.
final class Progress: Sendable {
    private struct State {
        var stage: String?
        var fraction: Double?
        var isDrawn = false
        var isFinished = false
    }

    private static let barWidth = 30
    private static let quietTime = Duration.seconds(1)
    private static let interval = Duration.milliseconds(100)

    private let label: String
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    private init(_ label: String) { self.label = label }

    /// Runs `body` with a bar. Without a call of `update` the bar shows the time alone.
    static func with<T>(
        _ label: String, isShown: Bool = true, _ body: (Progress) async throws -> T
    ) async rethrows -> T {
        let progress = Progress(label)
        guard isShown, StandardError.isTerminal else { return try await body(progress) }
        let drawing = Task.detached {
            try await Task.sleep(for: quietTime)
            while !Task.isCancelled {
                progress.draw()
                try await Task.sleep(for: interval)
            }
        }
        defer {
            drawing.cancel()
            progress.finish()
        }
        return try await body(progress)
    }

    /// - Parameter stage: what is being done, beside the label; nil leaves it as it is.
    func update(_ fraction: Double, stage: String? = nil) {
        state.withLock { state in
            state.fraction = min(max(fraction, 0), 1)
            if let stage { state.stage = stage }
        }
    }

    private func draw() {
        let seconds = (ContinuousClock.now - start).components.seconds
        state.withLock { state in
            guard !state.isFinished else { return }
            state.isDrawn = true
            var line = "\r\(label) "
            if let stage = state.stage { line += stage + " " }
            if let fraction = state.fraction {
                let filled = Int(fraction * Double(Self.barWidth))
                line += "[" + String(repeating: "#", count: filled)
                line += String(repeating: ".", count: Self.barWidth - filled) + "] \(Int(fraction * 100)) %"
            } else {
                line += "…"
            }
            StandardError.write(line + "  \(seconds) s\u{1b}[K")
        }
    }

    private func finish() {
        state.withLock { state in
            state.isFinished = true
            if state.isDrawn { StandardError.write("\r\u{1b}[K") }
        }
    }
}
