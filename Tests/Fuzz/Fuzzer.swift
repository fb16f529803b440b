// SPDX-License-Identifier: Apache-2.0
#if FUZZING
    import Dispatch
    import Foundation
    import FuzzTargets
    import Synchronization

    /// libFuzzer's main function, which calls `body` for input after input and does not return.
    @_silgen_name("LLVMFuzzerRunDriver")
    private func runDriver(
        _ count: UnsafeMutablePointer<CInt>,
        _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
        _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
    ) -> CInt

    enum Fuzzer {
        static let target = ProcessInfo.processInfo.environment["FUZZ_TARGET"].flatMap { FuzzTarget(rawValue: $0) }

        static func run() -> CInt {
            guard target != nil else {
                FileHandle.standardError.write(
                    Data("FUZZ_TARGET must be one of \(FuzzTarget.allCases.map(\.rawValue))\n".utf8))
                return 64
            }
            var count = CommandLine.argc
            var arguments = CommandLine.unsafeArgv
            return runDriver(&count, &arguments) { start, length in
                Fuzzer.read([UInt8](UnsafeBufferPointer(start: start, count: length)))
                return 0
            }
        }

        /// Waits for the readers, which are asynchronous though they have nothing to wait for.
        private static func read(_ bytes: [UInt8]) {
            let done = DispatchSemaphore(value: 0)
            Task.detached {
                do {
                    try await target?.read(bytes)
                } catch {
                    // What libFuzzer takes for a find.
                    fatalError("\(error)")
                }
                done.signal()
            }
            done.wait()
        }
    }
#endif
