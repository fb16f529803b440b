// SPDX-License-Identifier: Apache-2.0
import Foundation
import FuzzTargets
import TestSupport
import Testing

/// Inputs that a fuzzer once found, in `Cases/<target>`: each made a reader trap, or take long, or take much memory.
struct CaseTests {
    private static let longest = Duration.seconds(2)

    @Test(arguments: FuzzTarget.allCases) func finds(_ target: FuzzTarget) async throws {
        let directory = Bundle.module.bundleURL.appending(path: "Cases/\(target.rawValue)")
        // A target of which nothing was found has no directory.
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        try await HeavyWork.bounded(400 << 20) {
            for file in files.sorted() {
                let bytes = [UInt8](try Data(contentsOf: directory.appending(path: file)))
                let start = ContinuousClock.now
                do { try await target.read(bytes) } catch { throw CheckFailure("\(file): \(error)") }
                let time = ContinuousClock.now - start
                try check(time < Self.longest, "\(file) took \(time)")
            }
        }
    }
}
