// SPDX-License-Identifier: Apache-2.0
#if S3
    /// How a server writes keys into a listing.
    ///
    /// Percent-encoded ones differ in one thing: some servers write a space as `+`, and `+` as `%2B`; others write `+` as it
    /// is. One page is of one server, so its keys tell together. That a space is `%20` somewhere tells nothing: SeaweedFS
    /// writes it so in directories, and as `+` in the last part of a key.
    enum KeySpelling {
        case plain
        case plusIsSpace
        case plusIsItself

        /// Nil where some key has a plus, and nothing tells what it is.
        init?(of texts: [String], prefix: String) {
            let open = texts.filter { $0.utf8.contains(UInt8(ascii: "+")) }
            if open.isEmpty {
                self = .plusIsItself
            } else if texts.contains(where: { $0.contains("%2B") || $0.contains("%2b") }) {
                self = .plusIsSpace
            } else {
                // All keys begin with the prefix, which may have a space or a plus itself.
                func fits(_ spelling: KeySpelling) -> Bool {
                    open.allSatisfy { spelling.read($0)?.utf8.starts(with: prefix.utf8) == true }
                }
                switch (fits(.plusIsSpace), fits(.plusIsItself)) {
                case (true, false): self = .plusIsSpace
                case (false, true): self = .plusIsItself
                default: return nil
                }
            }
        }

        /// Nil where it is no text.
        func read(_ text: String) -> String? {
            switch self {
            case .plain: text
            case .plusIsSpace: PercentEncoding.decode(text, plusIsSpace: true)
            case .plusIsItself: PercentEncoding.decode(text)
            }
        }
    }
#endif
