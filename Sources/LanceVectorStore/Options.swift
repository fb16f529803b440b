// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceFile
import ObjectStorage

/// How a store works. The defaults are right for most.
public struct Options: Sendable {
    /// What a call has done when it returns.
    public enum Durability: Sendable {
        /// Its effect survives power loss: every file and directory is synchronised before success.
        case full
        /// The operating system has its effect, which a power loss may undo. For loads that can be repeated.
        case relaxed
    }

    /// The names of the columns that searches and fetches use.
    public struct Columns: Sendable, Equatable {
        /// Text that names a row.
        public var id: String
        /// The text that was embedded.
        public var text: String
        /// The embedding.
        public var vector: String
        /// What the text was cut from.
        public var source: String
        /// The chunk's number in its source.
        public var chunkIndex: String

        /// The names of the vectord format, or others.
        public init(
            id: String = "doc_id", text: String = "chunk_text", vector: String = "vector", source: String = "source",
            chunkIndex: String = "chunk_idx"
        ) {
            self.id = id
            self.text = text
            self.vector = vector
            self.source = source
            self.chunkIndex = chunkIndex
        }
    }

    /// Threads of one call, at least 1; nil uses every core.
    public var threads: Int?
    /// Default ``Durability-swift.enum/full``.
    public var durability: Durability
    /// Bytes of memory that the build of a vector index may use beyond the table's mapped files, at least 1. Nil takes
    /// 128 MiB for rows to train on, or more where there are very many partitions, and afterwards 20 bytes a row and up
    /// to 256 MiB of codes. A smaller budget trains on fewer rows, and reads the table several times where the codes of
    /// all rows do not fit; one that is too small is an error.
    public var memoryBudget: Int?
    /// Bytes of the cache for remote tables. Not supported yet: leave it nil.
    public var cacheBytes: Int?
    /// How old an answer may be. Not supported yet: nil, the default, means that every call sees the newest version.
    public var consistencyInterval: Duration?
    /// Settings of remote storage by name. Not supported yet: leave it empty.
    public var storageOptions: [String: String]
    /// The names of the columns that searches and fetches use. A table need not have columns for text, source and chunk
    /// number, unless they are given another name than the default; to append texts it needs a column for them.
    public var columns: Columns
    /// The data file version of tables that are made: "2.0", the default, which every version of Lance reads, or "2.1" or
    /// "2.2", in which text takes less than half the space. Rows that are appended to a table have the table's.
    public var fileVersion: String
    /// The version of the table that all calls see, which then only read; nil, the default, for the newest at any time.
    public var version: TableVersion?

    /// Creates options; see the properties for their meaning.
    public init(
        threads: Int? = nil, durability: Durability = .full, memoryBudget: Int? = nil, cacheBytes: Int? = nil,
        consistencyInterval: Duration? = nil, storageOptions: [String: String] = [:], columns: Columns = .init(),
        fileVersion: String = "2.0", version: TableVersion? = nil
    ) {
        self.threads = threads
        self.durability = durability
        self.memoryBudget = memoryBudget
        self.cacheBytes = cacheBytes
        self.consistencyInterval = consistencyInterval
        self.storageOptions = storageOptions
        self.columns = columns
        self.fileVersion = fileVersion
        self.version = version
    }

    /// Throws for what makes no sense, and for what no code stands behind yet: an option is never silently ignored.
    func check() throws {
        if let threads, threads < 1 { throw Failure(.invalidArgument, "threads must be at least 1, got \(threads)") }
        func refuse(_ isSet: Bool, _ name: String, _ instead: String) throws {
            if isSet { throw Failure(.unsupported, "the option \(name) is not supported yet; \(instead)") }
        }
        if let memoryBudget, memoryBudget < 1 {
            throw Failure(.invalidArgument, "memoryBudget must be at least 1 byte, got \(memoryBudget)")
        }
        try refuse(cacheBytes != nil, "cacheBytes", "leave it nil")
        try refuse(consistencyInterval != nil, "consistencyInterval", "leave it nil")
        try refuse(!storageOptions.isEmpty, "storageOptions", "leave it empty")
        let names = [columns.id, columns.text, columns.vector, columns.source, columns.chunkIndex]
        guard !names.contains(""), Set(names).count == names.count else {
            throw Failure(.invalidArgument, "the column names must be five different ones, got \(names)")
        }
        for name in names { try VectordFormat.checkName(name) }
        _ = try version?.reference()
        guard FileVersion(rawValue: fileVersion) != nil else {
            throw Failure(
                .invalidArgument,
                "fileVersion must be one of \(FileVersion.allCases.map(\.rawValue).joined(separator: ", ")), got '\(fileVersion)'"
            )
        }
    }

    /// `fileVersion`, which `check()` has looked at.
    var newTableVersion: FileVersion { FileVersion(rawValue: fileVersion) ?? .v2_0 }

    var storageDurability: WriteDurability {
        switch durability {
        case .full: .full
        case .relaxed: .relaxed
        }
    }
}
