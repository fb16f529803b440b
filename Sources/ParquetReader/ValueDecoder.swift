// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Decodes the values of one page from front to back; nulls have been left out of them.
protocol ValueDecoder {
    /// Appends up to `count` values to `output` and returns how many.
    ///
    /// Values of varying length stop, after one at least, when `output` holds `limit` bytes; others never stop early.
    /// Throws where the page has no more values.
    mutating func decode(_ count: Int, into output: ValueBuffer, limit: Int) throws -> Int
}

/// What a decoder needs to know beside the page's bytes.
struct DecoderContext {
    var physical: PhysicalType
    /// Bytes of a value; nil where each has its own length.
    var width: Int?
    /// The dictionary of the column chunk, once its page was read.
    var dictionary: ValueDictionary?

    func unsupported(_ encoding: Encoding) -> Failure {
        Failure(.unsupported, "\(physical) values in the encoding \(Encoding.name(encoding.rawValue)) cannot be read")
    }
}

/// All encodings that we read. A new one is a file with its decoder, and a line here.
enum ValueDecoders {
    typealias Make = @Sendable (ByteView, DecoderContext) throws -> any ValueDecoder

    private static let registry: [Encoding: Make] = [
        .plain: PlainDecoder.make,
        .plainDictionary: DictionaryDecoder.make,
        .rleDictionary: DictionaryDecoder.make,
        .rle: BooleanRunDecoder.make,
        .deltaBinaryPacked: DeltaIntegerDecoder.make,
        .deltaLengthByteArray: DeltaLengthDecoder.make,
        .deltaByteArray: DeltaByteArrayDecoder.make,
        .byteStreamSplit: ByteStreamSplitDecoder.make,
    ]

    static func make(_ encoding: Int32, _ view: ByteView, _ context: DecoderContext) throws -> any ValueDecoder {
        guard let known = Encoding(rawValue: encoding), let make = registry[known] else {
            throw Failure(.unsupported, "values in the encoding \(Encoding.name(encoding)) cannot be read")
        }
        return try make(view, context)
    }
}
