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

/// Two numbers close to the n-th smallest of `count`: at least n of them are <= `above`, fewer than n <= `below`.
///
/// By halving the interval and counting, which the processor does for many numbers at a time: several times faster than
/// putting them in order, and the last bits of the border are not needed. The numbers are finite; 0 < n <= count.
func border(of numbers: UnsafePointer<Float>, _ count: Int, _ n: Int) -> (below: Float, above: Float) {
    var smallest = numbers[0]
    var largest = numbers[0]
    for index in 1..<count {
        smallest = min(smallest, numbers[index])
        largest = max(largest, numbers[index])
    }
    var below = -Float.infinity
    var above = largest
    var low = smallest
    // A part in 4096 of the spread: finer would drop a row more in a hundred.
    for _ in 0..<12 {
        let middle = low + (above - low) / 2
        guard middle < above, middle >= low else { break }
        var found: Int32 = 0
        for index in 0..<count { found &+= numbers[index] <= middle ? 1 : 0 }
        if found >= n {
            above = middle
            if found == n { break }
        } else {
            below = middle
            low = middle
        }
    }
    return (below, above)
}
