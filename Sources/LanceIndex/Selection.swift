// SPDX-License-Identifier: Apache-2.0

/// Moves the `n` smallest of `count` elements to the front, in any order: quickselect with the median of three.
///
/// For NaN-free orders. Worst case quadratic, for arrays of a few thousand at most.
@inline(__always)
func selectSmallest<Element: Comparable & BitwiseCopyable>(
    _ base: UnsafeMutablePointer<Element>, count: Int, _ n: Int
) {
    guard n > 0, n < count else { return }
    var low = 0
    var high = count - 1
    while low < high {
        if high - low < 12 {
            sortSmall(base + low, count: high - low + 1)
            return
        }
        let middle = low + (high - low) / 2
        if base[middle] < base[low] { swap(base, middle, low) }
        if base[high] < base[low] { swap(base, high, low) }
        if base[high] < base[middle] { swap(base, high, middle) }
        let pivot = base[middle]
        var left = low
        var right = high
        while left <= right {
            while base[left] < pivot { left += 1 }
            while pivot < base[right] { right -= 1 }
            if left <= right {
                swap(base, left, right)
                left += 1
                right -= 1
            }
        }
        if n - 1 <= right {
            high = right
        } else if n - 1 >= left {
            low = left
        } else {
            return
        }
    }
}

@inline(__always)
private func swap<Element: BitwiseCopyable>(_ base: UnsafeMutablePointer<Element>, _ a: Int, _ b: Int) {
    let element = base[a]
    base[a] = base[b]
    base[b] = element
}

@inline(__always)
private func sortSmall<Element: Comparable & BitwiseCopyable>(_ base: UnsafeMutablePointer<Element>, count: Int) {
    var index = 1
    while index < count {
        let element = base[index]
        var place = index
        while place > 0, element < base[place - 1] {
            base[place] = base[place - 1]
            place -= 1
        }
        base[place] = element
        index += 1
    }
}

/// Two numbers close to the n-th smallest of `count`: at least n of them are <= `above`, at most n <= `below`.
///
/// By narrowing an interval and counting, which the processor does for many numbers at a time: several times faster than
/// putting them in order, and the last bits of the border are not needed. The numbers are finite; 0 < n <= count.
func border(of numbers: UnsafePointer<Float>, _ count: Int, _ n: Int) -> (below: Float, above: Float) {
    let whole = count / 8 * 8
    var lows = SIMD8<Float>(repeating: numbers[0])
    var highs = lows
    var index = 0
    while index < whole {
        let part = eight(numbers, index)
        lows.replace(with: part, where: part .< lows)
        highs.replace(with: part, where: part .> highs)
        index += 8
    }
    var low = lows.min()
    var above = highs.max()
    while index < count {
        low = min(low, numbers[index])
        above = max(above, numbers[index])
        index += 1
    }
    var below = -Float.infinity
    // How many are <= low, and <= above. Between them the numbers are taken to be spread evenly; every second step halves
    // the interval, lest one that is not takes long.
    var (fewer, more) = (0, count)
    for step in 0..<10 where more - fewer > 2 {
        let part = step % 2 == 0 ? max(Float(n - fewer) / Float(more - fewer), 1 / 64) : 0.5
        let middle = low + (above - low) * part
        guard middle < above, middle >= low else { break }
        let found = countUpTo(middle, numbers, count)
        if found == n { return (middle, middle) }
        if found > n {
            above = middle
            more = found
        } else {
            below = middle
            low = middle
            fewer = found
        }
    }
    return (below, above)
}

@inline(__always)
private func eight(_ numbers: UnsafePointer<Float>, _ index: Int) -> SIMD8<Float> {
    UnsafeRawPointer(numbers + index).loadUnaligned(as: SIMD8<Float>.self)
}

/// How many of the numbers are <= `limit`.
@inline(__always)
private func countUpTo(_ limit: Float, _ numbers: UnsafePointer<Float>, _ count: Int) -> Int {
    let limits = SIMD8<Float>(repeating: limit)
    // A comparison's mask is -1 in each lane that it holds for.
    var found = SIMD8<Int32>.zero
    var index = 0
    while index + 8 <= count {
        let mask = eight(numbers, index) .<= limits
        found = found &- unsafeBitCast(mask, to: SIMD8<Int32>.self)
        index += 8
    }
    var total = Int(found.wrappedSum())
    while index < count {
        total += numbers[index] <= limit ? 1 : 0
        index += 1
    }
    return total
}
