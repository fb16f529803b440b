// SPDX-License-Identifier: Apache-2.0

/// Brings the centroids of a cosine index to one length.
///
/// k-means ends with means of unit vectors, which are the shorter the wider their rows are spread. For a query the
/// nearest of them is then not the one at the smallest angle: wide partitions are probed late. With one length nearest
/// means smallest angle, for rows and for queries, whatever the length is.
///
/// So the length is free, and with codes of up to a bit a dimension made a third of what it was. Such codes shrink: they
/// tell rows of a partition apart by half of their difference or so. A centroid does not, and with centroids as long as
/// the means partitions that are a little nearer to the query would win over rows that are. A residual of almost the
/// whole row is shrunk as a whole. Codes of two bits and more hardly shrink, and keep the length
/// (`docs/decisions/0008-codes-that-keep-the-order.md` has the figures).
enum CentroidLengths {
    /// Of the mean of the lengths, with few bits. Between 0.2 and 0.5 recall is nearly the same.
    private static let shortest = 0.35

    /// - Parameters:
    ///   - centroids: of `dimension` finite floats each. One that is zero has no direction and stays.
    ///   - sizes: the rows of each.
    ///   - bits: of a row's codes, for each dimension.
    static func equalize(_ centroids: inout [Float], sizes: [Int], dimension: Int, bits: Double) {
        let part = min(max(shortest + (1 - shortest) * (bits - 1), shortest), 1)
        var lengths: [Double] = []
        var sum = 0.0
        for (index, size) in sizes.enumerated() {
            var squared = 0.0
            for component in centroids[index * dimension..<(index + 1) * dimension] {
                squared += Double(component) * Double(component)
            }
            lengths.append(squared.squareRoot())
            sum += squared.squareRoot() * Double(size)
        }
        let common = part * sum / Double(max(sizes.reduce(0, +), 1))
        for (index, length) in lengths.enumerated() where length > 0 && common > 0 {
            for place in index * dimension..<(index + 1) * dimension {
                centroids[place] = Float(Double(centroids[place]) / length * common)
            }
        }
    }
}
