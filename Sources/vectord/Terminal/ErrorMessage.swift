// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore

/// An error as it is told on standard error.
struct ErrorMessage {
    let code: String
    let message: String
    var path: String?

    init(code: String, message: String, path: String? = nil) {
        self.code = code
        self.message = message
        self.path = path
    }

    init(_ error: StoreError) {
        self.init(code: error.code.rawValue, message: error.message, path: error.path)
    }

    func print(asJSON: Bool) {
        guard asJSON else {
            let place = path.flatMap { $0.isEmpty ? nil : " (\($0))" } ?? ""
            // Names of files and rows may hold anything.
            StandardError.write("vectord: \(Readable.line(message + place))\n")
            return
        }
        var object = JSONObject()
        object.add("code", code)
        object.add("message", message)
        object.add("path", path)
        var outer = JSONObject()
        outer.add("error", object)
        StandardError.write(String(decoding: outer.finished, as: UTF8.self) + "\n")
    }
}
