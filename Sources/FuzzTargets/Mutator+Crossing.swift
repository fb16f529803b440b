// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto
import SwiftProtobuf
import TestSupport

extension Mutator {
    /// An input with a part of another one in the place of its own: an encoding over other bytes, a schema over other
    /// columns. Nil for kinds of files that have no such parts, or where one of them is not what it should be.
    package mutating func cross(_ bytes: [UInt8], with other: [UInt8], for target: FuzzTarget) -> [UInt8]? {
        switch target {
        case .dataFile20, .dataFile21, .dataFile22: return cross(bytes, with: other)
        case .ivfPQ, .btree:
            var files = TwoFiles(parsing: bytes)
            let others = TwoFiles(parsing: other)
            switch random.below(3) {
            case 0: files.second = others.second
            case 1:
                guard let crossed = cross(files.first, with: others.first) else { return nil }
                files.first = crossed
            default:
                guard let crossed = cross(files.second, with: others.second) else { return nil }
                files.second = crossed
            }
            return files.bytes
        case .manifest, .deletions, .parquet: return nil
        }
    }

    private mutating func cross(_ bytes: [UInt8], with other: [UInt8]) -> [UInt8]? {
        guard var parts = FileParts(bytes), let others = FileParts(other), !parts.columns.isEmpty,
            !others.columns.isEmpty
        else { return nil }
        let index = random.below(parts.columns.count)
        switch random.below(6) {
        case 0: parts.globalBuffers = others.globalBuffers
        case 1: parts.columns[index] = others.columns[random.below(others.columns.count)]
        default:
            guard var column = try? ProtoColumnMetadata(serializedBytes: parts.columns[index]),
                let page = column.pages.indices.randomElement(using: &random),
                let given = others.columns.randomElement(using: &random),
                let foreign = (try? ProtoColumnMetadata(serializedBytes: given))?.pages.randomElement(using: &random)
            else { return nil }
            column.pages[page].encoding = foreign.encoding
            guard let crossed: [UInt8] = try? column.serializedBytes() else { return nil }
            parts.columns[index] = crossed
        }
        return parts.bytes
    }
}
