// SPDX-License-Identifier: Apache-2.0
import LanceProto
import SwiftProtobuf
package import VectorMath

/// What kind of index a manifest entry is, as its `index_details` and `index_version` say it.
package enum IndexDetails: Sendable, Hashable {
    case ivfPQ(metric: Metric, bits: Int, subVectors: Int)
    case btree

    /// Readers skip an entry whose version is above what they know of its kind.
    package var indexVersion: Int32 {
        switch self {
        case .ivfPQ: 1
        case .btree: 0
        }
    }

    /// The version of a BTREE of addresses over rows that keep their ids. Segments of one index must be of one kind.
    static let btreeOfAddresses: Int32 = 1

    func any() throws -> Google_Protobuf_Any {
        var any = Google_Protobuf_Any()
        // The leading slash, with no host before it, is what the official writer writes.
        switch self {
        case .ivfPQ(let metric, let bits, let subVectors):
            // Older versions know this message under `lance.table` and look at the last word only.
            any.typeURL = "/lance.index.pb.VectorIndexDetails"
            any.value = try ProtoVectorIndexDetails.with {
                $0.metricType = ProtoVectorIndexDetails.Metric(metric)
                $0.pq.numBits = UInt32(clamping: bits)
                $0.pq.numSubVectors = UInt32(clamping: subVectors)
            }.serializedBytes()
        case .btree: any.typeURL = "/lance.table.BTreeIndexDetails"
        }
        return any
    }
}

extension ProtoVectorIndexDetails.Metric {
    init(_ metric: Metric) {
        switch metric {
        case .l2: self = .l2
        case .cosine: self = .cosine
        case .dot: self = .dot
        }
    }
}
