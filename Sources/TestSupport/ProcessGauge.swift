// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What the running process holds; nil where the system does not tell.
package enum ProcessGauge {
    /// Peak resident memory in bytes.
    package static var peakMemory: Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
        for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
            return line.split(separator: " ").compactMap { Int($0) }.first.map { $0 * 1024 }
        }
        return nil
    }

    /// Makes the peak what is resident now, where the system can.
    package static func resetPeakMemory() {
        guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return }
        try? file.write(contentsOf: Data("5".utf8))
        try? file.close()
    }

    /// Open file descriptors whose file's path begins with `prefix`: other tests of the process have theirs.
    package static func openFiles(under prefix: String) -> Int? {
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") else { return nil }
        return entries.count {
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0)
            return target?.hasPrefix(prefix) ?? false
        }
    }

    /// Mapped files whose path begins with `prefix`.
    package static func mappings(under prefix: String) -> Int? {
        guard let maps = try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8) else { return nil }
        return maps.split(separator: "\n").count { $0.contains(prefix) }
    }
}
