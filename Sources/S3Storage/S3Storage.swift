// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    package import ObjectStorage

    /// A table's directory in a bucket: `s3://bucket/path`.
    ///
    /// The promise of `ObjectStorage`, kept with: ranged GETs for reading; `If-None-Match: *` for put-if-absent and for
    /// names in use; parts of 8 MiB for long objects. There are no directories, only keys with slashes in them, and so
    /// nothing has a stamp. What the server has acknowledged is durable, and seen by everybody from then on: there is
    /// nothing to synchronise, and `.relaxed` is as durable as `.full`.
    package struct S3Storage: ObjectStorage {
        /// What one request reads or writes: large enough for the bandwidth, small enough to be sent again.
        package static let partSize = 8 << 20
        /// Requests of one call under way at once.
        static let mostAtOnce = 8

        package let client: S3Client
        /// What the keys of the table begin with: empty, or with a slash at the end.
        let prefix: String
        private let probe: ConditionalPutProbe
        private let places: StoragePlaces
        let cache: BlockCache
        let disk: DiskBlockCache?

        /// - Parameters:
        ///   - path: of the table in the bucket, without slashes around; empty for the bucket itself.
        ///   - places: makes the storage of other places that a table names.
        ///   - cache: keeps parts of files in memory.
        ///   - disk: keeps them on this machine's disk.
        package init(
            _ client: S3Client, path: String, probe: ConditionalPutProbe = .shared, places: StoragePlaces = .local,
            cache: BlockCache = .shared, disk: DiskBlockCache? = nil
        ) {
            self.client = client
            prefix = path.isEmpty ? "" : path + "/"
            self.probe = probe
            self.places = places
            self.cache = cache
            self.disk = disk
        }

        package var location: String { prefix.isEmpty ? client.name(nil) : client.name(String(prefix.dropLast())) }

        package var isDistant: Bool { true }

        package func storage(at location: StorageLocation) throws -> any ObjectStorage { try places.make(location) }

        func name(_ key: ObjectKey) -> String { prefix + key.description }

        // MARK: Writing

        package func create(_ key: ObjectKey, _ durability: WriteDurability) async throws -> any ObjectWriter {
            try await checkWritable()
            return S3Writer(self, name(key))
        }

        package func putIfAbsent(_ key: ObjectKey, _ bytes: [UInt8], _ durability: WriteDurability) async throws
            -> PutOutcome
        {
            try await checkWritable()
            let name = name(key)
            return try await putIfAbsent(name, Region(copying: bytes, name: client.name(name)).view)
                ? .created : .alreadyExists
        }

        /// False where there is an object of that name.
        func putIfAbsent(_ name: String, _ bytes: ByteView) async throws -> Bool {
            if !isConditional {
                if try await client.exists(name) { return false }
                return try await client.putIfAbsent(name, bytes, isConditional: false)
            }
            do {
                return try await client.putIfAbsent(name, bytes)
            } catch let refusal as S3Refusal {
                throw ConditionalPutProbe.refusal(client, refusal)
            }
        }

        var isConditional: Bool { client.settings.conditionalPut != .unsafe }

        /// Throws `unsupported` where the store does not keep conditional writes, before anything is sent.
        private func checkWritable() async throws {
            switch client.settings.conditionalPut {
            case .trusted, .unsafe: return
            case .refused:
                throw Failure(
                    .unsupported, "conditional_put=disabled allows no writing: a commit is a conditional write",
                    path: location)
            case .required:
                if client.isAmazon { return }
                try await probe.check(client, prefix: prefix)
            }
        }

        package func delete(_ key: ObjectKey, _ durability: WriteDurability) async throws {
            try await client.delete(name(key))
        }

        package func delete(_ keys: [ObjectKey], after check: (@Sendable (ObjectKey) async throws -> Void)?)
            async throws
        {
            if let check { return try await delete(each: keys, after: check) }
            for start in stride(from: 0, to: keys.count, by: S3Client.mostDeletions) {
                try Task.checkCancellation()
                let part = keys[start..<min(start + S3Client.mostDeletions, keys.count)]
                if part.count == 1 {
                    for key in part { try await client.delete(name(key)) }
                } else {
                    try await client.delete(part.map(name))
                }
            }
        }

        /// One by one, some at a time: between a look and the removal that follows it nothing else is waited for.
        private func delete(each keys: [ObjectKey], after check: @escaping @Sendable (ObjectKey) async throws -> Void)
            async throws
        {
            let lanes = min(keys.count, Self.mostAtOnce)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in 0..<lanes {
                    let part = stride(from: lane, to: keys.count, by: lanes).map { keys[$0] }
                    group.addTask {
                        for key in part {
                            try Task.checkCancellation()
                            try await check(key)
                            try await client.delete(name(key))
                        }
                    }
                }
                // The first failure stops the others.
                for try await _ in group {}
            }
        }

        // MARK: Durability

        package func synchronize(directory: ObjectKey) async throws {}

        package func synchronize(_ keys: [ObjectKey], changedSince since: Double?) async throws {}

        package func stamp(of directory: ObjectKey) async throws -> DirectoryStamp? { nil }
    }
#endif
