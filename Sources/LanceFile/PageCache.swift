// SPDX-License-Identifier: Apache-2.0
import Columnar
import Synchronization

/// What reading rows of a page needs again and again, made when it is first asked for.
///
/// A few megabytes a page at the most.
final class PageCache: Sendable {
    private let chunks = Mutex<MiniBlockChunks?>(nil)
    private let dictionary = Mutex<Column?>(nil)
    private let symbols = Mutex<SymbolTable?>(nil)
    private let levels = Mutex<LeveledValues?>(nil)

    func chunks(_ make: () throws -> MiniBlockChunks) throws -> MiniBlockChunks { try Self.value(chunks, make) }

    /// Kept only while it is small: files have thousands of pages.
    func dictionary(_ make: () throws -> Column) throws -> Column {
        if let known = dictionary.withLock({ $0 }) { return known }
        let new = try make()
        if new.withValueBytes({ $0.count }) <= Self.mostKeptBytes { dictionary.withLock { $0 = new } }
        return new
    }

    private static let mostKeptBytes = 4 << 20

    /// The levels of a constant page, likewise.
    func levels(_ make: () throws -> LeveledValues) throws -> LeveledValues {
        if let known = levels.withLock({ $0 }) { return known }
        let new = try make()
        let count = (new.repetition?.count ?? 0) + (new.definition?.count ?? 0)
        if count <= Self.mostKeptBytes / 2 { levels.withLock { $0 = new } }
        return new
    }

    func symbols(_ make: () throws -> SymbolTable) throws -> SymbolTable { try Self.value(symbols, make) }

    /// Two readers at once may both make it; either's is right.
    private static func value<T: Sendable>(_ place: borrowing Mutex<T?>, _ make: () throws -> T) throws -> T {
        if let known = place.withLock({ $0 }) { return known }
        let new = try make()
        place.withLock { $0 = new }
        return new
    }
}
