// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// The values of a dictionary page, which stay in the page's bytes.
struct ValueDictionary: Sendable {
    let view: ByteView
    let count: Int
    /// Bytes of a value; nil where each has its own length.
    let width: Int?
    /// Where each value of varying length stands: the first byte, and the length.
    let places: [Place]

    struct Place {
        var start: UInt32
        var length: UInt32
    }

    /// `view` holds `count` values as the encoding PLAIN writes them.
    init(_ view: ByteView, count: Int, physical: PhysicalType, width: Int?) throws {
        guard physical != .boolean else { throw Failure(.unsupported, "a dictionary of Booleans cannot be read") }
        self.view = view
        self.count = count
        self.width = width
        if let width {
            let (size, overflow) = count.multipliedReportingOverflow(by: width)
            guard !overflow, size <= view.count else {
                throw view.corrupt("a dictionary of \(count) values of \(width) bytes, but it has \(view.count)")
            }
            places = []
            return
        }
        guard count <= view.count / 4 else {
            throw view.corrupt("a dictionary of \(count) values in \(view.count) bytes")
        }
        var places: [Place] = []
        places.reserveCapacity(count)
        let isShort = view.withUnsafeBytes { bytes in
            var next = 0
            for _ in 0..<count {
                guard bytes.count - next >= 4 else { return true }
                let length = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: next, as: UInt32.self))
                // A page has fewer than 2^31 bytes, so its places fit 32 bits.
                guard Int(length) <= bytes.count - next - 4 else { return true }
                places.append(Place(start: UInt32(next + 4), length: length))
                next += 4 + Int(length)
            }
            return false
        }
        guard !isShort else {
            throw view.corrupt("value \(places.count + 1) of a dictionary of \(count) is longer than its page")
        }
        self.places = places
    }
}
