// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation

/// Where a table is: a path on this machine, or a URI.
package enum StorageLocation: Sendable, Equatable {
    case local(String)
    /// The path has no slashes around it; it is empty for the bucket itself.
    case s3(bucket: String, path: String)

    /// Takes a path, relative or absolute, `file:///…` or `s3://bucket/…`, both with percent escapes. Other schemes are
    /// `unsupported`.
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
        let rest = String(text[colon.upperBound...])
        if scheme == "s3" {
            self = try Self.s3(rest, text)
            return
        }
        guard scheme == "file" else {
            throw Failure(
                .unsupported, "'\(scheme)://' tables are not supported; use a local path, file:///… or s3://bucket/…",
                path: Self.plain(text))
        }
        let path = rest.hasPrefix("localhost/") ? String(rest.dropFirst("localhost".count)) : rest
        guard path.hasPrefix("/"), let decoded = path.removingPercentEncoding, !decoded.contains("\0") else {
            throw Failure(.invalidArgument, "a file URI needs an absolute path: file:///…", path: text)
        }
        self = .local(decoded)
    }

    private static func s3(_ rest: String, _ text: String) throws -> StorageLocation {
        // What a URI ends before is in nobody's key by accident.
        guard !rest.contains("?"), !rest.contains("#") else {
            throw Failure(
                .invalidArgument, "an s3:// URI has no '?' or '#' in it; in a key they are written %3F and %23",
                path: plain(text))
        }
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let bucket = parts.first ?? ""
        var path = (parts.count > 1 ? parts[1] : "")[...]
        while path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
        guard !bucket.isEmpty, !bucket.contains("@"), !bucket.contains(":") else {
            throw Failure(.invalidArgument, "an s3:// URI needs the form s3://bucket/path", path: plain(text))
        }
        let decoded = path.removingPercentEncoding ?? String(path)
        guard decoded.isEmpty || (try? ObjectKey(decoded)) != nil else {
            throw Failure(
                .invalidArgument, "the path of an s3:// URI has an empty part, '.' or '..' in it", path: plain(text))
        }
        return .s3(bucket: bucket, path: decoded)
    }

    /// Without what may be secret: a user with a password before an '@', and what follows a '?' or '#'.
    private static func plain(_ text: String) -> String {
        guard let colon = text.range(of: "://") else { return text }
        var rest = text[colon.upperBound...].prefix { $0 != "?" && $0 != "#" }
        // Either may be in a password.
        if text[rest.endIndex...].contains("@") { return String(text[..<colon.upperBound]) + "…" }
        // Secret keys have slashes in them.
        if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        return String(text[..<colon.upperBound] + rest)
    }

    private static func isScheme(_ text: Substring) -> Bool {
        guard let first = text.first, first.isASCII, first.isLetter else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    }
}
