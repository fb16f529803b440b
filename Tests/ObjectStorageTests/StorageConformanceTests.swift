// SPDX-License-Identifier: Apache-2.0
import ObjectStorage
import Testing
import TestSupport

struct StorageConformanceTests {
    @Test func memory() async throws {
        try await checkStorage { MemoryStorage() }
    }

    @Test func local() async throws {
        let place = try TemporaryDirectory()
        let next = Counter()
        try await checkStorage { LocalStorage(path: place.appending("deep/er/\(await next.next())")) }
    }

    /// The double that other tests use must itself be a storage.
    @Test func faultyWithoutFaults() async throws {
        try await checkStorage { FaultyStorage(MemoryStorage()) }
    }

    @Test func aMachineThatKeepsItsPower() async throws {
        try await checkStorage { PowerLossStorage() }
    }
}

private actor Counter {
    private var count = 0
    func next() -> Int {
        count += 1
        return count
    }
}
