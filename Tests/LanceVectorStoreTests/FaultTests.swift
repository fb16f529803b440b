// SPDX-License-Identifier: Apache-2.0
import CrashCases
import Foundation
import ObjectStorage
import TestSupport
import Testing

struct FaultTests {
    /// A failing device at every operation; the other errors at an eighth of them each.
    @Test(arguments: WritingCall.all, SystemTrouble.all)
    func everyOperation(_ call: WritingCall, _ trouble: SystemTrouble) async throws {
        let stride = trouble.description == SystemTrouble.failingDevice.description ? 1 : 8
        try await FaultChecks.everyOperation(of: call, trouble, stride: stride) { MemoryStorage(location: "/t.lance") }
    }

    /// On disk, where nothing may be left open.
    @Test(arguments: WritingCall.all) func manyOperationsOnDisk(_ call: WritingCall) async throws {
        let place = try TemporaryDirectory()
        try await FaultChecks.everyOperation(of: call, SystemTrouble.failingDevice, stride: 7) {
            LocalStorage(path: place.appending(UUID().uuidString))
        }
        if let open = ProcessGauge.openFiles(under: place.path) { #expect(open == 0) }
    }

    @Test(arguments: SystemTrouble.all) func everyOperationOfReading(_ trouble: SystemTrouble) async throws {
        try await FaultChecks.everyOperation(ofReading: trouble)
    }

    @Test(arguments: WritingCall.all) func theDirectoryIsRemoved(_ call: WritingCall) async throws {
        let place = try TemporaryDirectory()
        try await FaultChecks.removal(during: call) {
            LocalStorage(path: place.appending(UUID().uuidString))
        } remove: {
            try FileManager.default.removeItem(atPath: $0.location)
        }
        if let open = ProcessGauge.openFiles(under: place.path) { #expect(open == 0) }
    }
}
