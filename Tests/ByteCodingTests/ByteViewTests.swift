// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Testing
import TestSupport

struct ByteViewTests {
    private let extremes = [Int.min, -1, 0, 1, 3, 4, 5, Int(Int32.max), Int.max - 1, Int.max]
    private let wide: [UInt64] = [0, 1, 4, 5, UInt64(Int.max), UInt64(Int.max) + 1, UInt64.max - 1, UInt64.max]

    @Test func slicesAreCheckedAtEveryExtreme() throws {
        let view = ByteView(copying: [1, 2, 3, 4])
        for offset in extremes {
            for length in extremes {
                let fits = offset >= 0 && length >= 0 && offset <= 4 && length <= 4 - offset
                if fits {
                    #expect(try view.slice(offset, length).count == length)
                } else {
                    #expect(throws: Failure.self) { try view.slice(offset, length) }
                }
            }
        }
        for offset in wide {
            for length in wide {
                let fits = offset <= 4 && length <= 4 - min(offset, 4)
                if fits {
                    #expect(try view.slice(offset, length).count == Int(length))
                } else {
                    #expect(throws: Failure.self) { try view.slice(offset, length) }
                }
            }
        }
    }

    @Test func loadsAreCheckedAtEveryExtreme() throws {
        let view = ByteView(copying: [0x01, 0x02, 0x03, 0x84])
        for offset in extremes where offset != 0 {
            #expect(throws: Failure.self) { try view.load(UInt32.self, at: offset) }
            #expect(throws: Failure.self) { try view.load(UInt64.self, at: offset) }
        }
        #expect(try view.load(UInt32.self, at: 0) == 0x8403_0201)
        #expect(try view.load(Int32.self, at: 0) == Int32(bitPattern: 0x8403_0201))
        #expect(try view.load(UInt16.self, at: 1) == 0x0302)
        #expect(try view.load(Int8.self, at: 3) == -124)
        #expect(throws: Failure.self) { try ByteView.empty.load(UInt8.self, at: 0) }
    }

    @Test func failuresNameFileAndPlace() throws {
        let region = Region(copying: [1, 2, 3, 4, 5], name: "some.lance", fileOffset: 1000)
        let failure = #expect(throws: Failure.self) { try region.view.slice(2, 3).slice(1, 9, "the footer") }
        #expect(failure?.code == .corrupt)
        #expect(failure?.path == "some.lance")
        #expect(failure?.offset == 1003)
        #expect(failure?.description.contains("the footer") == true)
        #expect(region.view.corrupt("x", at: -5).offset == 1000)
        let far = Region(copying: [1], name: "far", fileOffset: UInt64.max)
        #expect(far.view.corrupt("x", at: 1).offset == 0)
    }

    @Test func viewsOutliveTheirRegionsName() throws {
        var view: ByteView = .empty
        do { view = try Region(copying: Array(0..<100), name: "r").view.slice(10, 5) }
        #expect(view.bytes == [10, 11, 12, 13, 14])
        #expect(view.fileOffset == 10)
    }

    @Test func adoptedMemoryIsGivenBackOnce() {
        final class Count: @unchecked Sendable { var value = 0 }
        let count = Count()
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
        memory.initializeMemory(as: UInt8.self, repeating: 7, count: 8)
        do {
            let region = Region(
                adopting: UnsafeRawBufferPointer(start: memory, count: 8), name: "adopted", isMapped: true
            ) { pointer, size in
                #expect(size == 8)
                count.value += 1
                pointer.deallocate()
            }
            let copy = region.view
            #expect(copy.bytes == [UInt8](repeating: 7, count: 8))
            #expect(region.isMapped)
        }
        #expect(count.value == 1)
        let nothing = Region(adopting: UnsafeRawBufferPointer(start: nil, count: 0), name: "none", isMapped: true) {
            _, _ in
            Issue.record("nothing to give back")
        }
        #expect(nothing.view.isEmpty)
    }

    @Test func failedFillingThrows() {
        #expect(throws: CheckFailure.self) {
            _ = try Region(count: 100, name: "r") { _ in throw CheckFailure("no") }
        }
    }

    @Test func arraysAndText() throws {
        let view = ByteView(copying: [1, 0, 2, 0, 3])
        #expect(view.array(of: UInt16.self) == [1, 2])
        #expect(try view.slice(1, 4).array(of: UInt16.self) == [0x0200, 0x0300])
        #expect(ByteView.empty.array(of: UInt64.self) == [])
        #expect(ByteView(copying: Array("häuser".utf8)).utf8 == "häuser")
        #expect(ByteView(copying: [0xff, 0xfe]).utf8 == nil)
        #expect(ByteView(copying: [0xc0, 0x80]).utf8 == nil)
        #expect(throws: Failure.self) { try ByteView(copying: [0xed, 0xa0, 0x80]).string("a name") }
        #expect(view == ByteView(copying: [1, 0, 2, 0, 3]))
        #expect(view != ByteView(copying: [1, 0, 2, 0]))
    }

    @Test(arguments: [1, 2, 4, 8, 16, 32, 64]) func alignment(_ alignment: Int) throws {
        let region = Region(copying: Array(0..<200), name: "r")
        for start in 0..<70 {
            let aligned = try region.view.slice(start, 100).aligned(to: alignment)
            aligned.withUnsafeBytes { #expect(UInt(bitPattern: $0.baseAddress) % UInt(alignment) == 0) }
            #expect(aligned.bytes == Array(UInt8(start)..<UInt8(start + 100)))
            #expect(aligned.fileOffset == UInt64(start))
        }
    }

    @Test func failureKeepsItsFirstPath() {
        #expect(Failure(.io, "m").at(path: "p").path == "p")
        #expect(Failure(.io, "m", path: "q").at(path: "p").path == "q")
        #expect(Failure(.io, "m").description == "m")
        #expect(Failure(.io, "m", path: "p").description == "m (p)")
        #expect(Failure(.io, "m", offset: 3).description == "m (byte 3)")
        #expect(Failure(.io, "m", path: "p", offset: 3).description == "m (p, byte 3)")
    }
}
