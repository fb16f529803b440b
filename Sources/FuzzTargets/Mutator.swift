// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import TestSupport

/// Changes inputs so that what holds them together, lengths and offsets, mostly stays right: else hardly any change
/// would come past the first check.
package struct Mutator {
    /// Changes bytes in some way, perhaps their number too; the result may have `most` bytes.
    package typealias Scramble = (_ bytes: [UInt8], _ most: Int) -> [UInt8]

    var random: SplitMix64
    private let scramble: Scramble?

    /// - Parameter scramble: how bytes are changed of which nothing is known; nil for a way of its own.
    package init(seed: UInt64, scramble: Scramble? = nil) {
        random = SplitMix64(seed: seed)
        self.scramble = scramble
    }

    /// A changed input of at most `most` bytes.
    package mutating func mutate(_ bytes: [UInt8], for target: FuzzTarget, most: Int) -> [UInt8] {
        var changed = bytes
        for _ in 0..<(random.chance(0.7) ? 1 : 2) { changed = change(changed, target, most) ?? raw(changed, most) }
        return changed.count <= most ? changed : raw(bytes, most)
    }

    /// Nil where the input is not what it should be, and there is nothing to hold on to.
    private mutating func change(_ bytes: [UInt8], _ target: FuzzTarget, _ most: Int) -> [UInt8]? {
        if random.chance(0.05) { return nil }
        switch target {
        case .manifest: return manifest(bytes, most)
        case .deletions: return window(bytes, in: bytes.indices)
        case .dataFile20, .dataFile21, .dataFile22: return dataFile(bytes, most)
        case .ivfPQ, .btree:
            var files = TwoFiles(parsing: bytes)
            if random.chance(0.5) {
                guard let changed = dataFile(files.first, most - files.second.count - 4) else { return nil }
                files.first = changed
            } else {
                guard let changed = dataFile(files.second, most - files.first.count - 4) else { return nil }
                files.second = changed
            }
            return files.bytes
        case .parquet: return parquet(bytes, most)
        }
    }

    // MARK: Bytes

    /// Bytes of which nothing is known.
    mutating func raw(_ bytes: [UInt8], _ most: Int) -> [UInt8] {
        if let scramble { return scramble(bytes, most) }
        guard !bytes.isEmpty else { return [UInt8(truncatingIfNeeded: random.next())] }
        var changed = bytes
        let place = random.below(changed.count)
        switch random.below(6) {
        case 0: changed.remove(at: place)
        case 1: changed.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
        case 2: write(number(), UInt8(1 << random.below(4)), at: place, in: &changed)
        case 3: changed[place] ^= 1 << UInt8(random.below(8))
        case 4: changed[place] = changed[place] &+ (random.chance(0.5) ? 1 : 0xff)
        default: changed[place] = UInt8(truncatingIfNeeded: random.next())
        }
        return Array(changed.prefix(most))
    }

    /// The same bytes but for some of `range`, and as many.
    mutating func window(_ bytes: [UInt8], in range: Range<Int>) -> [UInt8] {
        guard !range.isEmpty else { return bytes }
        var changed = bytes
        let start = range.lowerBound + random.below(range.count)
        let length = min(1 + random.below(random.chance(0.8) ? 8 : 64), range.upperBound - start)
        if random.chance(0.3) {
            write(number(), UInt8(1 << random.below(4)), at: start, in: &changed)
            return changed
        }
        let part = raw(Array(bytes[start..<start + length]), length)
        changed.replaceSubrange(start..<start + min(part.count, length), with: part.prefix(length))
        return changed
    }

    /// A little-endian integer over what is there.
    private func write(_ number: UInt64, _ width: UInt8, at place: Int, in bytes: inout [UInt8]) {
        for index in 0..<min(Int(width), bytes.count - place) {
            bytes[place + index] = UInt8(truncatingIfNeeded: number >> UInt64(index * 8))
        }
    }

    /// One at which sums, products and conversions go wrong, or a small one.
    mutating func number() -> UInt64 {
        switch random.below(4) {
        case 0: return UInt64(random.below(20))
        case 1: return UInt64(1) << UInt64(random.below(64))
        case 2: return (UInt64(1) << UInt64(random.below(64))) &- 1
        default:
            let numbers: [UInt64] = [
                .max, .max - 1, UInt64(Int64.max), UInt64(UInt32.max), UInt64(Int32.max), 1 << 32, 4096, 1024, 65_535,
                0x8000_0000, 127, 128, 255, 256,
            ]
            return numbers[random.below(numbers.count)]
        }
    }
}
