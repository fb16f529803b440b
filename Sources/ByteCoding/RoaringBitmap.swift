// SPDX-License-Identifier: Apache-2.0

/// A set of 32-bit integers in the portable Roaring serialisation
/// (https://github.com/RoaringBitmap/RoaringFormatSpec): deletion vectors and the fragments that an index covers.
///
/// ```
/// no runs   u32 12346 | u32 n | n x { u16 key, u16 cardinality-1 } | n x u32 offset | containers
/// with runs u16 12347 | u16 n-1 | (n+7)/8 bytes of run flags | n x { u16 key, u16 cardinality-1 }
///           | n x u32 offset, only if n >= 4 | containers
/// container cardinality <= 4096: sorted u16 values; above: 8,192 bytes of bits; run: u16 r | r x { u16 start, u16 length-1 }
/// ```
package struct RoaringBitmap: Sendable, Equatable {
    /// Sorted, without repeats.
    package private(set) var values: [UInt32]

    package init() { values = [] }

    package init(_ values: some Sequence<UInt32>) {
        // Sorted first: a set of many millions would take several times the memory of the values.
        self.values = []
        for value in values.sorted() where value != self.values.last { self.values.append(value) }
    }

    package var count: Int { values.count }
    package var isEmpty: Bool { values.isEmpty }

    package func contains(_ value: UInt32) -> Bool {
        var low = 0
        var high = values.count
        while low < high {
            let middle = (low + high) / 2
            if values[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low < values.count && values[low] == value
    }

    private static let plainCookie: UInt32 = 12346
    private static let runCookie: UInt32 = 12347
    private static let arrayLimit = 4096

    /// Parses a serialised bitmap. The number of values is limited by the bytes' own length (65,536 a container), so a
    /// small hostile input can ask for 256 KiB a container of eight bytes at the most; `limit` bounds it further.
    package init(parsing view: ByteView, limit: Int = Int(UInt32.max)) throws {
        var reader = ByteReader(view)
        let cookie = try reader.read(UInt32.self)
        var hasRuns = [Bool]()
        let containers: Int
        switch cookie {
        case Self.plainCookie:
            let count = try reader.read(UInt32.self)
            guard count <= 65_536 else {
                throw reader.corrupt("a roaring bitmap has at most 65,536 containers, not \(count)")
            }
            containers = Int(count)
            hasRuns = Array(repeating: false, count: containers)
        case _ where cookie & 0xffff == Self.runCookie:
            containers = Int(cookie >> 16) + 1
            let flags = try reader.bytes((containers + 7) / 8, "run flags of a roaring bitmap")
            let bits = try Bitmap(flags, count: containers)
            hasRuns = (0..<containers).map { bits[$0] }
        default:
            throw view.corrupt("not a roaring bitmap: it begins with \(cookie)")
        }
        var heads: [(key: UInt32, cardinality: Int)] = []
        heads.reserveCapacity(containers)
        for _ in 0..<containers {
            let key = try reader.read(UInt16.self)
            let cardinality = try reader.read(UInt16.self)
            if let last = heads.last, last.key >= UInt32(key) {
                throw reader.corrupt("containers of a roaring bitmap must ascend by key")
            }
            heads.append((UInt32(key), Int(cardinality) + 1))
        }
        if cookie == Self.plainCookie || containers >= 4 { try reader.skip(containers * 4) }

        var values: [UInt32] = []
        for (head, isRun) in zip(heads, hasRuns) {
            guard values.count + head.cardinality <= limit else {
                throw reader.corrupt("a roaring bitmap of more than \(limit) values")
            }
            let high = head.key << 16
            let before = values.count
            if isRun {
                try Self.readRuns(&reader, high, into: &values)
            } else if head.cardinality <= Self.arrayLimit {
                for low in try reader.bytes(head.cardinality * 2, "values of a roaring bitmap").array(of: UInt16.self) {
                    values.append(high | UInt32(low))
                }
            } else {
                let bits = try Bitmap(reader.bytes(8192, "bits of a roaring bitmap"), count: 65_536)
                for low in 0..<65_536 where bits[low] { values.append(high | UInt32(low)) }
            }
            guard values.count - before == head.cardinality else {
                throw reader.corrupt(
                    "a roaring container says \(head.cardinality) values and has \(values.count - before)")
            }
            for index in values.indices[before...].dropFirst() where values[index - 1] >= values[index] {
                throw reader.corrupt("values of a roaring container must ascend")
            }
        }
        self.values = values
    }

    private static func readRuns(_ reader: inout ByteReader, _ high: UInt32, into values: inout [UInt32]) throws {
        let runs = try reader.read(UInt16.self)
        for _ in 0..<runs {
            let start = UInt32(try reader.read(UInt16.self))
            let length = UInt32(try reader.read(UInt16.self))
            guard start + length <= 0xffff else {
                throw reader.corrupt("a run of a roaring container ends past 65,535")
            }
            if let last = values.last, last >= high | start {
                throw reader.corrupt("runs of a roaring container must ascend")
            }
            for low in start...(start + length) { values.append(high | low) }
        }
    }

    /// The portable serialisation, with array and bitmap containers only.
    package var serialized: [UInt8] {
        var groups: [(key: UInt16, values: ArraySlice<UInt32>)] = []
        var start = 0
        while start < values.count {
            let key = UInt16(values[start] >> 16)
            var end = start
            while end < values.count, UInt16(values[end] >> 16) == key { end += 1 }
            groups.append((key, values[start..<end]))
            start = end
        }
        var writer = ByteWriter()
        writer.write(Self.plainCookie)
        writer.write(UInt32(groups.count))
        for group in groups {
            writer.write(group.key)
            writer.write(UInt16(group.values.count - 1))
        }
        var offset = UInt32(8 + groups.count * 8)
        for group in groups {
            writer.write(offset)
            offset += group.values.count <= Self.arrayLimit ? UInt32(group.values.count * 2) : 8192
        }
        for group in groups {
            if group.values.count <= Self.arrayLimit {
                for value in group.values { writer.write(UInt16(truncatingIfNeeded: value)) }
            } else {
                var bits = [UInt8](repeating: 0, count: 8192)
                for value in group.values { bits[Int(value & 0xffff) >> 3] |= 1 << UInt8(value & 7) }
                writer.write(bits)
            }
        }
        return writer.bytes
    }
}
