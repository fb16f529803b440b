// SPDX-License-Identifier: Apache-2.0
import Columnar

/// The rows of batches as lines of JSON: an object a row, members in the order of the schema.
struct RowText {
    private let names: [String]
    /// `{"name":` of the first column, `,"name":` of the others.
    private let leads: [[UInt8]]

    init(_ schema: Schema) {
        names = schema.fields.map(\.name)
        leads = names.enumerated().map { index, name in
            var lead = [UInt8(ascii: index == 0 ? "{" : ",")]
            JSONText.append(name, to: &lead)
            return lead + [UInt8(ascii: ":")]
        }
    }

    /// Prints a line a row.
    func print(_ batch: Batch) throws {
        let columns = try zip(batch.columns, names).map { try ColumnText($0, name: $1) }
        var line: [UInt8] = []
        for row in 0..<batch.count {
            line.removeAll(keepingCapacity: true)
            for (lead, column) in zip(leads, columns) {
                line += lead
                line += column.text(row)
            }
            line += [UInt8(ascii: "}"), UInt8(ascii: "\n")]
            try StandardOutput.write(line)
        }
    }
}
