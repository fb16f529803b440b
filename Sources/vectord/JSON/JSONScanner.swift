// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a JSON text, and at which byte of it.
struct JSONProblem: Error {
    var message: String
    var position: Int
}

/// Goes through a JSON text from front to back, as strict as RFC 8259, and hands out what the caller asks for.
///
/// The caller knows which value must come next, so nothing is built that is not wanted, numbers keep all their digits,
/// and depth is bounded by the caller's own: a value of another kind is a problem at once, however deep it nests.
struct JSONScanner {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    /// The bytes must stay where they are while the scanner is used.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    func problem(_ message: String, at position: Int? = nil) -> JSONProblem {
        JSONProblem(message: message, position: position ?? self.position)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    // MARK: Structure

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    /// The first byte of what comes next; nil at the end.
    mutating func peek() -> UInt8? {
        skipSpace()
        return current
    }

    /// Goes past `character` if it comes next.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ character: Unicode.Scalar, _ what: String) throws(JSONProblem) {
        guard take(character) else { throw problem("expected \(what), found \(describeNext())") }
    }

    mutating func expectEnd() throws(JSONProblem) {
        guard peek() == nil else { throw problem("expected the end, found \(describeNext())") }
    }

    /// Calls `element` at each value of an array.
    mutating func array(_ element: (inout JSONScanner) throws(JSONProblem) -> Void) throws(JSONProblem) {
        try expect("[", "an array")
        if take("]") { return }
        repeat { try element(&self) } while take(",")
        try expect("]", "',' or ']'")
    }

    /// Calls `member` at each value of an object, with its key.
    mutating func object(
        _ member: (String, inout JSONScanner) throws(JSONProblem) -> Void
    ) throws(JSONProblem) {
        try expect("{", "an object")
        if take("}") { return }
        repeat {
            guard peek() == UInt8(ascii: "\"") else { throw problem("expected a key, found \(describeNext())") }
            let key = try string()
            try expect(":", "':'")
            try member(key, &self)
        } while take(",")
        try expect("}", "',' or '}'")
    }

    /// What kind of thing comes next, for messages.
    mutating func describeNext() -> String {
        guard let byte = peek() else { return "the end" }
        switch byte {
        case UInt8(ascii: "\""): return "a string"
        case UInt8(ascii: "["): return "an array"
        case UInt8(ascii: "{"): return "an object"
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return "a number"
        case UInt8(ascii: "t") where matches("true"): return "true"
        case UInt8(ascii: "f") where matches("false"): return "false"
        case UInt8(ascii: "n") where matches("null"): return "null"
        case 0x21...0x7e: return "'\(Unicode.Scalar(byte))'"
        default: return "the byte \(byte)"
        }
    }

    // MARK: Literals

    private func matches(_ word: StaticString) -> Bool {
        guard bytes.count - position >= word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { $0.elementsEqual(bytes[position..<position + $0.count]) }
    }

    private mutating func take(word: StaticString) -> Bool {
        skipSpace()
        guard matches(word) else { return false }
        position += word.utf8CodeUnitCount
        return true
    }

    mutating func takeNull() -> Bool { take(word: "null") }

    mutating func bool() throws(JSONProblem) -> Bool {
        if take(word: "true") { return true }
        if take(word: "false") { return false }
        throw problem("expected true or false, found \(describeNext())")
    }

    // MARK: Numbers

    /// -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
    mutating func number() throws(JSONProblem) -> JSONNumber {
        guard let first = peek(), first == UInt8(ascii: "-") || Self.digit(first) != nil else {
            throw problem("expected a number, found \(describeNext())")
        }
        let start = position
        var number = JSONNumber()
        if first == UInt8(ascii: "-") {
            number.isNegative = true
            position += 1
        }
        let firstDigit = position
        try digits { number.append($0) }
        if position - firstDigit > 1, bytes[firstDigit] == UInt8(ascii: "0") {
            throw problem("a number must not begin with 0", at: start)
        }
        if current == UInt8(ascii: ".") {
            position += 1
            try digits { number.append(fraction: $0) }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            let isNegative = current == UInt8(ascii: "-")
            if isNegative || current == UInt8(ascii: "+") { position += 1 }
            var exponent = 0
            // Bounded: beyond that every float is zero or infinite.
            try digits { exponent = min(exponent * 10 + Int($0), 1_000_000) }
            number.apply(exponent: isNegative ? -exponent : exponent)
        }
        number.text = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
        return number
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? byte - UInt8(ascii: "0") : nil
    }

    @inline(__always)
    private mutating func digits(_ body: (UInt8) -> Void) throws(JSONProblem) {
        let start = position
        while let byte = current, let digit = Self.digit(byte) {
            body(digit)
            position += 1
        }
        guard position > start else { throw problem("expected a digit, found \(describeNext())") }
    }

    // MARK: Strings

    mutating func string() throws(JSONProblem) -> String {
        try expect("\"", "a string")
        let start = position
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        // Mostly there is nothing to unescape.
        if current == UInt8(ascii: "\"") {
            let text = try checked(UnsafeRawBufferPointer(rebasing: bytes[start..<position]), at: start)
            position += 1
            return text
        }
        var unescaped = Array(bytes[start..<position])
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                return try checked(unescaped, at: start)
            case UInt8(ascii: "\\"): try unescape(into: &unescaped)
            case ..<0x20: throw problem("a control character must be escaped in a string", at: position - 1)
            default: unescaped.append(byte)
            }
        }
        throw problem("a string without an end", at: start - 1)
    }

    private func checked(_ bytes: some Sequence<UInt8>, at start: Int) throws(JSONProblem) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw problem("a string that is not valid UTF-8", at: start)
        }
        return text
    }

    private mutating func unescape(into out: inout [UInt8]) throws(JSONProblem) {
        let start = position - 1
        guard let byte = current else { throw problem("a string without an end", at: start) }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0c)
        case UInt8(ascii: "n"): out.append(0x0a)
        case UInt8(ascii: "r"): out.append(0x0d)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "u"):
            var code = UInt32(try hexadecimal())
            if (0xd800..<0xdc00).contains(code) {
                guard matches("\\u") else { throw problem("half of a surrogate pair", at: start) }
                position += 2
                let low = UInt32(try hexadecimal())
                guard (0xdc00..<0xe000).contains(low) else { throw problem("half of a surrogate pair", at: start) }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw problem("half of a surrogate pair", at: start) }
            out.append(contentsOf: Character(scalar).utf8)
        default: throw problem("an unknown escape in a string", at: start)
        }
    }

    private mutating func hexadecimal() throws(JSONProblem) -> UInt16 {
        guard bytes.count - position >= 4 else { throw problem("\\u needs four hexadecimal digits") }
        var value: UInt16 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw problem("\\u needs four hexadecimal digits")
            }
            value = value << 4 | UInt16(digit)
        }
        position += 4
        return value
    }
}
