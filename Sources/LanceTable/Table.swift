// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import Logging
package import ObjectStorage
import Synchronization

/// A Lance table at one place: finds its newest version, and adds versions to it.
package final class Table: Sendable {
    package let storage: any ObjectStorage
    let durability: WriteDurability
    /// The version that all calls see; nil for the newest one. Nothing is committed where it is given.
    package let pinned: VersionReference?
    private let files = OpenFiles()
    private let known = Mutex<Known?>(nil)
    /// How old a version may be for calls that only read; nil where they look each time.
    private let consistencyInterval: Duration?
    let now: @Sendable () -> ContinuousClock.Instant
    private let recent = Mutex(RecentVersion())
    /// A version of which every file is known to survive power loss.
    let durable = Mutex<Snapshot?>(nil)
    static let logger = Logger(label: "swift-lance.table")
    static let versionsKey = "_versions"
    /// Made once: every search asks for it.
    private static let versionsDirectory = Result { try ObjectKey(versionsKey) }

    /// The newest version when somebody last looked.
    private struct Known {
        var snapshot: Snapshot
        var directory: DirectoryStamp?
        /// The manifest file's, if it was settled.
        var file: DirectoryStamp?
        /// The manifest object's, of storages that have them.
        var tag: String?
        /// The directory had been unchanged for long enough that a later change must give another stamp.
        var isSettled: Bool
    }

    /// A directory's modification time ticks with the kernel's clock (4 to 10 ms); within a tick a change is invisible.
    private static let settlingTime = 0.05

    /// - Parameters:
    ///   - consistencyInterval: how long ago the version may have been looked for that `recentIfAny` gives; nil looks each time.
    ///   - now: a clock that nobody sets.
    package init(
        _ storage: any ObjectStorage, _ durability: WriteDurability = .full, pinned: VersionReference? = nil,
        consistencyInterval: Duration? = nil, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.storage = storage
        self.durability = durability
        self.pinned = pinned
        self.consistencyInterval = consistencyInterval.flatMap { $0 > .zero ? $0 : nil }
        self.now = now
    }

    /// For calls that only read: the version that this process saw or made last, if that was within the consistency interval,
    /// else the newest. Throws `not_found` where there is no table.
    package func recent() async throws -> Snapshot {
        if let snapshot = recentSnapshot() { return snapshot }
        return try await latest()
    }

    /// The same; nil where there is no table, for which is looked each time.
    package func recentIfAny() async throws -> Snapshot? {
        if let snapshot = recentSnapshot() { return snapshot }
        return try await latestIfAny()
    }

    private func recentSnapshot() -> Snapshot? {
        guard let consistencyInterval, pinned == nil else { return nil }
        let now = now()
        return recent.withLock { $0.snapshot(now, within: consistencyInterval) }
    }

    /// A version of this process's has come into being since `start`.
    func remember(made snapshot: Snapshot, _ start: ContinuousClock.Instant?) {
        guard let start else { return }
        let now = now()
        recent.withLock { $0.made(snapshot, start, now) }
    }

    /// What a version of this process's is called, and whether it has come into being, is not known.
    func forgetRecent() {
        let now = now()
        recent.withLock { $0.forget(now) }
    }

    /// Nil where nobody asks for recent versions.
    func startOfLook() -> ContinuousClock.Instant? { consistencyInterval == nil || pinned != nil ? nil : now() }

    /// The newest committed version. Throws `not_found` where there is no table.
    package func latest() async throws -> Snapshot {
        guard let snapshot = try await latestIfAny() else {
            throw Failure(
                .notFound, "there is no Lance table here; migrate or append makes one", path: storage.location)
        }
        return snapshot
    }

    /// The newest committed version, whoever committed it; nil where there is no table.
    ///
    /// Costs a `stat` when nothing has changed. Versions may have gaps, so version N + 1 is never guessed at.
    package func latestIfAny() async throws -> Snapshot? {
        if let pinned { return try await snapshot(pinned: pinned) }
        guard let start = startOfLook() else { return try await newestIfAny() }
        let snapshot = try await newestIfAny()
        recent.withLock { $0.saw(snapshot, start) }
        return snapshot
    }

    private func newestIfAny() async throws -> Snapshot? {
        let directory = try await storage.stamp(of: Self.versionsDirectory.get())
        let before = known.withLock { $0 }
        if let before, before.isSettled, directory != nil, before.directory == directory { return before.snapshot }
        // A version may be cleaned up between the listing and the reading; the next listing shows what took its place.
        let times = 3
        for _ in 0..<times {
            if let found = try await look(directory, before) { return found.snapshot }
            if try await versions().isEmpty { return nil }
        }
        throw vanished(times: times)
    }

    func vanished(times: Int) -> Failure {
        Failure(
            .io,
            "the newest manifest was listed and not there when it was opened, \(times) times in a row; try again",
            path: storage.location)
    }

    /// The one version that this table is opened at.
    private func snapshot(pinned reference: VersionReference) async throws -> Snapshot {
        // A number always means the same; a name may be given to another version.
        let number = try await number(of: reference)
        if let before = known.withLock({ $0 })?.snapshot, before.version == number { return before }
        let found = try await snapshot(.number(number))
        known.withLock { $0 = Known(snapshot: found, isSettled: true) }
        return found
    }

    /// Throws `unsupported` where the table is opened at a version.
    package func checkNewest() throws {
        guard let pinned else { return }
        throw Failure(
            .unsupported, "the table is opened at \(pinned), which does not change; open it without a version to write",
            path: storage.location)
    }

    /// Nil where there is no version, or where the newest one vanished.
    private func look(_ directory: DirectoryStamp?, _ before: Known?) async throws -> Known? {
        let now = Date().timeIntervalSince1970
        guard let (newest, tag) = try await newest() else { return nil }
        if let before, let tag, before.snapshot.version == newest.version, before.tag == tag { return before }
        let key = try ObjectKey(Self.versionsKey).appending(newest.name)
        let isSettled = directory.map { now - $0.time >= Self.settlingTime } ?? false
        // A table that was made anew within a tick may have got the old one's inodes, and so its manifest's stamp.
        let file = try await storage.stamp(of: key).flatMap { now - $0.time >= Self.settlingTime ? $0 : nil }
        if var before, before.snapshot.version == newest.version, let file, before.file == file,
            before.directory?.inode == directory?.inode, before.directory?.device == directory?.device
        {
            before.directory = directory
            before.isSettled = isSettled
            remember(before)
            return before
        }
        let region: Region
        do {
            region = try await storage.open(key)
        } catch let failure as Failure where failure.code == .notFound {
            return nil
        }
        let snapshot = try Snapshot(Manifest(parsing: region.view), name: newest, storage: storage, files: files)
        files.keepOnly(snapshot.fragments)
        let found = Known(snapshot: snapshot, directory: directory, file: file, tag: tag, isSettled: isSettled)
        remember(found)
        return found
    }

    /// The newest version's name, and its manifest's tag. Nil where there is no version.
    private func newest() async throws -> (name: ManifestName, tag: String?)? {
        let (objects, areAll) = try await storage.first(in: Self.versionsDirectory.get())
        let name: ManifestName?
        // Names of the second scheme begin with the newest.
        if !areAll, let first = objects.lazy.compactMap({ ManifestName($0.name) }).first, first.scheme == .v2 {
            name = first
        } else if areAll {
            name = try ManifestName.versions(among: objects.map(\.name), path: location).last
        } else {
            name = try await versions().last
        }
        return name.map { name in (name, objects.first { $0.name == name.name }?.tag) }
    }

    private var location: String { storage.location + "/" + Self.versionsKey }

    private func remember(_ found: Known) {
        known.withLock { known in
            // A slower task must not put back what it saw earlier. Version numbers do not tell: a table may be
            // removed and made anew.
            if let last = known?.directory, let seen = found.directory, last.time > seen.time { return }
            known = found
        }
    }

    /// One version. Throws `not_found` where it was cleaned up.
    package func snapshot(_ name: ManifestName) async throws -> Snapshot {
        let region = try await storage.open(ObjectKey(Self.versionsKey).appending(name.name))
        return try Snapshot(Manifest(parsing: region.view), name: name, storage: storage, files: files)
    }

    /// A version that this process has just written, from the manifest it wrote.
    func snapshot(_ manifest: Manifest, _ name: ManifestName) throws -> Snapshot {
        try Snapshot(manifest, name: name, storage: storage, files: files)
    }

    /// The same, or what is known for sure where a part of the directory cannot be read: for after a commit, which must
    /// not be reported as a failure any more.
    package func diskBytes(orAtLeast known: Int) async -> Int {
        do {
            return try await diskBytes()
        } catch {
            Self.logger.warning(
                "the size of a table could not be told",
                metadata: ["table": "\(storage.location)", "error": "\(error)"])
            return known
        }
    }

    /// Bytes of all files under the table's directory.
    package func diskBytes() async throws -> Int {
        Int(clamping: try await storage.walk().reduce(UInt64(0)) { $0 &+ $1.size })
    }
}
