// SPDX-License-Identifier: Apache-2.0
import LanceTable
import ObjectStorage

/// A table for looking at, and what its index files say: the entries of `indices` are those of `detail.indices`.
struct TableReport: Encodable {
    var table: TableInspection
    var indices: [IndexInspection]

    private enum CodingKeys: String, CodingKey {
        case indices
    }

    init(_ table: TableInspection, in storage: any ObjectStorage) async {
        self.table = table
        indices = await IndexInspection.all(table.detail, in: storage)
    }

    func encode(to encoder: any Encoder) throws {
        try table.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(indices, forKey: .indices)
    }
}
