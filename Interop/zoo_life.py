# SPDX-License-Identifier: Apache-2.0
"""Tables with a history: appends, deletions, updates, columns that came, went and changed, compaction."""
import lance
import numpy as np
import pyarrow as pa

from zoo_lists import item_makers
from zoo_text import chunks
from zoo_values import lists, random_for, struct, texts, vectors


def rows(title, n, first=0):
    """A table of several kinds of columns; `i` numbers the rows."""
    rng = random_for(f"{title}{first}")
    make = item_makers(rng, True)
    return pa.table({
        "i": pa.array(np.arange(first, first + n), pa.int64()),
        "t": pa.array(texts(rng, n, 0, 40), pa.utf8()),
        "v": vectors(rng, n, 8),
        "l": lists(rng, n, make["int32"], 5, True),
        "s": struct(rng, a=make["int32"](n), b=make["utf8"](n)),
    })


def life(title, *steps, sizes=(1500, 700, 1100), make=rows):
    """A writer: as many fragments as there are sizes, then the steps, each a function of the data set."""

    def write(path, version):
        first = 0
        for size in sizes:
            mode = "append" if first else "create"
            lance.write_dataset(make(title, size, first), path, mode=mode, data_storage_version=version)
            first += size
        for step in steps:
            step(lance.dataset(path))

    return f"life_{title}", write


def delete(condition):
    return lambda ds: ds.delete(condition)


def add(**expressions):
    return lambda ds: ds.add_columns(expressions)


def add_empty(name, kind):
    """A column that no file has: it reads as null."""
    return lambda ds: ds.add_columns(pa.field(name, kind))


def drop(*names):
    return lambda ds: ds.drop_columns(list(names))


def append(make):
    def step(ds):
        lance.write_dataset(make(), ds.uri, mode="append", data_storage_version=ds.data_storage_version)

    return step


def merge(ds):
    """A new column of each kind, in data files of its own."""
    n = ds.count_rows()
    rng = random_for("merge")
    make = item_makers(rng, True)
    more = pa.table({
        "i": ds.to_table(columns=["i"]).column(0),
        "words": make["utf8"](n), "numbers": lists(rng, n, make["int32"], 3, True),
        "pair": struct(rng, x=make["double"](n), y=make["category"](n)), "wide": vectors(rng, n, 70),
    })
    ds.merge(more, "i")


def upsert(ds):
    changed = rows("upsert", 400, 1400).append_column("z", pa.nulls(400)) if "z" in ds.schema.names else rows("upsert", 400, 1400)
    ds.merge_insert("i").when_matched_update_all().when_not_matched_insert_all().execute(changed.select(ds.schema.names))


def update(ds):
    ds.update({"t": "'changed'", "i": "i + 100000"}, where="i % 7 = 3")


def alter(*changes):
    return lambda ds: ds.alter_columns(*changes)


def compact(ds):
    ds.optimize.compact_files(target_rows_per_fragment=2500)


def reopen_first(ds):
    lance.dataset(ds.uri, version=2).restore()


def chunk_rows(title, n, first=0):
    return chunks(f"{title}{first}", n, 16, "some", ids=[f"doc{first + i}" for i in range(n)])


def tables(version_of_pylance):
    yield life("append")
    yield life("append_one", sizes=(1, 1, 1, 7, 1))
    yield life("append_none_first", sizes=(5, 1, 1025, 3))
    yield life("append_many", sizes=(11,) * 30)
    yield life("chunks", delete("chunk_idx = 3"), make=chunk_rows)
    yield life("chunks_life", delete("chunk_idx = 3"), add(extra="chunk_idx * 2"), drop("source"), make=chunk_rows)
    yield life("delete_some", delete("i % 10 = 3"))
    yield life("delete_one", delete("i = 0"))
    yield life("delete_ends", delete("i in (0, 1499, 1500, 2199, 3299)"))
    yield life("delete_fragment", delete("i >= 1500 and i < 2200"))
    yield life("delete_most", delete("i % 100 != 42"))
    yield life("delete_range", delete("i > 200 and i < 1900"))
    yield life("delete_twice", delete("i % 10 = 3"), delete("i % 11 = 3"))
    yield life("delete_all", delete("true"))
    yield life("delete_many", delete("i % 3 = 1"), sizes=(20_000,))
    yield life("add_column", add(y="i * 2", z="t"))
    yield life("add_vector", delete("i % 10 = 3"), add(y="v", w="s", k="l"))
    yield life("add_to_deleted", delete("i % 10 = 3"), add(y="i * 2"))
    for name, kind in (("int", pa.int32()), ("text", pa.utf8()), ("vector", pa.list_(pa.float32(), 8)),
                       ("list", pa.list_(pa.int32())), ("struct", pa.struct([("a", pa.int32()), ("b", pa.utf8())]))):
        yield life(f"add_empty_{name}", add_empty("y", kind))
        yield life(f"add_empty_{name}_append", add_empty("y", kind), append(lambda: rows("later", 300, 5000)))
    yield life("append_without", append(lambda: rows("later", 300, 5000).drop_columns(["t", "l"])))
    yield life("append_few", append(lambda: rows("later", 300, 5000).select(["i", "s"])), delete("i % 5 = 0"))
    yield life("drop", drop("t", "l"))
    yield life("drop_member", drop("s.a"))
    yield life("drop_and_add", drop("t"), add(t="i + 7"), append(lambda: rows("later", 300, 5000).drop_columns(["t"])))
    yield life("merge", merge)
    yield life("merge_after_delete", delete("i % 4 = 1"), merge)
    yield life("merge_drop", merge, drop("v", "numbers"), delete("i > 3000"))
    yield life("upsert", upsert)
    yield life("update", update)
    yield life("update_delete", update, delete("i % 13 = 1"))
    yield life("rename", alter({"path": "t", "name": "renamed"}, {"path": "i", "nullable": True}))
    yield life("cast", alter({"path": "i", "data_type": pa.int32()}))
    yield life("cast_text", alter({"path": "t", "data_type": pa.large_utf8()}), delete("i < 9"))
    yield life("compact", delete("i % 10 = 3"), compact)
    yield life("compact_later", add(y="i * 2"), delete("i % 10 = 3"), compact, append(lambda: rows("later", 30, 5000)))
    yield life("restore", delete("i % 10 = 3"), reopen_first)

    def overwrite(path, version):
        lance.write_dataset(rows("old", 500), path, data_storage_version=version)
        table = pa.table({"t": pa.array(np.arange(77)), "new": pa.array(["x"] * 77)})
        lance.write_dataset(table, path, mode="overwrite", data_storage_version=version)

    yield "life_overwrite", overwrite

    def many_files(path, version):
        lance.write_dataset(rows("many", 5000), path, max_rows_per_file=600, data_storage_version=version)

    yield "life_many_files", many_files

    def stable_ids(path, version):
        lance.write_dataset(rows("stable", 900), path, enable_stable_row_ids=True, data_storage_version=version)
        lance.dataset(path).delete("i % 9 = 2")
        lance.write_dataset(rows("stable", 200, 900), path, mode="append", data_storage_version=version)

    yield "life_stable_row_ids", stable_ids

    def old_names(path, version):
        lance.write_dataset(rows("v1", 900), path, enable_v2_manifest_paths=False, data_storage_version=version)
        lance.dataset(path).delete("i % 9 = 2")

    yield "life_old_manifest_names", old_names
