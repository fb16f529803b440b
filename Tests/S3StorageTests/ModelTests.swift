// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import ObjectStorage
    import S3Storage
    import TestSupport
    import Testing

    /// Random operations, over a network that fails, do what they do to a dictionary.
    struct ModelTests {
        private static let directories = ["", "data/", "_versions/", "_indices/a b/", "_indices/a b/c/"]

        @Test(arguments: 0..<6) func randomOperations(_ seed: Int) async throws {
            let server = FakeS3(pageSize: seed % 2 == 0 ? 3 : 1000)
            var random = SplitMix64(seed: UInt64(seed) + 77)
            let storage = try fakeStorage(server, path: ["", "t", "a/ü +%/t"][seed % 3])
            server.fail { number, _ in
                var dice = SplitMix64(seed: UInt64(seed * 7_919 + number))
                switch dice.next() % 14 {
                case 0: return .status(503, "SlowDown")
                case 1: return .lostBefore
                case 2: return .lostAfter
                case 3: return .truncated
                case 4: return .status(409, "OperationAborted")
                default: return nil
                }
            }
            var model: [ObjectKey: [UInt8]] = [:]
            for step in 0..<600 {
                let name = Self.directories[random.below(Self.directories.count)]
                let key = try ObjectKey(name + "k\(random.next() % 12)")
                // No two writes are of the same bytes.
                let bytes = Array("step \(step) ".utf8) + random.bytes(Int(random.next() % 3000))
                switch random.next() % 9 {
                case 0, 1:
                    let outcome = try await storage.putIfAbsent(key, bytes, .full)
                    #expect(outcome == (model[key] == nil ? .created : .alreadyExists))
                    model[key] = model[key] ?? bytes
                case 2:
                    let writer = try await storage.create(key, .relaxed)
                    try await writer.write(bytes)
                    if model[key] == nil {
                        try await writer.finish()
                        model[key] = bytes
                    } else {
                        await #expect(throws: Failure.self) { try await writer.finish() }
                    }
                case 3:
                    try await storage.delete(key, .full)
                    model[key] = nil
                case 4:
                    let keys = Array(model.keys.prefix(Int(random.next() % 4))) + [key]
                    try await storage.delete(keys)
                    for key in keys { model[key] = nil }
                case 5:
                    guard let expected = model[key] else {
                        await #expect { try await storage.open(key) } throws: { ($0 as? Failure)?.code == .notFound }
                        continue
                    }
                    #expect(try await storage.open(key).view.bytes == expected)
                case 6:
                    guard let expected = model[key] else { continue }
                    let range = random.range(in: expected.count)
                    let part = try await storage.read(key, UInt64(range.lowerBound)..<UInt64(range.upperBound))
                    #expect(part.view.bytes == Array(expected[range]))
                    #expect(try await storage.size(key) == UInt64(expected.count))
                case 7:
                    let directory = key.parent
                    #expect(
                        Set(try await storage.names(in: directory))
                            == Set(model.keys.filter { $0.parent == directory }.map(\.name)))
                default:
                    let found = try await storage.walk()
                    #expect(found.count == model.count)
                    for entry in found { #expect(model[entry.key].map { UInt64($0.count) } == entry.size) }
                }
            }
            #expect(server.uploads == 0)
            #expect(server.objects.count == model.count)
        }
    }
#endif
