// SPDX-License-Identifier: Apache-2.0
import Foundation
import FuzzTargets

/// `fuzz TARGET FILE…` reads each file and says how long that took. `fuzz seeds TARGET DIRECTORY` writes inputs to begin
/// with.
///
/// With `-D FUZZING -sanitize=fuzzer`, as `Scripts/fuzz` builds it, it is libFuzzer, which makes inputs for the target
/// that the environment names in `FUZZ_TARGET`.
@main struct Entry {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.count == 3, arguments[0] == "seeds", let target = FuzzTarget(rawValue: arguments[1]) {
            return try await writeSeeds(target, to: URL(filePath: arguments[2]))
        }
        #if FUZZING
            exit(Fuzzer.run())
        #else
            guard let name = arguments.first, let target = FuzzTarget(rawValue: name), arguments.count > 1 else {
                let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " | ")
                FileHandle.standardError.write(
                    Data("usage: fuzz \(names) FILE…\n       fuzz seeds TARGET DIRECTORY\n".utf8))
                exit(64)
            }
            for file in arguments.dropFirst() {
                let bytes = [UInt8](try Data(contentsOf: URL(filePath: file)))
                // Before it is read: a crash must say of which.
                print("\(file): \(bytes.count) bytes", terminator: "")
                fflush(nil)
                let start = ContinuousClock.now
                let failure = try await target.read(bytes)
                print(", \(failure.map { "refused: \($0)," } ?? "read") in \(ContinuousClock.now - start)")
            }
        #endif
    }

    private static func writeSeeds(_ target: FuzzTarget, to directory: URL) async throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        var seeds = try SeedFiles.fixtures(target, below: tests.path)
        seeds.merge(try await SeedFiles.own(target)) { $1 }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for (name, bytes) in seeds { try Data(bytes).write(to: directory.appending(path: name)) }
        print("\(seeds.count) seeds of \(seeds.reduce(0) { $0 + $1.value.count }) bytes for \(target.rawValue)")
    }
}
