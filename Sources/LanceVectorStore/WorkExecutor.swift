// SPDX-License-Identifier: Apache-2.0
import Dispatch

/// Runs tasks on threads that may be blocked by disks and long loops, so that Swift's own few stay free for the
/// caller's other tasks.
final class WorkExecutor: TaskExecutor {
    static let shared = WorkExecutor()

    private let queue = DispatchQueue(label: "swift-lance.work", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
