// SPDX-License-Identifier: Apache-2.0
import CVectorKernels

/// The instruction set that the kernels of this process use.
package enum KernelLevel: Int32, CaseIterable, Sendable {
    // The numbers are those of CVectorKernels.h.
    case scalar = 0
    case avx2 = 1
    case avx512 = 2
    case neon = 3
    case avx512vbmi = 4

    /// What this processor and operating system can run; `scalar` is always among them.
    package static var supported: [KernelLevel] { allCases.filter { vk_level_is_supported($0.rawValue) != 0 } }

    /// The level in use: the best one, unless another is forced.
    package static var current: KernelLevel { KernelLevel(rawValue: vk_level_current()) ?? .scalar }

    /// Uses `level` from now on, in all threads; nil goes back to the best one.
    ///
    /// For tests and measurements: distances of different levels differ in their last bits, so a search that is running
    /// would mix them.
    /// Returns false, and changes nothing, when the level is not supported here.
    @discardableResult
    package static func force(_ level: KernelLevel?) -> Bool { vk_level_force(level?.rawValue ?? -1) != 0 }
}
