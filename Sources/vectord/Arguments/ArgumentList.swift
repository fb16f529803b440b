// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser

/// Values with commas between them: `1,10,100`. Each is kept once, in the order given.
package struct ArgumentList<Element: ExpressibleByArgument & Hashable & Sendable>: Sendable, Equatable {
    package let values: [Element]

    package init(_ values: [Element]) {
        var known = Set<Element>()
        self.values = values.filter { known.insert($0).inserted }
    }
}

extension ArgumentList: ExpressibleByArgument {
    package init?(argument: String) {
        var values: [Element] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let value = Element(argument: String(part)) else { return nil }
            values.append(value)
        }
        self.init(values)
    }

    package var defaultValueDescription: String { values.map(\.defaultValueDescription).joined(separator: ",") }
}
