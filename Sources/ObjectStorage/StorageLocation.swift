// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation

/// Where a table is: a path on this machine, or a URI.
package enum StorageLocation: Sendable, Equatable {
    case local(String)

    /// Takes a path, relative or absolute, or `file:///…` with percent escapes. Other schemes are `unsupported`.
    package init(parsing text: String) throws {
        guard !text.isEmpty, !text.contains("\0") else {
            throw Failure(.invalidArgument, "a table needs a path, got '\(text)'", path: text)
        }
        // RFC 8089 allows file:/path as well.
        let text =
            text.lowercased().hasPrefix("file:/") && !text.lowercased().hasPrefix("file://")
            ? "file://" + text.dropFirst("file:".count) : text
        guard let colon = text.range(of: "://"), Self.isScheme(text[..<colon.lowerBound]) else {
            self = .local(text)
            return
        }
        let scheme = text[..<colon.lowerBound].lowercased()
        guard scheme == "file" else {
            throw Failure(
                .unsupported, "'\(scheme)://' tables are not supported; use a local path or file:///…", path: text)
        }
        let rest = String(text[colon.upperBound...])
        let path = rest.hasPrefix("localhost/") ? String(rest.dropFirst("localhost".count)) : rest
        guard path.hasPrefix("/"), let decoded = path.removingPercentEncoding, !decoded.contains("\0") else {
            throw Failure(.invalidArgument, "a file URI needs an absolute path: file:///…", path: text)
        }
        self = .local(decoded)
    }

    private static func isScheme(_ text: Substring) -> Bool {
        guard let first = text.first, first.isASCII, first.isLetter else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    }
}
