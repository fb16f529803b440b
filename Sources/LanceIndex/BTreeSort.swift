// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Orders rows by their values: 8 bytes of each value at a time, radix first.
///
/// Ids often begin alike and differ at their ends, so what all rows of a range share is skipped before the 8 bytes are
/// taken. Rows with equal values stay in the order they had.
enum BTreeSort {
    /// A row on its way to its place.
    struct Entry: BitwiseCopyable {
        /// The 8 bytes that count now, the first in the highest place; zeros where the value has ended.
        var prefix: UInt64
        /// The row's number.
        var row: UInt32
        /// Bytes of the value in `prefix`: 0 to 8, or 9 where it goes on. Zero bytes and an end are told apart by it.
        var length: UInt32
    }

    private static let goesOn: UInt32 = 9
    /// Ranges up to this are put in order one by one.
    private static let fewRows = 32

    /// Memory of one sort.
    private struct Workspace: ~Copyable {
        let entries: UnsafeMutablePointer<Entry>
        /// Room to move entries to.
        let spare: UnsafeMutablePointer<Entry>
        /// How often each value of each digit occurs: the length, and the 8 bytes from the last on.
        let counts: UnsafeMutablePointer<UInt32>
        static let digits = 9

        init(rows: Int) {
            entries = .allocate(capacity: max(rows, 1))
            spare = .allocate(capacity: max(rows, 1))
            counts = .allocate(capacity: Self.digits * 256)
        }

        deinit {
            entries.deallocate()
            spare.deallocate()
            counts.deallocate()
        }

        func rows(_ count: Int) -> [UInt32] { (0..<count).map { entries[$0].row } }
    }

    // MARK: Numbers

    /// The rows in the order of a number each; there are fewer than 2^32.
    static func order(by ranks: UnsafeBufferPointer<UInt64>) -> [UInt32] {
        let space = Workspace(rows: ranks.count)
        for row in 0..<ranks.count {
            (space.entries + row).initialize(to: Entry(prefix: ranks[row], row: UInt32(row), length: 0))
        }
        radix(space.entries, ranks.count, space)
        return space.rows(ranks.count)
    }

    // MARK: Texts

    /// Values lie one after another in `bytes`; value i ends where `ends[i]` says.
    struct Texts {
        let bytes: UnsafePointer<UInt8>
        let ends: UnsafePointer<UInt64>

        @inline(__always)
        func start(_ row: Int) -> Int { row == 0 ? 0 : Int(ends[row - 1]) }

        @inline(__always)
        func end(_ row: Int) -> Int { Int(ends[row]) }

        /// The 8 bytes of a value from `depth` on, which is at most its length.
        @inline(__always)
        func entry(_ row: Int, _ depth: Int) -> Entry {
            let from = start(row) + depth
            let left = end(row) - from
            var prefix: UInt64 = 0
            if left >= 8 {
                prefix = UInt64(bigEndian: UnsafeRawPointer(bytes + from).loadUnaligned(as: UInt64.self))
            } else {
                for index in 0..<left { prefix |= UInt64(bytes[from + index]) << UInt64(56 - 8 * index) }
            }
            return Entry(prefix: prefix, row: UInt32(row), length: left > 8 ? BTreeSort.goesOn : UInt32(left))
        }

        /// Whether a row comes before another whose first `depth` bytes are the same.
        @inline(__always)
        func isBefore(_ a: Int, _ b: Int, _ depth: Int) -> Bool {
            let (startA, startB) = (start(a) + depth, start(b) + depth)
            let (leftA, leftB) = (end(a) - startA, end(b) - startB)
            let order = memcmp(bytes + startA, bytes + startB, min(leftA, leftB))
            if order != 0 { return order < 0 }
            return leftA == leftB ? a < b : leftA < leftB
        }

        /// How many bytes beyond `depth` all rows of a range share; `isEqual` when there is nothing else in any of them.
        func shared(_ entries: UnsafePointer<Entry>, _ count: Int, _ depth: Int) -> (bytes: Int, isEqual: Bool) {
            let first = Int(entries[0].row)
            let base = bytes + start(first) + depth
            let length = end(first) - start(first) - depth
            var shared = length
            var isEqual = true
            for index in 1..<count {
                let row = Int(entries[index].row)
                let other = bytes + start(row) + depth
                let left = end(row) - start(row) - depth
                isEqual = isEqual && left == length
                let most = min(shared, left)
                if memcmp(base, other, most) == 0 {
                    shared = most
                } else {
                    isEqual = false
                    var same = 0
                    while base[same] == other[same] { same += 1 }
                    shared = same
                }
                if shared == 0, !isEqual { break }
            }
            return (shared, isEqual)
        }
    }

    private struct Range {
        var start: Int
        var count: Int
        /// Bytes that all values of the range begin with alike.
        var depth: Int
    }

    /// The rows in the order of a text each; there are fewer than 2^32. Throws where the task is cancelled.
    static func order(by texts: Texts, count: Int) throws -> [UInt32] {
        let space = Workspace(rows: count)
        for row in 0..<count {
            (space.entries + row).initialize(to: Entry(prefix: 0, row: UInt32(row), length: 0))
        }
        var todo = [Range(start: 0, count: count, depth: 0)]
        while let range = todo.popLast() {
            if range.count <= fewRows {
                insertion(space.entries + range.start, range.count, texts, range.depth)
            } else {
                try Task.checkCancellation()
                divide(range, space, texts, &todo)
            }
        }
        return space.rows(count)
    }

    /// Orders a range by its next 8 bytes; rows that these do not tell apart are ranges to do.
    private static func divide(_ range: Range, _ space: borrowing Workspace, _ texts: Texts, _ todo: inout [Range]) {
        let entries = space.entries + range.start
        let shared = texts.shared(entries, range.count, range.depth)
        if shared.isEqual { return }
        let depth = range.depth + shared.bytes
        for index in 0..<range.count { entries[index] = texts.entry(Int(entries[index].row), depth) }
        radix(entries, range.count, space)
        var start = 0
        while start < range.count {
            let head = entries[start]
            var end = start + 1
            while end < range.count, entries[end].prefix == head.prefix, entries[end].length == head.length { end += 1 }
            if head.length == goesOn, end - start > 1 {
                todo.append(Range(start: range.start + start, count: end - start, depth: depth + 8))
            }
            start = end
        }
    }

    private static func insertion(
        _ entries: UnsafeMutablePointer<Entry>, _ count: Int, _ texts: Texts, _ depth: Int
    ) {
        var index = 1
        while index < count {
            let entry = entries[index]
            var place = index
            while place > 0, texts.isBefore(Int(entry.row), Int(entries[place - 1].row), depth) {
                entries[place] = entries[place - 1]
                place -= 1
            }
            entries[place] = entry
            index += 1
        }
    }

    // MARK: Radix

    /// Orders entries by prefix, then length, least significant byte first; equal ones keep their order.
    private static func radix(
        _ entries: UnsafeMutablePointer<Entry>, _ count: Int, _ space: borrowing Workspace
    ) {
        guard count > 1 else { return }
        let counts = space.counts
        counts.initialize(repeating: 0, count: Workspace.digits * 256)
        for index in 0..<count {
            let entry = entries[index]
            counts[Int(entry.length)] += 1
            var prefix = entry.prefix
            for digit in 1..<Workspace.digits {
                counts[digit * 256 + Int(prefix & 0xff)] += 1
                prefix >>= 8
            }
        }
        var source = entries
        var target = space.spare
        for digit in 0..<Workspace.digits {
            let places = counts + digit * 256
            // A byte that is the same everywhere orders nothing.
            if places[Self.digit(source[0], digit)] == count { continue }
            var total: UInt32 = 0
            for value in 0..<256 {
                let here = places[value]
                places[value] = total
                total += here
            }
            for index in 0..<count {
                let entry = source[index]
                let value = Self.digit(entry, digit)
                target[Int(places[value])] = entry
                places[value] += 1
            }
            swap(&source, &target)
        }
        if source != entries { entries.update(from: source, count: count) }
    }

    @inline(__always)
    private static func digit(_ entry: Entry, _ digit: Int) -> Int {
        digit == 0 ? Int(entry.length) : Int(entry.prefix >> UInt64(8 * (digit - 1)) & 0xff)
    }
}
