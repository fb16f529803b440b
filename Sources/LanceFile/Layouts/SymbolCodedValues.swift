// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Text whose frequent pieces, of up to 8 bytes, are each one byte (FSST). Every value is coded for itself.
enum SymbolCodedValues {
    static func decode(
        _ fsst: ProtoFsstValues, _ type: DataType, chunk view: ByteView, _ count: Int, _ cache: PageCache
    ) throws -> Column {
        guard case .variable(let variable) = fsst.values.compression else {
            throw LayoutDecoder.unsupported("Fsst(\(EncodingSummary.text(fsst.values)))", type)
        }
        let coded = try VariableValues.decode(variable, type, chunk: view, count)
        let table = try cache.symbols { try SymbolTable(ByteView(copying: fsst.symbolTable, name: "symbol table")) }
        guard table.isUsed, case .variable(let offsets, let data) = coded.storage else { return coded }
        return try Column(type, count: count, storage: table.decode(offsets, data))
    }
}
