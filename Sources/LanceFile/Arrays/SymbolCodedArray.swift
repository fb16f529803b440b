// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

extension ArrayDecoder {
    /// Text and binary in which frequent pieces are each one byte (FSST): every value is coded for itself.
    func decodeSymbols(_ fsst: ProtoFsstArray, _ type: DataType, _ rows: Range<Int>, of total: Int) throws -> Column {
        let coded = try decode(fsst.binary, type, rows, of: total)
        let table = try page.cache.symbols {
            try SymbolTable(ByteView(copying: fsst.symbolTable, name: "symbol table"))
        }
        guard table.isUsed, case .variable(let offsets, let data) = coded.storage else { return coded }
        return try Column(
            type, count: coded.count, validity: coded.validity, storage: table.decode(offsets, data))
    }
}
