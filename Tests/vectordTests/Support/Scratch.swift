// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A directory for one test, which goes with it.
final class Scratch {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("vectord-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func at(_ name: String) -> String { path + "/" + name }

    @discardableResult
    func file(_ name: String, _ contents: Data) throws -> String {
        try contents.write(to: URL(fileURLWithPath: at(name)))
        return at(name)
    }

    @discardableResult
    func file(_ name: String, _ contents: String) throws -> String { try file(name, Data(contents.utf8)) }

    func names(_ directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: at(directory)).sorted()
    }
}
