// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ObjectStorage
import Synchronization

#if S3
    import S3Storage
#endif

/// Makes the storage of every kind of place there is, with one store's options.
///
/// Files of a table may be in other places than the table itself. Those of a bucket share what knows its keys and where
/// it is, and all that are on servers share the caches.
final class KnownPlaces: Sendable {
    #if S3
        private let options: [String: String]
        private let cache: BlockCache
        private let disk: DiskBlockCache?
        private let clients = Mutex<[String: S3Client]>([:])
    #endif

    /// Throws for the name of a storage option that there is none of, and for caches that cannot be.
    init(_ options: Options) throws {
        try options.checkCaches()
        #if S3
            self.options = options.storageOptions
            cache = options.cacheBytes.map { BlockCache(capacity: $0) } ?? .shared
            disk = options.cacheDirectory.map {
                DiskBlockCache.shared(path: $0, capacity: options.cacheDirectoryBytes ?? Options.usualDirectoryBytes)
            }
            try S3Settings.checkNames(options.storageOptions)
        #else
            if !options.storageOptions.isEmpty { throw Self.missing("storage options need", nil) }
        #endif
    }

    var places: StoragePlaces { StoragePlaces { try self.storage(at: $0) } }

    func storage(at location: StorageLocation) throws -> any ObjectStorage {
        switch location {
        case .local(let directory): return LocalStorage(path: directory, places: places)
        case .s3(let bucket, let path):
            #if S3
                let client = try clients.withLock { clients in
                    if let known = clients[bucket] { return known }
                    let made = try S3Client(bucket: bucket, options: options)
                    clients[bucket] = made
                    return made
                }
                return S3Storage(client, path: path, places: places, cache: cache, disk: disk)
            #else
                throw Self.missing("s3:// tables need", "s3://\(bucket)/\(path)")
            #endif
        }
    }

    #if !S3
        private static func missing(_ what: String, _ path: String?) -> Failure {
            Failure(
                .unsupported,
                "\(what) the package trait S3, and this was built without it; build it with the default traits, or with --traits S3",
                path: path)
        }
    #endif
}
