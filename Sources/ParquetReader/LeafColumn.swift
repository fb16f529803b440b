// SPDX-License-Identifier: Apache-2.0
import Columnar

/// A column that this reader can read: plain values, or one level of lists of them.
struct LeafColumn: Sendable {
    /// How the levels of the column say where the nulls and the lists are.
    enum Shape: Sendable, Equatable {
        case flat(nullable: Bool)
        case list(nullable: Bool, itemsNullable: Bool)
    }

    /// The place among the column chunks of a row group.
    var index: Int
    var name: String
    var physical: PhysicalType
    /// Bytes of a decoded value; nil where each has its own length.
    var width: Int?
    /// The type of a value, or of an item where the column is a list.
    var valueType: DataType
    var conversion: ValueConversion
    var shape: Shape

    /// The largest definition level: that of a value that is there.
    ///
    /// | level | flat, nullable | list, nullable, of nullable items |
    /// |---|---|---|
    /// | 0 | null | null |
    /// | 1 | value | empty list |
    /// | 2 | | null item |
    /// | 3 | | item |
    ///
    /// Whatever is required drops out and moves the rest up.
    var maxDefinition: UInt8 {
        switch shape {
        case .flat(let nullable): nullable ? 1 : 0
        case .list(let nullable, let itemsNullable): 1 + (nullable ? 1 : 0) + (itemsNullable ? 1 : 0)
        }
    }

    var maxRepetition: UInt8 { isList ? 1 : 0 }

    var isList: Bool {
        if case .list = shape { true } else { false }
    }

    var type: DataType { isList ? .list(valueType) : valueType }

    var nullable: Bool {
        switch shape {
        case .flat(let nullable), .list(let nullable, _): nullable
        }
    }

    /// What a row takes in a batch at least.
    var minimumRowBytes: Int { isList ? 8 : max(width ?? 8, valueType.byteWidth ?? 1) }
}
