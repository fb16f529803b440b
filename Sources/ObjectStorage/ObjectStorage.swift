// SPDX-License-Identifier: Apache-2.0
package import ByteCoding

/// Whether a write survives power loss when the call returns.
package enum WriteDurability: Sendable {
    /// Contents and directory entry are on the device.
    case full
    /// The operating system has them.
    case relaxed
}

package enum PutOutcome: Sendable, Equatable {
    case created
    /// Somebody else's object is there; nothing was changed.
    case alreadyExists
}

/// An object found by `walk`.
package struct ObjectEntry: Sendable, Equatable {
    package var key: ObjectKey
    package var size: UInt64
    /// Seconds since 1970.
    package var modified: Double
}

/// What a directory looked like; a changed directory gives another stamp once its clock has ticked.
package struct DirectoryStamp: Sendable, Equatable {
    package var device: UInt64
    package var inode: UInt64
    package var seconds: Int64
    package var nanoseconds: Int64
}

/// A tree of immutable objects: the directory of one table, on a disk, in memory, or on a server.
///
/// Objects are written once and never changed; a name is never used twice for different contents, but for tests and
/// for what `delete` removed. All methods may be called from any number of tasks at once, and by other processes.
package protocol ObjectStorage: Sendable {
    /// What a user calls this place: a path or a URI.
    var location: String { get }

    /// All bytes of an object, mapped where the storage can, else read into memory.
    ///
    /// The region stays readable after the object is deleted. Throws `not_found`.
    func open(_ key: ObjectKey) async throws -> Region

    /// `range` of an object's bytes, in memory of their own.
    ///
    /// Throws `not_found`, and `corrupt` where the object is shorter than the range.
    func read(_ key: ObjectKey, _ range: Range<UInt64>) async throws -> Region

    /// An object's size in bytes. Throws `not_found`.
    func size(_ key: ObjectKey) async throws -> UInt64

    /// Begins an object under a name that is not in use; directories are made as needed.
    ///
    /// Others may see a part of it before `finish`, so a name must be kept secret until then: write it, finish it,
    /// and only then put a manifest that names it. An object that was not finished is removed with its writer.
    func create(_ key: ObjectKey, _ durability: WriteDurability) async throws -> any ObjectWriter

    /// Writes an object whole, if there is none of that name: atomic against every other `putIfAbsent` of the name,
    /// in this process and in others. Readers see all of it or nothing.
    ///
    /// With `.full`, contents and name are on the device on return. When the outcome cannot be known (the name was
    /// linked, but making it durable failed; a connection was lost) it throws `commit_unknown` and does not retry.
    func putIfAbsent(_ key: ObjectKey, _ bytes: [UInt8], _ durability: WriteDurability) async throws -> PutOutcome

    /// The names of the objects directly inside a directory, in no order; empty where there is no such directory.
    func names(in directory: ObjectKey) async throws -> [String]

    /// The names of the directories directly inside a directory, in no order; empty where there is no such directory.
    ///
    /// Throws `invalid_argument` where an object has the directory's name.
    func directories(in directory: ObjectKey) async throws -> [String]

    /// Every object under the root, with sizes; empty where there is no root.
    func walk() async throws -> [ObjectEntry]

    /// Removes an object; one that is not there is no error. Not made durable: a removed object may return after
    /// power loss.
    func delete(_ key: ObjectKey) async throws

    /// What `directory` looks like now; nil where it does not exist. Storages without directories return nil always.
    func stamp(of directory: ObjectKey) async throws -> DirectoryStamp?
}

/// Writes one object from front to back.
package protocol ObjectWriter: AnyObject, Sendable {
    /// Bytes written so far.
    var count: UInt64 { get }

    func write(_ bytes: ByteView) async throws

    /// Makes the object complete and, as its durability asks, durable: contents, then the directory entry.
    func finish() async throws
}

extension ObjectWriter {
    package func write(_ bytes: [UInt8]) async throws {
        // An array's buffer cannot be held across a suspension; a region's can.
        let region = Region(copying: bytes, name: "write")
        try await write(region.view)
    }
}
