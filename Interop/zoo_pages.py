# SPDX-License-Identifier: Apache-2.0
"""Columns of many pages, each of another character: without nulls, with some, all null, constant, empty lists only.

Writers end a page when it has about 8 MiB; here the file writer is told to end one after each batch instead.
"""
import pathlib

import lance
import numpy as np
import pyarrow as pa
from lance.file import LanceFileWriter
from lance.fragment import DataFile, FragmentMetadata

from zoo_lists import item_makers
from zoo_values import lists, maps, numbers, random_for, struct, texts, vectors, with_nulls


def in_pages(pieces):
    """Writes one fragment whose file has a page of each column for each piece."""

    def write(path, version):
        whole = pa.concat_tables(pieces)
        dataset = lance.write_dataset(whole, path, data_storage_version=version)
        fragment = dataset.get_fragments()[0].metadata
        before = fragment.files[0]
        file = pathlib.Path(path, "data", "pages.lance")
        with LanceFileWriter(str(file), whole.schema, data_cache_bytes=1, version=version) as writer:
            for piece in pieces:
                writer.write_batch(piece)
        after = DataFile(
            file.name, before.fields, before.column_indices, before.file_major_version, before.file_minor_version,
            file.stat().st_size)
        operation = lance.LanceOperation.Overwrite(dataset.schema, [FragmentMetadata(0, [after], whole.num_rows)])
        lance.LanceDataset.commit(path, operation, read_version=dataset.version)

    return write


def columns(rng, n, nulls):
    """Columns by group, with or without nulls everywhere."""
    make = item_makers(rng, nulls)
    state = "some" if nulls else "none"
    inner = lambda k: lists(rng, k, make["int32"], 4, nulls)
    flat = {key: make[key](n) for key in (
        "int32", "int64", "uint8", "bool", "double", "half", "decimal", "fsb", "utf8", "large_utf8", "binary", "category")}
    return {
        "flat": flat,
        "long": {"text": with_nulls(rng, pa.array(texts(rng, n, 100, 500)), state),
                 "vector": vectors(rng, n, 8, null_rows=nulls), "wide": vectors(rng, n, 70, null_rows=nulls),
                 "items": vectors(rng, n, 5, null_items=nulls), "wide_items": vectors(rng, n, 70, null_items=nulls),
                 "dictionary": make["dictionary"](n)},
        "lists": {**{key: lists(rng, n, make[key], 5, nulls) for key in ("int32", "utf8", "vector", "bool", "struct")},
                  "full": lists(rng, n, make["int64"], 4, empties=False), "list_list": lists(rng, n, inner, 3, nulls)},
        "structs": {"flat": struct(rng, nulls, a=make["int32"](n), b=make["utf8"](n), c=vectors(rng, n, 4)),
                    "lists": struct(rng, nulls, l=inner(n), t=lists(rng, n, make["utf8"], 3, nulls)),
                    "deep": struct(rng, nulls, s=struct(rng, nulls, x=make["double"](n), l=inner(n)))},
        "maps": {"m": maps(rng, n, item_makers(rng, False)["utf8"], make["int32"], nulls=nulls)},
    }


def constant(array):
    """The first value that is not null, over and over."""
    valid = array.drop_null()
    if len(valid) == 0:
        return pa.nulls(len(array), array.type)
    return valid.take(pa.array(np.zeros(len(array), np.int64)))


def empty_lists(array):
    """Empty lists where it is a column of lists; the array itself elsewhere."""
    if not pa.types.is_list(array.type):
        return array
    return pa.array([[]] * len(array), array.type)


def tables(version_of_pylance):
    for group in ("flat", "long", "lists", "structs", "maps"):
        rng = random_for(f"pages_{group}")
        pieces = []
        for n, nulls in ((300, False), (1, True), (1100, True), (1024, False), (7, True), (3, False)):
            pieces.append(pa.table(columns(rng, n, nulls)[group]))
        some = pieces[2].slice(0, 200)
        pieces.insert(1, pa.table({key: pa.nulls(150, some.schema.field(key).type) for key in some.column_names}))
        for change in (constant, empty_lists):
            arrays = {key: change(some.column(key).combine_chunks()) for key in some.column_names}
            pieces.insert(4, pa.table(arrays))
        yield f"pages_{group}", in_pages(pieces)
        # Alone too: not every pylance can read every column back.
        orders = {"forward": pieces, "reversed": pieces[::-1], "all_null_first": pieces[1:4], "mixed": pieces[2:4] + pieces[6:]}
        for order, chosen in orders.items():
            for key in pieces[0].column_names:
                yield f"pages_{group}_{order}_{key}", in_pages([piece.select([key]) for piece in chosen])
