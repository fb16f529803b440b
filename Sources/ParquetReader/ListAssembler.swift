// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Puts lists together from repetition and definition levels; what the levels mean is in `LeafColumn`.
struct ListAssembler {
    private(set) var offsets: [Int] = []
    private(set) var itemCount = 0
    private(set) var items = ValidityBits()
    private(set) var lists = ValidityBits()
    /// The lowest definition level of an item, be it null.
    private let itemLevel: UInt8
    private let maxDefinition: UInt8
    private let nullable: Bool
    /// The definition level that the last list began with.
    private var opening: UInt8 = 0

    init(nullable: Bool, maxDefinition: UInt8) {
        self.nullable = nullable
        self.maxDefinition = maxDefinition
        itemLevel = nullable ? 2 : 1
    }

    /// Lists that have begun; the last may go on.
    var count: Int { offsets.count }

    /// How many of the levels belong to the first `rows` lists, given those that have begun. Throws where an item
    /// belongs to no list.
    func prefix(_ repetitions: UnsafeBufferPointer<UInt8>, rows: Int) throws -> Int {
        var begun = count
        for index in repetitions.indices {
            if repetitions[index] == 0 {
                if begun == rows { return index }
                begun += 1
            } else if begun == 0 {
                throw Failure(.corrupt, "the first item continues a list that has not begun")
            }
        }
        return repetitions.count
    }

    /// Takes levels, and in `slots` leaves the definition levels of the items alone; returns how many those are.
    mutating func append(
        _ repetitions: UnsafeBufferPointer<UInt8>, _ definitions: UnsafeMutableBufferPointer<UInt8>
    ) throws -> Int {
        var slots = 0
        for index in repetitions.indices {
            let level = definitions[index]
            let isItem = level >= itemLevel
            if repetitions[index] == 0 {
                offsets.append(itemCount + slots)
                if nullable && level == 0 { lists.append(nulls: 1) } else { lists.append(valid: 1) }
                opening = level
            } else if opening < itemLevel ? level != opening : !isItem {
                // For an array that is null DuckDB says so once for each item: that much is let pass.
                throw Failure(.corrupt, "a list that is null or empty has an item")
            }
            definitions[slots] = level
            slots += isItem ? 1 : 0
        }
        itemCount += slots
        return slots
    }

    /// Notes which of the last items are null.
    mutating func appendItems(_ levels: UnsafeBufferPointer<UInt8>, valid: Int) {
        items.append(levels, level: maxDefinition, valid: valid)
    }

    /// The list that item `index` is in.
    func row(ofItem index: Int) -> Int {
        var (low, high) = (0, offsets.count)
        while low < high {
            let middle = (low + high) / 2
            if offsets[middle] <= index { low = middle + 1 } else { high = middle }
        }
        return max(low - 1, 0)
    }
}
