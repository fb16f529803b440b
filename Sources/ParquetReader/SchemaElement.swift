// SPDX-License-Identifier: Apache-2.0

/// One node of the file's schema, which is a tree written as a list, parents before their children.
struct SchemaElement: Sendable {
    enum Repetition: Int32, Sendable { case required = 0, optional, repeated }

    var name = ""
    /// Nil for a group.
    var physical: PhysicalType?
    /// Bytes of a FIXED_LEN_BYTE_ARRAY.
    var length = 0
    var repetition = Repetition.required
    var childCount = 0
    var annotation: Annotation?

    init(_ thrift: inout ThriftReader) throws {
        var (converted, logical): (Int32?, Annotation?) = (nil, nil)
        var (scale, precision) = (0, 0)
        var hasName = false
        var last = 0
        while let field = try thrift.nextField(after: &last) {
            switch field.id {
            case 1:
                let number = try thrift.int32(field)
                guard let type = PhysicalType(rawValue: number) else {
                    throw thrift.corrupt("a column of the unknown physical type \(number)")
                }
                physical = type
            case 2: length = try thrift.count32(field, "a fixed length")
            case 3:
                let number = try thrift.int32(field)
                guard let value = Repetition(rawValue: number) else {
                    throw thrift.corrupt("a column of the unknown repetition \(number)")
                }
                repetition = value
            case 4:
                name = try thrift.text(field)
                hasName = true
            case 5: childCount = try thrift.count32(field, "a group's number of children")
            case 6: converted = try thrift.int32(field)
            case 7: scale = Int(try thrift.int32(field))
            case 8: precision = Int(try thrift.int32(field))
            case 10:
                try thrift.structure(field)
                logical = try Annotation(logical: &thrift)
            default: try thrift.skip(field)
            }
        }
        guard hasName else { throw thrift.corrupt("a schema element without a name") }
        annotation = logical ?? converted.map { Annotation(converted: $0, precision: precision, scale: scale) }
    }

    /// What messages call the type.
    var typeName: String {
        let base = physical.map { $0 == .fixedLenByteArray ? "\($0)(\(length))" : "\($0)" } ?? "group"
        return annotation.map { "\(base) (\($0))" } ?? base
    }
}
