// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import ObjectStorage
    import S3Storage
    import Synchronization
    import TestSupport
    import Testing

    /// Listings as servers write them, and as they should not.
    struct ListingTests {
        private static let keys = ["b.json", "b+c.json", "b c.json", "b%2Bc.json", "ü+ +.json", "x"]

        /// A plus is a space to some servers, and to others a plus.
        @Test(arguments: FakeListing.Spaces.allCases) func plusesAndSpaces(_ spaces: FakeListing.Spaces) async throws {
            for path in ["", "t", "a b", "a+b", "a +b"] {
                for chosen in [Self.keys, ["b+c.json"], ["b c.json"], ["b+c.json", "b c.json"], ["+", "plain"]] {
                    let server = FakeS3(pageSize: 1000, listing: .init(spaces: spaces))
                    let storage = try fakeStorage(server, path: path)
                    for key in chosen { _ = try await storage.putIfAbsent(ObjectKey("_refs/tags/" + key), [1], .full) }
                    #expect(Set(try await storage.names(in: ObjectKey("_refs/tags"))) == Set(chosen), "'\(path)'")
                    #expect(try await storage.directories(in: .root) == ["_refs"])
                    #expect(try await storage.walk().count == chosen.count)
                    for key in chosen { #expect(try await storage.tag(of: ObjectKey("_refs/tags/" + key)) != nil) }
                }
            }
        }

        /// Only a page that does not tell is asked for twice.
        @Test func onePageTellsMostly() async throws {
            let server = FakeS3(listing: .init(spaces: .percent))
            let storage = try fakeStorage(server, path: "a+b")
            for key in ["a", "b+c"] { _ = try await storage.putIfAbsent(ObjectKey(key), [1], .full) }
            server.fail(nil)
            // The path has a plus in it.
            #expect(Set(try await storage.names(in: .root)) == ["a", "b+c"])
            #expect(server.requests.count == 1)
        }

        /// What is of unknown age must not look old.
        @Test(arguments: [nil, "", "yesterday", "Sun, 22 Nov 2026 10:00:00 GMT", "2026-11-22"])
        func timesThatNobodyCanRead(_ modified: String?) async throws {
            let storage = try fakeStorage(FakeS3(listing: .init(modified: modified)))
            _ = try await storage.putIfAbsent(ObjectKey("data/x"), [1], .full)
            #expect(try await storage.walk().map(\.modified) == [.infinity])
        }

        @Test(arguments: [
            "2026-11-22T10:00:00.000Z", "2026-11-22T12:00:00+02:00", "2026-11-22T05:30:00.0-0430",
            "2026-11-22 10:00:00Z", "2026-11-22T10:00:00.000000000000Z",
        ]) func timesOfOtherForms(_ modified: String) async throws {
            let storage = try fakeStorage(FakeS3(listing: .init(modified: modified)))
            _ = try await storage.putIfAbsent(ObjectKey("data/x"), [1], .full)
            #expect(try await storage.walk().map(\.modified) == [1_795_341_600])
        }

        /// Servers that never come to an end.
        private struct Endless: HTTPTransport {
            let page: @Sendable (Int) -> String
            let count = Counter()

            final class Counter: Sendable {
                private let value = Mutex(0)
                func next() -> Int {
                    value.withLock {
                        $0 += 1
                        return $0
                    }
                }
            }

            func send(_ request: HTTPRequest) async throws -> HTTPReply {
                let text = "<ListBucketResult><IsTruncated>true</IsTruncated>\(page(count.next()))</ListBucketResult>"
                var receiver = try BodyReceiver(request, status: 200, headers: [])
                try Array(text.utf8).withUnsafeBytes { try receiver.append($0) }
                return try receiver.finish()
            }
        }

        private static func entry(_ key: String) -> String {
            "<Contents><Key>t/\(key)</Key><Size>1</Size></Contents>"
        }

        private static func token(_ text: String) -> String {
            "<NextContinuationToken>\(text)</NextContinuationToken>"
        }

        @Test func listingsThatDoNotEnd() async throws {
            let pages: [@Sendable (Int) -> String] = [
                { _ in Self.token("a") + Self.entry("x") },
                { Self.token($0 % 2 == 0 ? "a" : "b") + Self.entry("x\($0)") },
                { Self.token("\($0)") + Self.entry("x") }, { Self.token("\($0)") },
                { Self.token("\($0)") + "<CommonPrefixes><Prefix>t/a/</Prefix></CommonPrefixes>" },
            ]
            for page in pages {
                let storage = S3Storage(try fakeClient(Endless(page: page)), path: "t", probe: ConditionalPutProbe())
                await #expect { try await storage.walk() } throws: { ($0 as? Failure)?.code == .io }
                await #expect { try await storage.names(in: .root) } throws: { ($0 as? Failure)?.code == .io }
            }
        }
    }
#endif
