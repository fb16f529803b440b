// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

extension ArrayDecoder {
    /// One item a row, by numbers that are inside `items`; nil is null. A few bytes of a file can repeat a long item any
    /// number of times, or have very many rows of no byte, so each kind of item is made in one go.
    static func expand(_ items: Column, _ wanted: [Int?]) throws -> Column {
        var validity = BitmapBuilder()
        for item in wanted { validity.append(item.map { !items.isNull($0) } ?? false) }
        let hasNulls = validity.zeros > 0 && items.type != .null
        return try Column(
            items.type, count: wanted.count, validity: hasNulls ? validity.finish() : nil,
            storage: expandedStorage(items, wanted))
    }

    private static func expandedStorage(_ items: Column, _ wanted: [Int?]) throws -> Column.Storage {
        switch items.storage {
        case .none: return .none
        case .bits(let bits): return .bits(Bitmap(wanted.map { $0.map { bits[$0] } ?? false }))
        case .fixed(let values): return .fixed(try gather(values, items.type.byteWidth ?? 0, wanted))
        case .variable(let offsets, let data): return try gather(offsets, data, wanted)
        case .fixedSizeList(let values, let length):
            if case .fixed(let view) = values.storage, values.validity == nil {
                let width = try LayoutDecoder.made(length, values.type.byteWidth ?? 0)
                let part = try Column(
                    values.type, count: LayoutDecoder.made(wanted.count, length),
                    storage: .fixed(gather(view, width, wanted)))
                return .fixedSizeList(items: part, length: length)
            }
            // The numbers take more than most values.
            let count = try LayoutDecoder.made(wanted.count, length)
            _ = try LayoutDecoder.made(count, MemoryLayout<Int?>.stride)
            var numbers: [Int?] = []
            numbers.reserveCapacity(count)
            for item in wanted { for index in 0..<length { numbers.append(item.map { $0 * length + index }) } }
            return .fixedSizeList(items: try expand(values, numbers), length: length)
        case .structure(let members):
            // All of them together, and the offsets of those that have some.
            _ = try LayoutDecoder.made(wanted.count, items.type.rowBytes)
            return .structure(try members.map { try expand($0, wanted) })
        case .list: throw Failure(.unsupported, "a dictionary of \(items.type) is not supported")
        }
    }

    private static func gather(_ values: ByteView, _ width: Int, _ wanted: [Int?]) throws -> ByteView {
        let size = try LayoutDecoder.made(wanted.count, width)
        return Region(count: size, name: values.region.name) { target in
            values.withUnsafeBytes { source in
                for (row, item) in wanted.enumerated() {
                    let place = UnsafeMutableRawBufferPointer(rebasing: target[row * width..<(row + 1) * width])
                    if let item {
                        place.copyMemory(
                            from: UnsafeRawBufferPointer(rebasing: source[item * width..<(item + 1) * width]))
                    } else {
                        place.initializeMemory(as: UInt8.self, repeating: 0)
                    }
                }
            }
        }.view
    }

    private static func gather(_ offsets: [Int], _ data: ByteView, _ wanted: [Int?]) throws -> Column.Storage {
        var size = 0
        for case let item? in wanted {
            // At most one item more than the limit.
            size += offsets[item + 1] - offsets[item]
            guard size <= LayoutDecoder.mostMadeBytes else {
                throw Failure.tooMuch("\(wanted.count) values of a dictionary")
            }
        }
        var ends = [0]
        ends.reserveCapacity(wanted.count + 1)
        var bytes = ByteWriter(reserving: size)
        data.withUnsafeBytes { source in
            for item in wanted {
                // The column's initialiser has checked the offsets against the bytes.
                if let item { bytes.write(UnsafeRawBufferPointer(rebasing: source[offsets[item]..<offsets[item + 1]])) }
                ends.append(bytes.count)
            }
        }
        return .variable(offsets: ends, data: Region(copying: bytes.bytes, name: "dictionary").view)
    }
}
