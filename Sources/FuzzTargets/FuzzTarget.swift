// SPDX-License-Identifier: Apache-2.0
package import ByteCoding

/// A kind of bytes that come from outside, and a function that reads them as the product does.
///
/// Whatever the bytes are, reading ends soon, takes little memory, and throws a `Failure` or gives something well-formed.
/// The three kinds of data files are read alike; they differ in what a corpus begins with.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// A manifest file, its index section and transaction included.
    case manifest
    /// A byte that tells the form and the fragment's rows, then a deletion file.
    case deletions
    case dataFile20 = "datafile-2.0"
    case dataFile21 = "datafile-2.1"
    case dataFile22 = "datafile-2.2"
    /// `index.idx` and `auxiliary.idx`, as `TwoFiles` puts them together.
    case ivfPQ = "ivfpq"
    /// `page_lookup.lance` and `page_data.lance`, likewise.
    case btree
    case parquet

    var isDataFile: Bool {
        switch self {
        case .dataFile20, .dataFile21, .dataFile22: true
        default: false
        }
    }

    /// Reads `bytes` in every way. What it throws is a find: a `Failure` is what damaged bytes should give, and is not
    /// thrown.
    ///
    /// - Returns: the last `Failure` there was; nil where all of it could be read.
    @discardableResult
    package func read(_ bytes: [UInt8]) async throws -> Failure? {
        do {
            switch self {
            case .manifest: try await ManifestTarget.read(bytes)
            case .deletions: try await DeletionsTarget.read(bytes)
            case .dataFile20, .dataFile21, .dataFile22: try await DataFileTarget.read(bytes)
            case .ivfPQ: try await IVFPQTarget.read(bytes)
            case .btree: try await BTreeTarget.read(bytes)
            case .parquet: try ParquetTarget.read(bytes)
            }
            return nil
        } catch let failure as Failure {
            // Its text is made of the bytes too.
            _ = failure.description
            return failure
        }
    }
}
