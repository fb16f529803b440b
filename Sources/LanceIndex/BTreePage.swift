// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// A page of a BTREE: some thousand rows' values in order, and beside each where its row is.
struct BTreePage: Sendable {
    let keys: SortedKeys
    /// A u64 a row.
    let rowIDs: ByteView

    /// Bytes of memory of its own.
    var byteCount: Int { keys.byteCount + (rowIDs.region.isMapped ? 0 : rowIDs.count) + Self.overhead }
    private static let overhead = 256

    func rowID(_ row: Int) throws -> UInt64 { try rowIDs.load(UInt64.self, at: row * 8) }
}

/// The pages that were used last, up to a number of bytes.
struct BTreePageCache: Sendable {
    private let limit: Int
    private var pages: [Int: BTreePage] = [:]
    /// In the order of their coming; those before `oldest` have gone.
    private var queue: [Int] = []
    private var oldest = 0
    private(set) var byteCount = 0

    init(limit: Int) { self.limit = limit }

    subscript(number: Int) -> BTreePage? { pages[number] }

    mutating func insert(_ page: BTreePage, _ number: Int) {
        guard pages[number] == nil else { return }
        pages[number] = page
        queue.append(number)
        byteCount += page.byteCount
        // The newest stays, whatever its size: its caller is about to look into it again.
        while byteCount > limit, queue.count - oldest > 1 {
            if let gone = pages.removeValue(forKey: queue[oldest]) { byteCount -= gone.byteCount }
            oldest += 1
        }
        if oldest > 1024, oldest * 2 > queue.count {
            queue.removeFirst(oldest)
            oldest = 0
        }
    }
}
