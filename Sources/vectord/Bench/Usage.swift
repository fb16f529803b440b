// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What a piece of work took.
struct Usage {
    var seconds: Double
    var cpuSeconds: Double

    static func measure<T>(_ body: () async throws -> T) async rethrows -> (result: T, usage: Usage) {
        let cpu = processorSeconds
        let start = ContinuousClock.now
        let result = try await body()
        let wall = ContinuousClock.now - start
        return (result, Usage(seconds: seconds(wall), cpuSeconds: processorSeconds - cpu))
    }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    /// User and system time of all threads of the process so far.
    static var processorSeconds: Double {
        let usage = resources
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6 }
    }

    static var peakMemoryMB: Double {
        #if canImport(Darwin)
            let bytesPerUnit = 1.0
        #else
            let bytesPerUnit = 1024.0
        #endif
        return Double(resources.ru_maxrss) * bytesPerUnit / 1_048_576
    }

    private static var resources: rusage {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        return usage
    }
}
