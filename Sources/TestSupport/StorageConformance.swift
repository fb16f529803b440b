// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import ObjectStorage

/// Holds a storage to every promise of `ObjectStorage`. `make` gives a storage whose place is empty, or does not exist.
package func checkStorage(make: @Sendable () async throws -> any ObjectStorage) async throws {
    let checks: [(String, @Sendable (any ObjectStorage) async throws -> Void)] = [
        ("nothing is there", StorageConformance.absence),
        ("written objects", StorageConformance.writing),
        ("unfinished writers", StorageConformance.unfinishedWriters),
        ("names in use", StorageConformance.namesInUse),
        ("put if absent", StorageConformance.puts),
        ("racing puts", StorageConformance.racingPuts),
        ("parts of objects", StorageConformance.ranges),
        ("names", StorageConformance.names),
        ("walk", StorageConformance.walk),
        ("deletion", StorageConformance.deletion),
        ("durability", StorageConformance.durability),
        ("stamps", StorageConformance.stamps),
        ("directories are no objects", StorageConformance.directories),
        ("many tasks", StorageConformance.manyTasks),
    ]
    for (name, body) in checks {
        do {
            try await body(try await make())
        } catch {
            throw CheckFailure("\(name): \(error)")
        }
    }
}

enum StorageConformance {
    static let durabilities: [WriteDurability] = [.full, .relaxed]

    static func write(
        _ storage: any ObjectStorage, _ key: String, _ bytes: [UInt8], _ durability: WriteDurability = .relaxed
    )
        async throws
    {
        let writer = try await storage.create(ObjectKey(key), durability)
        try await writer.write(bytes)
        try await writer.finish()
    }

    static func absence(_ storage: any ObjectStorage) async throws {
        let key = try ObjectKey("data/none")
        try await expectFailure([.notFound], "open") { try await storage.open(key) }
        try await expectFailure([.notFound], "read") { try await storage.read(key, 0..<1) }
        try await expectFailure([.notFound], "size") { try await storage.size(key) }
        try check(try await storage.names(in: ObjectKey("data")).isEmpty, "names of a directory that is not there")
        try check(try await storage.names(in: .root).isEmpty, "names of the root")
        try check(try await storage.walk().isEmpty, "walk")
        try await storage.delete(key)
        try check(try await storage.stamp(of: ObjectKey("data")) == nil, "the stamp of a directory that is not there")
        try check(!storage.location.isEmpty, "location")
    }

    static func writing(_ storage: any ObjectStorage) async throws {
        var random = SplitMix64(seed: 1)
        for (index, size) in [0, 1, 4095, 4096, 300_000].enumerated() {
            for durability in durabilities {
                let bytes = random.bytes(size)
                let key = try ObjectKey("data/deep/\(index)-\(durability)")
                let writer = try await storage.create(key, durability)
                // In parts, an empty one among them.
                let cut = size / 3
                try await writer.write(Array(bytes[..<cut]))
                try await writer.write([])
                try await writer.write(Array(bytes[cut...]))
                try check(writer.count == UInt64(size), "the writer counted \(writer.count) of \(size)")
                try await writer.finish()
                try check(writer.count == UInt64(size), "after the end the writer counted \(writer.count) of \(size)")
                let region = try await storage.open(key)
                try check(region.view.bytes == bytes, "\(size) bytes, \(durability): other bytes are there")
                try check(region.fileOffset == 0 && region.name.contains(key.name), "the region is \(region.name)")
                try check(try await storage.size(key) == UInt64(size), "size")
            }
        }
    }

    static func unfinishedWriters(_ storage: any ObjectStorage) async throws {
        for finishesParent in [false, true] {
            if finishesParent { try await write(storage, "data/other", [1]) }
            do {
                let writer = try await storage.create(ObjectKey("data/lost"), .full)
                try await writer.write([1, 2, 3])
            }
            try await expectFailure([.notFound], "an unfinished object") {
                try await storage.open(ObjectKey("data/lost"))
            }
            let left = try await storage.walk().map(\.key.description)
            try check(left == (finishesParent ? ["data/other"] : []), "an unfinished writer left \(left)")
        }
        // The name is free again.
        try await write(storage, "data/lost", [4])
        try check(try await storage.open(ObjectKey("data/lost")).view.bytes == [4], "the second writer's bytes")
    }

    static func namesInUse(_ storage: any ObjectStorage) async throws {
        try await write(storage, "data/a", [1])
        do {
            try await write(storage, "data/a", [2])
            throw CheckFailure("a name was used twice")
        } catch is Failure {}
        try check(try await storage.open(ObjectKey("data/a")).view.bytes == [1], "the first object's bytes")
    }

    static func puts(_ storage: any ObjectStorage) async throws {
        for durability in durabilities {
            let key = try ObjectKey("_versions/\(durability)")
            try check(try await storage.putIfAbsent(key, [1, 2], durability) == .created, "the first put")
            try check(try await storage.putIfAbsent(key, [3], durability) == .alreadyExists, "the second put")
            try check(try await storage.open(key).view.bytes == [1, 2], "the first put's bytes")
            try await storage.delete(key)
            try check(try await storage.putIfAbsent(key, [3], durability) == .created, "a put after a deletion")
            let written = try ObjectKey("data/\(durability)")
            try await write(storage, written.description, [9], durability)
            try check(try await storage.putIfAbsent(written, [3], durability) == .alreadyExists, "a put on a file")
        }
        try check(try await storage.putIfAbsent(ObjectKey("_versions/empty"), [], .full) == .created, "an empty put")
        try check(try await storage.open(ObjectKey("_versions/empty")).count == 0, "an empty object")
        let names = try await storage.names(in: ObjectKey("_versions")).sorted()
        try check(names == ["empty", "full", "relaxed"], "puts left \(names)")
    }

    /// One winner a round, whose bytes are there whole; a reader sees all of them or nothing.
    static func racingPuts(_ storage: any ObjectStorage) async throws {
        let size = 20_000
        // Some servers let a racing writer wait for seconds.
        let rounds = storage.isDistant ? 12 : 50
        for round in 0..<rounds {
            let key = try ObjectKey("_versions/\(round)")
            let winners = try await withThrowingTaskGroup(of: Int?.self) { group in
                for task in 0..<8 {
                    group.addTask {
                        let bytes = [UInt8](repeating: UInt8(task), count: size)
                        let outcome = try await storage.putIfAbsent(key, bytes, round % 10 == 0 ? .full : .relaxed)
                        let seen = try await storage.open(key).view
                        try check(seen.count == size, "a reader saw \(seen.count) of \(size) bytes")
                        return outcome == .created ? task : nil
                    }
                }
                return try await group.reduce(into: [Int]()) { if let winner = $1 { $0.append(winner) } }
            }
            try check(winners.count == 1, "round \(round) had the winners \(winners)")
            let bytes = try await storage.open(key).view.bytes
            try check(
                bytes == [UInt8](repeating: UInt8(winners[0]), count: size), "round \(round): not the winner's bytes")
        }
        let names = try await storage.names(in: ObjectKey("_versions"))
        try check(
            Set(names) == Set((0..<rounds).map { "\($0)" }) && names.count == rounds,
            "the race left \(names.count) names")
    }

    static func ranges(_ storage: any ObjectStorage) async throws {
        var random = SplitMix64(seed: 2)
        let bytes = random.bytes(5000)
        let key = try ObjectKey("data/ranges")
        try await write(storage, key.description, bytes)
        for _ in 0..<200 {
            let range = random.range(in: bytes.count)
            let part = try await storage.read(key, UInt64(range.lowerBound)..<UInt64(range.upperBound))
            try check(part.view.bytes == Array(bytes[range]), "bytes \(range)")
            try check(part.fileOffset == UInt64(range.lowerBound), "the place of \(range) is \(part.fileOffset)")
        }
        let beyond: [Range<UInt64>] = [
            0..<5001, 4999..<5001, 5000..<5001, 5001..<5001, 6000..<7000, 0..<UInt64.max, (1 << 63)..<UInt64.max,
            UInt64.max..<UInt64.max, 1..<(1 << 63),
        ]
        for range in beyond {
            try await expectFailure([.corrupt], "bytes \(range) of 5000") { try await storage.read(key, range) }
        }
    }
}
