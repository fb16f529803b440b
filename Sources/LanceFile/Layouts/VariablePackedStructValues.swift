// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Members of a struct side by side, of which some have a length of their own.
///
/// ```
/// value  each member in turn: its bytes, or its length (4 or 8 bytes) and bytes
/// ```
enum VariablePackedStructValues {
    static func decode(
        _ packed: ProtoVariablePackedStructValues, _ type: DataType, _ data: ByteView, _ spans: [Range<Int>],
        _ cache: PageCache
    ) throws -> Column {
        guard case .structure(let members) = type, members.count == packed.fields.count else {
            throw LayoutDecoder.mismatch("packed structs of \(packed.fields.count) members", type)
        }
        var places = members.map { _ in [Range<Int>]() }
        for span in spans {
            var position = span.lowerBound
            for (index, field) in packed.fields.enumerated() {
                // A null struct has no bytes, and its members are empty.
                let size = span.isEmpty ? 0 : try size(field, data, &position, end: span.upperBound)
                guard size <= span.upperBound - position else {
                    throw data.corrupt(
                        "a member of \(size) bytes, where \(span.upperBound - position) are left", at: position)
                }
                places[index].append(position..<position + size)
                position += size
            }
            guard position == span.upperBound else {
                throw data.corrupt("a packed struct that is too long", at: position)
            }
        }
        let columns = try members.enumerated().map { index, member in
            try column(packed.fields[index], member.type, data, places[index])
        }
        return try Column(type, count: spans.count, storage: .structure(columns))
    }

    private static func size(
        _ field: ProtoVariablePackedStructValues.PackedField, _ data: ByteView, _ position: inout Int, end: Int
    ) throws -> Int {
        switch field.width {
        case .bitsPerValue(let bits):
            guard bits % 8 == 0, let size = Int(exactly: bits / 8) else {
                throw Failure(.unsupported, "a packed struct with a member of \(bits) bits; read the other columns")
            }
            return size
        case .bitsPerLength(let bits):
            guard bits == 32 || bits == 64, Int(bits / 8) <= end - position else {
                throw data.corrupt("a member whose length has \(bits) bits", at: position)
            }
            let length =
                bits == 32 ? UInt64(try data.load(UInt32.self, at: position)) : try data.load(UInt64.self, at: position)
            position += Int(bits / 8)
            guard let size = Int(exactly: length) else {
                throw data.corrupt("a member of \(length) bytes", at: position)
            }
            return size
        case nil: throw Failure(.corrupt, "a packed struct that does not say how wide its members are")
        }
    }

    private static func column(
        _ field: ProtoVariablePackedStructValues.PackedField, _ type: DataType, _ data: ByteView, _ spans: [Range<Int>]
    ) throws -> Column {
        if case .bitsPerLength = field.width {
            // The symbol table is the member's own, not the page's.
            return try FullZipValues.variable(field.value, type, data, spans, PageCache())
        }
        guard let width = PackedRecords.width(type), case .bitsPerValue(let bits) = field.width,
            bits == UInt64(width) * 8
        else { throw LayoutDecoder.mismatch("packed", type) }
        // A null struct has no bytes: its members are zero.
        var bytes = ByteWriter(reserving: try LayoutDecoder.made(spans.count, width))
        for span in spans {
            if span.isEmpty {
                bytes.write(repeating: 0, count: width)
            } else {
                bytes.write(try data.slice(span.lowerBound, span.count))
            }
        }
        return try FullZipValues.fixed(
            field.value, type, Region(copying: bytes.bytes, name: data.region.name).view, count: spans.count)
    }
}
