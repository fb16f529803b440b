// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
package import LanceTable
import LanceProto
import SwiftProtobuf

extension IVFPQIndex {
    /// Why a manifest's entry is no IVF_PQ segment that this package reads; nil where it may be one.
    ///
    /// Only the files tell for sure: entries of older Lance say no more than that the index is one of vectors, and
    /// `open` throws `unsupported` where it is of another type.
    package static func unsupportedReason(_ entry: IndexEntry) -> String? {
        guard entry.kind == .vector else { return "it is no vector index" }
        guard entry.fieldIDs.count == 1 else { return "it is over \(entry.fieldIDs.count) columns" }
        guard entry.proto.indexVersion <= 1 else { return "its version is \(entry.proto.indexVersion)" }
        guard !entry.proto.hasBaseID else { return "its files are at another place" }
        // Lance lists an index so that had too few rows to be built; there are no files.
        guard !entry.coveredFragments.isEmpty else { return "it covers no fragment" }
        let details = entry.proto.indexDetails
        // The same name under `lance.table` is an empty message.
        guard details.typeURL.hasSuffix("lance.index.pb.VectorIndexDetails"), !details.value.isEmpty else { return nil }
        guard let message = try? ProtoVectorIndexDetails(serializedBytes: details.value) else {
            return "its details are not well-formed"
        }
        if message.hasHnswIndexConfig { return "it is a graph index" }
        switch message.metricType {
        case .l2, .cosine, .dot: break
        case .hamming, .UNRECOGNIZED: return "its metric is \(message.metricType)"
        }
        switch message.compression {
        case .pq, nil: return nil
        case .sq: return "it is of type IVF_SQ"
        case .rq: return "it is of type IVF_RQ"
        case .flat: return "it is of type IVF_FLAT"
        }
    }
}
