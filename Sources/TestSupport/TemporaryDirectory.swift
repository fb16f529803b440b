// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A directory of its own for one test, gone with the last reference.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        path = NSTemporaryDirectory() + "/swift-lance-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    package func appending(_ name: String) -> String { path + "/" + name }
}
