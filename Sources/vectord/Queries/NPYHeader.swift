// SPDX-License-Identifier: Apache-2.0

/// The header of a .npy file: as much of Python's literals as it is made of.
struct NPYHeader {
    private(set) var type = ""
    private(set) var isFortranOrder = false
    private(set) var shape: [Int] = []

    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) throws(NPYProblem) {
        self.bytes = bytes
        var missing: Set = ["descr", "fortran_order", "shape"]
        try expect("{")
        while !take("}") {
            let key = try string()
            try expect(":")
            switch key {
            case "descr":
                guard peek() != UInt8(ascii: "[") else {
                    throw problem("its values are structures; queries are plain floats")
                }
                type = try string()
            case "fortran_order": isFortranOrder = try bool()
            case "shape": shape = try tuple()
            default: throw problem("an unknown key '\(Readable.line(key, limit: 40))'")
            }
            missing.remove(key)
            if take(",") { continue }
            try expect("}")
            break
        }
        guard missing.isEmpty else { throw problem("no '\(missing.sorted().joined(separator: "', '"))'") }
    }

    private func problem(_ message: String) -> NPYProblem {
        NPYProblem(message: "not a usable .npy file: its header has \(message)")
    }

    private mutating func peek() -> UInt8? {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x0a { position += 1 }
        return position < bytes.count ? bytes[position] : nil
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(NPYProblem) {
        guard take(character) else { throw problem("no '\(character)' at byte \(position)") }
    }

    private mutating func string() throws(NPYProblem) -> String {
        let quote: Unicode.Scalar = peek() == UInt8(ascii: "\"") ? "\"" : "'"
        try expect(quote)
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: quote)) else {
            throw problem("a text without an end")
        }
        defer { position = end + 1 }
        return String(decoding: bytes[position..<end], as: UTF8.self)
    }

    private mutating func bool() throws(NPYProblem) -> Bool {
        _ = peek()
        for (word, value) in [("True", true), ("False", false)] where bytes[position...].starts(with: word.utf8) {
            position += word.utf8.count
            return value
        }
        throw problem("neither True nor False at byte \(position)")
    }

    /// `()`, `(3,)`, `(3, 384)`
    private mutating func tuple() throws(NPYProblem) -> [Int] {
        try expect("(")
        var values: [Int] = []
        while !take(")") {
            _ = peek()
            let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }
            guard let value = Int(String(decoding: digits, as: UTF8.self)), values.count < 32 else {
                throw problem("no usable shape")
            }
            position += digits.count
            values.append(value)
            if take(",") { continue }
            try expect(")")
            break
        }
        return values
    }
}
