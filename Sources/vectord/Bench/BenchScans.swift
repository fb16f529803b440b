// SPDX-License-Identifier: Apache-2.0
import Columnar
import LanceFile
import LanceTable
import LanceVectorStore

/// Reading columns: all rows, or some from all over the table.
enum BenchScans {
    /// Sets of rows whose median counts: the last of all.
    private static let counted = 5

    static func scan(_ dataset: String, _ parameters: BenchParameters) async throws {
        let store = try LanceVectorStore(path: dataset)
        for columns in try await groups(store, parameters) {
            let ((rows, bytes), usage) = try await Usage.measure {
                try await store.reading { snapshot in
                    var scan = TableScan(snapshot, fields: try columns.map { try snapshot.field($0) })
                    var (rows, bytes) = (0, Touched())
                    while let batch = try await scan.next()?.batch {
                        rows += batch.count
                        for column in batch.columns { bytes.touch(column) }
                    }
                    return (rows, bytes)
                }
            }
            var line = BenchLine("scan")
            line.object.add("columns", columns.joined(separator: ","))
            line.object.add("rows", rows)
            line.object.add("bytes", bytes.count)
            line.object.add("sum", Int(bytes.sum))
            line.add(usage)
            line.addMemory()
            try line.print()
        }
    }

    /// `n` rows, 1,000 unless told, in no order; the median of the last five of so many sets, of five unless told.
    static func take(_ dataset: String, _ parameters: BenchParameters) async throws {
        let store = try LanceVectorStore(path: dataset)
        for columns in try await groups(store, parameters) {
            var seconds: [Double] = []
            var cpu: [Double] = []
            var random = Numbers(state: 1)
            for _ in 0..<max(parameters.sets ?? counted, counted) {
                let usage = try await store.reading { snapshot in
                    let fields = try columns.map { try snapshot.field($0) }
                    var places: [RowAddress] = []
                    for _ in 0..<(parameters.n ?? 1000) {
                        let fragment = snapshot.fragments[random.below(snapshot.fragments.count)]
                        places.append(
                            RowAddress(fragment: fragment.id, offset: UInt32(random.below(fragment.physicalRows))))
                    }
                    let addresses = places
                    return try await Usage.measure {
                        var bytes = Touched()
                        for column in try await snapshot.take(addresses, fields).columns { bytes.touch(column) }
                        return bytes
                    }.usage
                }
                seconds.append(usage.seconds)
                cpu.append(usage.cpuSeconds)
            }
            var line = BenchLine("take")
            line.object.add("columns", columns.joined(separator: ","))
            line.object.add("n", parameters.n ?? 1000)
            line.object.add("seconds", seconds.suffix(counted).sorted()[counted / 2])
            line.object.add("cpu_s", cpu.suffix(counted).sorted()[counted / 2])
            try line.print()
        }
    }

    /// The sets of columns that are read, each apart; without the parameter, the texts, the vector, and all.
    private static func groups(_ store: LanceVectorStore, _ parameters: BenchParameters) async throws -> [[String]] {
        if let columns = parameters.columns { return [columns] }
        return try await store.reading { snapshot in
            let fields = snapshot.schema.fields
            let texts = fields.filter { $0.type.isText }.map(\.name)
            let vectors = fields.filter { if case .fixedSizeList = $0.type { true } else { false } }.map(\.name)
            return [texts, vectors, fields.map(\.name)].filter { !$0.isEmpty }
        }
    }

    /// Looks at every cache line of the values, so that a mapped file is read and not only spoken of.
    private struct Touched {
        var count = 0
        /// What nobody looks at would not be summed either.
        var sum: UInt8 = 0

        mutating func touch(_ column: Column) {
            switch column.storage {
            case .fixedSizeList(let items, _), .list(_, let items): touch(items)
            case .structure(let members): for member in members { touch(member) }
            default:
                let (bytes, total) = column.withValueBytes { bytes in
                    var sum: UInt8 = 0
                    for index in stride(from: 0, to: bytes.count, by: 64) { sum &+= bytes[index] }
                    return (bytes.count, sum)
                }
                count += bytes
                sum &+= total
            }
        }
    }

    /// The same rows in every run.
    private struct Numbers {
        var state: UInt64

        mutating func below(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % max(limit, 1)
        }
    }
}
