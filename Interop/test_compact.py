# SPDX-License-Identifier: Apache-2.0
"""Fragments that we write again, with indices that follow, as the official library sees them."""
import lance
import numpy as np
import pyarrow as pa
import pytest

from conftest import IS_4, Failed, assert_same, ndjson, vectord
from index_tools import clustered, rows
from test_changes import DIMENSION, assert_found
from test_optimize import KINDS, append, assert_keys, segments


def contents(place):
    """The rows in the order of their texts, which are unique, and their ids."""
    t = lance.dataset(place).to_table(with_row_id=True).sort_by("chunk_text")
    return t.drop_columns(["_rowid"]), dict(zip(t["chunk_text"].to_pylist(), t["_rowid"].to_pylist()))


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
@pytest.mark.parametrize("builder, stable", KINDS)
def test_compact(place, version, builder, stable):
    lance.write_dataset(
        rows(clustered(900, DIMENSION, 1)), place, data_storage_version=version, enable_stable_row_ids=stable,
        max_rows_per_file=300, max_rows_per_group=300)
    if builder == "ours":
        vectord("index", place, "--partitions", 4, "--sub-vectors", 8, "--metric", "l2")
        vectord("scalar-index", place, "doc_id")
    else:
        ds = lance.dataset(place)
        ds.create_index("vector", "IVF_PQ", name="vec_idx", metric="l2", num_partitions=4, num_sub_vectors=8)
        ds.create_scalar_index("doc_id", "BTREE", name="doc_id_btree")
    officially = not (stable and IS_4)
    for i in range(5):
        append(place, 20, 2 + i, 900 + 20 * i)
    ids = lance.dataset(place).to_table(columns=["doc_id"])["doc_id"].to_pylist()
    vectord("delete", place, *ids[:40], *ids[600:900:7], ids[905])
    before, row_ids = contents(place)
    dry = vectord("compact", place, "--dry-run")
    done = vectord("compact", place)
    assert (dry["fragments_removed"], dry["rows_rewritten"], dry["rows_dropped"]) == (8, 916, 84)
    assert (done["fragments_removed"], done["fragments_added"], done["rows_rewritten"]) == (8, 2, 916)
    after, new_row_ids = contents(place)
    assert after.equals(before)
    assert new_row_ids == row_ids or not stable
    ds = lance.dataset(place)
    assert len(ds.get_fragments()) == 2 and ds.count_rows() == 916
    assert {len(s) for s in segments(place).values()} == {1}
    assert all(len(s[0]) == 1 for s in segments(place).values()), "the tail is no part of the indices"
    assert_found(place, officially)
    assert_keys(place)
    assert_same(place, ds)
    assert vectord("compact", place)["fragments_removed"] == 0
    # The tail joins the indices, then everything becomes one.
    vectord("optimize", place)
    append(place, 600, 9, 3000)
    vectord("optimize", place)
    assert_found(place, officially)
    vectord("delete", place, *ids[100:200])
    before, row_ids = contents(place)
    vectord("compact", place)
    after, new_row_ids = contents(place)
    assert after.equals(before) and (new_row_ids == row_ids or not stable)
    assert_found(place, officially)
    assert_keys(place)
    # Theirs goes on from there: appends, deletes, compacts, optimizes.
    append(place, 50, 10, 5000)
    lance.dataset(place).delete(f"doc_id = '{ids[300]}'")
    assert_found(place, officially)
    lance.dataset(place).optimize.compact_files()
    assert_found(place, officially)
    if officially:
        lance.dataset(place).optimize.optimize_indices()
        assert_found(place)
        assert_keys(place)
    assert_same(place, lance.dataset(place))


def test_their_handles_over_our_compaction(place):
    """Who has the table open goes on from where it was, or is told to do it again."""
    lance.write_dataset(rows(clustered(400, DIMENSION, 1)), place, max_rows_per_file=100, max_rows_per_group=100)
    stale = lance.dataset(place)
    vectord("compact", place)
    assert stale.to_table().num_rows == 400
    lance.write_dataset(rows(clustered(10, DIMENSION, 2), first=400), stale, mode="append")
    assert lance.dataset(place).count_rows() == 410
    stale = lance.dataset(place)
    one = stale.to_table(columns=["doc_id"])["doc_id"].to_pylist()[7]
    vectord("compact", place)
    try:
        stale.delete(f"doc_id = '{one}'")
        assert lance.dataset(place).count_rows() == 409
    except OSError as e:
        assert "conflict" in str(e).lower() and lance.dataset(place).count_rows() == 410


def test_indices_that_cannot_follow(place):
    """Fragments that they cover stay, and the rest is written together."""
    lance.write_dataset(rows(clustered(300, DIMENSION, 1)), place, max_rows_per_file=100, max_rows_per_group=100)
    lance.dataset(place).create_scalar_index("source", "BITMAP")
    for i in range(3):
        append(place, 20, 2 + i, 300 + 20 * i)
    before, _ = contents(place)
    done = vectord("compact", place)
    assert (done["fragments_removed"], done["fragments_added"]) == (3, 1)
    assert "Bitmap" in done["skipped"]["source_idx"]
    after, _ = contents(place)
    assert after.equals(before) and len(lance.dataset(place).get_fragments()) == 4
    assert lance.dataset(place).count_rows("source = 's'") == 360


def test_columns_that_cannot_be_written(place):
    table = pa.table({"doc_id": ["a", "b"], "tags": [["x"], ["y", "z"]]})
    lance.write_dataset(table, place)
    lance.write_dataset(table, place, mode="append")
    with pytest.raises(Failed) as e:
        vectord("compact", place)
    assert e.value.error["code"] == "unsupported" and "tags" in e.value.error["message"]
    assert lance.dataset(place).to_table().num_rows == 4 and lance.dataset(place).version == 2
