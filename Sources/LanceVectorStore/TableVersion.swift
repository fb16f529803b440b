// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceTable

/// One version of a table.
public enum TableVersion: Sendable, Hashable {
    /// By its number, which counts commits from 1 on.
    case number(Int)
    /// By the name that it was given with ``LanceVectorStore/createTag(_:version:)``.
    case tag(String)

    func reference() throws -> VersionReference {
        switch self {
        case .tag(let name): return .tag(name)
        case .number(let number):
            guard let number = UInt64(exactly: number), number > 0 else {
                throw Failure(.invalidArgument, "versions count from 1 on, got \(number)")
            }
            return .number(number)
        }
    }
}

/// What a version is, for people who choose one.
public struct VersionInfo: Sendable, Codable, Equatable {
    /// Counts commits from 1 on; numbers may be missing.
    public var version: Int
    /// When it was committed, by the writer's clock: seconds since 1970, nil where it does not say.
    public var committedAt: Double?
    /// What the commit did: "append", "delete", "create index", …
    public var operation: String
    /// Live rows.
    public var rows: Int
    /// The names that the version was given.
    public var tags: [String]

    /// Creates an entry.
    public init(version: Int, committedAt: Double?, operation: String, rows: Int, tags: [String]) {
        self.version = version
        self.committedAt = committedAt
        self.operation = operation
        self.rows = rows
        self.tags = tags
    }

    enum CodingKeys: String, CodingKey {
        case version
        case committedAt = "committed_at"
        case operation, rows, tags
    }
}
