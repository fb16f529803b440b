// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore

extension JSONObject {
    /// A member `columns` with the values that were asked for; nothing where none were.
    mutating func add(columns: [String: ColumnValue]) {
        guard !columns.isEmpty else { return }
        add("columns", Self.object(columns))
    }

    private static func object(_ values: [String: ColumnValue]) -> JSONObject {
        var object = JSONObject()
        for (name, value) in values.sorted(by: { $0.key < $1.key }) { object.add(name, value) }
        return object
    }

    private mutating func add(_ name: String, _ value: ColumnValue) {
        add(name) { Self.append(value, to: &$0) }
    }

    /// Binary is base64, as in lines of JSON.
    private static func append(_ value: ColumnValue, to out: inout [UInt8]) {
        switch value {
        case .null: JSONText.append(JSONText.null, to: &out)
        case .bool(let value): JSONText.append(value ? "true" as StaticString : "false", to: &out)
        case .int(let value): JSONText.append(value, to: &out)
        case .uint(let value): JSONText.append(value, to: &out)
        case .double(let value): JSONText.append(value, to: &out)
        case .string(let value): JSONText.append(value, to: &out)
        case .bytes(let bytes): JSONText.append(Data(bytes).base64EncodedString(), to: &out)
        case .list(let items):
            out.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                append(item, to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .structure(let values): out += object(values).finished
        }
    }
}
