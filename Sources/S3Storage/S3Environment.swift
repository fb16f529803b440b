// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import Foundation

    /// What surrounds the process, as values: tests have their own.
    package struct S3Environment: Sendable {
        package var variables: [String: String]
        package var home: String?
        /// A file's text; nil where there is none.
        package var readFile: @Sendable (String) throws -> String?

        package init(
            variables: [String: String] = [:], home: String? = nil,
            readFile: @escaping @Sendable (String) throws -> String? = { _ in nil }
        ) {
            self.variables = variables
            self.home = home
            self.readFile = readFile
        }

        package static func process() -> S3Environment {
            let variables = ProcessInfo.processInfo.environment
            return S3Environment(variables: variables, home: variables["HOME"] ?? NSHomeDirectory()) { path in
                guard FileManager.default.fileExists(atPath: path) else { return nil }
                do {
                    return try String(contentsOf: URL(filePath: path), encoding: .utf8)
                } catch {
                    throw Failure(.permission, "cannot read the file of AWS settings", path: path, underlying: error)
                }
            }
        }

        /// Nil for an empty one too.
        func variable(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }

        func flag(_ name: String) -> Bool { variable(name).flatMap(S3Option.boolean) ?? false }

        /// The file that a variable names, or the one in the home directory.
        func path(_ variable: String, _ name: String) -> String? {
            if let path = self.variable(variable) {
                return path.hasPrefix("~/") ? home.map { $0 + path.dropFirst(1) } : path
            }
            return home.map { "\($0)/.aws/\(name)" }
        }
    }
#endif
