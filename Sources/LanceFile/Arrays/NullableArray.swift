// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

extension ArrayDecoder {
    /// Says which values of the array below are there: all, none, or those whose bit is 1.
    func decodeNullable(_ nullable: ProtoNullableArray, _ type: DataType, _ rows: Range<Int>, of total: Int) throws
        -> Column
    {
        switch nullable.nullability {
        case .noNulls(let values): return try decode(values.values, type, rows, of: total)
        case .allNulls: return try Column.nulls(type, count: rows.count)
        case .someNulls(let both):
            let (values, validity) = try fetchingBoth(
                { try decode(both.values, type, rows, of: total) },
                { try decode(both.validity, .bool, rows, of: total) })
            guard case .bits(let bits) = validity.storage, values.validity == nil else {
                throw Failure(.corrupt, "a nullable array around one that has nulls of its own")
            }
            return try Column(type, count: rows.count, validity: bits, storage: values.storage)
        case nil: throw Failure(.corrupt, "a nullable array that says neither which values are null nor that none is")
        }
    }
}
