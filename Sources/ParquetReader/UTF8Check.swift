// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Checks many texts at once: their bytes are valid as one, and none begins inside a character.
enum UTF8Check {
    /// Values end at `offsets[1...]` of `view`. Throws `InvalidValue` for the first that is not UTF-8.
    static func validate(_ view: ByteView, offsets: [Int]) throws(InvalidValue) {
        let isValid = view.withUnsafeBytes { bytes in
            isUTF8(bytes) && offsets.allSatisfy { $0 >= bytes.count || bytes[$0] & 0xc0 != 0x80 }
        }
        if isValid { return }
        // Valid as a whole but not one by one cannot pass: a character that is cut leaves its first part too short.
        for index in 0..<max(offsets.count - 1, 0) {
            let isValid = view.withUnsafeBytes { bytes in
                isUTF8(UnsafeRawBufferPointer(rebasing: bytes[offsets[index]..<offsets[index + 1]]))
            }
            if !isValid {
                throw InvalidValue(
                    index: index, message: "the text is not valid UTF-8; write the column again as binary or repair it")
            }
        }
    }

    /// By the table of well-formed byte sequences of the Unicode standard (3-7).
    static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let count = bytes.count
        var index = 0
        while index < count {
            // Most text is ASCII, eight bytes at a time.
            while count - index >= 8,
                bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
            {
                index += 8
            }
            if index == count { return true }
            let first = bytes[index]
            if first < 0x80 {
                index += 1
                continue
            }
            let (length, second): (Int, ClosedRange<UInt8>)
            switch first {
            case 0xc2...0xdf: (length, second) = (2, 0x80...0xbf)
            case 0xe0: (length, second) = (3, 0xa0...0xbf)
            case 0xed: (length, second) = (3, 0x80...0x9f)
            case 0xe1...0xef: (length, second) = (3, 0x80...0xbf)
            case 0xf0: (length, second) = (4, 0x90...0xbf)
            case 0xf1...0xf3: (length, second) = (4, 0x80...0xbf)
            case 0xf4: (length, second) = (4, 0x80...0x8f)
            default: return false
            }
            guard count - index >= length, second.contains(bytes[index + 1]) else { return false }
            for place in 2..<max(length, 2) where bytes[index + place] & 0xc0 != 0x80 { return false }
            index += length
        }
        return true
    }
}
