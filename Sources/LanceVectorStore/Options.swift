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
        /// The operating system has its effect, which a power loss may undo or leave half done: then the versions that
        /// were made since are gone, or calls throw `corrupt` or `not_found` with the damaged file, for as long as such a
        /// version is the newest; earlier ones are unharmed, but for those that a migration replaced or a clean-up removed. Calls
        /// with `full` make durable what they build on, and ``LanceVectorStore/flush()`` all of it. For loads that can be repeated.
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
    /// How long ago a call that only reads may have looked for the newest version; nil, the default, and zero look at every
    /// call. Of no effect with a ``version``.
    ///
    /// To look at a table in an object store is a request of some ten milliseconds, to which a repeated search adds little.
    /// With an interval ``LanceVectorStore/search(_:topK:nprobes:refineFactor:columns:)`` and its relatives,
    /// ``LanceVectorStore/row(docID:columns:)``, ``LanceVectorStore/count()``, ``LanceVectorStore/stats()``,
    /// ``LanceVectorStore/hasVectorIndex()``, ``LanceVectorStore/hasScalarIndex(column:)`` and
    /// ``LanceVectorStore/version()`` use the version that this store saw or committed last, until the interval has passed:
    /// what others commit is seen that much later at most, the store's own commits at once. All other calls look each time,
    /// those that write as well as ``LanceVectorStore/versions()`` and ``LanceVectorStore/tags()``, and readers use what they
    /// have seen. A clean-up with an age below the interval may remove what such a reader still uses; it then goes on
    /// with the newest version.
    public var consistencyInterval: Duration?
    /// Bytes of memory for parts of files of `s3://` tables. Nil, the default, uses what all stores of the process share,
    /// 128 MiB; a number gives this store as much for itself, and with 0 parts are kept only as long as calls use them. Of
    /// no effect for local tables, whose files are mapped.
    public var cacheBytes: Int?
    /// A directory of this machine in which parts of files of `s3://` tables are kept as well, for what memory dropped and
    /// for later processes; nil, the default, keeps none. It is made if it is missing, readable for this user alone: the
    /// files in it are parts of the table, and whoever can read them needs no key of the store. Several stores and
    /// processes of one user may have the same. Of no effect for local tables.
    ///
    /// Only files that never change are kept, so nothing in it is ever stale. A damaged file is fetched again, and without
    /// space or leave to write a warning goes to the log and calls do without. A path where no directory can be is an error
    /// of the first call that reads parts of files: `invalid_argument` or `permission`. It may be removed at any time.
    public var cacheDirectory: String?
    /// Space that files in ``cacheDirectory`` may take: when it is used up, those go that were used longest ago, until a
    /// quarter is free. Each process counts what others write only now and then, so that together they may take some more.
    /// Nil, the default, is 1 GiB; 0 keeps nothing.
    public var cacheDirectoryBytes: Int?
    /// Settings of `s3://` tables, by the names of `storage_options` of the official Lance: `region`, `endpoint`,
    /// `access_key_id`, `secret_access_key`, `session_token`, `allow_http`, `skip_signature` and so on, with and without
    /// `aws_` before them. An unknown one is an error. What is not given comes from the environment (`AWS_REGION`,
    /// `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, …), the files in `~/.aws`, and for keys from the role of the
    /// container or the machine.
    ///
    /// With `virtual_hosted_style_request` an endpoint of one's own is the bucket's address, such as
    /// `https://bucket.example.com`, as it is to the official Lance. `timeout` is how long a request may take, or be silent
    /// while its answer is on its way.
    ///
    /// A commit needs a store that honours `If-None-Match: *`. Amazon's does; another is tried out before the first
    /// write, and refused where it does not. `conditional_put` is `etag` to trust it without trial, `disabled` to write
    /// nothing, and `unsafe` to write without that protection: then two writers at once can lose each other's rows.
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
        cacheDirectory: String? = nil, cacheDirectoryBytes: Int? = nil, consistencyInterval: Duration? = nil,
        storageOptions: [String: String] = [:], columns: Columns = .init(),
        fileVersion: String = "2.0", version: TableVersion? = nil
    ) {
        self.threads = threads
        self.durability = durability
        self.memoryBudget = memoryBudget
        self.cacheBytes = cacheBytes
        self.cacheDirectory = cacheDirectory
        self.cacheDirectoryBytes = cacheDirectoryBytes
        self.consistencyInterval = consistencyInterval
        self.storageOptions = storageOptions
        self.columns = columns
        self.fileVersion = fileVersion
        self.version = version
    }

    /// Throws for what makes no sense.
    func check() throws {
        if let threads, threads < 1 { throw Failure(.invalidArgument, "threads must be at least 1, got \(threads)") }
        if let memoryBudget, memoryBudget < 1 {
            throw Failure(.invalidArgument, "memoryBudget must be at least 1 byte, got \(memoryBudget)")
        }
        if let consistencyInterval, consistencyInterval < .zero {
            throw Failure(.invalidArgument, "consistencyInterval must not be negative, got \(consistencyInterval)")
        }
        try checkCaches()
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

    /// Of `cacheDirectoryBytes`.
    static let usualDirectoryBytes = 1 << 30

    func checkCaches() throws {
        for (name, bytes) in [("cacheBytes", cacheBytes), ("cacheDirectoryBytes", cacheDirectoryBytes)] {
            if let bytes, bytes < 0 { throw Failure(.invalidArgument, "\(name) must not be negative, got \(bytes)") }
        }
        if let cacheDirectory, cacheDirectory.isEmpty || cacheDirectory.utf8.contains(0) {
            throw Failure(.invalidArgument, "cacheDirectory must be a path, got '\(cacheDirectory)'")
        }
        guard cacheDirectory != nil || cacheDirectoryBytes == nil else {
            throw Failure(.invalidArgument, "cacheDirectoryBytes needs a cacheDirectory")
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

/// Whoever prints options into a log does not print keys.
extension Options: CustomReflectable {
    /// All properties; of the storage options the names alone.
    public var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "threads": threads as Any, "durability": durability, "memoryBudget": memoryBudget as Any,
                "cacheBytes": cacheBytes as Any, "cacheDirectory": cacheDirectory as Any,
                "cacheDirectoryBytes": cacheDirectoryBytes as Any, "consistencyInterval": consistencyInterval as Any,
                "storageOptions": storageOptions.mapValues { _ in "…" }, "columns": columns,
                "fileVersion": fileVersion, "version": version as Any,
            ], displayStyle: .struct)
    }
}
