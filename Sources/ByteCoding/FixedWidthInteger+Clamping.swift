// SPDX-License-Identifier: Apache-2.0

extension FixedWidthInteger {
    /// The sum, or the largest value where it is more: for totals of sizes that a file tells.
    package func adding(clamping other: Self) -> Self {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
