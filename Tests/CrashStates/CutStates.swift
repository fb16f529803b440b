// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import CrashCases
import Foundation
import LanceVectorStore
import ObjectStorage
import TestSupport

/// Writes tables to disk as power losses left them, evenly chosen among all calls, steps and kinds of loss.
///
/// `DIRECTORY/<number>/t.lance` is the table, and `DIRECTORY/<number>/expected.json` says what rows it may have: ids and
/// texts before the call and after it, null where there is no table; the one list where the call had returned.
struct CutStates {
    private struct Expected: Encodable {
        var cut: String
        var loss: String
        var states: [[String: String]?]
    }

    let directory: String
    let number: Int

    func write() async throws {
        var every: [(cut: Cut, loss: PowerLossStorage.Loss)] = []
        for call in WritingCall.all {
            try await Cut.each(call, .full) { cut in
                for loss in [.lost, .kept, .torn(seed: UInt64(cut.number))] as [PowerLossStorage.Loss] {
                    every.append((cut, loss))
                }
            }
        }
        let count = min(number, every.count)
        for index in 0..<count {
            let (cut, loss) = every[index * every.count / count]
            let place = directory + "/\(index)"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            try await cut.machine.afterPowerLoss(loss).copy(to: LocalStorage(path: place + "/t.lance"))
            let states = cut.isAcknowledged ? [cut.after] : [cut.before, cut.after]
            let expected = Expected(
                cut: "\(cut)", loss: "\(loss)", states: states.map { $0.rows.map { $0.mapValues(\.text) } })
            try JSONEncoder().encode(expected).write(to: URL(filePath: place + "/expected.json"))
        }
        print("\(count) of \(every.count) states")
    }
}
