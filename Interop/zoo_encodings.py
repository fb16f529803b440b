# SPDX-License-Identifier: Apache-2.0
"""Encodings that field metadata asks for: compression, full-zip and mini-block, packed structs, blobs."""
import lance
import numpy as np
import pyarrow as pa

from zoo_flat import distribution
from zoo_lists import item_makers
from zoo_values import lists, maps, numbers, random_for, steered, struct, texts, vectors, vocabulary, with_nulls

ROWS = 9001


def samples(rng):
    """Columns to be steered: their names and values."""
    words = texts(rng, ROWS, 20, 60)
    paragraphs = texts(rng, 2501, 200, 900)
    whole = pa.array(np.arange(ROWS) % 1000)
    return {
        "text": pa.array(paragraphs, pa.utf8()),
        "large_text": pa.array(paragraphs, pa.large_utf8()),
        "text_nulls": with_nulls(rng, pa.array(paragraphs, pa.utf8())),
        "words": pa.array(words, pa.utf8()),
        "words_nulls": with_nulls(rng, pa.array(words, pa.utf8())),
        "few_words": pa.array(words[:7], pa.utf8()),
        "binary": pa.array([word.encode() for word in words], pa.binary()),
        "category": pa.array(rng.choice(["red", "green", "blue"], ROWS), pa.utf8()),
        "uint8": pa.array(rng.integers(0, 9, ROWS), pa.uint8()),
        "int16": pa.array(rng.integers(0, 1000, ROWS), pa.int16()),
        "int32_nulls": with_nulls(rng, whole.cast(pa.int32())),
        "int64": whole,
        "runs": pa.array(distribution("runs", rng, ROWS), pa.int32()),
        "bool": numbers(rng, ROWS, pa.bool_()),
        "decimal": numbers(rng, ROWS, pa.decimal128(20, 2)),
        "fsb12": numbers(rng, ROWS, pa.binary(12)),
        "float32": pa.array(np.round(rng.standard_normal(ROWS), 2), pa.float32()),
        "float64": pa.array(np.round(rng.standard_normal(ROWS), 2)),
        "float64_nulls": with_nulls(rng, pa.array(np.round(rng.standard_normal(ROWS), 2))),
        "float16": pa.array(np.round(rng.standard_normal(ROWS), 1).astype(np.float16)),
        "vector": vectors(rng, 2003, 96),
        "small_vector": vectors(rng, 2003, 8, null_rows=True),
        "vector_items": vectors(rng, 2003, 9, null_items=True),
        "list_int": lists(rng, 3001, lambda n: pa.array(rng.integers(0, 50, n), pa.int32()), 8, True),
        "list_text": lists(rng, 3001, lambda n: pa.array(texts(rng, n, 3, 30), pa.utf8()), 4, True),
        "list_list": lists(rng, 1501, lambda k: lists(rng, k, lambda n: numbers(rng, n, pa.int16()), 4, True), 4, True),
        "huge": pa.array(texts(rng, 40, 20_000, 50_000), pa.utf8()),
    }


def compressed_tables():
    rng = random_for("compressed")
    columns = samples(rng)
    for scheme in ("zstd", "lz4", "fsst", "none"):
        for key, array in columns.items():
            if scheme == "none" and key not in ("text", "words_nulls", "category", "int64", "runs", "list_text"):
                continue
            yield f"compressed_{scheme}_{key}", steered(array, compression=scheme)
    for key in ("text", "int64"):
        yield f"compressed_level_{key}", steered(columns[key], compression="zstd", compression_level="9")
    for mode in ("on", "off", "auto"):
        for key in ("float16", "float32", "float64", "float64_nulls", "int64", "int32_nulls"):
            yield f"split_{mode}_{key}", steered(columns[key], compression="lz4", bss=mode)
    for key in ("float32", "float64"):
        yield f"split_alone_{key}", steered(columns[key], bss="on")
        yield f"split_zstd_{key}", steered(columns[key], compression="zstd", bss="on")
    for key in ("runs", "int64", "uint8", "float64"):
        yield f"run_length_{key}", steered(columns[key], rle_threshold="1.0")
        yield f"run_length_zstd_{key}", steered(columns[key], rle_threshold="1.0", compression="zstd")
    for key in ("category", "words", "int64", "text"):
        yield f"dictionary_forced_{key}", steered(
            columns[key], dict_divisor="1", dict_size_ratio="1.0", dict_values_compression="zstd")
    for structure in ("fullzip", "miniblock"):
        for key, array in columns.items():
            yield f"{structure}_{key}", steered(array, structural_encoding=structure)
    for key in ("text", "words_nulls", "vector", "list_text", "float64", "int64"):
        yield f"fullzip_zstd_{key}", steered(columns[key], structural_encoding="fullzip", compression="zstd")
        yield f"miniblock_lz4_{key}", steered(columns[key], structural_encoding="miniblock", compression="lz4")


def inside_tables():
    """Metadata on the leaves of structs and lists."""
    rng = random_for("inside")
    make = item_makers(rng, True)
    for name, metadata in (("zstd", {"lance-encoding:compression": "zstd"}),
                           ("fullzip", {"lance-encoding:structural-encoding": "fullzip"})):
        member = pa.field("b", pa.utf8(), metadata=metadata)
        rows = make["utf8"](2003)
        yield f"inside_struct_{name}", pa.table(
            {"x": pa.StructArray.from_arrays([make["int32"](2003), rows], fields=[pa.field("a", pa.int32()), member])})
        items = lists(rng, 2003, make["utf8"], 5, True)
        kind = pa.list_(pa.field("item", pa.utf8(), metadata=metadata))
        yield f"inside_list_{name}", pa.table({"x": items.cast(kind)})


def deep_fullzip_tables():
    """Control words wider than a byte: many levels of lists and nulls."""
    rng = random_for("deep_fullzip")
    for depth in (2, 3, 5):
        make = lambda n: with_nulls(rng, pa.array(texts(rng, n, 0, 9), pa.utf8()))
        number = lambda n: with_nulls(rng, pa.array(rng.integers(0, 99, n), pa.int32()))
        for level in range(depth):
            make = (lambda below: lambda n: lists(rng, n, below, 3, True))(make)
            number = (lambda below: lambda n: struct(rng, True, s=lists(rng, n, below, 3, True)))(number)
        for structure in ("fullzip", "miniblock"):
            yield f"deep_{structure}_{depth}_text", steered(make(301), structural_encoding=structure)
        yield f"deep_{depth}_struct", pa.table({"x": number(301)})


def packed_tables():
    rng = random_for("packed")
    for n in (1, 7, 4001):
        plain = struct(rng, a=numbers(rng, n, pa.int32()), b=numbers(rng, n, pa.float64()))
        yield f"packed_old_{n}", pa.table(
            [plain], schema=pa.schema([pa.field("x", plain.type, metadata={"packed": "true"})]))
        shapes = {
            "fixed": plain,
            "mixed": struct(rng, a=numbers(rng, n, pa.uint8()), b=vectors(rng, n, 4), c=numbers(rng, n, pa.int16())),
            "wide": struct(rng, a=numbers(rng, n, pa.int64()), b=vectors(rng, n, 80)),
            "decimal": struct(rng, a=numbers(rng, n, pa.decimal128(20, 2)), b=numbers(rng, n, pa.binary(6))),
            "bool": struct(rng, a=numbers(rng, n, pa.bool_()), b=numbers(rng, n, pa.int32())),
            "text": struct(rng, a=numbers(rng, n, pa.int32()), s=pa.array(texts(rng, n, 0, 20), pa.utf8())),
            "texts": struct(
                rng, s=pa.array(texts(rng, n, 0, 20), pa.utf8()), t=pa.array(texts(rng, n, 200, 500), pa.large_utf8()),
                v=vectors(rng, n, 8)),
            "nulls_inside": struct(rng, a=with_nulls(rng, numbers(rng, n, pa.int32())), b=numbers(rng, n, pa.int32())),
            "null_texts": struct(
                rng, a=numbers(rng, n, pa.int32()), s=with_nulls(rng, pa.array(texts(rng, n, 0, 20), pa.utf8()))),
            "nulls": struct(rng, True, a=numbers(rng, n, pa.int32()), b=numbers(rng, n, pa.int32())),
            "text_nulls": struct(rng, True, a=numbers(rng, n, pa.int32()), s=pa.array(texts(rng, n, 0, 20), pa.utf8())),
            "list": struct(rng, a=numbers(rng, n, pa.int32()), l=lists(rng, n, lambda k: numbers(rng, k, pa.int32()))),
            "constant": struct(rng, a=pa.array(np.full(n, 5), pa.int32()), b=pa.array(np.full(n, 6), pa.int32())),
        }
        for key, array in shapes.items():
            yield f"packed_{key}_{n}", steered(array, packed="true")
        inner = lambda k: struct(rng, a=numbers(rng, k, pa.int32()), b=numbers(rng, k, pa.int32()))
        kind = pa.list_(pa.field("item", inner(0).type, metadata={"lance-encoding:packed": "true"}))
        yield f"packed_in_list_{n}", pa.table({"x": lists(rng, n, inner, 4, True).cast(kind)})


def blob_tables(version_of_pylance):
    rng = random_for("blob")
    for n, longest in ((1, 50), (7, 300), (60, 20_000), (300, 40), (4, 200_000), (2, 6_000_000)):
        values = [rng.bytes(k) for k in rng.integers(1, longest, n).tolist()]
        odd = [b"" if i % 5 == 2 else None if i % 3 == 1 else value for i, value in enumerate(values)]
        cases = {"plain": values, "odd": odd, "empty": [b""] * n, "null": [None] * n}
        if longest > 10**6:
            cases = {"plain": values}  # large enough for a file of its own
        for key, case in cases.items():
            if longest < 10**6:
                yield f"blob_{key}_{n}_{longest}", steered(pa.array(case, pa.large_binary()), blob="true")
            if hasattr(lance, "blob_array"):
                table = pa.table([lance.blob_array(case)], schema=pa.schema([lance.blob_field("x")]))
                yield f"blob2_{key}_{n}_{longest}", table
    values = pa.array([rng.bytes(k) for k in rng.integers(1, 200, 900).tolist()], pa.large_binary())
    blob = pa.field("x", pa.large_binary(), metadata={"lance-encoding:blob": "true"})
    yield "blob_beside", pa.table([numbers(rng, 900, pa.int32()), values], schema=pa.schema([pa.field("i", pa.int32()), blob]))


def map_key_tables():
    rng = random_for("map_key")
    words = vocabulary(rng, 40)
    keys = lambda n: pa.array(words[rng.integers(0, 40, n)], pa.utf8())
    values = lambda n: with_nulls(rng, pa.array(texts(rng, n, 100, 600), pa.utf8()))
    yield "map_paragraphs", pa.table({"x": maps(rng, 1201, keys, values, nulls=True)})


def tables(version_of_pylance):
    yield from compressed_tables()
    yield from inside_tables()
    yield from deep_fullzip_tables()
    yield from packed_tables()
    yield from blob_tables(version_of_pylance)
    yield from map_key_tables()
