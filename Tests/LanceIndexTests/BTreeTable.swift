// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceIndex
import LanceProto
import LanceTable
import ObjectStorage
import SwiftProtobuf
import TestSupport

/// A table in memory with one column `key`, and what each of its rows must be.
struct BTreeTable {
    let type: DataType
    let storage = MemoryStorage()
    let table: Table
    /// The live rows' values by address, in the table's order.
    private(set) var rows: [(address: RowAddress, value: Value)] = []

    init(_ type: DataType) {
        self.type = type
        table = Table(storage, .relaxed)
    }

    var schema: Schema { Schema([Field("key", type)]) }

    static func column(_ values: some Sequence<Value>, _ type: DataType) throws -> Column {
        var builder = ColumnBuilder(type)
        for value in values {
            switch (value, type) {
            case (.null, _): try builder.appendNull()
            case (.string(let text), _): builder.append(text)
            case (.int(let number), .int8): builder.append(fixed: Int8(number))
            case (.int(let number), .int16): builder.append(fixed: Int16(number))
            case (.int(let number), .int32): builder.append(fixed: Int32(number))
            case (.int(let number), _): builder.append(fixed: number)
            case (.uint(let number), .uint8): builder.append(fixed: UInt8(number))
            case (.uint(let number), .uint16): builder.append(fixed: UInt16(number))
            case (.uint(let number), .uint32): builder.append(fixed: UInt32(number))
            case (.uint(let number), _): builder.append(fixed: number)
            case (.double(let number), _): builder.append(fixed: number)
            default: throw CheckFailure("no \(value) in a column of \(type)")
            }
        }
        return try builder.finish()
    }

    /// Adds a fragment of rows.
    mutating func append(_ values: [Value]) async throws {
        let fields = try TableSchema.protos(for: schema)
        let writer = try FragmentWriter(storage, fields: fields, durability: .relaxed)
        try await writer.append(Batch(schema, [Self.column(values, type)]))
        let fragments = try await writer.finish()
        let base = try await table.latestIfAny()
        let operation: LanceTable.Operation =
            base == nil ? .overwrite(fields: fields, fragments: fragments, version: .v2_0) : .append(fragments)
        let snapshot = try await table.commit(operation, basedOn: base).snapshot
        guard let fragment = snapshot.fragments.last else { return }
        for (row, value) in values.enumerated() {
            rows.append((RowAddress(fragment: fragment.id, offset: UInt32(row)), value))
        }
    }

    /// Deletes the rows for which `isDeleted` says so, as another writer would. Fragments stay, even without rows.
    mutating func delete(_ isDeleted: (RowAddress, Value) -> Bool) async throws {
        let snapshot = try await table.latest()
        let gone = rows.filter { isDeleted($0.address, $0.value) }.map(\.address)
        rows.removeAll { isDeleted($0.address, $0.value) }
        try await putVersion { proto in
            for index in proto.fragments.indices {
                let id = UInt32(proto.fragments[index].id)
                let new = gone.filter { $0.fragment == id }.map(\.offset)
                guard !new.isEmpty else { continue }
                let old = try await snapshot.fragment(id)?.deletions()?.offsets ?? []
                let number = UInt64(id) + snapshot.version * 1000
                proto.fragments[index].deletionFile = .with {
                    $0.fileType = .bitmap
                    $0.readVersion = snapshot.version
                    $0.id = number
                    $0.numDeletedRows = UInt64(old.count + new.count)
                }
                let key = try ObjectKey("_deletions/\(id)-\(snapshot.version)-\(number).bin")
                _ = try await storage.putIfAbsent(key, RoaringBitmap(old + new).serialized, .relaxed)
            }
        }
    }

    /// Puts a version in which `change` is different, with the same indices unless told otherwise.
    func putVersion(
        indices: [ProtoIndexMetadata]? = nil, _ change: (inout ProtoManifest) async throws -> Void = { _ in }
    ) async throws {
        let snapshot = try await table.latest()
        var proto = snapshot.manifest.proto
        proto.version += 1
        try await change(&proto)
        let bytes = try Manifest(proto: proto, indices: indices ?? snapshot.manifest.indices, transaction: nil)
            .serialized()
        let key = try ObjectKey("_versions/" + snapshot.scheme.name(of: proto.version))
        try check(try await storage.putIfAbsent(key, bytes, .relaxed) == .created, "version \(proto.version) was there")
    }

    /// Builds an index over all fragments, and opens it again.
    func build() async throws -> (segment: IndexSegment, index: BTreeIndex) {
        let snapshot = try await table.latest()
        let segment = try await BTreeBuilder.build(
            name: "key_idx", over: snapshot, field: snapshot.field("key"), durability: .relaxed)
        return (segment, try await BTreeIndex.open(segment.directory, in: storage))
    }

    /// Throws where the index answers otherwise than the rows: for every value that there is, for null, and for `absent`.
    func verify(_ index: BTreeIndex, absent: [Value] = []) async throws {
        var expected: [Value: [UInt64]] = [:]
        for row in rows { expected[Self.exact(row.value), default: []].append(row.address.rawValue) }
        try check(index.rowCount == rows.count, "\(index.rowCount) rows for \(rows.count)")
        for value in absent.map(Self.exact) where expected[value] == nil { expected[value] = [] }
        if expected[.null] == nil { expected[.null] = [] }
        for (value, addresses) in expected {
            let found = try await Self.rows(of: value, index)
            // Rows with equal values stand in the table's order.
            try check(found == addresses, "\(value): \(found.prefix(9)) for \(addresses.prefix(9))")
        }
    }

    /// To Swift, texts are equal that are to a table not: by their bytes they are told apart.
    static func exact(_ value: Value) -> Value {
        if case .string(let text) = value { return .bytes(Array(text.utf8)) }
        return value
    }

    static func key(_ value: Value) throws -> BTreeKey {
        switch value {
        case .string(let text): BTreeKey(text)
        case .bytes(let bytes): .text(bytes)
        case .int(let number): BTreeKey(number)
        case .uint(let number): BTreeKey(number)
        default: throw CheckFailure("\(value) is no key")
        }
    }

    static func rows(of value: Value, _ index: BTreeIndex) async throws -> [UInt64] {
        if value == .null { return try await index.nullRows() }
        return try await index.rows(of: key(value))
    }
}
