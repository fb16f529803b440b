// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Testing

/// Expects a failure of `code` whose message has all of `parts`.
func expectFailure(
    _ code: Failure.Code, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) {
    let failure = #expect(throws: Failure.self, sourceLocation: sourceLocation) { try body() }
    guard let failure else { return }
    #expect(failure.code == code, "\(failure)", sourceLocation: sourceLocation)
    for part in parts {
        #expect(failure.message.contains(part), "\(failure)", sourceLocation: sourceLocation)
    }
}
