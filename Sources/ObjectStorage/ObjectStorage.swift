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
    /// Seconds since 1970; infinite where nobody knows.
    package var modified: Double
    /// As `tag(of:)` gives it.
    package var tag: String?

    package init(key: ObjectKey, size: UInt64, modified: Double, tag: String? = nil) {
        self.key = key
        self.size = size
        self.modified = modified
        self.tag = tag
    }
}

/// An object's name in its directory.
package struct ListedObject: Sendable, Equatable {
    package var name: String
    /// Tells this object from another that has the name later; nil where the storage has no such thing.
    package var tag: String?

    package init(name: String, tag: String?) {
        self.name = name
        self.tag = tag
    }
}

/// What a directory looked like; a changed directory gives another stamp once its clock has ticked.
package struct DirectoryStamp: Sendable, Equatable {
    package var device: UInt64
    package var inode: UInt64
    package var seconds: Int64
    package var nanoseconds: Int64

    /// Seconds since 1970, as `ObjectEntry.modified` has them.
    package var time: Double { Double(seconds) + Double(nanoseconds) * 1e-9 }

    package init(device: UInt64, inode: UInt64, seconds: Int64, nanoseconds: Int64) {
        self.device = device
        self.inode = inode
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }
}

/// A tree of immutable objects: the directory of one table, on a disk, in memory, or on a server.
///
/// Objects are written once and never changed; a name is never used twice for different contents, but for tests and
/// for what `delete` removed. All methods may be called from any number of tasks at once, and by other processes.
package protocol ObjectStorage: Sendable {
    /// What a user calls this place: a path or a URI.
    var location: String { get }

    /// Each request takes milliseconds: what will be needed is better asked for at once than when its turn comes.
    var isDistant: Bool { get }

    /// All bytes of an object, mapped where the storage can, else read into memory.
    ///
    /// The region stays readable after the object is deleted. Throws `not_found`.
    func open(_ key: ObjectKey) async throws -> Region

    /// An object to be read here and there: mapped, or with bytes that are fetched as they are needed. Throws `not_found`.
    ///
    /// - Parameter size: of the object, where it is known, as manifests know it: saves some storages asking for it.
    func file(_ key: ObjectKey, size: UInt64?) async throws -> FileView

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
    /// With `.full`, contents and name are on the device on return, and so are the directories above, whoever made
    /// them. When the outcome cannot be known (the name was
    /// linked, but making it durable failed; a connection was lost) it throws `commit_unknown` and does not retry.
    func putIfAbsent(_ key: ObjectKey, _ bytes: [UInt8], _ durability: WriteDurability) async throws -> PutOutcome

    /// The names of the objects directly inside a directory, in no order; empty where there is no such directory.
    func names(in directory: ObjectKey) async throws -> [String]

    /// The objects directly inside a directory whose names come first in the order of their bytes, and whether these are
    /// all: one request, where `names(in:)` may take several.
    func first(in directory: ObjectKey) async throws -> (objects: [ListedObject], areAll: Bool)

    /// The names of the directories directly inside a directory, in no order; empty where there is no such directory.
    ///
    /// Throws `invalid_argument` where an object has the directory's name.
    func directories(in directory: ObjectKey) async throws -> [String]

    /// Every object under the root, with sizes; empty where there is no root.
    func walk() async throws -> [ObjectEntry]

    /// Removes an object; one that is not there is no error.
    ///
    /// With `.full`, neither this object nor any that was removed from its directory before returns after power loss;
    /// where that cannot be made sure, it throws `commit_unknown`.
    func delete(_ key: ObjectKey, _ durability: WriteDurability) async throws

    /// Makes durable what was made in a directory and removed from it; where it is not there, that it and those above are gone.
    func synchronize(directory: ObjectKey) async throws

    /// Makes objects durable that may have been written with `.relaxed`, or by somebody who does not care: their contents,
    /// their names, and the directories above. One that is not there is passed over.
    ///
    /// - Parameter since: passes over objects that were changed before this moment too, in seconds since 1970; nil for none.
    func synchronize(_ keys: [ObjectKey], changedSince since: Double?) async throws

    /// What `directory` looks like now; nil where it does not exist. Storages without directories return nil always.
    func stamp(of directory: ObjectKey) async throws -> DirectoryStamp?

    /// Tells the object that has the name now from another that has it later; nil where there is none, and always in
    /// storages that have no such thing, which have stamps.
    func tag(of key: ObjectKey) async throws -> String?

    /// Removes objects, several at a time; those that are not there are no error.
    ///
    /// - Parameter check: called right before each one is removed; it throws where nothing more is to be removed.
    func delete(_ keys: [ObjectKey], after check: (@Sendable (ObjectKey) async throws -> Void)?) async throws

    /// The storage of another place that a table here names. Throws `unsupported` where there is no way to it.
    func storage(at location: StorageLocation) throws -> any ObjectStorage
}

extension ObjectStorage {
    package var isDistant: Bool { false }

    package func first(in directory: ObjectKey) async throws -> (objects: [ListedObject], areAll: Bool) {
        (try await names(in: directory).map { ListedObject(name: $0, tag: nil) }, true)
    }

    package func file(_ key: ObjectKey, size: UInt64?) async throws -> FileView { FileView(try await open(key).view) }

    package func tag(of key: ObjectKey) async throws -> String? { nil }

    /// Removes what is of no use: it may return after power loss.
    package func delete(_ key: ObjectKey) async throws { try await delete(key, .relaxed) }
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

extension ObjectStorage {
    package func delete(_ keys: [ObjectKey]) async throws { try await delete(keys, after: nil) }

    /// Removes what a call that failed leaves behind, also where its task was cancelled: a request of a cancelled task is
    /// not sent. What cannot be removed stays for a clean-up.
    package func discard(_ keys: [ObjectKey], _ durability: WriteDurability = .relaxed) async {
        guard !keys.isEmpty else { return }
        await Task {
            if isDistant, keys.count > 1 {
                try? await delete(keys)
            } else {
                for key in keys { try? await delete(key, durability) }
            }
        }.value
    }

    /// One after the other in a few tasks: a device has several of them in work.
    package func delete(_ keys: [ObjectKey], after check: (@Sendable (ObjectKey) async throws -> Void)?) async throws {
        // A few are not worth tasks of their own, which would wait for a thread.
        let lanes = keys.count < 32 ? 1 : 4
        guard lanes > 1 else {
            try await delete(keys[...], after: check)
            return
        }
        try await withThrowingTaskGroup { group in
            for lane in 0..<lanes {
                let part = stride(from: lane, to: keys.count, by: lanes).map { keys[$0] }
                group.addTask { try await delete(part[...], after: check) }
            }
            // Where one of them throws, the others stop.
            for try await _ in group {}
        }
    }

    private func delete(_ keys: ArraySlice<ObjectKey>, after check: ((ObjectKey) async throws -> Void)?) async throws {
        for key in keys {
            try Task.checkCancellation()
            try await check?(key)
            try await delete(key)
        }
    }

    package func storage(at location: StorageLocation) throws -> any ObjectStorage {
        try StoragePlaces.local.make(location)
    }
}
