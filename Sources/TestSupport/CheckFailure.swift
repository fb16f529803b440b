// SPDX-License-Identifier: Apache-2.0
package import ByteCoding

/// What a check of this room throws: these checks serve several test targets, and know no test library.
package struct CheckFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

package func check(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    guard condition else { throw CheckFailure(message()) }
}

/// Runs `body`, which must throw a `Failure` of one of `codes`; returns it.
@discardableResult
package func expectFailure<T>(
    _ codes: [Failure.Code], _ what: String, isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> T
) async throws -> Failure {
    let failure: Failure
    do {
        let value = try await body()
        throw CheckFailure("\(what): expected \(codes.map(\.rawValue)), got \(value)")
    } catch let error as Failure {
        failure = error
    }
    try check(
        codes.contains(failure.code), "\(what): expected \(codes.map(\.rawValue)), got \(failure.code): \(failure)")
    return failure
}
