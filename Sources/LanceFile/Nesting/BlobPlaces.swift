// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// Large values that stand anywhere in the file; the pages say where.
enum BlobPlaces {
    /// What a page has of each value.
    static let type = DataType.structure([StructMember("position", .uint64), StructMember("size", .uint64)])

    /// The same of blobs of the second kind, which can stand in other files too.
    static let secondType = DataType.structure([
        StructMember("kind", .uint8), StructMember("position", .uint64), StructMember("size", .uint64),
        StructMember("blob_id", .uint32), StructMember("blob_uri", .utf8),
    ])

    /// Blobs of one reading; more are read in smaller pieces.
    private static let mostBytes = 1 << 30

    /// The values. One without bytes is null where its position is not 0.
    ///
    /// - Parameter places: a struct of position and size, a row a value.
    static func values(_ places: Column, in file: FileView) throws -> Column {
        guard case .structure(let members) = places.storage, members.count == 2,
            case .fixed(let positions) = members[0].storage, case .fixed(let sizes) = members[1].storage
        else { throw Failure(.corrupt, "blobs whose places are \(places.type)") }
        let blobs: [FileView?] = try (0..<places.count).map { row in
            let position = try positions.load(UInt64.self, at: row * 8)
            let size = try sizes.load(UInt64.self, at: row * 8)
            let isNull = places.isNull(row) || (size == 0 && position != 0)
            return isNull ? nil : size == 0 ? FileView.empty : try file.slice(position, size, "a blob")
        }
        return try joined(blobs, in: file)
    }

    /// The values of blobs of the second kind.
    static func secondValues(_ places: Column, validity: [Bitmap], in file: FileView) throws -> Column {
        guard case .structure(let members) = places.storage, members.count == 5,
            case .fixed(let kinds) = members[0].storage, case .fixed(let positions) = members[1].storage,
            case .fixed(let sizes) = members[2].storage
        else { throw Failure(.corrupt, "blobs whose places are \(places.type)") }
        let blobs: [FileView?] = try (0..<places.count).map { row in
            guard validity.allSatisfy({ $0[row] }) else { return nil }
            let kind = try kinds.load(UInt8.self, at: row)
            guard kind == 0 else {
                throw Failure(
                    .unsupported,
                    "a blob outside the data file (kind \(kind)) is not supported; read the other columns, or fewer rows"
                )
            }
            let size = try sizes.load(UInt64.self, at: row * 8)
            return size == 0
                ? FileView.empty : try file.slice(positions.load(UInt64.self, at: row * 8), size, "a blob")
        }
        return try joined(blobs, in: file)
    }

    /// A binary column of bytes that stand apart; nil is null.
    private static func joined(_ blobs: [FileView?], in file: FileView) throws -> Column {
        // Of a damaged file any number of values may be the same bytes.
        let most = min(mostBytes, max(file.count, LayoutDecoder.mostMadeBytes))
        var total = 0
        for case let blob? in blobs {
            let (sum, overflow) = total.addingReportingOverflow(blob.count)
            guard !overflow, sum <= most else { throw Failure.tooMuch("\(blobs.count) blobs of \(sum) bytes") }
            total = sum
        }
        let values = try blobs.mapFetching { try $0?.bytes() }
        var bytes = ByteWriter(reserving: total)
        var offsets = [0]
        for value in values {
            if let value { bytes.write(value) }
            offsets.append(bytes.count)
        }
        let hasNulls = values.contains { $0 == nil }
        return try Column(
            .largeBinary, count: values.count, validity: hasNulls ? Bitmap(values.map { $0 != nil }) : nil,
            storage: .variable(offsets: offsets, data: Region(copying: bytes.bytes, name: "blobs").view))
    }
}
