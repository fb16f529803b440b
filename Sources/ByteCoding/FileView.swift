// SPDX-License-Identifier: Apache-2.0

/// A checked window on a file whose bytes may be elsewhere still.
///
/// Code that reads a file is synchronous and asks for the bytes that it needs. Where they are not in memory it gets
/// `MissingBytes` thrown, and `fetching(_:)` fetches them and runs it again. So all of a decoder is written once, for
/// mapped files and for those on a server, and no decoder can read bytes that are not there: a `ByteView` has all of its
/// own.
package struct FileView: Sendable {
    private enum Place: Sendable {
        case memory(ByteView)
        /// With where the window starts in the file.
        case remote(any RemoteFile, start: Int)
    }

    private let place: Place
    package let count: Int

    package init(_ view: ByteView) {
        place = .memory(view)
        count = view.count
    }

    package init(_ file: any RemoteFile) { self.init(file, start: 0, count: file.count) }

    private init(_ file: any RemoteFile, start: Int, count: Int) {
        place = .remote(file, start: start)
        self.count = count
    }

    package static let empty = FileView(.empty)

    package var isEmpty: Bool { count == 0 }

    package var name: String {
        switch place {
        case .memory(let view): view.region.name
        case .remote(let file, _): file.name
        }
    }

    /// The bytes of a file that is in memory or mapped; nil for one that is elsewhere, whatever of it is here by now.
    package var inMemory: ByteView? {
        if case .memory(let view) = place { view } else { nil }
    }

    /// A failure about the byte `offset` of this view.
    package func corrupt(_ message: String, at offset: Int = 0) -> Failure {
        switch place {
        case .memory(let view): view.corrupt(message, at: offset)
        case .remote(let file, let start):
            Failure(.corrupt, message, path: file.name, offset: UInt64(clamping: start) &+ UInt64(clamping: offset))
        }
    }

    /// `length` bytes from `offset`, which need not be here; throws when they are not all inside the view.
    package func slice(_ offset: Int, _ length: Int, _ what: @autoclosure () -> String = "bytes") throws -> FileView {
        switch place {
        case .memory(let view): return FileView(try view.slice(offset, length, what()))
        case .remote(let file, let start):
            guard offset >= 0, length >= 0, offset <= count, length <= count - offset else {
                throw corrupt(
                    "\(what()): expected \(length) bytes at \(offset), but only \(count) bytes are there",
                    at: min(max(offset, 0), count))
            }
            return FileView(file, start: start + offset, count: length)
        }
    }

    /// The same for numbers that were read from a file, which may be beyond what `Int` holds.
    package func slice(_ offset: UInt64, _ length: UInt64, _ what: @autoclosure () -> String = "bytes") throws
        -> FileView
    {
        guard let offset = Int(exactly: offset), let length = Int(exactly: length) else {
            throw corrupt("\(what()): offset \(offset) with length \(length) is beyond the file")
        }
        return try slice(offset, length, what())
    }

    /// All the bytes. Throws `MissingBytes` where they are not here.
    package func bytes() throws -> ByteView {
        switch place {
        case .memory(let view): return view
        case .remote(let file, let start):
            if count == 0 { return .empty }
            if let bytes = file.bytes(start..<start + count) { return bytes }
            throw MissingBytes(file, [start..<start + count])
        }
    }

    /// `length` bytes from `offset`. Throws `MissingBytes` where they are not here.
    package func bytes(_ offset: Int, _ length: Int, _ what: @autoclosure () -> String = "bytes") throws -> ByteView {
        try slice(offset, length, what()).bytes()
    }

    /// The same for numbers that were read from a file.
    package func bytes(_ offset: UInt64, _ length: UInt64, _ what: @autoclosure () -> String = "bytes") throws
        -> ByteView
    {
        try slice(offset, length, what()).bytes()
    }
}
