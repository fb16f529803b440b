// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import VectorMath

/// What an IVF_PQ index is built with.
package struct IVFPQParameters: Sendable, Equatable {
    package let metric: Metric
    package let partitions: Int
    package let bits: Int
    package let subVectors: Int
    package let seed: UInt64

    /// As many sub-vectors as make codes of at most 48 bytes, so long as the vectors are short enough for it.
    private static let usualSubVectors = 48
    private static let longVectors = 1024
    private static let longVectorWidth = 16
    /// Fewer rows a partition than this and probing costs more than it saves.
    private static let rowsPerPartition = 256

    /// Checks what was asked for and chooses the rest.
    ///
    /// - Parameter rows: how many vectors can be indexed.
    /// - Throws: `invalid_argument` with the numbers and what to do.
    package init(
        rows: Int, dimension: Int, metric: Metric, partitions: Int?, bits: Int, subVectors: Int?, seed: UInt64
    ) throws {
        func refuse(_ message: String) -> Failure { Failure(.invalidArgument, message) }
        guard bits == 8 || bits == 4 else { throw refuse("codes have 8 or 4 bits, not \(bits); leave the number out") }
        guard let usual = Self.usual(dimension, bits) else {
            throw refuse(
                "4-bit codes come in pairs, and \(dimension) dimensions have no even divisor; use 8 bits"
                    + (rows < 256 ? ", when the table has at least 256 vectors (it has \(rows))" : ""))
        }
        if let remedy = Self.remedy(rows: rows, dimension: dimension, bits: bits, subVectors: subVectors) {
            throw refuse(
                "an index with \(bits)-bit codes needs at least \(1 << bits) vectors to learn from, and the table has "
                    + "\(rows); \(remedy)")
        }
        if let partitions {
            guard partitions >= 1 else {
                throw refuse("an index has at least 1 partition, not \(partitions); leave the number out")
            }
            guard partitions <= rows else {
                throw refuse(
                    "\(partitions) partitions for \(rows) vectors; ask for at most \(rows), or leave the number out")
            }
        }
        self.partitions =
            partitions ?? max(1, min(Int(Double(rows).squareRoot()), rows / Self.rowsPerPartition))
        if let subVectors {
            guard subVectors >= 1, dimension % subVectors == 0 else {
                throw refuse(
                    "\(dimension) dimensions cannot be cut into \(subVectors) equal sub-vectors; choose "
                        + (bits == 8 ? "a divisor" : "an even divisor") + ", such as \(usual)")
            }
            guard bits == 8 || subVectors % 2 == 0 else {
                throw refuse(
                    "4-bit codes come in pairs, and \(subVectors) sub-vectors are an odd number; choose an even divisor "
                        + "of the \(dimension) dimensions, such as \(usual)")
            }
        }
        self.subVectors = subVectors ?? usual
        self.metric = metric
        self.bits = bits
        self.seed = seed
    }

    /// What to do where there are too few vectors to learn from; nil where there are enough.
    private static func remedy(rows: Int, dimension: Int, bits: Int, subVectors: Int?) -> String? {
        guard rows < 1 << bits else { return nil }
        var remedies: [String] = []
        if bits == 8, rows >= 16, let usual = usual(dimension, 4) {
            let isOdd = subVectors.map { $0 < 1 || dimension % $0 != 0 || $0 % 2 != 0 } ?? false
            remedies.append("use 4 bits" + (isOdd ? " and an even number of sub-vectors, such as \(usual)" : ""))
        }
        remedies.append("append vectors")
        remedies.append("or search without an index, which compares all rows exactly")
        return remedies.joined(separator: ", ")
    }

    /// The largest number of sub-vectors within the usual size of codes; nil where 4 bits have no even one.
    private static func usual(_ dimension: Int, _ bits: Int) -> Int? {
        let most = dimension >= longVectors ? dimension / longVectorWidth : min(usualSubVectors, dimension)
        return stride(from: most, through: 1, by: -1).first { dimension % $0 == 0 && (bits == 8 || $0 % 2 == 0) }
    }
}
