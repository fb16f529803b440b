// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceProto
import SwiftProtobuf

/// Blocks of numbers in index files.
enum IVFPQTensor {
    /// The numbers of `tensor` as floats, row by row; `count` is how many there must be.
    ///
    /// Columns of half and double precision have models of their own precision, which are read as single.
    static func floats(_ tensor: ProtoTensor, count: Int, _ what: String, in file: IndexFile) throws -> [Float] {
        let width: Int
        switch tensor.dataType {
        case .float16: width = 2
        case .float32: width = 4
        case .float64: width = 8
        default:
            throw file.failure(
                .unsupported, "\(what): numbers of type \(tensor.dataType) are not supported; rebuild the index")
        }
        var elements = 1
        for length in tensor.shape {
            let (product, overflow) = elements.multipliedReportingOverflow(by: Int(length))
            guard !overflow else { throw file.corrupt("\(what): its shape is \(tensor.shape)") }
            elements = product
        }
        guard elements == count, tensor.data.count / width == count, tensor.data.count % width == 0 else {
            throw file.corrupt(
                "\(what): \(tensor.data.count) bytes of shape \(tensor.shape), expected \(count) numbers of \(width) bytes"
            )
        }
        return tensor.data.withUnsafeBytes { raw in
            [Float](unsafeUninitializedCapacity: count) { target, initialized in
                switch width {
                case 2:
                    for index in 0..<count {
                        let half = UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
                        target.initializeElement(at: index, to: HalfFloat.widen(half))
                    }
                case 4: UnsafeMutableRawBufferPointer(target).copyMemory(from: raw)
                default:
                    for index in 0..<count {
                        let bits = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
                        target.initializeElement(at: index, to: Float(Double(bitPattern: bits)))
                    }
                }
                initialized = count
            }
        }
    }

    /// A tensor of the column's own precision, without which the official Lance cannot compare its vectors with it.
    ///
    /// - Parameter element: the type of the column's numbers.
    static func proto(_ floats: [Float], shape: [Int], element: DataType) -> ProtoTensor {
        .with {
            $0.shape = shape.map { UInt32(clamping: $0) }
            switch element {
            case .float16:
                $0.dataType = .float16
                $0.data = floats.map { half($0).littleEndian }.withUnsafeBytes { Data($0) }
            case .float64:
                $0.dataType = .float64
                $0.data = floats.map { Double($0).bitPattern.littleEndian }.withUnsafeBytes { Data($0) }
            default:
                $0.dataType = .float32
                $0.data = floats.withUnsafeBytes { Data($0) }
            }
        }
    }

    /// The numbers as a tensor of `element` has them: what the rows must be compared with when they are encoded.
    static func rounded(_ floats: [Float], to element: DataType) -> [Float] {
        element == .float16 ? floats.map { HalfFloat.widen(half($0)) } : floats
    }

    /// The nearest half; the largest one where that is infinite.
    private static func half(_ value: Float) -> UInt16 {
        HalfFloat.narrow(min(max(value, -65504), 65504))
    }
}
