// SPDX-License-Identifier: Apache-2.0

/// Builds a JSON object member by member, in the order given.
struct JSONObject {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]

    var finished: [UInt8] { bytes + [UInt8(ascii: "}")] }

    private mutating func key(_ key: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        JSONText.append(key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    /// A member whose value `body` writes.
    mutating func add(_ name: String, _ body: (inout [UInt8]) -> Void) {
        key(name)
        body(&bytes)
    }

    mutating func add(_ name: String, _ value: String?) {
        key(name)
        if let value { JSONText.append(value, to: &bytes) } else { JSONText.append(JSONText.null, to: &bytes) }
    }

    mutating func add(_ name: String, _ value: Int?) {
        key(name)
        if let value { JSONText.append(value, to: &bytes) } else { JSONText.append(JSONText.null, to: &bytes) }
    }

    mutating func add(_ name: String, _ value: Double) {
        key(name)
        JSONText.append(value, to: &bytes)
    }

    mutating func add(_ name: String, _ value: Float) {
        key(name)
        JSONText.append(value, to: &bytes)
    }

    mutating func add(_ name: String, _ value: Bool) {
        key(name)
        JSONText.append(value ? "true" as StaticString : "false", to: &bytes)
    }

    mutating func add(_ name: String, _ value: [Float]) {
        key(name)
        JSONText.append(value, to: &bytes)
    }

    mutating func add(_ name: String, _ values: [Double]) {
        key(name)
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONText.append(value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    mutating func add(_ name: String, _ values: [Int]) {
        key(name)
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONText.append(value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    mutating func add(_ name: String, _ values: [String]) {
        key(name)
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONText.append(value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    mutating func add(_ name: String, _ value: JSONObject) {
        key(name)
        bytes += value.finished
    }

    mutating func add(_ name: String, _ values: [JSONObject]) {
        key(name)
        bytes += JSONObject.list(values)
    }

    static func list(_ values: [JSONObject]) -> [UInt8] {
        var bytes = [UInt8(ascii: "[")]
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += value.finished
        }
        return bytes + [UInt8(ascii: "]")]
    }

    /// One line on standard output.
    func print() throws { try StandardOutput.write(finished + [UInt8(ascii: "\n")]) }
}
