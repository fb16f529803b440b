// SPDX-License-Identifier: Apache-2.0
import ByteCoding

extension Column {
    /// The given rows, in that order; a row may be asked for more than once.
    package func gather(_ rows: [Int]) throws -> Column {
        guard rows.allSatisfy({ $0 >= 0 && $0 < count }) else {
            throw Failure(.invalidArgument, "rows outside a column of \(count) are asked for")
        }
        let valid = validity.map { validity in Bitmap(rows.map { validity[$0] }) }
        switch storage {
        case .none: return try Column(type, count: rows.count, storage: .none)
        case .bits(let bits):
            return try Column(type, count: rows.count, validity: valid, storage: .bits(Bitmap(rows.map { bits[$0] })))
        case .fixed(let view):
            let values = try Self.gather(view, width: type.byteWidth ?? 0, rows)
            return try Column(type, count: rows.count, validity: valid, storage: .fixed(values))
        case .variable(let offsets, let data):
            return try Column(type, count: rows.count, validity: valid, storage: Self.gather(offsets, data, rows))
        case .fixedSizeList(let items, let length):
            let part: Column
            if case .fixed(let view) = items.storage, items.validity == nil {
                let values = try Self.gather(view, width: (items.type.byteWidth ?? 0) * length, rows)
                part = try Column(items.type, count: rows.count * length, storage: .fixed(values))
            } else {
                part = try items.gather(rows.flatMap { $0 * length..<($0 + 1) * length })
            }
            return try Column(
                type, count: rows.count, validity: valid, storage: .fixedSizeList(items: part, length: length))
        case .list(let offsets, let items):
            var ends = [0]
            for row in rows { ends.append((ends.last ?? 0) + offsets[row + 1] - offsets[row]) }
            let part = try items.gather(rows.flatMap { offsets[$0]..<offsets[$0 + 1] })
            return try Column(type, count: rows.count, validity: valid, storage: .list(offsets: ends, items: part))
        case .structure(let members):
            return try Column(
                type, count: rows.count, validity: valid, storage: .structure(members.map { try $0.gather(rows) }))
        }
    }

    private static func gather(_ view: ByteView, width: Int, _ rows: [Int]) throws -> ByteView {
        let (size, overflow) = rows.count.multipliedReportingOverflow(by: width)
        guard !overflow else { throw Failure(.invalidArgument, "\(rows.count) values of \(width) bytes") }
        return Region(count: size, name: view.region.name) { target in
            view.withUnsafeBytes { source in
                guard let to = target.baseAddress, let from = source.baseAddress, width > 0 else { return }
                // The rows are within the column, whose initialiser has checked that it has all its bytes.
                for (place, row) in rows.enumerated() {
                    (to + place * width).copyMemory(from: from + row * width, byteCount: width)
                }
            }
        }.view
    }

    private static func gather(_ offsets: [Int], _ data: ByteView, _ rows: [Int]) -> Storage {
        var ends = [0]
        ends.reserveCapacity(rows.count + 1)
        var total = 0
        for row in rows {
            total += offsets[row + 1] - offsets[row]
            ends.append(total)
        }
        let region = Region(count: total, name: data.region.name) { target in
            data.withUnsafeBytes { source in
                for (row, end) in zip(rows, ends) {
                    let value = UnsafeRawBufferPointer(rebasing: source[offsets[row]..<offsets[row + 1]])
                    UnsafeMutableRawBufferPointer(rebasing: target[end..<end + value.count]).copyMemory(from: value)
                }
            }
        }
        return .variable(offsets: ends, data: region.view)
    }
}
