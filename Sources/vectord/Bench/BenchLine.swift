// SPDX-License-Identifier: Apache-2.0

/// One line of results.
struct BenchLine {
    var object = JSONObject()

    init(_ operation: String) { object.add("op", operation) }

    mutating func add(_ usage: Usage) {
        object.add("seconds", usage.seconds)
        object.add("cpu_s", usage.cpuSeconds)
    }

    mutating func addMemory() { object.add("rss_mb", Usage.peakMemoryMB) }

    /// Percentiles of latencies, in microseconds.
    mutating func add(latencies seconds: [Double]) {
        let sorted = seconds.sorted()
        for (name, part) in [("p50_us", 0.5), ("p95_us", 0.95), ("p99_us", 0.99)] {
            object.add(name, Self.rounded(Self.percentile(sorted, part)))
        }
        object.add("mean_us", Self.rounded(sorted.reduce(0, +) / Double(max(sorted.count, 1))))
    }

    private static func rounded(_ seconds: Double) -> Double { (seconds * 1e7).rounded() / 10 }

    /// Between two values the line between them.
    static func percentile(_ sorted: [Double], _ part: Double) -> Double {
        guard let last = sorted.last else { return 0 }
        let place = part * Double(sorted.count - 1)
        let index = Int(place)
        guard index + 1 < sorted.count else { return last }
        return sorted[index] + (sorted[index + 1] - sorted[index]) * (place - Double(index))
    }

    func print() throws {
        try object.print()
        // A line at a time, for a driver that watches.
        try StandardOutput.flush()
    }
}
