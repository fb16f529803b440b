// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The built command, run as a process of its own.
enum Command {
    struct Result {
        /// Below zero for a signal.
        var status: Int32
        var output: String
        var errors: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    /// Beside the tests, wherever the build system puts those.
    static let path: String? = {
        let manager = FileManager.default
        var places = CommandLine.arguments + Bundle.allBundles.map(\.bundlePath)
        if let own = Bundle.main.executablePath { places.append(own) }
        for place in places where place.hasPrefix("/") || place.contains("xctest") {
            var directory = URL(fileURLWithPath: place)
            for _ in 0..<5 {
                directory.deleteLastPathComponent()
                let candidate = directory.appendingPathComponent("vectord").path
                var isDirectory: ObjCBool = false
                if manager.fileExists(atPath: candidate, isDirectory: &isDirectory), !isDirectory.boolValue,
                    manager.isExecutableFile(atPath: candidate)
                {
                    return candidate
                }
            }
        }
        return nil
    }()

    static func run(_ arguments: String..., input: String? = nil) throws -> Result {
        try run(arguments, input: input.map { Data($0.utf8) })
    }

    static func run(_ arguments: [String], input: Data? = nil) throws -> Result {
        try run(executable: #require(path), arguments, input: input)
    }

    /// A line of shell, where `$V` is the command.
    static func shell(_ line: String) throws -> Result {
        try run(executable: "/bin/sh", ["-c", line], input: nil)
    }

    /// Output goes through files, so that no pipe can fill up.
    private static func run(executable: String, _ arguments: [String], input: Data?) throws -> Result {
        let scratch = try Scratch()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["V": path ?? ""]) { $1 }
        let inputFile = try scratch.file("stdin", input ?? Data())
        let files = try ["stdout", "stderr"].map { try scratch.file($0, Data()) }
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: inputFile))
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: files[0]))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: files[1]))
        try process.run()
        process.waitUntilExit()
        let texts = try files.map { String(decoding: try Data(contentsOf: URL(fileURLWithPath: $0)), as: UTF8.self) }
        let isExit = process.terminationReason == .exit
        return Result(
            status: isExit ? process.terminationStatus : -process.terminationStatus, output: texts[0], errors: texts[1])
    }
}
