// SPDX-License-Identifier: Apache-2.0
package import Columnar

/// Random batches and the values that they hold, column by column.
package enum RandomBatches {
    /// A schema of `types`, columns c0, c1, …
    package static func schema(_ types: [DataType]) -> Schema {
        Schema(types.enumerated().map { Field("c\($0.offset)", $0.element) })
    }

    package static func batch(
        _ schema: Schema, count: Int, nulls: RandomColumns.Nulls, _ random: inout SplitMix64
    ) throws -> (batch: Batch, values: [[Value]]) {
        var columns: [Column] = []
        var values: [[Value]] = []
        for field in schema.fields {
            let model = RandomColumns.values(field.type, count: count, nulls: nulls, &random)
            columns.append(try RandomColumns.column(field.type, model, &random))
            values.append(model)
        }
        return (try Batch(schema, columns, count: count), values)
    }
}
