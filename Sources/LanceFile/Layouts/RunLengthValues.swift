// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Runs of equal values: each value once, and how often, in bytes.
enum RunLengthValues {
    /// In levels, both are in one buffer.
    ///
    /// ```
    /// u64 bytes of the values | values | lengths
    /// ```
    static func decode(_ runs: ProtoRunLengthValues, _ type: DataType, block view: ByteView, _ count: Int) throws
        -> Column
    {
        let size = try view.load(UInt64.self, at: 0)
        let values = try view.slice(8, size, "values of runs")
        let lengths = try view.slice(8 + values.count, view.count - 8 - values.count, "lengths of runs")
        return try decode(runs, type, values: values, lengths: lengths, count)
    }

    static func decode(
        _ runs: ProtoRunLengthValues, _ type: DataType, values: ByteView, lengths: ByteView, _ count: Int
    ) throws -> Column {
        guard case .flat(let value) = runs.values.compression, case .flat(let length) = runs.runLengths.compression,
            !value.hasData, !length.hasData, length.bitsPerValue == 8
        else {
            throw LayoutDecoder.unsupported(
                "Rle(\(EncodingSummary.text(runs.values)), \(EncodingSummary.text(runs.runLengths)))", type)
        }
        guard let width = type.byteWidth, UInt64(width) * 8 == value.bitsPerValue else {
            throw LayoutDecoder.mismatch("run-length \(value.bitsPerValue)-bit", type)
        }
        let (valueBytes, overflow) = lengths.count.multipliedReportingOverflow(by: width)
        guard !overflow, values.count == valueBytes else {
            throw values.corrupt("\(lengths.count) runs of values of \(width) bytes in \(values.count) bytes")
        }
        let size = try LayoutDecoder.made(count, width)
        let region = try Region(count: size, name: values.region.name) { target in
            var position = 0
            values.withUnsafeBytes { values in
                lengths.withUnsafeBytes { lengths in
                    for (run, length) in lengths.enumerated() {
                        let value = UnsafeRawBufferPointer(rebasing: values[run * width..<(run + 1) * width])
                        // The last run of a chunk may be longer than the chunk.
                        for _ in 0..<min(Int(length), (size - position) / max(width, 1)) {
                            UnsafeMutableRawBufferPointer(rebasing: target[position..<position + width])
                                .copyMemory(from: value)
                            position += width
                        }
                    }
                }
            }
            guard position == size else { throw lengths.corrupt("runs of \(position) bytes, expected \(size)") }
        }
        return try Column(type, count: count, storage: .fixed(region.view))
    }
}
