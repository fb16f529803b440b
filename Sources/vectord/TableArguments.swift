// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

/// The table that a command is about.
struct TableArgument: ParsableArguments {
    @Argument(help: "The table's place: a directory, file:///…, or s3://bucket/path.", completion: .directory)
    var table: String

    @OptionGroup var storage: StorageOptions

    /// The table's store.
    func store(_ options: Options = Options()) throws(StoreError) -> LanceVectorStore {
        try LanceVectorStore(path: table, options: storage.added(to: options))
    }
}

/// Settings of the table's storage.
struct StorageOptions: ParsableArguments {
    @Option(
        name: .customLong("storage-option"),
        help: ArgumentHelp(
            "A setting of s3:// tables, by its name in the official Lance's storage_options; may be repeated. Others "
                + "come from the environment (AWS_REGION, AWS_ENDPOINT_URL, AWS_PROFILE, …) and the files in ~/.aws.",
            valueName: "name=value"))
    var settings: [StorageSetting] = []

    @Option(
        help: ArgumentHelp(
            "Memory for parts of files of s3:// tables, such as 1GiB. (default: 128MiB)", valueName: "bytes"))
    var cacheBytes: ByteCount?

    @Option(
        help: ArgumentHelp(
            "A directory in which up to 1 GiB of parts of files of s3:// tables are kept for later commands.",
            valueName: "path"),
        completion: .directory)
    var cacheDirectory: String?

    func added(to options: Options) -> Options {
        var options = options
        for setting in settings { options.storageOptions[setting.name] = setting.value }
        if let cacheBytes { options.cacheBytes = cacheBytes.bytes }
        if let cacheDirectory { options.cacheDirectory = cacheDirectory }
        return options
    }

    func validate() throws {
        if settings.contains(where: { $0.name.isEmpty }) {
            throw ValidationError("--storage-option needs the form name=value")
        }
        if Set(settings.map(\.name)).count != settings.count {
            throw ValidationError("--storage-option gives a setting twice")
        }
        if cacheDirectory?.isEmpty == true { throw ValidationError("--cache-directory needs a path") }
    }
}

/// `name=value`. The value may be a key, so that a wrong one is not repeated in a message.
struct StorageSetting: ExpressibleByArgument {
    let name: String
    let value: String

    init(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        name = parts.count == 2 ? String(parts[0]) : ""
        value = parts.count == 2 ? String(parts[1]) : ""
    }

    var defaultValueDescription: String { "\(name)=…" }
}

/// The names of the columns that searches and fetches use.
struct ColumnOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The column of text that names a row.", valueName: "name"))
    var idColumn = Options.Columns().id

    @Option(help: ArgumentHelp("The column of the text that was embedded.", valueName: "name"))
    var textColumn = Options.Columns().text

    @Option(help: ArgumentHelp("The column of vectors: fixed-size lists of floats.", valueName: "name"))
    var vectorColumn = Options.Columns().vector

    @Option(help: ArgumentHelp("The column of what a text was cut from.", valueName: "name"))
    var sourceColumn = Options.Columns().source

    @Option(help: ArgumentHelp("The column of a chunk's number in its source.", valueName: "name"))
    var chunkIndexColumn = Options.Columns().chunkIndex

    var columns: Options.Columns {
        .init(
            id: idColumn, text: textColumn, vector: vectorColumn, source: sourceColumn, chunkIndex: chunkIndexColumn)
    }
}

/// Which columns are printed beside the usual ones.
struct ShownColumns: ParsableArguments {
    @Option(help: ArgumentHelp("Further columns of the table to print.", valueName: "a,b"))
    var show: String?

    var names: [String] { show?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? [] }

    func validate() throws {
        if names.contains("") { throw ValidationError("--show needs names with commas between them") }
    }
}

/// What a table that is made is like.
struct NewTableOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The file version of a table that is made: 2.0, 2.1 or 2.2. Later ones take less space for text.",
            valueName: "version"))
    var fileVersion = Options().fileVersion

    /// All of them together.
    func options(_ write: WriteOptions, _ columns: ColumnOptions) -> Options {
        var options = write.options
        options.columns = columns.columns
        options.fileVersion = fileVersion
        return options
    }
}

/// Which version of the table a command looks at.
struct VersionOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Look at the table as it was in this version: a number, or the name of a tag, which may be preceded by tag:. "
                + "(default: the newest)",
            valueName: "version"))
    var at: VersionArgument?
}

/// A version's number, or the name of a tag.
struct VersionArgument: ExpressibleByArgument {
    let version: TableVersion

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        // Other tools may have given a tag the name of a number.
        if argument.hasPrefix("tag:") {
            version = .tag(String(argument.dropFirst(4)))
        } else if argument.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            guard let number = Int(argument) else { return nil }
            version = .number(number)
        } else {
            version = .tag(argument)
        }
    }

    var defaultValueDescription: String { "\(version)" }
}

/// How a command speaks.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON, errors too.")
    var json = false
}

/// How hard a write is pressed onto the device.
struct WriteOptions: ParsableArguments {
    @Flag(help: "Do not wait for the device: faster, but a power loss may undo the write.")
    var relaxed = false

    var options: Options { Options(durability: relaxed ? .relaxed : .full) }
}

struct ThreadOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Threads to work with. (default: every core)", valueName: "n"))
    var threads: Int?

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, got \(threads)") }
    }
}
