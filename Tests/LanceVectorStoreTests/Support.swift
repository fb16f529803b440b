// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import TestSupport
import Testing

/// A directory of its own for each test, removed with it.
final class Place {
    let url = FileManager.default.temporaryDirectory.appending(path: "store-\(UUID().uuidString)")
    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }

    var table: String { url.appending(path: "t.lance").path }

    func store(_ options: Options = .init()) throws -> LanceVectorStore {
        try LanceVectorStore(path: table, options: options)
    }

    /// Every file of the table with its bytes.
    func files() throws -> [String: Data] {
        var found: [String: Data] = [:]
        let all = FileManager.default.enumerator(atPath: table)
        while let name = all?.nextObject() as? String {
            var isDirectory: ObjCBool = false
            let path = table + "/" + name
            if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue {
                found[name] = try Data(contentsOf: URL(filePath: path))
            }
        }
        return found
    }
}

func fixture(_ name: String) throws -> String {
    try #require(Bundle.module.url(forResource: name, withExtension: "parquet", subdirectory: "Fixtures")).path
}

/// Runs `body`, which must throw a `StoreError`, and returns it.
func failure<T>(_ body: () async throws -> T) async throws -> StoreError {
    let value: T
    do {
        value = try await body()
    } catch {
        return try #require(error as? StoreError)
    }
    Issue.record("expected an error, got \(value)")
    throw CancellationError()
}

extension SplitMix64 {
    mutating func vector(_ dimension: Int) -> [Float] {
        (0..<dimension).map { _ in Float.random(in: -1...1, using: &self) }
    }
}

/// The exact search in plain Swift and double precision.
func oracle(_ query: [Float], _ rows: [(id: String, vector: [Float])], _ k: Int) -> [(id: String, distance: Double)] {
    func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } }
    let eligible = rows.filter { row in row.vector.allSatisfy(\.isFinite) && row.vector.contains { $0 != 0 } }
    let scored = eligible.map { row in
        (row.id, 1 - dot(query, row.vector) / (dot(query, query) * dot(row.vector, row.vector)).squareRoot())
    }
    return Array(
        scored.enumerated().sorted { ($0.element.1, $0.offset) < ($1.element.1, $1.offset) }.map(\.element).prefix(k))
}

/// The same rows in the same order, with distances that differ by rounding at the most: kernels of several instruction
/// sets add up in different orders, and the kernels' own tests switch between them while these run.
func agree(_ a: [Hit], _ b: [Hit]) -> Bool {
    a.count == b.count
        && zip(a, b).allSatisfy { $0.docID == $1.docID && abs($0.distance - $1.distance) < 2e-6 }
}
