// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Testing
import TestSupport

/// Bitmaps against arrays of `Bool`.
struct BitmapTests {
    private func check(_ bitmap: Bitmap, _ model: [Bool], _ context: String) throws {
        try #require(bitmap.count == model.count, "\(context)")
        #expect((0..<model.count).allSatisfy { bitmap[$0] == model[$0] }, "\(context)")
        #expect(bitmap.ones == model.count { $0 }, "\(context)")
        #expect(bitmap.zeros == model.count { !$0 }, "\(context)")
        var packed = [UInt8](repeating: 0, count: (model.count + 7) / 8)
        for (index, bit) in model.enumerated() where bit { packed[index / 8] |= 1 << UInt8(index % 8) }
        #expect(bitmap.packed == packed, "\(context)")
    }

    @Test func windowsOnRandomBytes() throws {
        var random = SplitMix64(seed: 11)
        for round in 0..<400 {
            let bytes = random.bytes(random.below(60))
            let model = (0..<bytes.count * 8).map { bytes[$0 / 8] >> UInt8($0 % 8) & 1 == 1 }
            // A view that does not begin at its region's first byte.
            let view = try ByteView(copying: [0xff] + bytes + [0xff]).slice(1, bytes.count)
            let range = random.range(in: model.count)
            let bitmap = try Bitmap(view, bitOffset: range.lowerBound, count: range.count)
            try check(bitmap, Array(model[range]), "round \(round)")
            let part = random.range(in: range.count)
            let slice = Array(model[range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound])
            try check(bitmap.slice(part), slice, "round \(round), slice \(part)")
        }
    }

    @Test func boundsAreChecked() throws {
        let view = ByteView(copying: [0xff, 0xff])
        for (offset, count) in [
            (0, 17), (16, 1), (17, 0), (-1, 1), (0, -1), (Int.max, 1), (1, Int.max), (Int.max, Int.max), (Int.min, 0),
        ] {
            #expect(throws: Failure.self) { try Bitmap(view, bitOffset: offset, count: count) }
        }
        #expect(try Bitmap(view, bitOffset: 16, count: 0).packed == [])
        #expect(try Bitmap(.empty, count: 0).ones == 0)
    }

    @Test func buildersAgreeWithTheModel() throws {
        var random = SplitMix64(seed: 12)
        for round in 0..<300 {
            var builder = BitmapBuilder()
            var model: [Bool] = []
            for _ in 0..<random.below(8) {
                let bit = random.chance(0.5)
                switch random.below(3) {
                case 0:
                    builder.append(bit)
                    model.append(bit)
                case 1:
                    let count = random.below(40)
                    builder.append(repeating: bit, count: count)
                    model += Array(repeating: bit, count: count)
                default:
                    let more = (0..<random.below(30)).map { _ in random.chance(0.5) }
                    let cut = random.range(in: more.count)
                    builder.append(Bitmap(more).slice(cut))
                    model += more[cut]
                }
            }
            #expect(builder.count == model.count)
            #expect(builder.zeros == model.count { !$0 })
            try check(builder.finish(), model, "round \(round)")
        }
        try check(Bitmap(repeating: true, count: 13), Array(repeating: true, count: 13), "repeated")
        try check(Bitmap(repeating: false, count: 0), [], "empty")
    }
}
