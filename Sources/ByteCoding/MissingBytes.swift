// SPDX-License-Identifier: Apache-2.0

/// Bytes that a reader asked for and that are not in memory. No failure: `fetching(_:)` brings them.
package struct MissingBytes: Error {
    fileprivate var wanted: [ObjectIdentifier: (file: any RemoteFile, ranges: [Range<Int>])]

    init(_ file: any RemoteFile, _ ranges: [Range<Int>]) { wanted = [ObjectIdentifier(file): (file, ranges)] }

    /// Adds what somebody else will need, as far as `look` tells. What else is wrong there is not found yet.
    package mutating func add(missedBy look: () throws -> Void) {
        do {
            try look()
        } catch let more as MissingBytes {
            add(more)
        } catch {}
    }

    package mutating func add(_ other: MissingBytes) {
        for (id, entry) in other.wanted {
            wanted[id, default: (entry.file, [])].ranges.append(contentsOf: entry.ranges)
        }
    }

    fileprivate func isSame(as other: MissingBytes) -> Bool {
        wanted.count == other.wanted.count
            && wanted.allSatisfy { $0.value.ranges == other.wanted[$0.key]?.ranges ?? [] }
    }

    /// Brings all of them at once. They stay as long as what is returned.
    func fetch() async throws -> [Region] {
        if wanted.count == 1, let only = wanted.values.first { return try await only.file.fetch(only.ranges) }
        return try await withThrowingTaskGroup(of: [Region].self) { group in
            for (file, ranges) in wanted.values { group.addTask { try await file.fetch(ranges) } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }
}

/// Runs `body`, which may find bytes missing: fetches them and runs it again, until it has all that it needs.
///
/// `body` may be run several times, and must not change anything before it has read all its bytes.
package func fetching<R>(_ body: () throws -> R) async throws -> R {
    // What was fetched stays until the end, however small the cache is: each round has more than the one before.
    var held: [Region] = []
    var before: MissingBytes?
    while true {
        let missing: MissingBytes
        do {
            let result = try body()
            withExtendedLifetime(held) {}
            return result
        } catch let error as MissingBytes {
            missing = error
        }
        try Task.checkCancellation()
        if let before, missing.isSame(as: before) {
            throw Failure(.io, "bytes that were fetched are not there", path: missing.wanted.first?.value.file.name)
        }
        before = missing
        held += try await missing.fetch()
    }
}

/// What both give. Where bytes are missing for either, those of both are fetched at once.
package func fetchingBoth<A, B>(_ first: () throws -> A, _ second: () throws -> B) throws -> (A, B) {
    let one: A
    do {
        one = try first()
    } catch var missing as MissingBytes {
        do {
            _ = try second()
        } catch let more as MissingBytes {
            missing.add(more)
        }
        throw missing
    }
    return (one, try second())
}

extension Sequence {
    /// Maps as `map` does. Where bytes are missing for an element it goes on with the others, so that those of all of them
    /// are fetched at once.
    package func mapFetching<R>(_ transform: (Element) throws -> R) throws -> [R] {
        var results: [R] = []
        results.reserveCapacity(underestimatedCount)
        var missing: MissingBytes?
        for element in self {
            do {
                let result = try transform(element)
                if missing == nil { results.append(result) }
            } catch let error as MissingBytes {
                missing?.add(error)
                if missing == nil { missing = error }
            }
        }
        if let missing { throw missing }
        return results
    }
}
