// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceProto
import ObjectStorage
import TestSupport

/// The files of `Fixtures` and what `expected.json` says that they hold.
enum Golden {
    struct File: Decodable, Sendable {
        var rows: Int
        var columns: [Column]
    }

    struct Column: Decodable, Sendable {
        var name: String
        var index: Int
        /// Nil for a column that cannot be read.
        var values: [Cell]?
    }

    /// A value as the script spells it.
    indirect enum Cell: Decodable, Sendable {
        case null
        case text(String)
        case list([Cell])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .list(try container.decode([Cell].self))
            }
        }

        func value(_ type: DataType) throws -> Value {
            switch self {
            case .null: return .null
            case .list(let cells):
                guard case .fixedSizeList(let item, _) = type else { throw CheckFailure("a list for \(type)") }
                return .list(try cells.map { try $0.value(item) })
            case .text(let text):
                switch type {
                case .bool: return .bool(text == "1")
                case .uint8, .uint16, .uint32, .uint64: return .uint(try UInt64(text).orThrow(text))
                case .float16, .float32, .float64:
                    return .double(Double(bitPattern: try UInt64(text, radix: 16).orThrow(text)))
                case .utf8, .largeUtf8: return .string(text)
                case .binary, .largeBinary, .fixedSizeBinary, .decimal128, .decimal256:
                    return .bytes(
                        try stride(from: 0, to: text.utf8.count, by: 2).map {
                            let start = text.index(text.startIndex, offsetBy: $0)
                            return try UInt8(text[start..<text.index(start, offsetBy: 2)], radix: 16).orThrow(text)
                        })
                default: return .int(try Int64(text).orThrow(text))
                }
            }
        }
    }

    static func files() throws -> [String: File] {
        try JSONDecoder().decode([String: File].self, from: Data(contentsOf: url("expected.json")))
    }

    static func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: url(name + ".lance"))) }

    static func reader(_ name: String) throws -> DataFileReader {
        try DataFileReader(ObjectKey("data/" + name), FileView(ByteView(copying: bytes(name), name: name + ".lance")))
    }

    private static func url(_ name: String) -> URL {
        Bundle.module.bundleURL.appendingPathComponent("Fixtures").appendingPathComponent(name)
    }
}

extension Optional {
    fileprivate func orThrow(_ text: String) throws -> Wrapped {
        guard let self else { throw CheckFailure("'\(text)' in expected.json") }
        return self
    }
}

extension DataFileReader {
    /// The columns as the file itself has them.
    func tableSchema() throws -> TableSchema { try TableSchema(descriptor.schema.fields) }
}

extension ColumnReader {
    /// All vectors of the column, each part decoded where it must be.
    func vectorBlocks() async throws -> [VectorBlock] {
        try vectorParts().compactMap { part in
            if case .inPlace(let block) = part { block } else { try vectors(part.rows) }
        }
    }
}
