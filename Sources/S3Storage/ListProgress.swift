// SPDX-License-Identifier: Apache-2.0
#if S3
    /// Sees to it that a listing ends, whatever the server answers: each page must begin with another object than those
    /// before.
    ///
    /// That they come in order cannot be asked for: not every server sorts by bytes. Nor that a prefix comes once: some
    /// servers put the keys of a page together to prefixes, and those of the next page again.
    struct ListProgress {
        /// Pages without objects may come where much was removed, or where there are many directories.
        private static let mostEmpty = 10_000
        /// Of a thousand entries each, as servers send them: more than any table has.
        private static let mostPages = 50_000

        private var tokens: Set<String> = []
        private var beginnings: Set<[UInt8]> = []
        private var empty = 0
        private var pages = 0

        /// What is wrong with going on after this page; nil where nothing is.
        mutating func problem(with page: S3Page) -> String? {
            guard let token = page.next else { return nil }
            pages += 1
            empty = page.entries.isEmpty ? empty + 1 : 0
            guard pages < Self.mostPages else { return "there are more than \(pages) pages of them" }
            guard empty < Self.mostEmpty else {
                return "the server sent \(empty) pages without objects one after the other"
            }
            let isNew = page.entries.first.map { beginnings.insert(Array($0.key.utf8)).inserted } ?? true
            guard tokens.insert(token).inserted, isNew else { return "the server sends the same page again" }
            return nil
        }
    }
#endif
