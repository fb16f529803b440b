# SPDX-License-Identifier: Apache-2.0
"""Our indices through the life of a table that the official library goes on working on. See index_tools.py."""
import datetime
import json
import os
import subprocess
import time

import lance
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from conftest import VECTORD, Failed, ndjson, other, vectord
from index_tools import (
    answers,
    EVERY, STORAGE, Contents, assert_agree, assert_same_hits, build, clustered, near, odd_rows, rows, search, segments,
    used_index,
)

DIMENSION = 32
QUERIES = clustered(5, DIMENSION, seed=2)


# ------------------------------------------------------------------ what must be true at any time


def assert_vectors(place, metric, name="vec_idx"):
    """Both searches find, with all partitions and all rows as candidates, what brute force finds."""
    ds = lance.dataset(place)
    contents = Contents(place)
    refine = len(contents.text) // 10 + 1
    assert used_index(place, QUERIES[0]) == name
    for q, ours in zip(QUERIES, search(place, QUERIES, 10, EVERY, refine)):
        want = contents.nearest(metric, q, 10)
        assert_same_hits(ours, want, "ours")
        assert_same_hits(near(ds, q, 10, EVERY, refine), want, "official")
    if name:
        # And with few of them what the codes say, which moved along with the rows.
        assert_agree(place, QUERIES, name, [(1, None), (4, None), (4, 3)])


def assert_keys(place, has_index=True):
    """Filters on doc_id give what a look at all rows gives, through the BTREE where there is one."""
    ds = lance.dataset(place)
    every = ds.to_table(columns=["doc_id", "chunk_text", "vector"])
    ids = every.column("doc_id")
    some = sorted(x for x in ids.to_pylist() if x)
    one, low, high = some[len(some) // 2], some[len(some) // 3], some[len(some) // 3 + 200]
    few = [some[0], some[-1], one, some[1], "no such id"]
    for expression, mask in [
        (f"doc_id = '{one}'", pc.equal(ids, one)),
        ("doc_id = 'no such id'", pc.equal(ids, "no such id")),
        (f"doc_id IN ({', '.join(repr(x) for x in few)})", pc.is_in(ids, pa.array(few))),
        (f"doc_id >= '{low}' AND doc_id < '{high}'", pc.and_(pc.greater_equal(ids, low), pc.less(ids, high))),
        (f"doc_id < '{low}'", pc.less(ids, low)),
        ("doc_id IS NULL", pc.is_null(ids)),
    ]:
        got = ds.to_table(columns=["chunk_text"], filter=expression).column("chunk_text").to_pylist()
        want = every.filter(pc.fill_null(mask, False)).column("chunk_text").to_pylist()
        assert sorted(got) == sorted(want), expression
        plan = ds.scanner(filter=expression).explain_plan(True)
        assert ("ScalarIndexQuery" in plan) == has_index, plan
    texts = dict(zip(ids.to_pylist(), zip(every.column("chunk_text").to_pylist(), range(every.num_rows))))
    for key in few[:3]:
        got = vectord("get", place, key)
        text, i = texts[key]
        assert got["chunk_text"] == text
        assert np.array_equal(np.float32(got["vector"]), np.float32(every.column("vector")[i].as_py()))
    with pytest.raises(Failed) as e:
        vectord("get", place, "no such id")
    assert e.value.error["code"] == "not_found"


def assert_gone(place, key):
    with pytest.raises(Failed) as e:
        vectord("get", place, key)
    assert e.value.error["code"] == "not_found"


def assert_stats(place, vector, key):
    stats = vectord("stats", place)
    assert (stats["has_vector_index"], stats["has_doc_id_index"]) == (vector, key)
    assert stats["rows"] == lance.dataset(place).count_rows()


# ------------------------------------------------------------------ the life of a table


@pytest.mark.parametrize("metric, bits", [("cosine", 8), ("l2", 4), ("dot", 8)])
def test_life_of_our_indices(place, metric, bits):
    v = odd_rows(clustered(4000, DIMENSION, seed=1))
    table = rows(v, null_ids=range(100, 160), null_vectors=(3, 1700))
    lance.write_dataset(table, place, max_rows_per_file=1500, **STORAGE)
    assert_stats(place, False, False)
    build(place, metric, bits)
    vectord("scalar-index", place, "doc_id")
    listed = {i["name"]: i["type"] for i in lance.dataset(place).list_indices()}
    assert listed == {"vec_idx": "IVF_PQ", "doc_id_btree": "BTree"}

    def right():
        lance.dataset(place).validate()
        assert_stats(place, True, True)
        assert_vectors(place, metric)
        assert_keys(place)

    right()
    gone = table.column("doc_id")[1002].as_py()
    lance.dataset(place).delete("chunk_idx % 5 = 2 OR chunk_idx BETWEEN 110 AND 130")
    right()
    assert_gone(place, gone)
    # Appends of both; the ids of some rows are null.
    more = clustered(300, DIMENSION, seed=3)
    lance.write_dataset(rows(more, first=4000, null_ids=(5, 6)), place, mode="append")
    vectord("append", place, "--ndjson", "-", stdin=ndjson(rows(clustered(50, DIMENSION, seed=4), first=4300)))
    right()
    # Rows move to a new fragment; the vectors of others change as well.
    lance.dataset(place).update({"source": "'moved'"}, where="chunk_idx BETWEEN 500 AND 700")
    right()
    changed = rows(clustered(80, DIMENSION, seed=5), first=1003)
    merge = lance.dataset(place).merge_insert("doc_id").when_matched_update_all().when_not_matched_insert_all()
    merge.execute(changed)
    right()
    key = changed.column("doc_id")[7].as_py()
    assert np.array_equal(np.float32(vectord("get", place, key)["vector"]), np.float32(changed.column("vector")[7].as_py()))
    # A delta segment, then another by the other version; 4.0.2 cannot go on with BTREE segments of 14.0.2.
    lance.dataset(place).optimize.optimize_indices(num_indices_to_merge=0)
    assert len(segments(place, "vec_idx")) == 2
    right()
    lance.write_dataset(rows(clustered(60, DIMENSION, seed=6), first=5000), place, mode="append")
    other(
        "import sys, lance\nlance.dataset(sys.argv[1]).optimize.optimize_indices("
        "num_indices_to_merge=0, index_names=['vec_idx'])",
        place,
    )
    assert len(segments(place, "vec_idx")) == 3
    right()
    # Merged to one.
    lance.dataset(place).delete("chunk_idx BETWEEN 2000 AND 2050")
    lance.dataset(place).optimize.optimize_indices(num_indices_to_merge=10)
    right()
    # Rows get other addresses.
    lance.dataset(place).optimize.compact_files(target_rows_per_fragment=100_000)
    assert len(lance.dataset(place).get_fragments()) == 1
    right()
    lance.write_dataset(rows(clustered(60, DIMENSION, seed=7), first=6000), place, mode="append")
    lance.dataset(place).optimize.optimize_indices()
    right()
    # Built again by us, then by them under our names, then dropped.
    build(place, metric, bits, seed=5)
    vectord("scalar-index", place, "doc_id")
    right()
    lance.dataset(place).create_index(
        "vector", "IVF_PQ", name="vec_idx", metric=metric, num_partitions=6, num_sub_vectors=8, num_bits=bits, replace=True
    )
    lance.dataset(place).create_scalar_index("doc_id", "BTREE", name="doc_id_btree", replace=True)
    right()
    build(place, metric, bits)
    lance.dataset(place).drop_index("vec_idx")
    assert_stats(place, False, True)
    assert_keys(place)
    assert used_index(place, QUERIES[0]) is None
    lance.dataset(place).drop_index("doc_id_btree")
    assert_stats(place, False, False)
    assert_keys(place, has_index=False)
    lance.dataset(place).validate()


def test_compaction_alone_and_cleaning_up(place):
    """Many small fragments with deletions become few; no segment was merged before, and old files go."""
    for i in range(6):
        lance.write_dataset(rows(clustered(500, DIMENSION, seed=i), first=500 * i), place, mode="append", **STORAGE)
    build(place, "l2", partitions=4)
    vectord("scalar-index", place, "doc_id")
    lance.dataset(place).delete("chunk_idx % 2 = 0")
    lance.dataset(place).optimize.compact_files(target_rows_per_fragment=1000)
    assert_vectors(place, "l2")
    assert_keys(place)
    lance.dataset(place).cleanup_old_versions(older_than=datetime.timedelta(0), delete_unverified=True)
    assert_stats(place, True, True)
    assert_vectors(place, "l2")
    assert_keys(place)


def test_our_indices_are_a_prefilter(place):
    """Both in one query of theirs: the BTREE says which rows may be found, the codes which of them are near."""
    lance.write_dataset(rows(clustered(3000, DIMENSION, seed=1)), place, **STORAGE)
    build(place, "l2", partitions=4)
    vectord("scalar-index", place, "doc_id")
    ds, contents = lance.dataset(place), Contents(place)
    limit = sorted(contents.doc_id)[1500]
    allowed = np.array([x < limit for x in contents.doc_id])
    for q in QUERIES:
        d = np.where(allowed, contents.distances("l2", q), np.inf)
        best = np.argsort(d, kind="stable")[:10]
        found = near(ds, q, 10, EVERY, 400, filter=f"doc_id < '{limit}'", prefilter=True)
        assert_same_hits(found, (list(contents.text[best]), d[best]))
    nearest = {"column": "vector", "q": QUERIES[0], "k": 10, "nprobes": 4}
    plan = ds.scanner(nearest=nearest, filter=f"doc_id < '{limit}'", prefilter=True).explain_plan(True)
    assert "ANNSubIndex: name=vec_idx" in plan and "ScalarIndexQuery" in plan and "doc_id_btree" in plan, plan


# ------------------------------------------------------------------ at the same time


def started(*args):
    return subprocess.Popen(
        [VECTORD, args[0], "--json", *map(str, args[1:])], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def meanwhile(place, work, *command):
    """Does `work(i)` again and again while vectord runs; the exit code, standard error and how often."""
    build = started(*command)
    deadline = time.monotonic() + 60
    times = 0
    while build.poll() is None and time.monotonic() < deadline:
        work(times)
        times += 1
    out, error = build.communicate()
    return build.returncode, error, times


# Enough rows, dimensions and partitions for a build of seconds.
SLOW = ("--metric", "l2", "--partitions", 100, "--sub-vectors", 16)


@pytest.fixture
def big(place):
    lance.write_dataset(rows(clustered(20_000, DIMENSION, seed=1)), place, **STORAGE)
    return place


def test_appends_during_our_build(big):
    base = lance.dataset(big).version

    def append(i):
        lance.write_dataset(rows(clustered(20, DIMENSION, seed=i), first=30_000 + 20 * i), big, mode="append")

    append(0)
    code, error, times = meanwhile(big, lambda i: append(i + 1), "index", big, *SLOW)
    assert code == 0, error
    code, error, more = meanwhile(big, lambda i: append(i + 1 + times), "scalar-index", big, "doc_id")
    assert code == 0, error
    ds = lance.dataset(big)
    assert times > 0 and ds.version == base + times + more + 3
    assert ds.count_rows() == 20_000 + 20 * (times + more + 1)
    ds.validate()
    assert_stats(big, True, True)
    assert_vectors(big, "l2")
    assert_keys(big)


def test_deletes_and_updates_during_our_build(big):
    deleted, moved = [], []

    def work(i):
        first, ds = 100 * i, lance.dataset(big)
        if i % 2:
            # Rows go from their fragment to a new one.
            ds.update({"source": "'moved'"}, where=f"chunk_idx BETWEEN {first} AND {first + 4}")
            moved.extend(range(first, first + 5))
        else:
            ds.delete(f"chunk_idx BETWEEN {first} AND {first + 9}")
            deleted.extend(range(first, first + 10))

    code, error, times = meanwhile(big, work, "index", big, *SLOW)
    assert code == 0, error
    ds = lance.dataset(big)
    assert times > 1 and times < 200
    assert ds.count_rows() == 20_000 - len(deleted) and ds.count_rows("source = 'moved'") == len(moved)
    assert ds.count_rows("chunk_idx IN (0, 5, 9)") == 0
    ds.validate()
    assert_vectors(big, "l2")


def test_a_compaction_during_our_build(big):
    """Rows get other addresses under our build: it says so and leaves nothing, or was faster."""
    lance.write_dataset(rows(clustered(200, DIMENSION, seed=5), first=30_000), big, mode="append")
    lance.dataset(big).delete("chunk_idx % 50 = 0")
    before = lance.dataset(big).count_rows()

    def compact(i):
        # The build has to have begun.
        time.sleep(0.15)
        if i == 0:
            ds = lance.dataset(big)
            ds.optimize.compact_files(target_rows_per_fragment=100_000, materialize_deletions_threshold=0.0)

    code, error, _ = meanwhile(big, compact, "index", big, *SLOW)
    ds = lance.dataset(big)
    assert len(ds.get_fragments()) == 1 and ds.count_rows() == before
    if code:
        assert code == 1 and '"conflict"' in error, error
        assert ds.list_indices() == [] and os.listdir(big / "_indices") == []
        assert_stats(big, False, False)
        # Nothing is in the way of doing it again.
        vectord("index", big, *SLOW)
    assert_vectors(big, "l2")


def test_our_build_during_theirs(big):
    """Both commit an index of their own name; each keeps the other's."""
    ours = started("index", big, *SLOW)
    lance.dataset(big).create_scalar_index("chunk_idx", "BTREE")
    out, error = ours.communicate()
    names = {i["name"] for i in lance.dataset(big).list_indices()}
    if ours.returncode:
        assert '"conflict"' in error and names == {"chunk_idx_idx"}
        vectord("index", big, *SLOW)
        names = {i["name"] for i in lance.dataset(big).list_indices()}
    assert names == {"chunk_idx_idx", "vec_idx"}
    assert_vectors(big, "l2")
    assert lance.dataset(big).count_rows("chunk_idx < 100") == 100


@pytest.mark.parametrize("builder", ["theirs", "ours"])
def test_indices_over_rows_that_keep_their_ids(place, builder):
    """Indices hold ids, which stay when rows move: after deletions, upserts, compaction and optimizing."""
    n, rng = 1500, np.random.default_rng(9)
    vectors = {f"d{i}": v for i, v in enumerate(rng.standard_normal((n, 16)).astype(np.float32))}

    def table(keys):
        flat = pa.array(np.concatenate([vectors[k] for k in keys]))
        return pa.table({"doc_id": keys, "chunk_text": ["x"] * len(keys), "vector": pa.FixedSizeListArray.from_arrays(flat, 16)})

    def check(tail):
        ds = lance.dataset(place)
        found = ds.to_table(columns=["doc_id"], with_row_id=True)
        assert sorted(found["doc_id"].to_pylist()) == sorted(vectors)
        assert len(set(found["_rowid"].to_pylist())) == len(vectors)
        keys, queries = list(vectors), rng.standard_normal((8, 16)).astype(np.float32)
        matrix = np.array([vectors[k] for k in keys])
        for q, answer in zip(queries, answers(place, queries, 10, 100, n // 10, "--explain")):
            want = [keys[i] for i in np.argsort(((matrix - q) ** 2).sum(1), kind="stable")[:10]]
            assert [hit["doc_id"] for hit in answer["hits"]] == want
            assert answer["tail_rows"] == tail
            near = {"column": "vector", "q": q, "k": 10, "nprobes": 100, "refine_factor": n // 10}
            assert ds.to_table(columns=["doc_id"], nearest=near)["doc_id"].to_pylist() == want
        for key in ("d3", "d10", "d700", "d1200", "d1499", "new"):
            filtered = ds.to_table(columns=["vector"], filter=f"doc_id = '{key}'")["vector"].to_pylist()
            assert len(filtered) == (key in vectors) and all(np.allclose(v, vectors[key]) for v in filtered)
            try:
                assert np.allclose(vectord("get", place, key)["vector"], vectors[key])
            except Failed as e:
                assert e.code == 1 and "there is no row" in e.error["message"] and key not in vectors

    def optimize():
        lance.dataset(place).optimize.optimize_indices()

    keys = list(vectors)
    name = {"enable_stable_row_ids": True}
    try:
        lance.write_dataset(table(keys[:1000]), place, **name)
    except TypeError:
        name = {"enable_move_stable_row_ids": True}
        lance.write_dataset(table(keys[:1000]), place, **name)
    ds = lance.write_dataset(table(keys[1000:1400]), place, mode="append")
    lines = [{"doc_id": k, "chunk_text": "x", "vector": [float(x) for x in vectors[k]]} for k in keys[1400:]]
    vectord("append", place, "--ndjson", "-", stdin="\n".join(json.dumps(line) for line in lines))
    if builder == "theirs":
        ds = lance.dataset(place)
        ds.create_index("vector", "IVF_PQ", metric="l2", num_partitions=6, num_sub_vectors=4)
        ds.create_scalar_index("doc_id", "BTREE")
    else:
        vectord("index", place, "--metric", "l2", "--partitions", 6, "--sub-vectors", 4)
        vectord("scalar-index", place, "doc_id")
    stats = vectord("stats", place)
    assert stats["has_vector_index"] and stats["has_doc_id_index"]
    check(0)
    ds = lance.dataset(place)
    ds.delete("doc_id IN ('d3', 'd1200')")
    for key in ("d3", "d1200"):
        del vectors[key]
    check(0)
    vectors.update({k: rng.standard_normal(16).astype(np.float32) for k in ("d10", "d700", "new")})
    upsert = lance.dataset(place).merge_insert("doc_id").when_matched_update_all().when_not_matched_insert_all()
    upsert.execute(table(["d10", "d700", "new"]))
    check(3)
    lance.dataset(place).optimize.compact_files()
    check(3)
    # 4.0.2 cannot always optimize such an index ("batch.num_rows() != chunk.len()").
    if not lance.__version__.startswith("4."):
        optimize()
        check(0)
