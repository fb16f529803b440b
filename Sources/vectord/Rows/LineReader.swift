// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore

/// The lines of a file, of which only a piece is in memory at any time.
final class LineReader {
    private static let chunk = 1 << 20
    /// A line is a row; one that is longer is not meant as lines of JSON.
    private static let longestLine = 256 << 20

    let file: InputFile
    /// Counted from 1: the line that was read last.
    private(set) var number = 0
    /// Bytes of the file that were read.
    private(set) var bytesRead = 0
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    init(_ file: InputFile) { self.file = file }

    /// Calls `body` with the next line, without its line feed; nil at the end.
    func next<T>(_ body: (UnsafeRawBufferPointer) throws -> T) throws -> T? {
        var searched = start
        while true {
            if let end = lineFeed(from: searched) {
                defer { start = end + 1 }
                return try line(start..<end, body)
            }
            guard !isAtEnd else {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                return try line(start..<buffer.count, body)
            }
            buffer.removeFirst(start)
            start = 0
            searched = buffer.count
            guard buffer.count <= Self.longestLine else {
                throw StoreError(
                    code: .invalidArgument,
                    message: "line \(number + 1) has more than \(Readable.bytes(Self.longestLine)); give a row a line",
                    path: file.name)
            }
            let count = try file.read(max(Self.chunk, buffer.count), into: &buffer)
            bytesRead += count
            isAtEnd = count == 0
        }
    }

    private func lineFeed(from index: Int) -> Int? {
        buffer.withUnsafeBufferPointer { $0[index...].firstIndex(of: UInt8(ascii: "\n")) }
    }

    private func line<T>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> T) throws -> T {
        number += 1
        return try buffer.withUnsafeBytes { bytes in
            var range = range
            // Some editors begin a file with a byte order mark.
            if number == 1, bytes[range].starts(with: [0xef, 0xbb, 0xbf]) {
                range = range.lowerBound + 3..<range.upperBound
            }
            return try body(UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
    }
}
