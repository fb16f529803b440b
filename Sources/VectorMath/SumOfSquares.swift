// SPDX-License-Identifier: Apache-2.0

/// The sum of the squares of `count` floats in double precision, where no float's square overflows.
package func sumOfSquares(_ floats: UnsafePointer<Float>, count: Int) -> Double {
    // Eight sums that do not wait for each other.
    var sums = SIMD8<Double>.zero
    var index = 0
    while index + 8 <= count {
        let eight = SIMD8<Double>(UnsafeRawPointer(floats + index).loadUnaligned(as: SIMD8<Float>.self))
        sums += eight * eight
        index += 8
    }
    var sum = sums.sum()
    while index < count {
        sum += Double(floats[index]) * Double(floats[index])
        index += 1
    }
    return sum
}
