// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// The top-level columns of a file, made from the flat list of schema elements.
struct SchemaTree: Sendable {
    /// A column, and how to read it; `leaf` is nil for a type that we do not keep.
    struct Entry: Sendable {
        var field: Field
        var leaf: LeafColumn?
    }

    /// Deeper trees are refused: a bound on recursion.
    static let maxDepth = 64

    private(set) var entries: [Entry] = []
    /// Column chunks in a row group.
    private(set) var leafCount = 0

    private struct Node {
        var element: SchemaElement
        var children: [Node] = []
        var firstLeaf: Int
    }

    init(_ elements: [SchemaElement], path: String) throws {
        func corrupt(_ message: String) -> Failure { Failure(.corrupt, message, path: path) }
        var next = 0
        var leaves = 0
        func node(depth: Int) throws -> Node {
            guard depth < Self.maxDepth else { throw corrupt("a schema nested deeper than \(Self.maxDepth)") }
            guard next < elements.count else { throw corrupt("the schema ends inside a group") }
            var result = Node(element: elements[next], firstLeaf: leaves)
            next += 1
            let count = result.element.childCount
            if result.element.physical != nil {
                guard count == 0 else { throw corrupt("column '\(result.element.name)' has a type and children") }
                leaves += 1
                return result
            }
            guard count <= elements.count - next else {
                throw corrupt(
                    "group '\(result.element.name)' has \(count) children, but \(elements.count - next) follow")
            }
            for _ in 0..<count { result.children.append(try node(depth: depth + 1)) }
            return result
        }
        let root = try node(depth: 0)
        guard next == elements.count, root.element.physical == nil else {
            throw corrupt("the schema is not one tree of \(elements.count) elements")
        }
        leafCount = leaves
        entries = root.children.map(Self.entry)
    }

    private static func entry(_ node: Node) -> Entry {
        let name = node.element.name
        guard let leaf = leaf(node) else {
            let nullable = node.element.repetition == .optional
            return Entry(field: Field(name, .other(typeName(node)), nullable: nullable), leaf: nil)
        }
        return Entry(field: Field(name, leaf.type, nullable: leaf.nullable), leaf: leaf)
    }

    private static func leaf(_ node: Node) -> LeafColumn? {
        let element = node.element
        if element.physical != nil {
            // A column that is just repeated is a list that is never null.
            return make(
                node, name: element.name,
                shape: element.repetition == .repeated
                    ? .list(nullable: false, itemsNullable: false) : .flat(nullable: element.repetition == .optional))
        }
        guard element.annotation == .list, element.repetition != .repeated, node.children.count == 1,
            let repeated = node.children.first, repeated.element.repetition == .repeated
        else { return nil }
        let nullable = element.repetition == .optional
        if repeated.element.physical != nil {
            // Two levels: the repeated column is the item.
            return make(repeated, name: element.name, shape: .list(nullable: nullable, itemsNullable: false))
        }
        // Three levels. In files of old writers a repeated group of one of these names is a structure of one member.
        guard repeated.children.count == 1, let item = repeated.children.first, item.element.physical != nil,
            item.element.repetition != .repeated, repeated.element.name != "array",
            repeated.element.name != element.name + "_tuple"
        else { return nil }
        return make(
            item, name: element.name,
            shape: .list(nullable: nullable, itemsNullable: item.element.repetition == .optional))
    }

    private static func make(_ node: Node, name: String, shape: LeafColumn.Shape) -> LeafColumn? {
        let element = node.element
        guard let physical = element.physical,
            let value = ValueType(physical, length: element.length, annotation: element.annotation)
        else { return nil }
        return LeafColumn(
            index: node.firstLeaf, name: name, physical: physical, width: physical.width(length: element.length),
            valueType: value.type, conversion: value.conversion, shape: shape)
    }

    /// What a type that we do not keep is called: `group (MAP)`, `group (LIST) of group`, `BYTE_ARRAY (DECIMAL(9, 2))`.
    private static func typeName(_ node: Node) -> String {
        let name = (node.element.repetition == .repeated ? "repeated " : "") + node.element.typeName
        guard node.element.annotation == .list, let repeated = node.children.first else { return name }
        let item = repeated.children.count == 1 ? repeated.children.first ?? repeated : repeated
        return "\(name) of \(item.element.typeName)"
    }
}
