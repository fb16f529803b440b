// SPDX-License-Identifier: Apache-2.0

struct NPYProblem: Error {
    var message: String
}

/// A vector or a matrix of floats from NumPy's file format.
///
/// ```
/// 0   93 "NUMPY" | u8 major | u8 minor | u16 (from version 2 on u32) length | header | values
/// header   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 384), }
/// ```
struct NPYArray {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    private static let longestHeader = 1 << 16

    let shape: [Int]
    /// A vector is one row.
    let rows: [[Float]]

    static func isNPY(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: magic) }

    init(parsing bytes: UnsafeRawBufferPointer) throws(NPYProblem) {
        func problem(_ message: String) -> NPYProblem { NPYProblem(message: "not a usable .npy file: " + message) }
        guard bytes.count >= 12 else { throw problem("it ends within its header") }
        let major = bytes[6]
        guard (1...3).contains(major) else { throw problem("version \(major) of the format; 1 to 3 are known") }
        let start = major == 1 ? 10 : 12
        let length =
            major == 1
            ? Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
            : Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        guard length <= Self.longestHeader, length <= bytes.count - start else {
            throw problem("a header of \(length) bytes in a file of \(bytes.count)")
        }
        let header = try NPYHeader(UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]))
        let width: Int
        switch header.type {
        case "<f4": width = 4
        case "<f8": width = 8
        default:
            throw problem(
                "its values are '\(header.type)'; float32 ('<f4') or float64 ('<f8') are needed: use .astype('float32')"
            )
        }
        guard (1...2).contains(header.shape.count) else {
            throw problem("an array of \(header.shape.count) dimensions; queries have the shape (d,) or (n, d)")
        }
        guard !header.isFortranOrder || header.shape.count == 1 else {
            throw problem("it is in Fortran order; use numpy.ascontiguousarray")
        }
        var size = width
        for extent in header.shape {
            let (product, overflow) = size.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw problem("a shape of \(header.shape)") }
            size = product
        }
        let values = UnsafeRawBufferPointer(rebasing: bytes[(start + length)...])
        guard values.count == size else {
            throw problem("a shape of \(header.shape) takes \(size) bytes, and the file has \(values.count)")
        }
        shape = header.shape
        let dimension = shape[shape.count - 1]
        let count = shape.count == 1 ? 1 : shape[0]
        // Rows without numbers take no bytes, so their count is only the file's word.
        guard dimension > 0 else { throw problem("its vectors have no numbers") }
        rows = (0..<count).map { row in
            (0..<dimension).map { index in
                let offset = (row * dimension + index) * width
                return width == 4
                    ? Float(
                        bitPattern: UInt32(littleEndian: values.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
                    : Float(
                        Double(
                            bitPattern: UInt64(
                                littleEndian: values.loadUnaligned(fromByteOffset: offset, as: UInt64.self))))
            }
        }
    }
}
