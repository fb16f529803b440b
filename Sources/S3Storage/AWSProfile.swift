// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding

    /// What `~/.aws/config` and `~/.aws/credentials` say of one profile.
    package struct AWSProfile: Sendable {
        package let name: String
        private let values: [String: String]
        /// Whether either file speaks of it.
        package let exists: Bool

        private static let keys = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"]

        package subscript(_ key: String) -> String? { values[key].flatMap { $0.isEmpty ? nil : $0 } }

        /// Reads both files; where both have a key, that of the credentials counts. Throws where a profile was asked for by
        /// name and there is none.
        package init(_ environment: S3Environment) throws {
            let given = environment.variable("AWS_PROFILE") ?? environment.variable("AWS_DEFAULT_PROFILE")
            let name = given ?? "default"
            var values: [String: String] = [:]
            var exists = false
            let files = [("AWS_CONFIG_FILE", "config", true), ("AWS_SHARED_CREDENTIALS_FILE", "credentials", false)]
            var looked: [String] = []
            for (variable, file, isConfiguration) in files {
                guard let path = environment.path(variable, file) else { continue }
                looked.append(path)
                guard let text = try environment.readFile(path) else { continue }
                let sections = Self.sections(text)
                // In the configuration only the default one may stand without the word, and counts less than with it.
                let wanted =
                    isConfiguration
                    ? ["profile \(name)"] + (name == "default" ? [name] : []) : [name, "profile \(name)"]
                guard let found = wanted.lazy.compactMap({ sections[$0] }).first else { continue }
                exists = true
                // One file's token has nothing to do with the other's keys.
                if Self.keys.contains(where: { found[$0] != nil }) { for key in Self.keys { values[key] = nil } }
                values.merge(found) { $1 }
                if isConfiguration, let services = found["services"], let own = sections["services \(services)"] {
                    values["s3.endpoint_url"] = own["s3.endpoint_url"]
                }
            }
            if given != nil, !exists {
                throw Failure(
                    .invalidArgument,
                    "there is no AWS profile '\(name)' in \(looked.joined(separator: " or ")); check AWS_PROFILE")
            }
            self.name = name
            self.values = values
            self.exists = exists
        }

        /// `[section]`, `key = value`, comments, and values of several indented lines, as in `s3 =` with `endpoint_url = …`
        /// below it, which becomes `s3.endpoint_url`.
        static func sections(_ text: String) -> [String: [String: String]] {
            var result: [String: [String: String]] = [:]
            var section: String?
            var parent = ""
            for line in text.split(whereSeparator: \.isNewline) {
                let isIndented = line.first == " " || line.first == "\t"
                let trimmed = trim(line)
                guard !trimmed.isEmpty, trimmed.first != "#", trimmed.first != ";" else { continue }
                if trimmed.first == "[", let end = trimmed.firstIndex(of: "]") {
                    let words = trimmed[trimmed.index(after: trimmed.startIndex)..<end].split(whereSeparator: {
                        $0 == " " || $0 == "\t"
                    })
                    let name = words.joined(separator: " ")
                    section = name
                    result[name] = result[name] ?? [:]
                    parent = ""
                    continue
                }
                guard let section, let equals = trimmed.firstIndex(of: "=") else { continue }
                let key = trim(trimmed[..<equals]).lowercased()
                var value = trim(trimmed[trimmed.index(after: equals)...])
                // A comment may follow a value after a space.
                if let comment = value.firstRange(of: #/[ \t][#;]/#) { value = trim(value[..<comment.lowerBound]) }
                if isIndented, !parent.isEmpty {
                    result[section]?["\(parent).\(key)"] = String(value)
                } else {
                    parent = value.isEmpty ? key : ""
                    result[section]?[key] = String(value)
                }
            }
            return result
        }

        private static func trim(_ text: Substring) -> Substring {
            var text = text
            while let first = text.first, first.isWhitespace { text.removeFirst() }
            while let last = text.last, last.isWhitespace { text.removeLast() }
            return text
        }
    }
#endif
