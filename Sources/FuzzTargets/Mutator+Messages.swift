// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import TestSupport

extension Mutator {
    /// A protobuf message with something changed in it, at any depth: messages that stand in one as bytes are gone into
    /// as well.
    mutating func message(_ bytes: [UInt8], _ most: Int, depth: Int = 0) -> [UInt8] {
        guard var fields = WireField.parse(bytes), !fields.isEmpty, depth < 12 else { return raw(bytes, most) }
        let index = random.below(fields.count)
        switch random.below(20) {
        case 0: fields.remove(at: index)
        case 1: fields.insert(fields[index], at: random.below(fields.count + 1))
        case 2:
            // Another field of the same form, or a member of another case.
            fields[index].tag = UInt64(1 + random.below(16)) << 3 | fields[index].tag & 7
        default:
            switch fields[index].value {
            case .number(let number):
                fields[index].value = .number(random.chance(0.3) ? number &+ 1 : self.number())
            case .fixed(let content): fields[index].value = .fixed(window(content, in: content.indices))
            case .bytes(let content):
                let most = max(most - bytes.count + content.count, 0)
                fields[index].value = .bytes(
                    random.chance(0.1) ? raw(content, most) : message(content, most, depth: depth + 1))
            }
        }
        return WireField.serialize(fields)
    }
}
