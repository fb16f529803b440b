// SPDX-License-Identifier: Apache-2.0

/// One column of a schema.
package struct Field: Sendable, Hashable {
    package var name: String
    package var type: DataType
    package var nullable: Bool
    package var metadata: [String: String]

    package init(_ name: String, _ type: DataType, nullable: Bool = true, metadata: [String: String] = [:]) {
        self.name = name
        self.type = type
        self.nullable = nullable
        self.metadata = metadata
    }
}

/// The columns of a table or file, in order.
package struct Schema: Sendable, Hashable {
    package var fields: [Field]

    package init(_ fields: [Field]) { self.fields = fields }

    /// By bytes: to Swift two spellings of a letter are one, to a table they are two names.
    package func index(of name: String) -> Int? { fields.firstIndex { $0.name.utf8.elementsEqual(name.utf8) } }

    package subscript(_ name: String) -> Field? { index(of: name).map { fields[$0] } }

    /// The columns' names and types, for messages.
    package var summary: String { fields.map { "\($0.name) \($0.type)" }.joined(separator: ", ") }
}
