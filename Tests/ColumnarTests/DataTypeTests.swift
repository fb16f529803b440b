// SPDX-License-Identifier: Apache-2.0
import Columnar
import Testing
import TestSupport

struct DataTypeTests {
    @Test func everyTypeHasItsOwnDescription() {
        let types = RandomColumns.columnTypes + [.other("struct")]
        #expect(Set(types.map(\.description)).count == types.count)
    }

    @Test func widths() {
        #expect(DataType.bool.bitWidth == 1 && DataType.bool.byteWidth == nil)
        #expect(DataType.decimal256(precision: 1, scale: 0).byteWidth == 32)
        #expect(DataType.fixedSizeBinary(7).byteWidth == 7)
        #expect(DataType.fixedSizeBinary(Int.max).bitWidth == nil)
        #expect(DataType.fixedSizeBinary(Int.max).byteWidth == nil)
        #expect(DataType.utf8.byteWidth == nil && DataType.fixedSizeList(.int8, 4).byteWidth == nil)
    }

    @Test func schemasFindTheirColumns() {
        let schema = Schema([Field("a", .int32), Field("b", .utf8), Field("a", .bool)])
        #expect(schema.index(of: "a") == 0)
        #expect(schema["a"]?.type == .int32)
        #expect(schema["c"] == nil)
        #expect(schema.summary == "a int32, b utf8, a bool")
    }
}
