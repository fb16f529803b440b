# SPDX-License-Identifier: Apache-2.0
"""Tables that vectord and the official Lance library both read and write. See conftest.py."""
import datetime
import decimal
import json
import os
import shutil
import subprocess
import sys
import threading
import time

import lance
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from conftest import (
    IS_4, SAMPLE, VECTORD, Failed, as_printed, assert_rows, assert_same, chunk_schema, chunk_table, exact, ndjson, other,
    plain, vectord, vectors, write_vectord_parquet,
)

# The official 4.0.2 writes file version 2.0 by default; 14.0.2 has to be told.
STORAGE = {} if IS_4 else {"data_storage_version": "2.0"}


def assert_search(place, d, seed=3, k=10):
    """Our search and the official exact search agree, but for hits closer than rounding: with an index too, where all of
    it is looked at."""
    whole = ("--nprobes", 10_000, "--refine", 1000)
    ds = lance.dataset(place)
    for q in vectors(5, d, seed):
        want = exact(ds, q, k)
        got = vectord("search", place, "--query", "-", "--top-k", k, *whole, stdin=json.dumps([float(x) for x in q]))["hits"]
        assert len(got) == len(want["doc_id"])
        assert np.allclose([h["distance"] for h in got], want["_distance"], atol=2e-6)
        for h, i, x in zip(got, want["doc_id"], want["_distance"]):
            assert h["doc_id"] == i or abs(h["distance"] - x) < 2e-6
            assert h["score"] == pytest.approx(1 - h["distance"], abs=1e-6)


# ------------------------------------------------------------------ what we write


def test_migrated_sample_reads_equal(place):
    stats = vectord("migrate", SAMPLE, place)
    t = pq.read_table(SAMPLE)
    ds = lance.dataset(place)
    assert stats["rows_written"] == ds.count_rows() == t.num_rows == vectord("count", place)["rows"]
    assert ds.schema.equals(chunk_schema(384))
    assert ds.data_storage_version == "2.0"
    ds.validate()
    got = ds.to_table()
    for name in ("source", "doc_id", "chunk_idx", "chunk_text"):
        assert got.column(name).equals(t.column(name))
    want = np.frombuffer(b"".join(t.column("vector").to_pylist()), np.float32)
    assert np.array_equal(np.asarray(got.column("vector").combine_chunks().flatten()), want)
    assert_same(place, ds)
    assert_search(place, 384)


def test_filters_and_takes_on_migrated_table(place, tmp_path):
    want = write_vectord_parquet(tmp_path / "p.parquet", 5000)
    vectord("migrate", tmp_path / "p.parquet", place)
    ds = lance.dataset(place)
    for expression, mask in [
        ("doc_id = 'd000123'", pc.equal(want["doc_id"], "d000123")),
        ("chunk_idx >= 4000", pc.greater_equal(want["chunk_idx"], 4000)),
        ("chunk_idx IS NULL", pc.is_null(want["chunk_idx"])),
        ("chunk_text IS NOT NULL AND source IS NULL", pc.and_(pc.is_valid(want["chunk_text"]), pc.is_null(want["source"]))),
    ]:
        assert ds.to_table(filter=expression).equals(want.filter(mask))
        assert ds.count_rows(expression) == want.filter(mask).num_rows
    rows = [0, 4999, 17, 17, 2500]
    assert ds.take(rows).equals(want.take(rows))
    q = vectors(1, 16, 5)[0]
    near = ds.to_table(nearest={"column": "vector", "q": q, "k": 5}, filter="chunk_idx > 100", prefilter=True)
    assert near.num_rows == 5


@pytest.mark.parametrize("n", [1, 7, 8, 9, 1000, 20_000])
def test_migration_sizes_and_null_vectors(place, tmp_path, n):
    want = write_vectord_parquet(tmp_path / "p.parquet", n, nulls=True)
    stats = vectord("migrate", tmp_path / "p.parquet", place)
    assert stats["null_vectors"] == sum(1 for i in range(n) if i % 9 == 4)
    ds = lance.dataset(place)
    assert ds.to_table().equals(want)
    ds.validate()


def extra_columns(n):
    def some(values, every=6):
        return [None if i % every == 3 else v for i, v in enumerate(values)]

    r = np.random.RandomState(11)
    utc = datetime.timezone.utc
    return {
        "flag": pa.array(some([i % 3 == 0 for i in range(n)]), pa.bool_()),
        "i8": pa.array(some([i % 256 - 128 for i in range(n)]), pa.int8()),
        "i16": pa.array(some([i % 65536 - 32768 for i in range(n)]), pa.int16()),
        "i64": pa.array(some([(-1) ** i * (2**63 - 1 - i) for i in range(n)]), pa.int64()),
        "u8": pa.array([i % 256 for i in range(n)], pa.uint8()),
        "u16": pa.array(some([i % 65536 for i in range(n)]), pa.uint16()),
        "u32": pa.array(some([2**32 - 1 - i for i in range(n)]), pa.uint32()),
        "u64": pa.array(some([2**64 - 1 - i for i in range(n)]), pa.uint64()),
        "f16": pa.array([None if i % 6 == 3 else np.float16(x) for i, x in enumerate(r.standard_normal(n))], pa.float16()),
        "f32": pa.array(some([float(np.float32(x)) for x in r.standard_normal(n)]), pa.float32()),
        "f64": pa.array(some([float("inf") if i % 50 == 1 else x for i, x in enumerate(r.standard_normal(n))]), pa.float64()),
        "note": pa.array(some(["" if i % 4 == 0 else f"ñ{i}\n\"" for i in range(n)]), pa.string()),
        "blob": pa.array(some([bytes([i % 256]) * (i % 5) for i in range(n)]), pa.binary()),
        "day": pa.array(some([datetime.date(1960, 1, 1) + datetime.timedelta(days=i) for i in range(n)]), pa.date32()),
        "t_ms": pa.array(some([datetime.datetime(1969, 12, 31) + datetime.timedelta(milliseconds=7919 * i) for i in range(n)]), pa.timestamp("ms")),
        "t_us": pa.array(some([datetime.datetime(2020, 1, 1, tzinfo=utc) + datetime.timedelta(microseconds=i) for i in range(n)]), pa.timestamp("us", "UTC")),
        "empty": pa.nulls(n, pa.int32()),
        "no_text": pa.nulls(n, pa.string()),
    }


def test_extra_columns_are_kept(place, tmp_path):
    n = 500
    extra = extra_columns(n)
    want = write_vectord_parquet(tmp_path / "p.parquet", n, extra=extra)
    vectord("migrate", tmp_path / "p.parquet", place)
    ds = lance.dataset(place)
    got = ds.to_table()
    assert got.column_names == want.column_names
    for name in want.column_names:
        assert got.column(name).type == want.column(name).type, name
        assert got.column(name).combine_chunks().equals(want.column(name).combine_chunks()), name
    ds.validate()
    # Our own reading of it: everything but the timestamps' text, which has a test of its own.
    clocks = ("t_ms", "t_us")
    names = [c for c in want.column_names if c not in clocks]
    assert_rows(vectord("scan", place, "--columns", ",".join(names)), plain(want, drop=clocks))
    # A table with more columns than the five takes an append without them: they read as null.
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(3, first=9000)))
    more = lance.dataset(place).to_table().slice(n)
    assert more.num_rows == 3
    assert all(more.column(name).null_count == 3 for name in extra)
    lance.dataset(place).validate()


def test_timestamps_are_printed_exactly(place, tmp_path):
    zoned = datetime.datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=datetime.timezone.utc)
    extra = {
        "a": pa.array([zoned.replace(tzinfo=None), None], pa.timestamp("us")),
        "b": pa.array([zoned, None], pa.timestamp("ns", "UTC")),
        "c": pa.array([datetime.datetime(1901, 1, 1), None], pa.timestamp("ms")),
    }
    write_vectord_parquet(tmp_path / "p.parquet", 2, extra=extra)
    vectord("migrate", tmp_path / "p.parquet", place)
    row = vectord("scan", place, "--columns", "a,b,c")[0]
    parse = datetime.datetime.fromisoformat
    assert parse(row["a"]) == zoned.replace(tzinfo=None)
    assert parse(row["b"].replace("Z", "+00:00")[:26] + "+00:00") == zoned and row["b"].endswith("Z")
    assert parse(row["c"]) == datetime.datetime(1901, 1, 1)


def test_other_extra_types_are_refused_by_name(place, tmp_path):
    write_vectord_parquet(tmp_path / "p.parquet", 2, extra={"money": pa.array([decimal.Decimal("1.50")] * 2, pa.decimal128(9, 2))})
    with pytest.raises(Failed) as e:
        vectord("migrate", tmp_path / "p.parquet", place)
    assert e.value.error["code"] == "unsupported" and "money" in e.value.error["message"]
    assert not place.exists()


@pytest.mark.parametrize("kind", ["list", "fixed"])
def test_vectors_as_lists_pass_through(place, tmp_path, kind):
    t = chunk_table(300, 24)
    v = t.column("vector").combine_chunks()
    if kind == "list":
        v = v.cast(pa.list_(pa.float32()))
    pq.write_table(t.set_column(4, "vector", v), tmp_path / "p.parquet")
    vectord("migrate", tmp_path / "p.parquet", place)
    assert lance.dataset(place).to_table().equals(t)


def test_append_and_time_travel(place, tmp_path):
    first = write_vectord_parquet(tmp_path / "p.parquet", 400)
    vectord("migrate", tmp_path / "p.parquet", place)
    before = {f: os.stat(place / "data" / f).st_mtime_ns for f in os.listdir(place / "data")}
    odd = chunk_table(4, first=400).set_column(1, chunk_schema(16).field("doc_id"), pa.array(["", "a'b\"c", "line\nbreak", "😀☃é"]))
    stats = vectord("append", place, "--ndjson", "-", stdin=ndjson(odd))
    assert stats["rows_appended"] == 4
    more = write_vectord_parquet(tmp_path / "q.parquet", 50, seed=9, first=500)
    vectord("append", place, "--parquet", tmp_path / "q.parquet")
    # No existing file was rewritten.
    assert all(os.stat(place / "data" / f).st_mtime_ns == t for f, t in before.items())
    ds = lance.dataset(place)
    assert ds.version == 3 and ds.count_rows() == 454
    assert ds.to_table().equals(pa.concat_tables([first, odd, more]))
    assert lance.dataset(place, version=1).to_table().equals(first)
    assert lance.dataset(place, version=2).count_rows() == 404
    ds.validate()
    assert_same(place, ds)
    assert_search(place, 16)
    for row in odd.to_pylist():
        got = vectord("get", place, "--", row["doc_id"])
        assert got["doc_id"] == row["doc_id"] and got["chunk_text"] == (row["chunk_text"] or "")
        assert np.array_equal(np.float32(got["vector"]), np.float32(row["vector"]))


def test_append_makes_a_table(place):
    t = chunk_table(20, 8)
    vectord("append", place, "--ndjson", "-", stdin=ndjson(t))
    ds = lance.dataset(place)
    assert ds.schema.equals(chunk_schema(8)) and ds.to_table().equals(t)
    ds.validate()


def test_empty_table(place, tmp_path):
    write_vectord_parquet(tmp_path / "p.parquet", 0)
    with pytest.raises(Failed) as e:
        vectord("migrate", tmp_path / "p.parquet", place)
    assert e.value.error["code"] == "invalid_argument"
    vectord("migrate", tmp_path / "p.parquet", place, "--dims", 16)
    assert lance.dataset(place).count_rows() == 0 == vectord("count", place)["rows"]
    assert lance.dataset(place).schema.equals(chunk_schema(16))
    lance.write_dataset(chunk_table(5), place, mode="append")
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(5, first=5)))
    assert lance.dataset(place).count_rows() == 10 == vectord("count", place)["rows"]


def test_many_fragments_and_wide_rows(place, tmp_path):
    t = chunk_table(3000, 768)
    long = pa.array(["x" * (i % 3) * 4000 for i in range(3000)])
    t = t.set_column(3, "chunk_text", long)
    columns = {c: t.column(c) for c in ("source", "doc_id", "chunk_idx", "chunk_text")}
    v = np.asarray(t.column("vector").combine_chunks().flatten()).reshape(3000, 768)
    columns["vector"] = pa.array([r.tobytes() for r in v], pa.binary())
    pq.write_table(pa.table(columns), tmp_path / "p.parquet", row_group_size=700)
    vectord("migrate", tmp_path / "p.parquet", place)
    for i in range(5):
        vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(3, 768, seed=i, first=10_000 + i * 3)))
    ds = lance.dataset(place)
    assert len(ds.get_fragments()) == 6
    assert ds.to_table().slice(0, 3000).equals(t.cast(chunk_schema(768)))
    ds.validate()
    assert_search(place, 768)


# ------------------------------------------------------------------ both write


def test_they_append_delete_and_update_ours(place, tmp_path):
    write_vectord_parquet(tmp_path / "p.parquet", 3000)
    vectord("migrate", tmp_path / "p.parquet", place)
    lance.write_dataset(chunk_table(200, seed=4, first=3000), place, mode="append")
    assert vectord("count", place)["rows"] == 3200
    assert_same(place, lance.dataset(place))
    lance.dataset(place).delete("chunk_idx % 13 = 5")
    ds = lance.dataset(place)
    assert any(f.endswith(".arrow") for f in os.listdir(place / "_deletions"))
    assert vectord("count", place)["rows"] == ds.count_rows() < 3200
    assert_same(place, ds)
    assert_search(place, 16)
    with pytest.raises(Failed) as e:
        vectord("get", place, "d000018")
    assert e.value.code == 1 and e.value.error["code"] == "not_found"
    ds.update({"chunk_text": "'changed'"}, where="doc_id = 'd000002'")
    assert vectord("get", place, "d000002")["chunk_text"] == "changed"
    assert_same(place, lance.dataset(place))
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(10, first=7000)))
    lance.dataset(place).delete("doc_id >= 'd007005'")
    ds = lance.dataset(place)
    ds.validate()
    assert_same(place, ds)
    assert_search(place, 16)


def test_many_deletions_are_a_bitmap(place, tmp_path):
    write_vectord_parquet(tmp_path / "p.parquet", 20_000, d=4)
    vectord("migrate", tmp_path / "p.parquet", place)
    lance.dataset(place).delete("chunk_idx % 2 = 1 OR chunk_idx > 15000")
    assert any(f.endswith(".bin") for f in os.listdir(place / "_deletions"))
    ds = lance.dataset(place)
    assert vectord("count", place)["rows"] == ds.count_rows()
    assert_same(place, ds)
    assert_search(place, 4)


def test_everything_deleted(place, tmp_path):
    write_vectord_parquet(tmp_path / "p.parquet", 100)
    vectord("migrate", tmp_path / "p.parquet", place)
    lance.dataset(place).delete("true")
    assert vectord("count", place)["rows"] == 0 and vectord("scan", place) == []
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(3, first=200)))
    assert_same(place, lance.dataset(place))


def all_types(n):
    extra = extra_columns(n)
    extra["few"] = pa.array([["red", "green", None, "blue"][i % 4] for i in range(n)], pa.string())
    extra["dict8"] = pa.array([["a", "b", None][i % 3] for i in range(n)]).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string()))
    extra["large"] = pa.array([f"L{i}" if i % 3 else None for i in range(n)], pa.large_string())
    extra["fixed"] = pa.array([bytes([i % 256]) * 8 for i in range(n)], pa.binary(8))
    v = np.random.RandomState(2).standard_normal(n * 3)
    extra["f64x3"] = pa.FixedSizeListArray.from_arrays(pa.array(v), 3)
    return extra


def test_tables_that_they_wrote(place):
    n = 1000
    t = chunk_table(n)
    for name, column in all_types(n).items():
        t = t.append_column(name, column)
    lance.write_dataset(t, place, **STORAGE)
    ds = lance.dataset(place)
    assert ds.data_storage_version == "2.0"
    skip = ("t_ms", "t_us")
    names = [c for c in t.column_names if c not in skip]
    assert_rows(vectord("scan", place, "--columns", ",".join(names)), plain(t, drop=skip))
    assert_search(place, 16)
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(7, first=5000)))
    ds = lance.dataset(place)
    ds.validate()
    assert ds.count_rows() == n + 7
    tail = ds.to_table().slice(n)
    assert tail.select(chunk_schema(16).names).equals(chunk_table(7, first=5000))
    assert all(tail.column(c).null_count == 7 for c in t.column_names[5:])


def test_their_default_table_of_plain_chunks(place):
    for i in range(4):
        lance.write_dataset(chunk_table(250, seed=i, first=250 * i), place, mode="append" if i else "create", **(STORAGE if not i else {}))
    assert_same(place, lance.dataset(place))
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(30, seed=8, first=2000)))
    lance.write_dataset(chunk_table(20, seed=9, first=3000), place, mode="append")
    ds = lance.dataset(place)
    ds.validate()
    assert ds.count_rows() == 1050
    assert_same(place, ds)
    assert_search(place, 16)


def test_null_vectors_and_null_items_are_never_hit(place):
    v = pa.array([[1.0, 0.0], None, [float("nan"), 1.0], [0.0, 0.0], [None, 1.0], [0.5, 0.5], [float("inf"), 1.0]], pa.list_(pa.float32(), 2))
    t = pa.table({"doc_id": [f"d{i}" for i in range(7)], "chunk_text": ["t"] * 7, "vector": v})
    lance.write_dataset(t, place, **STORAGE)
    hits = vectord("search", place, "--query", "-", stdin="[1, 0]")["hits"]
    assert [h["doc_id"] for h in hits] == ["d0", "d5"]
    assert_rows(vectord("scan", place), plain(t))


def test_columns_added_and_dropped(place, tmp_path):
    write_vectord_parquet(tmp_path / "p.parquet", 100)
    vectord("migrate", tmp_path / "p.parquet", place)
    ds = lance.dataset(place)
    ds.add_columns({"twice": "chunk_idx * 2"})
    ds = lance.dataset(place)
    assert_same(place, ds)
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(5, first=300)))
    ds = lance.dataset(place)
    assert_same(place, ds)
    ds.drop_columns(["source"])
    assert_same(place, lance.dataset(place))
    rows = "".join(json.dumps({k: v for k, v in json.loads(line).items() if k != "source"}) + "\n" for line in ndjson(chunk_table(5, first=400)).splitlines())
    vectord("append", place, "--ndjson", "-", stdin=rows)
    ds = lance.dataset(place)
    ds.validate()
    assert ds.count_rows() == 110
    assert_same(place, ds)


def test_a_column_that_allows_no_nulls_must_be_given(place):
    t = chunk_table(5).append_column(pa.field("need", pa.int32(), nullable=False), pa.array(range(5), pa.int32()))
    lance.write_dataset(t, place, **STORAGE)
    with pytest.raises(Failed) as e:
        vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(5, first=10)))
    assert "need" in e.value.error["message"]
    assert lance.dataset(place).version == 1


# ------------------------------------------------------------------ indices are carried


def build_indices(place):
    ds = lance.dataset(place)
    ds.create_index("vector", "IVF_PQ", metric="cosine", num_partitions=4, num_sub_vectors=4, num_bits=8)
    ds = lance.dataset(place)
    ds.create_scalar_index("doc_id", "BTREE")


def test_indices_survive_our_append(place, tmp_path):
    write_vectord_parquet(tmp_path / "p.parquet", 2000)
    vectord("migrate", tmp_path / "p.parquet", place)
    assert vectord("stats", place)["has_vector_index"] is False
    build_indices(place)
    stats = vectord("stats", place)
    assert stats["has_vector_index"] and stats["has_doc_id_index"] and stats["rows"] == 2000
    new = chunk_table(100, seed=21, first=5000)
    vectord("append", place, "--ndjson", "-", stdin=ndjson(new))
    ds = lance.dataset(place)
    assert {i["name"] for i in ds.list_indices()} == {"vector_idx", "doc_id_idx"}
    assert ds.count_rows("doc_id = 'd005050'") == 1 and ds.count_rows("doc_id = 'd000050'") == 1
    q = np.float32(new.column("vector")[50].as_py())
    near = ds.to_table(columns=["doc_id"], nearest={"column": "vector", "q": q, "k": 1, "nprobes": 4, "refine_factor": 10})
    assert near.column("doc_id").to_pylist() == ["d005050"]
    ds.optimize.optimize_indices()
    ds = lance.dataset(place)
    ds.delete("doc_id < 'd000100'")
    lance.dataset(place).optimize.compact_files()
    ds = lance.dataset(place)
    assert ds.count_rows() == 2000 == vectord("count", place)["rows"]
    ds.validate()
    assert_same(place, ds)
    assert_search(place, 16)


def test_replacing_drops_indices_and_old_files(place, tmp_path):
    write_vectord_parquet(tmp_path / "p.parquet", 600)
    vectord("migrate", tmp_path / "p.parquet", place)
    build_indices(place)
    lance.dataset(place).delete("chunk_idx = 7")
    old = {os.path.join(d, f) for d, _, fs in os.walk(place) for f in fs}
    want = write_vectord_parquet(tmp_path / "q.parquet", 80, d=32, seed=5)
    highest = max(f.fragment_id for f in lance.dataset(place).get_fragments())
    vectord("migrate", tmp_path / "q.parquet", place)
    ds = lance.dataset(place)
    assert ds.to_table().equals(want) and ds.list_indices() == []
    assert [f.fragment_id for f in ds.get_fragments()] == [highest + 1]
    left = {os.path.join(d, f) for d, _, fs in os.walk(place) for f in fs}
    assert not [f for f in left & old if not f.endswith("latest_version_hint.json")]
    ds.validate()
    assert vectord("stats", place)["has_vector_index"] is False
    lance.write_dataset(chunk_table(5, 32), place, mode="append")
    assert vectord("count", place)["rows"] == 85


def test_tagged_versions_survive_replacing(place, tmp_path):
    first = write_vectord_parquet(tmp_path / "p.parquet", 50)
    vectord("migrate", tmp_path / "p.parquet", place)
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(5, first=90)))
    lance.dataset(place).tags.create("keep", 1)
    vectord("migrate", SAMPLE, place)
    assert lance.dataset(place, version="keep").to_table().equals(first)
    assert lance.dataset(place).count_rows() == 2000


# ------------------------------------------------------------------ concurrency


def test_stale_handles_rebase_over_ours(place, tmp_path):
    write_vectord_parquet(tmp_path / "p.parquet", 1000)
    vectord("migrate", tmp_path / "p.parquet", place)
    stale = [lance.dataset(place) for _ in range(4)]
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(5, first=2000)))
    lance.write_dataset(chunk_table(5, first=3000), stale[0], mode="append")
    stale[1].delete("doc_id = 'd000001'")
    stale[2].create_scalar_index("doc_id", "BTREE")
    ds = lance.dataset(place)
    assert ds.count_rows() == 1009 == vectord("count", place)["rows"]
    ds.validate()
    assert_same(place, ds)


APPEND = """
import sys, lance, pyarrow as pa, numpy as np
place, name, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = lance.dataset(place).schema
for i in range(n):
    v = pa.FixedSizeListArray.from_arrays(pa.array(np.ones(16, np.float32)), 16)
    t = pa.table({"source": [name], "doc_id": [f"{name}-{i}"], "chunk_idx": pa.array([i], pa.int32()), "chunk_text": ["t"], "vector": v}, schema=s)
    lance.write_dataset(t, place, mode="append")
"""


def test_four_writers_lose_nothing(place, tmp_path):
    write_vectord_parquet(tmp_path / "p.parquet", 10)
    vectord("migrate", tmp_path / "p.parquet", place)
    n = 12
    failures = []

    def ours(name):
        try:
            for i in range(n):
                row = {"source": name, "doc_id": f"{name}-{i}", "chunk_idx": i, "chunk_text": "t", "vector": [1.0] * 16}
                vectord("append", place, "--ndjson", "-", stdin=json.dumps(row))
        except Exception as e:
            failures.append(e)

    def theirs(python, name):
        run = subprocess.run([python, "-c", APPEND, str(place), name, str(n)], capture_output=True, text=True)
        if run.returncode:
            failures.append(run.stderr)

    threads = [threading.Thread(target=ours, args=(f"ours{i}",)) for i in range(2)]
    threads += [
        threading.Thread(target=theirs, args=(p, f"theirs{i}"))
        for i, p in enumerate([sys.executable, os.environ["LANCE_OTHER_PYTHON"]])
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures, failures
    ids = lance.dataset(place).to_table(columns=["doc_id"]).column("doc_id").to_pylist()
    assert len(ids) == len(set(ids)) == 10 + 4 * n
    assert vectord("count", place)["rows"] == len(ids)
    assert_same(place, lance.dataset(place))


def test_both_versions_and_ours_in_turn(place, tmp_path):
    write_vectord_parquet(tmp_path / "p.parquet", 100)
    vectord("migrate", tmp_path / "p.parquet", place)
    lance.write_dataset(chunk_table(10, first=1000), place, mode="append")
    other(APPEND, place, "other", 3)
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(10, first=2000)))
    other("import sys, lance; lance.dataset(sys.argv[1]).delete(\"doc_id = 'd001003' OR doc_id = 'd002003'\")", place)
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(10, first=3000)))
    ds = lance.dataset(place)
    ds.validate()
    assert ds.count_rows() == 131 == vectord("count", place)["rows"]
    assert_same(place, ds)
    count = other("import sys, lance; d = lance.dataset(sys.argv[1]); d.validate(); print(d.count_rows())", place)
    assert count.strip() == "131"


# ------------------------------------------------------------------ limits, told by name


def test_their_overwrite_is_seen(place, tmp_path):
    write_vectord_parquet(tmp_path / "p.parquet", 100)
    vectord("migrate", tmp_path / "p.parquet", place)
    lance.write_dataset(chunk_table(40, 8), place, mode="overwrite")
    assert vectord("count", place)["rows"] == 40
    ds = lance.dataset(place)
    if ds.data_storage_version == "2.0":
        assert_same(place, ds)


def test_v1_manifest_names(place):
    lance.write_dataset(chunk_table(50), place, enable_v2_manifest_paths=False, **STORAGE)
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(5, first=60)))
    assert sorted(f for f in os.listdir(place / "_versions") if f.endswith("manifest")) == ["1.manifest", "2.manifest"]
    ds = lance.dataset(place)
    assert ds.count_rows() == 55
    assert_same(place, ds)
    lance.write_dataset(chunk_table(5, first=70), place, mode="append")
    assert vectord("count", place)["rows"] == 60


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_newer_file_versions(place, version):
    lance.write_dataset(chunk_table(500), place, data_storage_version=version)
    assert vectord("count", place)["rows"] == 500
    assert_same(place, lance.dataset(place))
    assert_search(place, 16)
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(5, first=600)))
    ds = lance.dataset(place)
    assert ds.version == 2 and ds.data_storage_version == version
    assert ds.to_table().slice(500).equals(chunk_table(5, first=600))
    assert_same(place, ds)
    # A table that is made anew has the version that is asked for.
    vectord("migrate", SAMPLE, place)
    assert lance.dataset(place).count_rows() == 2000 and lance.dataset(place).data_storage_version == "2.0"


def test_rows_keep_their_ids(place):
    """Appended rows get ids, and so do those that replace the table's."""
    try:
        lance.write_dataset(chunk_table(50), place, enable_stable_row_ids=True, **STORAGE)
    except TypeError:
        lance.write_dataset(chunk_table(50), place, enable_move_stable_row_ids=True, **STORAGE)
    assert_same(place, lance.dataset(place))

    def ids():
        return lance.dataset(place).to_table(columns=["chunk_idx"], with_row_id=True)["_rowid"].to_pylist()

    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(5, first=60)))
    lance.write_dataset(chunk_table(7, first=70), place, mode="append")
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(3, first=80)))
    assert ids() == list(range(65))
    ds = lance.dataset(place)
    ds.delete("chunk_idx < 45")
    kept = ids()
    ds.optimize.compact_files()
    assert_same(place, lance.dataset(place))
    assert ids() == kept and 0 < len(kept) < 65, "rows were moved, and their ids with them"
    vectord("migrate", SAMPLE, place)
    assert ids() == list(range(65, 2065))
    assert_same(place, lance.dataset(place))


def test_table_config_is_carried(place):
    ds = lance.write_dataset(chunk_table(50), place, **STORAGE)
    ds.update_config({"color": "red"})
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(5, first=60)))
    ds = lance.dataset(place)
    assert ds.config()["color"] == "red"
    ds.update_config({"shape": "round"})
    assert vectord("count", place)["rows"] == 55


def test_nested_columns_next_to_readable_ones(place):
    t = chunk_table(60).append_column("tags", pa.array([["a", "b"], None, []] * 20, pa.list_(pa.string())))
    t = t.append_column("meta", pa.array([{"x": 1, "y": "z"}] * 60))
    lance.write_dataset(t, place, **STORAGE)
    names = ",".join(chunk_schema(16).names)
    assert_rows(vectord("scan", place, "--columns", names), plain(t.select(chunk_schema(16).names)))
    assert vectord("scan", place, "--columns", "tags,meta") == t.select(["tags", "meta"]).to_pylist()
    assert_search(place, 16)
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(5, first=100)))
    ds = lance.dataset(place)
    ds.validate()
    tail = ds.to_table().slice(60)
    assert tail.select(chunk_schema(16).names).equals(chunk_table(5, first=100))
    assert tail.column("tags").null_count == 5


def test_blob_columns_are_left_out_of_appends(place):
    blob = pa.field("blob", pa.large_binary(), metadata={"lance-encoding:blob": "true"})
    t = chunk_table(20).append_column(blob, pa.array([b"x" * 100] * 20, pa.large_binary()))
    lance.write_dataset(t, place, **STORAGE)
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(5, first=100)))
    ds = lance.dataset(place)
    assert ds.to_table(columns=chunk_schema(16).names).slice(20).equals(chunk_table(5, first=100))
    assert ds.count_rows("doc_id >= 'd000100'") == 5
    lance.write_dataset(t, place, mode="append")
    assert vectord("count", place)["rows"] == 45


@pytest.mark.parametrize("name", ["a.b", "", "_rowid", "_distance"])
def test_column_names_that_lance_cannot_have(place, tmp_path, name):
    write_vectord_parquet(tmp_path / "p.parquet", 3, extra={name: pa.array([1, 2, 3])})
    with pytest.raises(Failed) as e:
        vectord("migrate", tmp_path / "p.parquet", place)
    assert e.value.error["code"] == "schema_mismatch" and f"'{name}'" in e.value.error["message"]


@pytest.mark.parametrize("how", ["overwrite and clean up", "remove and make again"])
def test_an_append_does_not_land_on_another_table(place, tmp_path, how):
    write_vectord_parquet(tmp_path / "p.parquet", 30)
    vectord("migrate", tmp_path / "p.parquet", place)
    slow = subprocess.Popen([VECTORD, "append", "--json", str(place), "--ndjson", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # More than a batch, so that it has begun on the version that is there now.
    slow.stdin.write(ndjson(chunk_table(20_000, first=50_000)))
    slow.stdin.flush()
    deadline = time.monotonic() + 20
    while len(os.listdir(place / "data")) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    other_rows = pa.table({"doc_id": pa.array(range(7), pa.int64()), "name": ["n"] * 7})
    if how == "remove and make again":
        shutil.rmtree(place)
        lance.write_dataset(other_rows, place)
    else:
        lance.write_dataset(other_rows, place, mode="overwrite")
    lance.write_dataset(other_rows, place, mode="append")
    lance.write_dataset(other_rows, place, mode="append")
    lance.dataset(place).cleanup_old_versions(older_than=datetime.timedelta(0), delete_unverified=False)
    slow.stdin.close()
    slow.wait()
    assert slow.returncode == 1, slow.stdout.read()
    assert lance.dataset(place).to_table().num_rows == 21


def test_not_a_lance_table_is_refused(tmp_path):
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "precious.txt").write_text("keep me")
    for target in (tmp_path / "dir", tmp_path / "dir" / "precious.txt"):
        with pytest.raises(Failed) as e:
            vectord("migrate", SAMPLE, target)
        assert e.value.error["code"] == "invalid_argument"
    assert (tmp_path / "dir" / "precious.txt").read_text() == "keep me"
    assert os.listdir(tmp_path / "dir") == ["precious.txt"]
