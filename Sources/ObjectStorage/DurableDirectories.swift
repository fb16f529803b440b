// SPDX-License-Identifier: Apache-2.0
import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The directories whose names a storage has brought to the device, by what they are and not by name: one that was
/// removed and made anew is another.
final class DurableDirectories: Sendable {
    private struct Identity: Hashable {
        var device: UInt64
        var inode: UInt64

        init(_ status: stat) {
            device = UInt64(truncatingIfNeeded: status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }

    private let known = Mutex(Set<Identity>())

    /// False for what is no directory.
    func contains(_ status: stat) -> Bool {
        status.st_mode & S_IFMT == S_IFDIR && known.withLock { $0.contains(Identity(status)) }
    }

    func insert(_ status: stat) { _ = known.withLock { $0.insert(Identity(status)) } }
}
