// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceProto
import SwiftProtobuf
import Testing
import TestSupport

/// Small files that stand for much: more than is good for the memory throws, and says whether fewer rows can be read.
struct SmallForMuchTests {
    /// A zstd frame of `first` and then zeros, of which four bytes stand for 128 KiB.
    private static func frame(_ first: [UInt8], zeros: Int) -> [UInt8] {
        var frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0xe0] + buffer([UInt64(first.count + zeros)])
        func block(_ kind: UInt32, _ size: Int, isLast: Bool, _ bytes: [UInt8]) {
            frame += buffer([UInt32(size) << 3 | kind << 1 | (isLast ? 1 : 0)]).prefix(3) + bytes
        }
        block(0, first.count, isLast: false, first)
        for start in stride(from: 0, to: zeros, by: 1 << 17) {
            block(1, min(1 << 17, zeros - start), isLast: start + 1 << 17 >= zeros, [0])
        }
        return frame
    }

    private func tooMuch(_ what: String, _ body: () async throws -> Column) async throws {
        do {
            _ = try await body()
        } catch let failure as Failure where failure.isTooMuch {
            return
        }
        throw CheckFailure("\(what): it was read")
    }

    /// One row, a list of so many items that all have one value: its levels are a few kilobytes.
    @Test(arguments: [20_000_000, 100_000_000]) func itemsThatTakeNoBytes(_ count: Int) async throws {
        let levels = Self.frame([1, 0], zeros: count * 2 - 2)
        let layout = ProtoPageLayout.with {
            $0.constant.layers = [.layerAllValidItem, .layerAllValidList]
            $0.constant.inlineValue = Data([7])
            $0.constant.repCompression = .general(.schemeZstd, .flat(16))
            $0.constant.numRepValues = UInt64(count)
        }
        var file = HandMadeFile(
            "list", rows: 1, layout: layout, [buffer([UInt64(count * 2)]) + levels, []])
        file.item = ("int8", [])
        let column = try file.column()
        try await HeavyWork.bounded(100 << 20) {
            try await tooMuch("levels") { try await column.read(0..<1) }
            try await tooMuch("levels, taken") { try await column.take([0]) }
        }
    }

    /// Chunks of a few bytes, each of which has all the values that a chunk may have.
    @Test func chunksOfManyItems() async throws {
        let (chunks, each) = (3000, 1 << 15)
        let values = buffer([UInt64(each)]) + Self.frame([1], zeros: each - 1)
        let runs = [UInt8](repeating: 255, count: each / 255 + 1)
        // Of the levels only the very first begins a row.
        func levels(_ first: UInt16) -> [UInt8] {
            let values = [first] + [UInt16](repeating: 0, count: runs.count)
            return buffer([UInt64(values.count * 2)]) + buffer(values) + [1] + runs
        }
        var words = ByteWriter()
        var data = ByteWriter()
        for number in 0..<chunks {
            let repetition = levels(number == 0 ? 1 : 0)
            let start = data.count
            data.write(UInt16(each))
            data.write(UInt16(repetition.count))
            data.write(UInt32(values.count))
            data.write(repetition)
            data.pad(toMultipleOf: 8)
            data.write(values)
            data.pad(toMultipleOf: 8)
            words.write(UInt32((data.count - start) / 8 - 1) << 4 | 15)
        }
        let layout = ProtoPageLayout.with {
            $0.miniBlock.valueCompression = .general(.schemeZstd, .flat(8))
            $0.miniBlock.repCompression = .runs(16)
            $0.miniBlock.numBuffers = 1
            $0.miniBlock.numItems = UInt64(chunks * each)
            $0.miniBlock.layers = [.layerAllValidItem, .layerAllValidList]
            $0.miniBlock.hasLargeChunk_p = true
            $0.miniBlock.repetitionIndexDepth = 1
        }
        var index: [UInt64] = []
        for number in 0..<chunks { index += number == chunks - 1 ? [1, 0] : [0, 1] }
        var file = HandMadeFile("list", rows: 1, layout: layout, [words.bytes, data.bytes, buffer(index)])
        file.item = ("int8", [])
        let column = try file.column()
        try await HeavyWork.bounded(300 << 20) {
            try await tooMuch("chunks") { try await column.read(0..<1) }
        }
    }

    /// Version 2.0: a list of a billion items, whose dictionary has no indices but nulls.
    @Test func listsOfNulls() async throws {
        let count = UInt64(1 << 28)
        let list = ProtoArrayEncoding.with {
            $0.list.offsets = .noNulls(.flat(64))
            $0.list.nullOffsetAdjustment = count + 1
            $0.list.numItems = count
        }
        for (type, items) in [
            ("string", ProtoArrayEncoding.dictionary(.allNulls, .allNulls, count: 1)), ("null", .allNulls),
            ("int8", .allNulls),
        ] {
            var file = HandMadeFile("list", rows: 1, list, [buffer([count])])
            file.item = (type, [HandMadeFile.Page(rows: count, encoding: items)])
            let column = try file.column()
            try await HeavyWork.bounded(100 << 20) {
                try await tooMuch(type) { try await column.read(0..<1) }
            }
        }
    }

    /// Few rows of a dictionary with a long text are there; all of them at once are too many, which a scan is told.
    @Test func longTextsInADictionary() async throws {
        let length = 100_000
        let items = buffer([UInt64(length)]) + [UInt8](repeating: 65, count: length)
        let indices = [UInt8](repeating: 1, count: 8192)
        let file = HandMadeFile(
            "string", rows: 8192,
            .dictionary(
                .noNulls(.flat(8)), .binary(.noNulls(.flat(64, 1)), .flat(8, 2), adjustment: 1 << 40), count: 1),
            [indices, Array(items.prefix(8)), Array(items.dropFirst(8))])
        let column = try file.column()
        try await HeavyWork.bounded(200 << 20) {
            try await tooMuch("all") { try await column.read(0..<8192) }
            let some = try await column.read(8000..<8100)
            try check(some.count == 100 && some.byteCount == 100 * (length + 8), "some rows")
        }
    }

    /// Records of a full-zip page that lie over each other: every other row has all the bytes there are.
    @Test func valuesOverEachOther() async throws {
        let (rows, length) = (8192, 200_000)
        let layout = ProtoPageLayout.with {
            $0.fullZip.layers = [.layerAllValidItem]
            $0.fullZip.bitsPerOffset = 32
            $0.fullZip.numItems = UInt32(rows)
            $0.fullZip.numVisibleItems = UInt32(rows)
            $0.fullZip.valueCompression = .variable(32)
        }
        let record = buffer([UInt32(length)]) + [UInt8](repeating: 65, count: length)
        let index = (0...rows).map { $0 % 2 == 0 ? 0 : UInt32(record.count) }
        let file = HandMadeFile("string", rows: UInt64(rows), layout: layout, [record, buffer(index)])
        let column = try file.column()
        try await HeavyWork.bounded(100 << 20) {
            try check(try await column.take([4]).byteCount == length + 8, "a row")
            try await expectFailure([.corrupt], "every other row") {
                try await column.take(Array(stride(from: 0, to: rows, by: 2)))
            }
        }
    }

    /// Blobs that are all the same bytes. True ones of that size are read some at a time, so a scan must be told.
    @Test func blobsOverEachOther() async throws {
        let (rows, length) = (8192, 1 << 20)
        let records = (0..<rows).flatMap { _ in [UInt64(64), UInt64(length)] }
        var file = HandMadeFile(
            "large_binary", rows: UInt64(rows), .with { $0.packedStruct.buffer = .with { $0.bufferIndex = 1 } },
            [[UInt8](repeating: 1, count: 64 + length), buffer(records)])
        file.fieldMetadata = ["lance-encoding:blob": "true"]
        let column = try file.column()
        try await HeavyWork.bounded(300 << 20) {
            try await tooMuch("all") { try await column.read(0..<rows) }
            try check(try await column.read(7..<9).byteCount == 2 * (length + 8), "two rows")
        }
    }
}
