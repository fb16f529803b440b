# SPDX-License-Identifier: Apache-2.0
"""Indices that we bring up to the table's rows, as the official library sees them, and the other way round."""
import os

import lance
import numpy as np
import pyarrow as pa
import pytest

from conftest import IS_4, assert_same, ndjson, vectord
from index_tools import clustered, rows
from test_changes import DIMENSION, assert_found


def append(place, n, seed, first):
    lance.write_dataset(rows(clustered(n, DIMENSION, seed), first=first), place, mode="append")


def segments(place):
    found = {}
    for index in lance.dataset(place).list_indices():
        found.setdefault(index["name"], []).append(sorted(index["fragment_ids"]))
    return {name: sorted(s) for name, s in found.items()}


def assert_keys(place):
    """Fetches and filters by id give what is there, through the BTREE."""
    ds = lance.dataset(place)
    every = {r["doc_id"]: r["chunk_text"] for r in ds.to_table(columns=["doc_id", "chunk_text"]).to_pylist()}
    for x in list(every)[:: max(1, len(every) // 15)]:
        assert vectord("get", place, x)["chunk_text"] == every[x]
        assert ds.to_table(columns=["chunk_text"], filter=f"doc_id = '{x}'")["chunk_text"].to_pylist() == [every[x]]
    assert ds.count_rows("doc_id = 'nobody'") == 0


# 4.0.2 cannot always search an index of its own over rows that keep their ids, once they were updated.
KINDS = [("ours", False), ("theirs", False), ("ours", True)] + ([] if IS_4 else [("theirs", True)])


@pytest.mark.parametrize("version", ["2.0", "2.2"])
@pytest.mark.parametrize("builder, stable", KINDS)
def test_optimize(place, version, builder, stable):
    first = rows(clustered(1000, DIMENSION, 1))
    lance.write_dataset(first, place, data_storage_version=version, enable_stable_row_ids=stable)
    if builder == "ours":
        vectord("index", place, "--partitions", 4, "--sub-vectors", 8, "--metric", "l2")
        vectord("scalar-index", place, "doc_id")
    else:
        ds = lance.dataset(place)
        ds.create_index("vector", "IVF_PQ", name="vec_idx", metric="l2", num_partitions=4, num_sub_vectors=8)
        ds.create_scalar_index("doc_id", "BTREE", name="doc_id_btree")
    officially = not (stable and IS_4)
    assert vectord("optimize", place)["indices"] == []
    append(place, 100, 2, 1000)
    dry = vectord("optimize", place, "--dry-run")
    assert [(i["name"], i["rows_added"], i["segments"]) for i in dry["indices"]] == [
        ("doc_id_btree", 100, 1), ("vec_idx", 100, 2)]
    done = vectord("optimize", place)
    assert done["indices"] == dry["indices"] and done["disk_bytes_added"] > 0
    assert segments(place) == {"doc_id_btree": [[0, 1]], "vec_idx": [[0], [1]]}
    assert_found(place, officially)
    assert_keys(place)
    # The next hundred rows go together with the first.
    append(place, 100, 3, 1100)
    vectord("optimize", place)
    assert segments(place) == {"doc_id_btree": [[0, 1, 2]], "vec_idx": [[0], [1, 2]]}
    assert_found(place, officially)
    # Deleted and updated rows are in no new segment.
    ids = lance.dataset(place).to_table(columns=["doc_id"])["doc_id"].to_pylist()
    vectord("delete", place, *ids[1050:1060], *ids[:5])
    fresh = rows(clustered(20, DIMENSION, 4), first=3000).set_column(1, "doc_id", pa.array(ids[1100:1110] + ids[10:20]))
    vectord("upsert", place, "--ndjson", "-", stdin=ndjson(fresh))
    assert_found(place, officially)
    vectord("optimize", place)
    assert_found(place, officially)
    assert_keys(place)
    assert vectord("search", place, "--explain", "--query", "-", stdin=str([1.0] * DIMENSION))["tail_rows"] == 0
    # A tail that outweighs them all takes all of them into one.
    append(place, 1500, 5, 5000)
    vectord("optimize", place)
    assert len(segments(place)["vec_idx"]) == 1
    assert_found(place, officially)
    assert_keys(place)
    # Theirs goes on from there.
    append(place, 100, 6, 7000)
    if officially:
        lance.dataset(place).optimize.optimize_indices()
        assert_found(place)
        assert_keys(place)
    assert_same(place, lance.dataset(place))


def test_their_upserts_find_what_we_put_into_the_index(place):
    """4.0.2 asks one segment of the index only, and would add rows of the others a second time."""
    first = rows(clustered(400, DIMENSION, 1))
    lance.write_dataset(first, place, data_storage_version="2.0")
    lance.dataset(place).create_scalar_index("doc_id", "BTREE", name="doc_id_btree")
    append(place, 20, 2, 1000)
    vectord("optimize", place)
    ids = lance.dataset(place).to_table(columns=["doc_id"])["doc_id"].to_pylist()
    fresh = rows(clustered(10, DIMENSION, 3), first=2000).set_column(1, "doc_id", pa.array(ids[:5] + ids[400:405]))
    merge = lance.dataset(place).merge_insert("doc_id").when_matched_update_all().when_not_matched_insert_all()
    assert merge.execute(fresh)["num_updated_rows"] == 10
    assert lance.dataset(place).count_rows() == vectord("count", place)["rows"] == 420
    lance.dataset(place).optimize.optimize_indices()
    assert_keys(place)


def test_an_index_without_rows_keeps_what_it_learnt(place):
    """All rows were replaced: the metric, the partitions and the code words are still the index's."""
    lance.write_dataset(rows(clustered(600, DIMENSION, 1)), place, data_storage_version="2.0")
    vectord("index", place, "--partitions", 4, "--sub-vectors", 8, "--metric", "l2")
    vectord("upsert", place, "--ndjson", "-", stdin=ndjson(rows(clustered(600, DIMENSION, 2))))
    assert_found(place)
    vectord("optimize", place)
    assert segments(place) == {"vec_idx": [[1]]}
    assert_found(place)
    assert vectord("optimize", place)["indices"] == []
    # The files that no version names any more are the clean-up's.
    assert len(os.listdir(place / "_indices")) == 2
