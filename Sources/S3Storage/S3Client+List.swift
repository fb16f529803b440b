// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding

    /// An object as a listing shows it.
    package struct S3Entry: Sendable, Equatable {
        package var key: String
        package var size: UInt64
        /// Seconds since 1970; infinite where the server does not say, or in a way of its own. What is of unknown age must
        /// seem young to whoever removes what is old.
        package var modified: Double
        package var etag: String?
    }

    /// A page of a listing.
    struct S3Page {
        var entries: [S3Entry] = []
        /// What keys begin with up to the delimiter, with it.
        var prefixes: [String] = []
        /// Asks for the next page; nil at the end.
        var next: String?
    }

    extension S3Client {
        /// Everything under `prefix`, page after page.
        ///
        /// - Parameter delimiter: of what contains it after the prefix only the part up to there is told, once.
        func list(_ prefix: String, delimiter: String?, _ body: (S3Page) throws -> Void) async throws {
            var progress = ListProgress()
            var token: String?
            repeat {
                try Task.checkCancellation()
                let page = try await page(prefix, delimiter: delimiter, token)
                if let problem = progress.problem(with: page) {
                    throw Failure(.io, "cannot list the objects: \(problem)", path: name(prefix))
                }
                try body(page)
                token = page.next
            } while token != nil
        }

        /// - Parameter most: entries that are wanted; nil for as many as the server likes.
        func page(_ prefix: String, delimiter: String?, _ token: String?, most: Int? = nil) async throws -> S3Page {
            let (root, spelling) = try await listing(prefix, delimiter, token, most, isEncoded: true)
            if let spelling { return try page(root, spelling, prefix) }
            // Nothing on the page tells what a plus is: without encoding it is itself. Names that XML cannot write are
            // not to be had so; whoever has them on the same page as these gets an error.
            let plain = try await listing(prefix, delimiter, token, most, isEncoded: false)
            return try page(plain.root, plain.spelling ?? .plusIsSpace, prefix)
        }

        /// The answer, and how its keys are to be read; nil where that cannot be told.
        private func listing(
            _ prefix: String, _ delimiter: String?, _ token: String?, _ most: Int?, isEncoded: Bool
        ) async throws -> (root: XMLNode, spelling: KeySpelling?) {
            var request = S3Request(.get, nil, "cannot list the objects")
            request.query = [("list-type", "2"), ("prefix", prefix)]
            if isEncoded { request.query.append(("encoding-type", "url")) }
            if let delimiter { request.query.append(("delimiter", delimiter)) }
            if let token { request.query.append(("continuation-token", token)) }
            if let most { request.query.append(("max-keys", String(most))) }
            request.limit = 16 << 20
            request.place = prefix
            let reply = try await send(request)
            guard let root = XMLNode(parsing: reply.body), root.name == "ListBucketResult" else {
                throw Failure(.io, "cannot list the objects: the server's answer is no listing", path: name(prefix))
            }
            guard root["EncodingType"]?.text == "url" else { return (root, .plain) }
            let texts =
                root.all("Contents").compactMap { $0["Key"]?.text }
                + root.all("CommonPrefixes").compactMap { $0["Prefix"]?.text }
            return (root, KeySpelling(of: texts, prefix: prefix))
        }

        private func page(_ root: XMLNode, _ spelling: KeySpelling, _ prefix: String) throws -> S3Page {
            var page = S3Page()
            for node in root.all("Contents") {
                guard let text = node["Key"]?.text, let key = spelling.read(text),
                    let size = node["Size"].flatMap({ UInt64($0.text) })
                else {
                    throw Failure(.io, "cannot list the objects: an entry has no key or no size", path: name(prefix))
                }
                let modified = node["LastModified"].flatMap { Timestamp.parse($0.text) } ?? .infinity
                page.entries.append(S3Entry(key: key, size: size, modified: modified, etag: node["ETag"]?.text))
            }
            for node in root.all("CommonPrefixes") {
                if let text = node["Prefix"]?.text, let key = spelling.read(text) { page.prefixes.append(key) }
            }
            if root["IsTruncated"]?.text == "true" {
                guard let next = root["NextContinuationToken"]?.text, !next.isEmpty else {
                    throw Failure(
                        .io, "cannot list the objects: there are more, and the server does not say where they begin",
                        path: name(prefix))
                }
                page.next = next
            }
            return page
        }
    }
#endif
