// SPDX-License-Identifier: Apache-2.0
import LanceFile
import LanceTable

/// Inspections as lines of text.
enum InspectionText {
    private static let longestMetadata = 200

    // MARK: Tables

    static func lines(_ report: TableReport) -> [String] {
        let table = report.table
        var lines = ["table \(table.location)", "versions \(table.versionCount)"]
        lines += table.versions.flatMap { indented(self.lines($0)) }
        let hidden = table.versionCount - table.versions.count
        if hidden > 0 { lines.append("  … \(hidden) older; --all lists them") }
        return lines + [""] + self.lines(table.detail, report.indices)
    }

    private static func lines(_ version: VersionInspection) -> [String] {
        if let error = version.error { return ["\(version.version)  cannot be read: \(error)"] }
        var parts = ["\(version.version)", version.time ?? "no time"]
        parts.append(version.transaction?.operation ?? "no transaction")
        parts.append(version.rows.map { "\($0) rows" } ?? "? rows")
        parts.append(Readable.plural(version.fragments, "fragment"))
        parts.append("by \(version.writer.isEmpty ? "unknown" : version.writer)")
        if !version.fileVersion.isEmpty { parts.append("files \(version.fileVersion)") }
        for (kind, flags) in [("reader", version.readerFlags), ("writer", version.writerFlags)] where !flags.isEmpty {
            parts.append("\(kind) flags: \(flags.joined(separator: ", "))")
        }
        if !version.tag.isEmpty { parts.append("tag \(version.tag)") }
        if !version.branch.isEmpty { parts.append("branch \(version.branch)") }
        return [parts.joined(separator: "  ")] + indented(version.transaction?.details ?? [])
    }

    // MARK: Manifests

    /// - Parameter indices: what the files of the manifest's indices say, in the same order; a manifest alone has none.
    static func lines(_ manifest: ManifestInspection, _ indices: [IndexInspection] = []) -> [String] {
        var lines = ["version"] + indented(self.lines(manifest.summary))
        if !manifest.summary.transactionFile.isEmpty {
            lines.append("  transaction file \(manifest.summary.transactionFile)")
        }
        lines.append("columns \(manifest.fields.count)")
        lines += indented(self.lines(manifest.fields))
        lines.append("fragments \(manifest.fragments.count)")
        for fragment in manifest.fragments { lines += indented(self.lines(fragment, manifest.fields)) }
        lines.append("indices \(manifest.indices.count)")
        for (number, index) in manifest.indices.enumerated() {
            lines += indented(self.lines(index, number < indices.count ? indices[number].summary : ""))
        }
        lines += self.lines("config", manifest.config)
        lines += self.lines("metadata", manifest.metadata)
        return lines
    }

    private static func lines(_ fields: [ManifestInspection.Field]) -> [String] {
        var depths: [Int32: Int] = [:]
        return fields.map { field in
            let depth = field.parent >= 0 ? (depths[field.parent] ?? 0) + 1 : 0
            depths[field.id] = depth
            let metadata = field.metadata.sorted { $0.key < $1.key }.map { "  \($0.key)=\($0.value)" }.joined()
            return indent(depth)
                + "\(field.id)  \(field.name)  \(field.type)\(field.nullable ? "" : "  not null")\(metadata)"
        }
    }

    private static func lines(_ fragment: ManifestInspection.Fragment, _ fields: [ManifestInspection.Field]) -> [String]
    {
        var line = "\(fragment.id)  \(fragment.physicalRows == 0 ? "?" : "\(fragment.physicalRows)") rows"
        if let file = fragment.deletionFile {
            line += ", \(fragment.deletedRows == 0 ? "some" : "\(fragment.deletedRows)") deleted by _deletions/\(file)"
        }
        return [line]
            + fragment.files.flatMap { file in
                let names = zip(file.fields, file.columns).map { id, column in
                    "\(fields.first { $0.id == id }?.name ?? (id == -2 ? "unused" : "field \(id)")):\(column)"
                }
                let place = file.base.map { "base path \($0): " } ?? "data/"
                let size = file.size == 0 ? "size not told" : Readable.bytes(Int(clamping: file.size))
                var lines = ["\(place)\(file.path)  \(file.version)  \(size)  \(names.joined(separator: " "))"]
                if let error = file.error { lines.append("  cannot be read: \(error)") }
                if let contents = file.contents { lines += indented(self.columnLines(contents)) }
                return indented(lines)
            }
    }

    private static func lines(_ index: ManifestInspection.Index, _ summary: String) -> [String] {
        if let error = index.error { return ["\(index.name)  cannot be read: \(error)"] }
        let files = index.files.sorted { $0.key < $1.key }
            .map { "_indices/\(index.uuid)/\($0.key)  \(Readable.bytes(Int(clamping: $0.value)))" }
        return [
            "\(index.name)  \(index.kind)  on \(index.columns.joined(separator: ", "))  built from version "
                + "\(index.datasetVersion)  covers fragments \(text(index.coveredFragments))  "
                + "\(index.isLive ? "live" : "not live")"
        ] + indented((summary.isEmpty ? [] : [summary]) + ["uuid \(index.uuid)"] + files)
    }

    /// `0-9, 12`
    private static func text(_ runs: [ManifestInspection.Run]) -> String {
        guard !runs.isEmpty else { return "none" }
        return runs.map { $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)" }.joined(separator: ", ")
    }

    // MARK: Transactions and files

    static func lines(_ transaction: TransactionInspection) -> [String] {
        var lines = ["transaction \(transaction.operation)", "  uuid \(transaction.uuid)"]
        lines.append("  read version \(transaction.readVersion)")
        if !transaction.tag.isEmpty { lines.append("  tag \(transaction.tag)") }
        return lines + indented(transaction.details) + self.lines("properties", transaction.properties)
    }

    static func lines(_ file: FileInspection) -> [String] {
        var lines = [
            "file \(file.path)", "version \(file.version)", "size \(Readable.bytes(file.size))", "rows \(file.rows)",
        ]
        lines.append("global buffers \(file.globalBuffers.count)")
        lines += indented(file.globalBuffers.map(text))
        lines.append("columns \(file.columns.count)")
        lines += indented(columnLines(file))
        return lines + self.lines("metadata", file.metadata)
    }

    private static func columnLines(_ file: FileInspection) -> [String] {
        file.columns.flatMap { column in
            let name = column.name.map { "  \($0)  \(column.type ?? "")" } ?? ""
            var lines = ["column \(column.index)\(name)  \(Readable.plural(column.pages.count, "page"))"]
            if let error = column.error { lines.append("  cannot be read: \(error)") }
            lines += column.pages.map { page in
                "  \(page.rows) rows  \(page.encoding)  \(page.buffers.map(text).joined(separator: "  "))"
            }
            return lines
        }
    }

    private static func text(_ buffer: FileInspection.Buffer) -> String { "[\(buffer.offset) + \(buffer.size)]" }

    private static func lines(_ title: String, _ entries: [String: String]) -> [String] {
        guard !entries.isEmpty else { return [] }
        return [title]
            + entries.sorted { $0.key < $1.key }.map {
                "  \($0.key) = \(Readable.line($0.value, limit: longestMetadata))"
            }
    }

    private static func indented(_ lines: [String]) -> [String] { lines.map { indent(1) + $0 } }

    private static func indent(_ depth: Int) -> String { String(repeating: "  ", count: min(depth, 32)) }
}
