// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

extension LayoutDecoder {
    /// Rows of a blob column, whose pages have a layout of their own in one version of blobs, and are of structs in the
    /// other.
    func decodeBlobs(_ rows: Range<Int>) throws -> LeveledValues {
        switch layout.layout {
        case .blob, .constant: return try decode(layout, type, rows)
        default: break
        }
        let places = try decode(layout, BlobPlaces.secondType, rows)
        let nested = try NestedRows(places)
        // Some writers have a layer for the blob and one for the struct: a null in either is a null.
        var validity = [nested.values.validity]
        for layer in nested.layers {
            guard case .structure(_, let outer) = layer else { throw Self.unsupported("of blobs in lists", type) }
            validity.append(outer)
        }
        let values = try BlobPlaces.secondValues(nested.values, validity: validity.compactMap { $0 }, in: page.file)
        return try LeveledValues(values, layers: Layers([.layerNullableItem]))
    }

    /// Large values outside the pages: the layout inside is of their places.
    func decodeBlob(_ blob: ProtoBlobLayout, _ rows: Range<Int>) throws -> LeveledValues {
        let layers = try Layers(blob.layers)
        guard layers.kinds.count == 1 else { throw Self.unsupported("Blob in lists or structs", type) }
        if case .blob = blob.innerLayout.layout { throw Self.unsupported("Blob of blobs", type) }
        let places = try decode(blob.innerLayout, BlobPlaces.type, rows)
        guard places.layers.kinds.count == 1 else { throw Self.unsupported("Blob whose places are in lists", type) }
        let values = try BlobPlaces.values(NestedRows(places).values, in: page.file)
        // That a value is null stands in its place, not in a level.
        return try LeveledValues(values, layers: layers)
    }
}
