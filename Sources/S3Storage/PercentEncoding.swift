// SPDX-License-Identifier: Apache-2.0
#if S3
    /// Percent encoding as signatures have it: all but letters, digits and `-._~` is `%XX` with capitals.
    package enum PercentEncoding {
        private static let digits = Array("0123456789ABCDEF".utf8)

        package static func encode(_ text: String, keepingSlashes: Bool = false) -> String {
            var result: [UInt8] = []
            result.reserveCapacity(text.utf8.count)
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "~"):
                    result.append(byte)
                case UInt8(ascii: "/") where keepingSlashes:
                    result.append(byte)
                default:
                    result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                }
            }
            return String(decoding: result, as: UTF8.self)
        }

        /// A percent sign that begins no escape stands for itself. Nil where the result is not UTF-8.
        package static func decode(_ text: String, plusIsSpace: Bool = false) -> String? {
            let bytes = Array(text.utf8)
            var result: [UInt8] = []
            result.reserveCapacity(bytes.count)
            var index = 0
            while index < bytes.count {
                let byte = bytes[index]
                if byte == UInt8(ascii: "%"), index + 2 < bytes.count, let high = hex(bytes[index + 1]),
                    let low = hex(bytes[index + 2])
                {
                    result.append(high << 4 | low)
                    index += 3
                } else {
                    result.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
                    index += 1
                }
            }
            return String(validating: result, as: UTF8.self)
        }

        private static func hex(_ digit: UInt8) -> UInt8? {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
            default: nil
            }
        }
    }
#endif
