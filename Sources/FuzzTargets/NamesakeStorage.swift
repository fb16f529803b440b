// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceProto
import LanceTable
import ObjectStorage
import Synchronization

/// The directory of a table with one manifest, whose data and deletion files are there whatever they are called.
final class NamesakeStorage: ObjectStorage {
    /// The file by which every data file is meant: `rowCount` rows of `SeedTable.schema`.
    let fragment: ProtoDataFragment
    private let table = MemoryStorage(location: "fuzz")
    private let dataFile: Region
    private let bitmap: Region

    init(_ manifest: ObjectKey, _ bytes: [UInt8]) async throws {
        let file = try await SeedTable.dataFile()
        fragment = file.fragment
        dataFile = Region(copying: file.bytes, name: "fuzz/data")
        bitmap = Region(copying: RoaringBitmap([1, 3] as [UInt32]).serialized, name: "fuzz/deletions")
        _ = try await table.putIfAbsent(manifest, bytes, .relaxed)
    }

    var location: String { table.location }

    func open(_ key: ObjectKey) async throws -> Region {
        switch key.components.first {
        case "data": dataFile
        case "_deletions": bitmap
        default: try await table.open(key)
        }
    }

    func read(_ key: ObjectKey, _ range: Range<UInt64>) async throws -> Region {
        let part = try await open(key).view.slice(range.lowerBound, range.upperBound - range.lowerBound)
        return Region(copying: part.bytes, name: part.region.name, fileOffset: range.lowerBound)
    }

    func size(_ key: ObjectKey) async throws -> UInt64 { UInt64(try await open(key).count) }

    func create(_ key: ObjectKey, _ durability: WriteDurability) async throws -> any ObjectWriter {
        try await table.create(key, durability)
    }

    func putIfAbsent(_ key: ObjectKey, _ bytes: [UInt8], _ durability: WriteDurability) async throws -> PutOutcome {
        try await table.putIfAbsent(key, bytes, durability)
    }

    func names(in directory: ObjectKey) async throws -> [String] { try await table.names(in: directory) }

    func directories(in directory: ObjectKey) async throws -> [String] {
        try await table.directories(in: directory)
    }

    func walk() async throws -> [ObjectEntry] { try await table.walk() }

    func delete(_ key: ObjectKey, _ durability: WriteDurability) async throws {
        try await table.delete(key, durability)
    }

    func synchronize(directory: ObjectKey) async throws {}

    func synchronize(_ keys: [ObjectKey], changedSince since: Double?) async throws {}

    func stamp(of directory: ObjectKey) async throws -> DirectoryStamp? { nil }
}
