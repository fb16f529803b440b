// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// The values of one leaf of a nested column and the structs and lists around them, for some rows.
struct NestedRows {
    enum Layer {
        case structure(count: Int, validity: Bitmap?)
        case list(offsets: [Int], validity: Bitmap?)
    }

    /// The innermost values.
    var values: Column
    /// What is around them, innermost first.
    var layers: [Layer]

    /// Takes levels apart (format reference: unravelling).
    ///
    /// From the inside out: each layer sees the entries that have a place in it. A list layer keeps of these only the
    /// first of each list, which is then an entry of the layer around it.
    init(_ page: LeveledValues) throws {
        let definition = page.definition
        guard page.repetition != nil || definition != nil || page.layers.kinds.count > 1 else {
            values = page.values
            layers = []
            return
        }
        if page.layers.kinds.count == 1, let definition {
            // Most columns: the levels are 0 or 1.
            values = try Column(
                page.values.type, count: page.values.count, validity: Bitmap(definition.lazy.map { $0 == 0 }),
                storage: page.values.storage)
            layers = []
            return
        }
        let count = page.repetition?.count ?? page.values.count
        // Entries that the layer sees; nil while these are all of them.
        var entries: [Int]?
        var starts = (page.repetition ?? []).map(Int.init)
        var current = 0
        var result: [Layer] = []
        var leaf = page.values
        let kinds = page.layers.kinds
        for (index, kind) in kinds.enumerated() {
            let items = Self.nullableItems(kinds[index...])
            switch kind {
            case .item(let null):
                // Lists without items have no place among what is in them.
                let limit = current + items
                let levels = Self.levels(definition, entries, count)
                var validity: Bitmap?
                if null != nil, let levels {
                    let here = levels.filter { $0 <= limit }
                    if here.contains(where: { $0 > current }) { validity = Bitmap(here.map { $0 <= current }) }
                }
                if index == 0 {
                    if let validity {
                        leaf = try Column(leaf.type, count: leaf.count, validity: validity, storage: leaf.storage)
                    }
                } else {
                    let places = levels?.reduce(0) { $0 + ($1 <= limit ? 1 : 0) } ?? entries?.count ?? count
                    result.append(.structure(count: places, validity: validity))
                }
                current += null == nil ? 0 : 1
            case .list(let null, let empty):
                current += (null == nil ? 0 : 1) + (empty == nil ? 0 : 1)
                let limit = current + Self.nullableItems(kinds[(index + 1)...])
                let all = entries ?? Array(0..<count)
                var first: [Int] = []
                var offsets = [0]
                var validity = BitmapBuilder()
                var position = 0
                while position < all.count {
                    var next = position + 1
                    while next < all.count, starts[all[next]] == 0 { next += 1 }
                    let entry = all[position]
                    first.append(entry)
                    let level = definition.map { Int($0[entry]) } ?? 0
                    if level <= limit {
                        // A level of the layers further in says that the list is there, and something in it is not.
                        let isNull = level != 0 && (level == null || (level > current && level <= limit))
                        let isEmpty = isNull || (level != 0 && level == empty)
                        offsets.append((offsets.last ?? 0) + (isEmpty ? 0 : next - position))
                        validity.append(!isNull)
                    }
                    position = next
                }
                result.append(.list(offsets: offsets, validity: validity.zeros > 0 ? validity.finish() : nil))
                entries = first
                for entry in first { starts[entry] -= 1 }
            }
        }
        values = leaf
        layers = result
    }

    /// How many layers up to the next list can be null.
    private static func nullableItems(_ kinds: ArraySlice<Layers.Kind>) -> Int {
        var total = 0
        for kind in kinds {
            guard case .item(let null) = kind else { break }
            total += null == nil ? 0 : 1
        }
        return total
    }

    private static func levels(_ definition: [UInt16]?, _ entries: [Int]?, _ count: Int) -> [Int]? {
        guard let definition else { return nil }
        return entries.map { $0.map { Int(definition[$0]) } } ?? definition.map(Int.init)
    }

    /// Pages one after another. They may differ in what can be null, never in what is around what.
    init(_ parts: [NestedRows], type: DataType) throws {
        if parts.count == 1, let only = parts.first {
            self = only
            return
        }
        values = try Column.concatenate(parts.map(\.values), type: type)
        let depth = parts.first?.layers.count ?? 0
        layers = try (0..<depth).map { level in
            try Self.joined(
                parts.map { part in
                    guard part.layers.count == depth else { throw Self.differing }
                    return part.layers[level]
                })
        }
    }

    private static let differing = Failure(.corrupt, "pages of one column that are nested in different ways")

    private static func joined(_ parts: [Layer]) throws -> Layer {
        var validity = BitmapBuilder()
        func append(_ more: Bitmap?, _ count: Int) {
            if let more { validity.append(more) } else { validity.append(repeating: true, count: count) }
        }
        if case .list = parts.first {
            var offsets = [0]
            for part in parts {
                guard case .list(let more, let valid) = part else { throw differing }
                let base = offsets.last ?? 0
                for end in more.dropFirst() { offsets.append(base + end) }
                append(valid, more.count - 1)
            }
            return .list(offsets: offsets, validity: validity.zeros > 0 ? validity.finish() : nil)
        }
        var total = 0
        for part in parts {
            guard case .structure(let count, let valid) = part else { throw differing }
            total += count
            append(valid, count)
        }
        return .structure(count: total, validity: validity.zeros > 0 ? validity.finish() : nil)
    }
}
