# SPDX-License-Identifier: Apache-2.0
"""Texts and bytes of all lengths, and tables of the vectord schema in many shapes."""
import lance
import numpy as np
import pyarrow as pa

from zoo_values import random_for, texts, vectors, vocabulary, with_nulls

SCHEMA_NULLABLE = ("source", "chunk_idx", "chunk_text")


def schema(d):
    return pa.schema([
        pa.field("source", pa.utf8()), pa.field("doc_id", pa.utf8(), nullable=False), pa.field("chunk_idx", pa.int32()),
        pa.field("chunk_text", pa.utf8()), pa.field("vector", pa.list_(pa.float32(), d), nullable=False)])


def chunks(title, n, d, nulls="none", text=None, source=None, ids=None):
    """A table of the vectord schema; texts of 200 to 1000 characters unless given."""
    rng = random_for(title)
    made = [
        pa.array(source or [f"file_{i % 13}.md" for i in range(n)], pa.utf8()),
        pa.array(ids or [f"doc-{i // 7:06d}-{x:08x}" for i, x in enumerate(rng.integers(0, 2**32, n).tolist())], pa.utf8()),
        pa.array(np.arange(n) % 7, pa.int32()),
        pa.array(text if text is not None else texts(rng, n, 200, 1000), pa.utf8()),
        vectors(rng, n, d),
    ]
    kinds = schema(d)
    for i, field in enumerate(kinds):
        if field.name in SCHEMA_NULLABLE:
            made[i] = with_nulls(rng, made[i], nulls)
    return pa.Table.from_arrays(made, schema=kinds)


def quantised(title, n, d):
    """A large table whose vectors compress well, so that the expected values take little room."""
    rng = random_for(title)
    table = chunks(title, n, 1, "some", text=texts(rng, n, 10, 40))
    items = pa.array((rng.integers(-8, 8, n * d, dtype=np.int8) / 8).astype(np.float32))
    return table.set_column(4, schema(d).field("vector"), pa.FixedSizeListArray.from_arrays(items, d))


def in_batches(table, sizes):
    """Written batch by batch, empty ones among them."""

    def write(path, version):
        batches, start = [], 0
        for size in sizes:
            batches += table.slice(start, size).to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]
            start += size
        reader = pa.RecordBatchReader.from_batches(table.schema, batches)
        lance.write_dataset(reader, path, data_storage_version=version)

    return write


def in_groups(table):
    return lambda path, version: lance.write_dataset(table, path, data_storage_version=version, max_rows_per_group=256)


def chunk_tables(newest):
    rng = random_for("chunk_tables")
    yield "chunks_0", chunks("chunks_0", 3, 4).slice(0, 0)
    for n, d, nulls in ((1, 4, "none"), (3, 4, "none"), (3, 4, "some"), (200, 64, "none"), (60, 3072, "none"),
                        (5003, 64, "some"), (5003, 64, "all"), (500, 768, "none"), (1024, 16, "some"), (1025, 63, "none")):
        yield f"chunks_{n}_{d}_{nulls}", chunks(f"chunks_{n}_{d}_{nulls}", n, d, nulls)
    n = 5003
    yield "chunks_const", chunks("chunks_const", n, 4, text=["same text"] * n, source=["s"] * n, ids=["d"] * n)
    yield "chunks_empty", chunks("chunks_empty", n, 4, text=[""] * n, source=[""] * n, ids=[""] * n)
    yield "chunks_some_empty", chunks(
        "chunks_some_empty", n, 4, "some", text=["" if i % 3 else f"t{i}" for i in range(n)],
        source=["" if i % 2 else "x" for i in range(n)])
    unicode = [f"žluťoučký kůň 漢字 🙂 e\u0301 {i * 7919}" for i in range(n)]
    yield "chunks_unicode", chunks("chunks_unicode", n, 4, text=unicode)
    yield "chunks_short", chunks("chunks_short", 20_011, 4, "some", text=texts(rng, 20_011, 20, 20))
    yield "chunks_long", chunks("chunks_long", 901, 4, "some", text=texts(rng, 901, 1000, 6000))
    huge = texts(rng, 60, 33_000, 50_000)
    yield "chunks_huge", chunks("chunks_huge", 60, 4, "some", text=[t if i % 2 else "x" for i, t in enumerate(huge)])
    yield "chunks_one_huge", chunks("chunks_one_huge", 900, 4, "some", text=texts(rng, 899, 20, 90) + huge[:1])
    parts = chunks("chunks_batches", 3000, 4, "some")
    yield "chunks_batches", in_batches(parts, [0, 1000, 0, 7, 1, 992, 0, 1000])
    yield "chunks_groups", in_groups(parts)
    if newest:
        # One of these for each file version is enough; they are by far the largest.
        yield "chunks_100k", quantised("chunks_100k", 100_000, 384)
        wide = chunks("chunks_pages", 6500, 384, "some", text=texts(rng, 6500, 5, 30))
        yield "chunks_pages", in_batches(wide, [1000] * 6 + [500])


def text_columns(rng, n):
    words = vocabulary(rng, 600)
    hexes = [f"{x:x}" for x in rng.integers(0, 2**24, n).tolist()]
    return {
        "short": hexes,
        "single": list(rng.choice(list("abcdefgh"), n)),
        "url": [f"https://example.com/path/{i % 50}/{w}/{i}" for i, w in enumerate(words[rng.integers(0, 600, n)])],
        "empty": [""] * n,
        "mostly_empty": [x if i % 29 == 0 else "" for i, x in enumerate(hexes)],
        "words": texts(rng, n, 20, 120),
        "uuid": [rng.bytes(16).hex() for _ in range(n)],
        "category": list(rng.choice(["red", "green", "blue", "a much longer category name"], n)),
        "hundred": [f"category number {x}" for x in rng.integers(0, 99, n).tolist()],
        "sorted": sorted(hexes),
        "repeated": np.repeat(words, n // 600 + 1)[:n].tolist(),
        "unicode": [f"ž{i % 97}漢字🙂" * (i % 5) for i in range(n)],
        "zeros": ["\0" * (i % 9) for i in range(n)],
    }


def text_tables():
    for nulls in ("none", "some"):
        for n in (1, 7, 1023, 1024, 1025, 6007):
            title = f"text_{nulls}_{n}"
            rng = random_for(title)
            made = {}
            for key, values in text_columns(rng, n).items():
                kinds = {"": pa.utf8(), "_large": pa.large_utf8(), "_bytes": pa.binary(), "_large_bytes": pa.large_binary()}
                for suffix, kind in kinds.items():
                    # One type is enough for the many rows of most.
                    if n < 5000 or suffix == "" or key in ("words", "category"):
                        made[key + suffix] = with_nulls(rng, pa.array(values, pa.utf8()).cast(kind), nulls)
            yield title, pa.table(made)
    for nulls in ("none", "some"):
        rng = random_for(f"bytes_{nulls}")
        short = [rng.bytes(k) for k in rng.integers(0, 60, 5003).tolist()]
        yield f"bytes_short_{nulls}", pa.table({
            str(kind): with_nulls(rng, pa.array(short, kind), nulls) for kind in (pa.binary(), pa.large_binary())})
        for name, longest, n in (("medium", 300, 3001), ("long", 9000, 300), ("huge", 90_000, 24)):
            long = [rng.bytes(k) for k in rng.integers(0, longest, n).tolist()]
            yield f"bytes_{name}_{nulls}", pa.table({
                str(kind): with_nulls(rng, pa.array(long, kind), nulls) for kind in (pa.binary(), pa.large_binary())})
        for name, longest, n in (("medium", 400, 3001), ("long", 5000, 200), ("few", 900, 7)):
            values = texts(rng, n, 100, longest)
            yield f"paragraphs_{name}_{nulls}", pa.table({
                str(kind): with_nulls(rng, pa.array(values, pa.utf8()).cast(kind), nulls)
                for kind in (pa.utf8(), pa.large_utf8(), pa.binary(), pa.large_binary())})
        yield f"paragraphs_const_{nulls}", pa.table({"x": with_nulls(rng, pa.array(["same " * 80] * 3001), nulls)})
        few = np.array(texts(rng, 30, 300, 600))
        yield f"paragraphs_lowcard_{nulls}", pa.table({"x": with_nulls(rng, pa.array(few[rng.integers(0, 30, 5003)]), nulls)})


def tables(version_of_pylance):
    yield from chunk_tables(version_of_pylance.startswith("14."))
    yield from text_tables()
