// SPDX-License-Identifier: Apache-2.0
import Columnar
import Synchronization

/// What reading rows of a page needs again and again, made when it is first asked for.
///
/// Nothing in it is larger than what one reading of the page makes anyway.
final class PageCache: Sendable {
    private let chunks = Mutex<MiniBlockChunks?>(nil)
    private let dictionary = Mutex<Column?>(nil)
    private let symbols = Mutex<SymbolTable?>(nil)

    func chunks(_ make: () throws -> MiniBlockChunks) throws -> MiniBlockChunks { try Self.value(chunks, make) }

    func dictionary(_ make: () throws -> Column) throws -> Column { try Self.value(dictionary, make) }

    func symbols(_ make: () throws -> SymbolTable) throws -> SymbolTable { try Self.value(symbols, make) }

    /// Two readers at once may both make it; either's is right.
    private static func value<T: Sendable>(_ place: borrowing Mutex<T?>, _ make: () throws -> T) throws -> T {
        if let known = place.withLock({ $0 }) { return known }
        let new = try make()
        place.withLock { $0 = new }
        return new
    }
}
