// SPDX-License-Identifier: Apache-2.0
#if S3
    /// A word that opens doors: it goes into signatures and into nothing that anybody reads.
    ///
    /// However it is printed, dumped or interpolated, it says `<secret>`.
    package struct Secret: Sendable, Equatable {
        private let word: String

        package init(_ word: String) { self.word = word }

        /// The word itself, for a signature or a header that carries it.
        package var revealed: String { word }
    }

    extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
        package var description: String { "<secret>" }
        package var debugDescription: String { "<secret>" }
        package var customMirror: Mirror { Mirror(self, children: []) }
    }
#endif
