// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceProto
import SwiftProtobuf

/// The ids of five rows in each of the forms that a manifest may have them in.
enum SeedRowIDs {
    static let segments: [(String, ProtoRowIdSegment)] = [
        ("range", .rangeOf(100, 105)),
        (
            "holes",
            .with {
                $0.rangeWithHoles.start = 100
                $0.rangeWithHoles.end = 107
                $0.rangeWithHoles.holes.u16Array.base = 100
                $0.rangeWithHoles.holes.u16Array.offsets = Data([1, 0, 4, 0])
            }
        ),
        (
            "bitmap",
            .with {
                $0.rangeWithBitmap.start = 100
                $0.rangeWithBitmap.end = 109
                $0.rangeWithBitmap.bitmap = Data([0b0110_0101, 1])
            }
        ),
        (
            "sorted",
            .with {
                $0.sortedArray.u32Array.base = 100
                $0.sortedArray.u32Array.offsets = Data((0..<5).flatMap { [$0 * 3, 0, 0, 0] as [UInt8] })
            }
        ),
        (
            "array",
            .with {
                $0.array.u64Array.values = Data(
                    [7, 3, 9, 1, 2].flatMap { [$0, 0, 0, 0, 0, 0, 0, 0] as [UInt8] })
            }
        ),
    ]

    /// The same with greater ids, where the form allows it: no two rows of a table have one id.
    static func moved(_ segment: ProtoRowIdSegment, by distance: UInt64) -> ProtoRowIdSegment {
        var segment = segment
        switch segment.segment {
        case .range:
            segment.range.start += distance
            segment.range.end += distance
        case .rangeWithHoles:
            segment.rangeWithHoles.start += distance
            segment.rangeWithHoles.end += distance
            segment.rangeWithHoles.holes.u16Array.base += distance
        case .rangeWithBitmap:
            segment.rangeWithBitmap.start += distance
            segment.rangeWithBitmap.end += distance
        case .sortedArray: segment.sortedArray.u32Array.base += distance
        case .array:
            if distance > 0 { segment = .rangeOf(distance, distance + 5) }
        case nil: break
        }
        return segment
    }
}

extension ProtoRowIdSegment {
    fileprivate static func rangeOf(_ start: UInt64, _ end: UInt64) -> Self {
        .with {
            $0.range.start = start
            $0.range.end = end
        }
    }
}
