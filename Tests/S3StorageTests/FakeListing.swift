// SPDX-License-Identifier: Apache-2.0
#if S3
    import S3Storage

    /// Pages of a listing, as version 2 has them.
    enum FakeListing {
        enum Spaces: CaseIterable {
            /// As Amazon does it; a plus is `%2B`.
            case plus
            /// `%20`, and a plus is a plus.
            case percent
            /// As SeaweedFS does it: `%20` in directories, a plus in the last part; a plus is `%2B`.
            case plusInLastPart
        }

        struct Style: Sendable {
            var spaces = Spaces.plus
            var modified: String? = "2026-11-22T10:00:00.000Z"
        }

        static func answer(
            _ objects: [String: [UInt8]], _ query: [String: String], pageSize: Int, _ style: Style,
            _ etag: ([UInt8]) -> String
        ) -> FakeS3.Answer {
            let prefix = query["prefix"] ?? ""
            let delimiter = query["delimiter"]
            let pageSize = query["max-keys"].flatMap { Int($0) } ?? pageSize
            let isEncoded = query["encoding-type"] == "url"
            func encode(_ key: String) -> String { isEncoded ? encoded(key, style) : escape(key) }
            let modified = style.modified.map { "<LastModified>\($0)</LastModified>" } ?? ""
            // By bytes, as servers sort.
            let keys = objects.keys.filter { $0.utf8.starts(with: prefix.utf8) }.sorted {
                $0.utf8.lexicographicallyPrecedes($1.utf8)
            }
            var rows: [(name: String, xml: String)] = []
            for key in keys {
                let rest = Array(key.utf8.dropFirst(prefix.utf8.count))
                if let delimiter, let end = rest.firstIndex(of: Array(delimiter.utf8)[0]) {
                    let common = prefix + String(decoding: rest[...end], as: UTF8.self)
                    if rows.last?.name != common {
                        rows.append((common, "<CommonPrefixes><Prefix>\(encode(common))</Prefix></CommonPrefixes>"))
                    }
                } else {
                    let tag = escape(etag(objects[key] ?? []))
                    rows.append(
                        (
                            key,
                            "<Contents><Key>\(encode(key))</Key>\(modified)<ETag>\(tag)</ETag><Size>\(objects[key]?.count ?? 0)</Size></Contents>"
                        ))
                }
            }
            if let token = query["continuation-token"] {
                rows.removeAll { !token.utf8.lexicographicallyPrecedes($0.name.utf8) }
            }
            var xml =
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            if isEncoded { xml += "<EncodingType>url</EncodingType>" }
            let page = rows.prefix(pageSize)
            xml += page.map(\.xml).joined()
            if rows.count > pageSize, let last = page.last {
                xml +=
                    "<IsTruncated>true</IsTruncated><NextContinuationToken>\(escape(last.name))</NextContinuationToken>"
            } else {
                xml += "<IsTruncated>false</IsTruncated>"
            }
            return FakeS3.Answer(status: 200, body: Array((xml + "</ListBucketResult>").utf8))
        }

        private static func encoded(_ key: String, _ style: Style) -> String {
            let text = PercentEncoding.encode(key, keepingSlashes: true)
            switch style.spaces {
            case .plus: return text.replacing("%20", with: "+")
            case .percent: return text.replacing("%2B", with: "+")
            case .plusInLastPart:
                let last = text.lastIndex(of: "/") ?? text.startIndex
                return String(text[..<last]) + text[last...].replacing("%20", with: "+")
            }
        }

        private static func escape(_ text: String) -> String {
            text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\n", with: "&#10;")
        }

        static func unescape(_ text: String) -> String {
            var result = text
            for (entity, character) in [
                ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#10;", "\n"), ("&#9;", "\t"), ("&#13;", "\r"),
                ("&amp;", "&"),
            ] {
                result = result.replacing(entity, with: character)
            }
            return result
        }
    }
#endif
