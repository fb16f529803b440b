// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import Columnar

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Different texts, to be looked for: compared byte for byte, where Swift's strings take two spellings of a letter for one.
package struct KeySet: Sendable {
    /// In the order in which they came; numbered from 0 on.
    package private(set) var keys: [[UInt8]] = []
    /// The numbers of the keys with a hash.
    private var numbers: [Int: [Int]] = [:]

    package init() {}

    /// Texts that come again count once.
    package init(_ texts: some Sequence<String>) {
        for text in texts {
            var text = text
            text.withUTF8 { _ = insert(UnsafeRawBufferPointer($0)) }
        }
    }

    package var count: Int { keys.count }

    /// Adds a key. Returns its number, and whether it is new.
    package mutating func insert(_ key: UnsafeRawBufferPointer) -> (number: Int, isNew: Bool) {
        let hash = Self.hash(key)
        if let number = number(of: key, hash) { return (number, false) }
        numbers[hash, default: []].append(keys.count)
        keys.append(Array(key))
        return (keys.count - 1, true)
    }

    /// The number of a key; nil where it is none.
    package func number(of key: UnsafeRawBufferPointer) -> Int? { number(of: key, Self.hash(key)) }

    private func number(of key: UnsafeRawBufferPointer, _ hash: Int) -> Int? {
        numbers[hash]?.first { number in
            keys[number].withUnsafeBytes { known in
                guard known.count == key.count else { return false }
                guard let a = known.baseAddress, let b = key.baseAddress, !key.isEmpty else { return true }
                return memcmp(a, b, key.count) == 0
            }
        }
    }

    private static func hash(_ key: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: key)
        return hasher.finalize()
    }

    /// Calls `body` with each row of a text column that is one of the keys, and with the key's number.
    package func forEachMatch(in column: Column, _ body: (_ row: Int, _ number: Int) -> Void) {
        guard count > 0 else { return }
        Self.forEachText(in: column) { row, text in
            if let number = number(of: text) { body(row, number) }
        }
    }

    /// Calls `body` with each row of a text column that is not null.
    package static func forEachText(in column: Column, _ body: (Int, UnsafeRawBufferPointer) throws -> Void) rethrows {
        guard case .variable(let offsets, let data) = column.storage else { return }
        try data.withUnsafeBytes { bytes in
            for row in 0..<column.count where !column.isNull(row) {
                try body(row, UnsafeRawBufferPointer(rebasing: bytes[offsets[row]..<offsets[row + 1]]))
            }
        }
    }
}
