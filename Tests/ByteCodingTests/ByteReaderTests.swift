// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Testing
import TestSupport

struct ByteReaderTests {
    private func varint(_ bytes: [UInt8]) throws -> (UInt64, Int) {
        var reader = ByteReader(ByteView(copying: bytes))
        return (try reader.varint(), reader.position)
    }

    private func encoded(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    @Test func varintsRoundTrip() throws {
        var random = SplitMix64(seed: 1)
        var values = (0..<64).flatMap { [UInt64(1) << $0, (UInt64(1) << $0) &- 1] } + [UInt64.max]
        for _ in 0..<500 { values.append(random.next() >> UInt64(random.below(64))) }
        for value in values {
            let bytes = encoded(value)
            #expect(try varint(bytes + [0xff]) == (value, bytes.count))
        }
    }

    @Test func varintEdges() throws {
        // Longer than needed, as protobuf allows it.
        #expect(try varint([0x80, 0x00]).0 == 0)
        #expect(try varint([0xff, 0x80, 0x80, 0x00]).0 == 0x7f)
        #expect(try varint([UInt8](repeating: 0xff, count: 9) + [0x01]).0 == UInt64.max)
        #expect(try varint([UInt8](repeating: 0x80, count: 9) + [0x01]).0 == 1 << 63)
        // Bit 64 and beyond, an eleventh byte, and the end of the bytes.
        #expect(throws: Failure.self) { try varint([UInt8](repeating: 0xff, count: 9) + [0x02]) }
        #expect(throws: Failure.self) { try varint([UInt8](repeating: 0x80, count: 9) + [0x81, 0x00]) }
        #expect(throws: Failure.self) { try varint([UInt8](repeating: 0x80, count: 100)) }
        #expect(throws: Failure.self) { try varint([0x80]) }
        #expect(throws: Failure.self) { try varint([]) }
    }

    @Test func zigzag() throws {
        for (raw, value) in [
            (UInt64(0), Int64(0)), (1, -1), (2, 1), (3, -2), (UInt64.max, Int64.min), (UInt64.max - 1, Int64.max),
        ] {
            var reader = ByteReader(ByteView(copying: encoded(raw)))
            #expect(try reader.zigzag() == value)
        }
    }

    @Test func aFailedReadDoesNotMoveTheReader() throws {
        var reader = ByteReader(ByteView(copying: [1, 2, 3]))
        #expect(try reader.read(UInt8.self) == 1)
        #expect(throws: Failure.self) { try reader.read(UInt64.self) }
        for length in [3, -1, Int.max, Int.min] {
            #expect(throws: Failure.self) { try reader.bytes(length) }
            #expect(throws: Failure.self) { try reader.skip(length) }
        }
        #expect(reader.position == 1)
        #expect(reader.remaining == 2)
        #expect(try reader.bytes(2).bytes == [2, 3])
        #expect(reader.isAtEnd)
        #expect(reader.corrupt("x").offset == 3)
    }

    @Test func writerAndReaderAgree() throws {
        var writer = ByteWriter()
        writer.write(UInt8(1))
        writer.write(Int16(-2))
        writer.write(UInt32(0xdead_beef))
        writer.write(Int64.min)
        writer.pad(toMultipleOf: 8, with: 0x48)
        #expect(writer.count == 16)
        writer.pad(toMultipleOf: 8)
        #expect(writer.count == 16)
        writer.write(elements: [Float(1.5), -2])
        writer.write(elements: Set([UInt16(7)]))
        writer.write(ByteView(copying: [9, 8]))
        var reader = ByteReader(ByteView(copying: writer.bytes))
        #expect(try reader.read() as UInt8 == 1)
        #expect(try reader.read() as Int16 == -2)
        #expect(try reader.read() as UInt32 == 0xdead_beef)
        #expect(try reader.read() as Int64 == Int64.min)
        #expect(try reader.read() as UInt8 == 0x48)
        #expect(Float(bitPattern: try reader.read()) == 1.5)
        #expect(Float(bitPattern: try reader.read()) == -2)
        #expect(try reader.read() as UInt16 == 7)
        #expect(try reader.bytes(2).bytes == [9, 8])
        #expect(reader.isAtEnd)
        writer.removeAll()
        #expect(writer.isEmpty)
    }
}
