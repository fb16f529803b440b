// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore

/// The parameters that the operations take; others are the driver's own.
struct BenchParameters: Decodable {
    var idsFile: String?
    var append: String?
    var ids: String?
    var columns: [String]?
    var index: Label?
    var n: Int?
    var nprobes: [Int]?
    var partitions: Int?
    var sub: Int?
    var bits: Int?
    var seed: UInt64?
    /// Sets of rows.
    var sets: Int?
    /// A null in the list is a search without refining.
    var refine: [Int?]?

    /// The label of a line: whatever the driver gave, text or truth value.
    enum Label: Decodable {
        case text(String)
        case flag(Bool)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            self = try (try? container.decode(Bool.self)).map(Label.flag) ?? .text(container.decode(String.self))
        }
    }

    enum CodingKeys: String, CodingKey {
        case idsFile = "ids_txt"
        case append, ids, columns, index, n, nprobes, refine, partitions, sub, bits, seed, sets
    }

    init(json: String) throws {
        do {
            self = try JSONDecoder().decode(BenchParameters.self, from: Data(json.utf8))
        } catch {
            throw StoreError(code: .invalidArgument, message: "--params is no usable JSON object: \(error)")
        }
    }
}
