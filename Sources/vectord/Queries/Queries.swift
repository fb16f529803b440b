// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore

/// The vectors to search for, from a file of JSON or NumPy's format.
struct Queries {
    /// More is no query but a table.
    private static let largestFile = 1 << 30

    var vectors: [[Float]]
    /// Whether the file holds a list of vectors, be it of one; then the answer is a list too.
    var isList: Bool

    /// - Parameter path: a file, or "-" for standard input. What it holds is told by its first bytes.
    init(path: String) throws(StoreError) {
        let file = try InputFile(path)
        let bytes = try file.readAll(limit: Self.largestFile)
        do {
            self = try bytes.withUnsafeBytes { bytes in
                NPYArray.isNPY(bytes)
                    ? try Queries(NPYArray(parsing: bytes)) : try Queries(json: bytes)
            }
        } catch let problem as JSONProblem {
            throw StoreError(
                code: .invalidArgument, message: "byte \(problem.position + 1): \(problem.message)", path: file.name)
        } catch let problem as NPYProblem {
            throw StoreError(code: .invalidArgument, message: problem.message, path: file.name)
        } catch {
            throw StoreError(reporting: error, path: file.name)
        }
    }

    /// The error with the number of the query that it is about, where there are several.
    func naming(_ index: Int, _ error: StoreError) -> StoreError {
        guard isList else { return error }
        var error = error
        error.message = "query \(index): \(error.message)"
        return error
    }

    private init(_ array: NPYArray) {
        vectors = array.rows
        isList = array.shape.count == 2
    }

    /// `[0.1, 0.2]` or `[[0.1, 0.2], [0.3, 0.4]]`
    private init(json bytes: UnsafeRawBufferPointer) throws(JSONProblem) {
        var scanner = JSONScanner(bytes)
        var vectors: [[Float]] = []
        var flat: [Float] = []
        guard scanner.peek() == UInt8(ascii: "[") else {
            throw scanner.problem(
                "a query is an array of numbers, or an array of such arrays; found \(scanner.describeNext())")
        }
        try scanner.array { scanner throws(JSONProblem) in
            guard scanner.peek() == UInt8(ascii: "[") else {
                guard vectors.isEmpty else {
                    throw scanner.problem("expected an array, found \(scanner.describeNext())")
                }
                return flat.append(try JSONValue.float(&scanner))
            }
            guard flat.isEmpty else { throw scanner.problem("expected a number, found an array") }
            var vector: [Float] = []
            try scanner.array { scanner throws(JSONProblem) in vector.append(try JSONValue.float(&scanner)) }
            vectors.append(vector)
        }
        try scanner.expectEnd()
        isList = !vectors.isEmpty
        self.vectors = isList ? vectors : [flat]
    }
}
