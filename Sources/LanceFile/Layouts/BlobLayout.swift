// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

extension LayoutDecoder {
    /// Large values outside the pages: the layout inside is of their places.
    func decodeBlob(_ blob: ProtoBlobLayout, _ rows: Range<Int>) throws -> LeveledValues {
        let layers = try Layers(blob.layers)
        guard layers.kinds.count == 1 else { throw Self.unsupported("Blob in lists or structs", type) }
        if case .blob = blob.innerLayout.layout { throw Self.unsupported("Blob of blobs", type) }
        let places = try decode(blob.innerLayout, BlobPlaces.type, rows)
        guard places.layers.kinds.count == 1 else { throw Self.unsupported("Blob whose places are in lists", type) }
        let values = try BlobPlaces.values(NestedRows(places).values, in: page.file, validity: nil)
        // That a value is null stands in its place, not in a level.
        return try LeveledValues(values, layers: layers)
    }
}
