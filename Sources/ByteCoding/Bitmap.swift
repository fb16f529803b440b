// SPDX-License-Identifier: Apache-2.0

/// A packed run of bits, least significant bit first, as Arrow and Lance store validity (1 = valid) and booleans.
package struct Bitmap: Sendable {
    private let view: ByteView
    private let bitOffset: Int
    package let count: Int

    /// Bits `bitOffset ..< bitOffset + count` of `view`; throws where the view is too short.
    package init(_ view: ByteView, bitOffset: Int = 0, count: Int) throws {
        let bits = view.count.multipliedReportingOverflow(by: 8)
        let available = bits.overflow ? Int.max : bits.partialValue
        guard bitOffset >= 0, count >= 0, bitOffset <= available, count <= available - bitOffset else {
            throw view.corrupt("a bitmap of \(count) bits: only \(view.count) bytes are there")
        }
        self.init(unchecked: view, bitOffset: bitOffset, count: count)
    }

    fileprivate init(unchecked view: ByteView, bitOffset: Int, count: Int) {
        self.view = view
        self.bitOffset = bitOffset
        self.count = count
    }

    package init(_ bits: some Collection<Bool>) {
        var builder = BitmapBuilder()
        for bit in bits { builder.append(bit) }
        self = builder.finish()
    }

    package init(repeating bit: Bool, count: Int) {
        var builder = BitmapBuilder()
        builder.append(repeating: bit, count: count)
        self = builder.finish()
    }

    package subscript(_ index: Int) -> Bool {
        precondition(index >= 0 && index < count)
        let bit = bitOffset + index
        return view.start.load(fromByteOffset: bit >> 3, as: UInt8.self) >> UInt8(bit & 7) & 1 == 1
    }

    package func slice(_ range: Range<Int>) -> Bitmap {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return Bitmap(unchecked: view, bitOffset: bitOffset + range.lowerBound, count: range.count)
    }

    /// How many bits are 1.
    package var ones: Int {
        var total = 0
        var index = 0
        view.withUnsafeBytes { bytes in
            while index < count, (bitOffset + index) & 7 != 0 {
                total += self[index] ? 1 : 0
                index += 1
            }
            while count - index >= 64 {
                let word = bytes.loadUnaligned(fromByteOffset: (bitOffset + index) >> 3, as: UInt64.self)
                total += word.nonzeroBitCount
                index += 64
            }
            while index < count {
                total += self[index] ? 1 : 0
                index += 1
            }
        }
        return total
    }

    package var zeros: Int { count - ones }

    /// The bits as bytes that start at a byte's first bit; unused bits of the last byte are 0.
    package var packed: [UInt8] {
        var result = [UInt8](repeating: 0, count: (count + 7) / 8)
        if bitOffset & 7 == 0 {
            view.withUnsafeBytes { source in
                let first = bitOffset >> 3
                for index in result.indices { result[index] = source[first + index] }
            }
            if count & 7 != 0 { result[result.count - 1] &= UInt8((1 << (count & 7)) - 1) }
        } else {
            for index in 0..<count where self[index] { result[index >> 3] |= 1 << UInt8(index & 7) }
        }
        return result
    }
}

/// Collects bits for a `Bitmap`.
package struct BitmapBuilder: Sendable {
    private var bytes: [UInt8] = []
    package private(set) var count = 0
    package private(set) var zeros = 0

    package init() {}

    package mutating func append(_ bit: Bool) {
        if count & 7 == 0 { bytes.append(0) }
        if bit { bytes[count >> 3] |= 1 << UInt8(count & 7) } else { zeros += 1 }
        count += 1
    }

    package mutating func append(repeating bit: Bool, count more: Int) {
        var left = more
        while left > 0, count & 7 != 0 {
            append(bit)
            left -= 1
        }
        let whole = left / 8
        bytes.append(contentsOf: repeatElement(bit ? 0xff : 0, count: whole))
        count += whole * 8
        if !bit { zeros += whole * 8 }
        for _ in 0..<(left & 7) { append(bit) }
    }

    package mutating func append(_ other: Bitmap) {
        for index in 0..<other.count { append(other[index]) }
    }

    package func finish(name: String = "bitmap") -> Bitmap {
        // Unchecked: `bytes` grew with `count`.
        Bitmap(unchecked: Region(copying: bytes, name: name).view, bitOffset: 0, count: count)
    }
}
