// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    package import ObjectStorage

    extension S3Storage {
        package func names(in directory: ObjectKey) async throws -> [String] {
            try await list(directory).names
        }

        package func first(in directory: ObjectKey) async throws -> (objects: [ListedObject], areAll: Bool) {
            let place = place(of: directory)
            let page = try await client.page(place, delimiter: "/", nil)
            let objects = page.entries.compactMap { entry in
                Self.below(place, entry.key).flatMap { name in
                    Self.isName(name) ? ListedObject(name: name, tag: entry.etag) : nil
                }
            }
            return (objects, page.next == nil)
        }

        private func place(of directory: ObjectKey) -> String {
            directory == .root ? prefix : name(directory) + "/"
        }

        package func directories(in directory: ObjectKey) async throws -> [String] {
            let found = try await list(directory)
            // An object and what seems to be a directory may have the same name here; only an object alone is a mistake.
            if found.names.isEmpty, found.directories.isEmpty, directory != .root,
                try await client.exists(name(directory))
            {
                throw Failure(
                    .invalidArgument, "there is an object of that name, and no directory",
                    path: client.name(name(directory)))
            }
            return found.directories
        }

        private func list(_ directory: ObjectKey) async throws -> (names: [String], directories: [String]) {
            let place = place(of: directory)
            var names: [String] = []
            var directories: [String] = []
            try await client.list(place, delimiter: "/") { page in
                for entry in page.entries {
                    // Some tools make an object of the directory's own name with a slash.
                    if let name = Self.below(place, entry.key), Self.isName(name) { names.append(name) }
                }
                for key in page.prefixes {
                    if let name = Self.below(place, key), name.utf8.last == UInt8(ascii: "/"),
                        Self.isName(String(name.dropLast()))
                    {
                        directories.append(String(name.dropLast()))
                    }
                }
            }
            return (names, directories)
        }

        package func walk() async throws -> [ObjectEntry] {
            var found: [ObjectEntry] = []
            try await client.list(prefix, delimiter: nil) { page in
                for entry in page.entries {
                    // What no table's key can be is nobody's of ours.
                    guard let name = Self.below(prefix, entry.key), let key = try? ObjectKey(name) else { continue }
                    found.append(
                        ObjectEntry(key: key, size: entry.size, modified: entry.modified, tag: entry.etag))
                }
            }
            return found
        }

        /// From a listing, as `walk` has it: some servers write tags in another form where they are asked for one object.
        package func tag(of key: ObjectKey) async throws -> String? {
            let name = name(key)
            let page = try await client.page(name, delimiter: "/", nil, most: 1)
            return page.entries.first { $0.key.utf8.elementsEqual(name.utf8) }?.etag
        }

        /// By bytes: to Swift a slash with an accent over it is another character.
        private static func below(_ place: String, _ key: String) -> String? {
            guard key.utf8.starts(with: place.utf8) else { return nil }
            return String(key.utf8.dropFirst(place.utf8.count))
        }

        private static func isName(_ name: String) -> Bool {
            guard let key = try? ObjectKey(name) else { return false }
            return key.components.count == 1
        }
    }
#endif
