// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto

/// How the values of a page are nested, innermost layer first (format reference: levels).
///
/// Definition levels count from the inside: 0 is a value that is there, and each layer that can be absent has the next
/// one or two numbers. Repetition levels: the highest begins a row, 0 goes on with the innermost list.
struct Layers: Sendable {
    enum Kind: Sendable {
        /// A value, or a struct: `null` is the definition level of those that are not there.
        case item(null: Int?)
        case list(null: Int?, empty: Int?)
    }

    let kinds: [Kind]
    /// How many of them are lists: also the repetition level at which a row begins.
    let lists: Int
    /// The highest definition level there can be.
    let highest: Int
    /// Levels up to this one have a place among the values; above it, there is a list without items.
    let visible: Int

    init(_ layers: [ProtoLayerKind]) throws {
        // Deeper than any schema that is read.
        guard (1...64).contains(layers.count) else { throw Failure(.corrupt, "a page of \(layers.count) layers") }
        var next = 0
        var lists = 0
        var visible: Int?
        func number() -> Int {
            next += 1
            return next
        }
        kinds = try layers.map { layer in
            let isList = layer != .layerAllValidItem && layer != .layerNullableItem
            if isList {
                lists += 1
                visible = visible ?? next
            }
            switch layer {
            case .layerAllValidItem: return .item(null: nil)
            case .layerNullableItem: return .item(null: number())
            case .layerAllValidList: return .list(null: nil, empty: nil)
            case .layerNullableList: return .list(null: number(), empty: nil)
            case .layerEmptyableList: return .list(null: nil, empty: number())
            case .layerNullAndEmptyList:
                let null = number()
                return .list(null: null, empty: number())
            case .layerUnspecified, .UNRECOGNIZED:
                throw Failure(.corrupt, "a page with the layer \(layer.rawValue), which is not known")
            }
        }
        self.lists = lists
        highest = next
        self.visible = visible ?? next
    }
}
