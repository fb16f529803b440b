// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Turns rows of a page into a column: by the message that the page carries, not by the file's version.
enum PageDecoder {
    static func decode(_ page: Page, rows: Range<Int>, field: TableField) throws -> Column {
        if case .other(let name) = field.type {
            throw Failure(.unsupported, "the type '\(name)' is not supported; read the other columns")
        }
        switch page.encoding {
        case .array(let array):
            let decoder = ArrayDecoder(page: page, isDictionary: LogicalType.isDictionary(field.logicalType))
            return try decoder.decode(array, field.type, rows, of: page.rowCount)
        case .layout(let layout): return try LayoutDecoder(page: page).decode(layout, field.type, rows)
        case .unknown(let url):
            throw Failure(
                .unsupported, "a page encoding '\(url)' that is not known; use Lance to rewrite the table as 2.0")
        }
    }
}
