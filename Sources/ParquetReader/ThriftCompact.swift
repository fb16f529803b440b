// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Reads the compact protocol of Thrift, in which Parquet keeps its footer and page headers.
///
///     struct  = field* 00
///     field   = dddd kkkk             dddd = distance from the last field's id, kkkk = kind
///             | 0000 kkkk zigzag(id)  where the distance is not in 1 ... 15
///     list    = nnnn kkkk             nnnn = count, or 1111 followed by varint(count)
///     map     = varint(count), and unless 0: kkkk vvvv, then keys and values in turn
///     binary  = varint(length), bytes
///
/// A field that nobody asked for is skipped, so files of later format versions stay readable.
struct ThriftReader {
    enum Kind: UInt8 {
        case stop = 0
        case yes, no, int8, int16, int32, int64, double, binary, list, set, map, structure, uuid
    }

    struct Field {
        let id: Int
        let kind: Kind
    }

    /// Deeper than any Parquet structure; a bound on the recursion of `skip`.
    static let maxDepth = 32

    private var reader: ByteReader

    init(_ view: ByteView) { reader = ByteReader(view) }

    var position: Int { reader.position }

    func corrupt(_ message: String) -> Failure { reader.corrupt(message) }

    // MARK: Structures

    /// The next field of the structure being read; nil at its end. `last` starts at 0.
    mutating func nextField(after last: inout Int) throws -> Field? {
        let head = try reader.read(UInt8.self)
        if head == 0 { return nil }
        let kind = try kind(head & 0x0f)
        guard kind != .stop else { throw corrupt("a Thrift field without a type") }
        let distance = Int(head >> 4)
        let id = distance == 0 ? Int(try integer(Int16.self)) : last + distance
        guard id <= Int(Int16.max) else { throw corrupt("a Thrift field with the id \(id)") }
        last = id
        return Field(id: id, kind: kind)
    }

    private func kind(_ nibble: UInt8) throws -> Kind {
        guard let kind = Kind(rawValue: nibble) else { throw corrupt("a Thrift value of the unknown type \(nibble)") }
        return kind
    }

    private func expect(_ field: Field, _ wanted: Kind) throws {
        guard field.kind == wanted else {
            throw corrupt("Thrift field \(field.id) is of type \(field.kind), expected \(wanted)")
        }
    }

    /// Makes sure that `field` holds a structure, whose fields follow.
    func structure(_ field: Field) throws { try expect(field, .structure) }

    // MARK: Values

    private mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        let wide = try reader.zigzag()
        guard let value = T(exactly: wide) else { throw corrupt("\(wide) is too large for \(T.bitWidth) bits") }
        return value
    }

    func bool(_ field: Field) throws -> Bool {
        switch field.kind {
        case .yes: true
        case .no: false
        default: throw corrupt("Thrift field \(field.id) is of type \(field.kind), expected a Boolean")
        }
    }

    mutating func int8(_ field: Field) throws -> Int8 {
        try expect(field, .int8)
        return try reader.read(Int8.self)
    }

    mutating func int32(_ field: Field) throws -> Int32 {
        try expect(field, .int32)
        return try integer(Int32.self)
    }

    mutating func int64(_ field: Field) throws -> Int64 {
        try expect(field, .int64)
        return try integer(Int64.self)
    }

    /// A 32-bit number that counts something.
    mutating func count32(_ field: Field, _ what: String) throws -> Int {
        let value = try int32(field)
        guard value >= 0 else { throw corrupt("\(what) is \(value)") }
        return Int(value)
    }

    /// A 64-bit number that counts something; so far from overflow that sums of a few need no check.
    mutating func count64(_ field: Field, _ what: String) throws -> Int {
        let value = try int64(field)
        guard (0...(1 << 56)).contains(value) else { throw corrupt("\(what) is \(value)") }
        return Int(value)
    }

    mutating func text(_ field: Field) throws -> String {
        try expect(field, .binary)
        return try reader.bytes(byteCount(), "a name").string("a name")
    }

    private mutating func byteCount() throws -> Int {
        let length = try reader.varint()
        guard length <= UInt64(reader.remaining) else {
            throw corrupt("a Thrift string of \(length) bytes, but only \(reader.remaining) follow")
        }
        return Int(length)
    }

    /// A list of structures, each read by `element`.
    mutating func structures<T>(_ field: Field, _ element: (inout ThriftReader) throws -> T) throws -> [T] {
        try expect(field, .list)
        let (count, kind) = try listHead()
        guard count == 0 || kind == .structure else { throw corrupt("a list of \(kind), expected structures") }
        var result: [T] = []
        for _ in 0..<count { result.append(try element(&self)) }
        return result
    }

    private mutating func listHead() throws -> (count: Int, kind: Kind) {
        let head = try reader.read(UInt8.self)
        let count = head >> 4 == 15 ? try reader.varint() : UInt64(head >> 4)
        // Every element takes a byte at least.
        guard count <= UInt64(reader.remaining) else {
            throw corrupt("a Thrift list of \(count), but only \(reader.remaining) bytes follow")
        }
        return (Int(count), try kind(head & 0x0f))
    }

    // MARK: Skipping

    mutating func skip(_ field: Field) throws { try skip(field.kind, depth: 0, inContainer: false) }

    private mutating func skip(_ kind: Kind, depth: Int, inContainer: Bool) throws {
        guard depth < Self.maxDepth else { throw corrupt("Thrift values nested deeper than \(Self.maxDepth)") }
        switch kind {
        case .stop: throw corrupt("a Thrift value without a type")
        // A field's header holds its Boolean; in a list or map it is a byte of its own.
        case .yes, .no: if inContainer { try reader.skip(1) }
        case .int8: try reader.skip(1)
        case .int16, .int32, .int64: _ = try reader.varint()
        case .double: try reader.skip(8)
        case .uuid: try reader.skip(16)
        case .binary: try reader.skip(byteCount())
        case .list, .set:
            let (count, element) = try listHead()
            for _ in 0..<count { try skip(element, depth: depth + 1, inContainer: true) }
        case .map: try skipMap(depth: depth)
        case .structure:
            var last = 0
            while let field = try nextField(after: &last) {
                try skip(field.kind, depth: depth + 1, inContainer: false)
            }
        }
    }

    private mutating func skipMap(depth: Int) throws {
        let count = try reader.varint()
        if count == 0 { return }
        let kinds = try reader.read(UInt8.self)
        guard count <= UInt64(reader.remaining) else {
            throw corrupt("a Thrift map of \(count), but only \(reader.remaining) bytes follow")
        }
        let key = try kind(kinds >> 4)
        let value = try kind(kinds & 0x0f)
        for _ in 0..<count {
            try skip(key, depth: depth + 1, inContainer: true)
            try skip(value, depth: depth + 1, inContainer: true)
        }
    }
}
