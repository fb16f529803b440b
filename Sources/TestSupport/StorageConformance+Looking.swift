// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ObjectStorage

extension StorageConformance {
    static func names(_ storage: any ObjectStorage) async throws {
        // Names that a path, a pattern or a listing could stumble over.
        let odd = [
            "a b", "c*d", "ü", "e%2ff", "-x", ".hidden", "#1", "new\nline", "quote'\"", "Z", "z",
            String(repeating: "n", count: 200),
        ]
        for name in odd { try await write(storage, "data/" + name, Array(name.utf8)) }
        try await write(storage, "data/below/inner", [1])
        try await write(storage, "top", [2])
        try check(try await storage.names(in: ObjectKey("data")).sorted() == odd.sorted(), "names of data")
        try check(try await storage.names(in: ObjectKey("data/below")) == ["inner"], "names below")
        try check(try await storage.names(in: .root) == ["top"], "names of the root")
        try check(try await storage.names(in: ObjectKey("top")).isEmpty, "names in an object")
        for name in odd {
            try check(
                try await storage.open(ObjectKey("data/" + name)).view.bytes == Array(name.utf8),
                "contents of '\(name)'")
        }
    }

    static func walk(_ storage: any ObjectStorage) async throws {
        var expected: [String: UInt64] = [:]
        for (index, key) in ["top", "data/a", "data/b", "_indices/x/y/z", "_versions/1"].enumerated() {
            try await write(storage, key, [UInt8](repeating: 0, count: index))
            expected[key] = UInt64(index)
        }
        let found = try await storage.walk()
        try check(found.count == expected.count, "walk found \(found.map(\.key))")
        for entry in found {
            try check(expected[entry.key.description] == entry.size, "\(entry.key) has \(entry.size) bytes")
            try check(entry.modified >= 0, "\(entry.key) was modified at \(entry.modified)")
        }
    }

    static func deletion(_ storage: any ObjectStorage) async throws {
        let key = try ObjectKey("_indices/a/index.idx")
        var random = SplitMix64(seed: 3)
        let bytes = random.bytes(100_000)
        try await write(storage, key.description, bytes)
        let region = try await storage.open(key)
        try await storage.delete(key)
        try await storage.delete(key)
        try await expectFailure([.notFound], "open after deletion") { try await storage.open(key) }
        try check(region.view.bytes == bytes, "a deleted object's region")
        try check(try await storage.walk().isEmpty, "walk after deletion")
        // The same name, whether or not its directory went.
        try await write(storage, key.description, [1])
        try check(try await storage.open(key).view.bytes == [1], "an object in a deleted one's place")
        try check(region.view.bytes == bytes, "a deleted object's region after its name was used again")
        // Neighbours stay.
        try await write(storage, "_indices/a/other", [2])
        try await storage.delete(key)
        try check(try await storage.names(in: ObjectKey("_indices/a")) == ["other"], "names after deletion")
        // For good, and what is not there, too.
        for name in ["_indices/a/other", "_indices/a/other", "_indices/none/x"] {
            try await storage.delete(ObjectKey(name), .full)
        }
        try check(try await storage.walk().isEmpty, "walk after durable deletions")
    }

    /// What can be seen of making things durable: that it is no error, and changes nothing.
    static func durability(_ storage: any ObjectStorage) async throws {
        let keys = try ["data/a", "_indices/x/b", "c"].map { try ObjectKey($0) }
        try await storage.synchronize(directory: ObjectKey("_versions"))
        try await storage.synchronize([ObjectKey("data/none")], changedSince: nil)
        for key in keys { try await write(storage, key.description, [1, 2, 3]) }
        for since in [nil, 0, Double.greatestFiniteMagnitude] {
            try await storage.synchronize(keys + [try ObjectKey("none/at/all")], changedSince: since)
        }
        try await storage.synchronize([], changedSince: nil)
        try await storage.synchronize(directory: .root)
        try await storage.synchronize(directory: ObjectKey("data"))
        for key in keys {
            try check(try await storage.open(key).view.bytes == [1, 2, 3], "\(key) after synchronizing")
        }
        try check(try await storage.walk().count == keys.count, "objects after synchronizing")
    }

    /// A directory that nothing happens to keeps its stamp; one that something happened to gets another in time.
    static func stamps(_ storage: any ObjectStorage) async throws {
        let directory = try ObjectKey("_versions")
        _ = try await storage.putIfAbsent(ObjectKey("_versions/1"), [1], .relaxed)
        guard let first = try await storage.stamp(of: directory) else {
            // A storage without directories never has one.
            try check(try await storage.stamp(of: .root) == nil, "a stamp of the root and none of a directory")
            return
        }
        _ = try await storage.open(ObjectKey("_versions/1"))
        _ = try await storage.names(in: directory)
        try check(try await storage.stamp(of: directory) == first, "reading changed the stamp")
        try await Task.sleep(for: .milliseconds(60))
        _ = try await storage.putIfAbsent(ObjectKey("_versions/2"), [2], .relaxed)
        let second = try await storage.stamp(of: directory)
        try check(second != nil && second != first, "a put did not change the stamp")
        try await Task.sleep(for: .milliseconds(60))
        try await storage.delete(ObjectKey("_versions/2"))
        try check(try await storage.stamp(of: directory) != second, "a deletion did not change the stamp")
    }

    static func directories(_ storage: any ObjectStorage) async throws {
        try await write(storage, "data/deep/a", [1])
        for key in [try ObjectKey("data"), try ObjectKey("data/deep")] {
            try await expectFailure([.notFound], "open \(key)") { try await storage.open(key) }
            try await expectFailure([.notFound], "read \(key)") { try await storage.read(key, 0..<0) }
            try await expectFailure([.notFound], "size of \(key)") { try await storage.size(key) }
        }
        try await expectFailure([.notFound], "below an object") { try await storage.open(ObjectKey("data/deep/a/b")) }
        try await storage.delete(ObjectKey("data/deep/a/b"))
        try check(try await storage.open(ObjectKey("data/deep/a")).view.bytes == [1], "the object")
    }

    static func manyTasks(_ storage: any ObjectStorage) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for round in 0..<20 {
                        let key = "data/\(task)/\(round)"
                        let bytes = [UInt8](repeating: UInt8(task * 20 + round), count: 3000)
                        try await write(storage, key, bytes)
                        try check(try await storage.open(ObjectKey(key)).view.bytes == bytes, "contents of \(key)")
                        _ = try await storage.names(in: ObjectKey("data/\((task + 1) % 8)"))
                        _ = try await storage.walk()
                        if round % 2 == 1 { try await storage.delete(ObjectKey(key)) }
                    }
                }
            }
            try await group.waitForAll()
        }
        try check(try await storage.walk().count == 80, "80 objects")
    }
}
