// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// The values of a page, of a whole number of bytes each.
struct FixedValues {
    let width: Int
    let count: Int
    /// Aligned to eight bytes.
    let bytes: ByteView

    init(_ bytes: ByteView, width: Int) {
        self.bytes = bytes.aligned(to: 8)
        self.width = width
        count = bytes.count / width
    }

    /// Null rows take the value before them, which needs no more bits and ends no run.
    init(_ columns: [Column], width: Int, _ levels: EncodedLevels?) {
        var pieces: [ByteView] = []
        for case .fixed(let view) in columns.map(\.storage) { pieces.append(view) }
        self.init(joining: pieces, width: width, levels)
    }

    /// The values of `pieces` one after another: not copied where they stand in one place and none is null.
    init(joining pieces: [ByteView], width: Int, _ levels: EncodedLevels? = nil) {
        if let only = pieces.first, pieces.count == 1, levels == nil {
            self.init(only, width: width)
            return
        }
        let size = pieces.reduce(0) { $0 + $1.count }
        let region = Region(count: size, name: "values") { target in
            var position = 0
            for piece in pieces {
                piece.withUnsafeBytes {
                    UnsafeMutableRawBufferPointer(rebasing: target[position..<position + $0.count]).copyMemory(from: $0)
                }
                position += piece.count
            }
            guard let levels, let base = target.baseAddress else { return }
            var last = levels.levels.firstIndex(of: 0) ?? 0
            for (row, level) in levels.levels.enumerated() {
                if level == 0 {
                    last = row
                } else if row != last {
                    (base + row * width).copyMemory(from: base + last * width, byteCount: width)
                }
            }
        }
        self.init(region.view, width: width)
    }

    /// The value of all rows, if there is but one.
    var onlyValue: [UInt8]? {
        guard count > 0 else { return nil }
        return bytes.withUnsafeBytes { raw in
            // Each value is the one before it.
            for index in width..<raw.count where raw[index] != raw[index - width] { return nil }
            return Array(raw[..<width])
        }
    }
}
