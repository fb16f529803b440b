// SPDX-License-Identifier: Apache-2.0
import CrashCases
import Testing

struct PowerLossTests {
    @Test(arguments: WritingCall.all) func everyStep(_ call: WritingCall) async throws {
        try await PowerLossChecks.everyStep(of: call)
    }

    @Test(arguments: WritingCall.all) func everyStepOfAKilledProcess(_ call: WritingCall) async throws {
        try await PowerLossChecks.everyStepOfAKilledProcess(in: call)
    }

    @Test(arguments: WritingCall.all) func durableWorkAfter(_ call: WritingCall) async throws {
        try await PowerLossChecks.durableWork(after: call)
    }

    @Test(arguments: WritingCall.all) func everyStepWithoutWaiting(_ call: WritingCall) async throws {
        try await PowerLossChecks.everyStepWithoutWaiting(in: call)
    }
}
