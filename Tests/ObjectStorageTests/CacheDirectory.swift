// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import ObjectStorage
import Synchronization
import TestSupport

/// A file of random bytes on a server, and what was asked of it.
final class RemoteBytes: Sendable {
    let identity: String
    let bytes: [UInt8]
    private let requests = Mutex(0)

    init(_ identity: String, _ count: Int, seed: UInt64) {
        self.identity = identity
        var random = SplitMix64(seed: seed)
        bytes = random.bytes(count)
    }

    /// Requests since the last time.
    func asked() -> Int {
        requests.withLock { requests in
            defer { requests = 0 }
            return requests
        }
    }

    func file(_ cache: BlockCache, _ disk: DiskBlockCache?) -> FileView {
        FileView(
            CachedFile(name: identity, identity: identity, count: bytes.count, cache: cache, disk: disk) { [self] in
                requests.withLock { $0 += 1 }
                return Region(
                    copying: bytes[Int($0.lowerBound)..<Int($0.upperBound)], name: "remote", fileOffset: $0.lowerBound)
            })
    }

    /// Reads ranges at once, and throws where a byte is another one.
    func check(_ ranges: [Range<Int>], _ cache: BlockCache, _ disk: DiskBlockCache?, _ what: String = "") async throws {
        let file = file(cache, disk)
        let found = try await fetching { try ranges.mapFetching { try file.bytes($0.lowerBound, $0.count) } }
        for (range, view) in zip(ranges, found) {
            let isSame = view.withUnsafeBytes { view in
                bytes.withUnsafeBytes { view.elementsEqual(UnsafeRawBufferPointer(rebasing: $0[range])) }
            }
            try TestSupport.check(isSame, "\(what): \(range) of \(identity)")
            try TestSupport.check(
                view.isEmpty || view.fileOffset == UInt64(range.lowerBound), "\(what): at \(view.fileOffset)")
        }
    }
}

/// A directory that disk caches are made over.
final class CacheDirectory: Sendable {
    let place: TemporaryDirectory
    let path: String

    init() throws {
        place = try TemporaryDirectory()
        path = place.appending("given/cache")
    }

    var own: String { path + "/" + DiskBlockCache.directoryName }

    /// Paths of what is in the cache's own directory.
    func files() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: own)) ?? []).sorted().map { own + "/" + $0 }
    }

    /// Space of all files.
    func space() -> Int {
        files().reduce(0) { sum, path in
            let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
            return sum + ((size ?? 0) + 4095) / 4096 * 4096
        }
    }

    func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

    func put(_ bytes: [UInt8], _ path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }

    func age(_ path: String, seconds: Double) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -seconds)], ofItemAtPath: path)
    }

    func mode(_ path: String) throws -> Int {
        (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue ?? -1
    }
}
