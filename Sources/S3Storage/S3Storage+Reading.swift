// SPDX-License-Identifier: Apache-2.0
#if S3
    package import ByteCoding
    package import ObjectStorage

    extension S3Storage {
        /// The first part tells the size; the others follow at once, some at a time.
        package func open(_ key: ObjectKey) async throws -> Region {
            let name = name(key)
            let path = client.name(name)
            let first: S3Part
            do {
                first = try await client.get(name, from: 0, Self.partSize, isGuess: true)
            } catch let refusal as S3Refusal {
                // An empty object has no first byte.
                guard refusal.status == 416 else { throw refusal.failure("cannot read the object", path: path) }
                if let size = refusal.size, size > 0 { throw refusal.failure("cannot read the object", path: path) }
                guard try await client.size(name) == 0 else {
                    throw refusal.failure("cannot read the object", path: path)
                }
                return Region(count: 0, name: path) { _ in }
            }
            guard let count = Int(exactly: first.total) else { throw tooLarge(first.total, path) }
            if first.received == count {
                // Named after the request so far.
                let bytes = first.bytes
                return bytes.withUnsafeBytes { memory in
                    Region(adopting: memory, name: path, isMapped: false) { _, _ in
                        withExtendedLifetime(bytes.region) {}
                    }
                }
            }
            let buffer = try ReceiveBuffer(count: count, name: path)
            guard let slot = buffer.slot(0, first.received), first.bytes.withUnsafeBytes({ slot.write($0, at: 0) })
            else {
                throw tooLarge(first.total, path)
            }
            try await fill(buffer, name, from: 0, startingAt: first.received, etag: first.etag)
            return buffer.region(name: path)
        }

        /// Nothing is asked for where the size is known; else the end of the file, which is needed first, tells it.
        package func file(_ key: ObjectKey, size: UInt64?) async throws -> FileView {
            let name = name(key)
            let path = client.name(name)
            if let size, size > 0, let count = Int(exactly: size) { return FileView(try cached(key, count)) }
            let tail: S3Part
            do {
                tail = try await client.get(name, last: CachedFile.tailBytes)
            } catch let refusal as S3Refusal {
                // An empty object has no end to read either.
                guard refusal.status == 416 else { throw refusal.failure("cannot read the object", path: path) }
                return FileView(try await open(key).view)
            }
            guard let count = Int(exactly: tail.total) else { throw tooLarge(tail.total, path) }
            let file = try cached(key, count)
            let start = count - tail.received
            try file.add(
                tail: Region(copying: tail.bytes.bytes, name: path, fileOffset: UInt64(start)), from: start)
            return FileView(file)
        }

        /// No object is so large, and numbers of this size can be reckoned with.
        private static let mostBytes = 1 << 50

        private func cached(_ key: ObjectKey, _ count: Int) throws -> CachedFile {
            let path = client.name(name(key))
            guard count <= Self.mostBytes else { throw tooLarge(UInt64(count), path) }
            // Two servers may each have a bucket of the name.
            let identity = "\(client.settings.endpoint?.text ?? "") \(path) \(count)"
            return CachedFile(name: path, identity: identity, count: count, cache: cache, disk: disk) { range in
                try await read(key, range)
            }
        }

        package func read(_ key: ObjectKey, _ range: Range<UInt64>) async throws -> Region {
            let name = name(key)
            let path = client.name(name)
            // Nothing cannot be asked for, and what no object can have is not worth a request for its bytes.
            guard !range.isEmpty, let count = Int(exactly: range.upperBound - range.lowerBound),
                range.upperBound <= UInt64(Int64.max)
            else {
                let size = try await client.size(name)
                guard range.upperBound <= size else { throw tooShort(range, size, path) }
                return Region(count: 0, name: path, fileOffset: range.lowerBound) { _ in }
            }
            do {
                let length = min(count, Self.partSize)
                let first = try await client.get(name, from: range.lowerBound, length)
                guard range.upperBound <= first.total, first.received == length else {
                    throw tooShort(range, first.total, path)
                }
                if length == count {
                    let bytes = first.bytes
                    return bytes.withUnsafeBytes { memory in
                        Region(adopting: memory, name: path, fileOffset: range.lowerBound, isMapped: false) { _, _ in
                            withExtendedLifetime(bytes.region) {}
                        }
                    }
                }
                let buffer = try ReceiveBuffer(count: count, name: path)
                guard let slot = buffer.slot(0, length), first.bytes.withUnsafeBytes({ slot.write($0, at: 0) }) else {
                    throw tooLarge(first.total, path)
                }
                try await fill(buffer, name, from: range.lowerBound, startingAt: length, etag: first.etag)
                return buffer.region(name: path, fileOffset: range.lowerBound)
            } catch let refusal as S3Refusal {
                guard refusal.status == 416 else { throw refusal.failure("cannot read the object", path: path) }
                throw tooShort(range, refusal.size, path)
            }
        }

        package func size(_ key: ObjectKey) async throws -> UInt64 { try await client.size(name(key)) }

        /// Reads into `buffer`, whose first byte is the object's at `origin`, from its byte `start` on.
        private func fill(
            _ buffer: ReceiveBuffer, _ name: String, from origin: UInt64, startingAt start: Int, etag: String?
        )
            async throws
        {
            let path = client.name(name)
            let offsets = Array(stride(from: start, to: buffer.count, by: Self.partSize))
            guard !offsets.isEmpty else { return }
            try await withThrowingTaskGroup(of: Void.self) { group in
                var next = 0
                func begin() {
                    guard next < offsets.count else { return }
                    let offset = offsets[next]
                    next += 1
                    group.addTask { [client] in
                        let length = min(Self.partSize, buffer.count - offset)
                        guard let slot = buffer.slot(offset, length) else { throw tooLarge(UInt64(buffer.count), path) }
                        let part: S3Part
                        do {
                            part = try await client.get(
                                name, from: origin + UInt64(offset), length, into: slot, etag: etag)
                        } catch let refusal as S3Refusal {
                            throw refusal.failure("cannot read the object", path: path)
                        }
                        guard part.received == length else {
                            throw Failure(
                                .io, "the server sent \(part.received) of \(length) bytes", path: path,
                                offset: origin + UInt64(offset))
                        }
                    }
                }
                for _ in 0..<Self.mostAtOnce { begin() }
                while try await group.next() != nil { begin() }
            }
        }

        private func tooShort(_ range: Range<UInt64>, _ size: UInt64?, _ path: String) -> Failure {
            Failure(
                .corrupt, "expected bytes \(range), but the object has \(size.map(String.init) ?? "fewer")", path: path,
                offset: range.lowerBound)
        }

        private func tooLarge(_ size: UInt64, _ path: String) -> Failure {
            Failure(.io, "the object has \(size) bytes, more than memory can hold", path: path)
        }
    }
#endif
