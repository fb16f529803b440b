// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceTable
import VectorMath

/// Some of the rows that can be indexed, chosen at random and copied one after another, in random order: any first part
/// of them is a sample too.
final class TrainingSample: Sendable {
    let floats: FloatBuffer
    let count: Int

    /// - Parameter stillWanted: asked now and then; what it throws ends this.
    init(
        _ rows: VectorRows, _ survey: VectorSurvey, count wanted: Int, seed: UInt64, stillWanted: () throws -> Void
    ) throws {
        let dimension = rows.dimension
        var random = SeededRandom(seed: seed ^ 0x7361_6d70_6c65)
        // Going through the rows, each is taken with the probability that makes all choices equally likely.
        let count = min(wanted, survey.valid)
        let places = random.sample(count, of: count)
        let floats = FloatBuffer(count: count * dimension)
        var left = survey.valid
        var taken = 0
        for part in rows.parts where taken < count {
            try stillWanted()
            try part.withFloats { source, _ in
                for row in 0..<part.count where survey.scales.base[part.first + row] != 0 {
                    if random.below(left) < count - taken {
                        survey.copy(
                            part.first + row, source + row * dimension, dimension,
                            to: floats.base + Int(places[taken]) * dimension)
                        taken += 1
                    }
                    left -= 1
                }
            }
        }
        self.floats = floats
        self.count = taken
    }
}
