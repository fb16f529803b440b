// SPDX-License-Identifier: Apache-2.0

/// Where the pages of one column in one row group are: the format's `ColumnChunk` with its `ColumnMetaData`.
///
///     |- start -> [dictionary page] data page, data page, ... -|
///      <------------------- compressedSize ------------------->
struct ColumnChunk: Sendable {
    /// Another file that holds the pages.
    var filePath: String?
    var isEncrypted = false
    var physical: Int32 = -1
    var codec: Int32 = 0
    /// Values with their nulls: as many as there are definition levels.
    var valueCount = 0
    var uncompressedSize = 0
    var compressedSize = 0
    private var dataPageOffset = 0
    private var dictionaryPageOffset: Int?

    /// Some writers have no dictionary page but an offset of 0 for it; others count it as the first data page.
    var start: Int {
        guard let offset = dictionaryPageOffset, offset > 0, offset < dataPageOffset else { return dataPageOffset }
        return offset
    }

    init(_ thrift: inout ThriftReader) throws {
        var hasMetadata = false
        var last = 0
        while let field = try thrift.nextField(after: &last) {
            switch field.id {
            case 1: filePath = try thrift.text(field)
            case 3:
                try thrift.structure(field)
                try readMetadata(&thrift)
                hasMetadata = true
            case 8, 9:
                isEncrypted = true
                try thrift.skip(field)
            default: try thrift.skip(field)
            }
        }
        guard hasMetadata || isEncrypted else { throw thrift.corrupt("a column chunk without metadata") }
    }

    private mutating func readMetadata(_ thrift: inout ThriftReader) throws {
        var found: Set<Int> = []
        var last = 0
        while let field = try thrift.nextField(after: &last) {
            found.insert(field.id)
            switch field.id {
            case 1: physical = try thrift.int32(field)
            case 4: codec = try thrift.int32(field)
            case 5: valueCount = try thrift.count64(field, "a column chunk's number of values")
            case 6: uncompressedSize = try thrift.count64(field, "a column chunk's uncompressed size")
            case 7: compressedSize = try thrift.count64(field, "a column chunk's compressed size")
            case 9: dataPageOffset = try thrift.count64(field, "a data page's offset")
            // -1 is what some writers put where there is no such page.
            case 11: dictionaryPageOffset = Int(try thrift.int64(field))
            default: try thrift.skip(field)
            }
        }
        guard found.isSuperset(of: [1, 4, 5, 7, 9]) else {
            throw thrift.corrupt("a column chunk's metadata lacks its type, codec, sizes or offset")
        }
    }
}
