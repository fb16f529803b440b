# SPDX-License-Identifier: Apache-2.0
"""Clean-up and upkeep: what is left is whole for the official library, and what it needs is left."""
import datetime
import os
import pathlib

import lance
import pytest

from conftest import Failed, assert_same, other, vectord
from index_tools import EVERY, Contents, answers, assert_same_hits, clustered, near, rows

DIMENSION = 16


@pytest.fixture(params=["2.0", "2.2"])
def table(request, place):
    """Versions by both libraries: data, both indices, deletes, an update and a compaction."""
    lance.write_dataset(rows(clustered(400, DIMENSION, 1)), place, data_storage_version=request.param)
    vectord("index", place, "--partitions", 4, "--sub-vectors", 8, "--metric", "l2")
    vectord("scalar-index", place, "doc_id")
    lance.write_dataset(rows(clustered(300, DIMENSION, 2), first=400), place, mode="append")
    every = lance.dataset(place).to_table(columns=["doc_id"])["doc_id"].to_pylist()
    lance.dataset(place).delete(f"doc_id IN ('{every[3]}', '{every[444]}')")
    vectord("delete", place, every[5], every[450])
    vectord("optimize", place)
    lance.dataset(place).delete(f"doc_id = '{every[9]}'")
    return place


def assert_whole(place):
    assert_same(place, lance.dataset(place))
    contents, queries = Contents(place), clustered(3, DIMENSION, 9)
    refine = len(contents.text) // 10 + 1
    for q, ours in zip(queries, answers(place, queries, 10, EVERY, refine)):
        want = contents.nearest("l2", q, 10)
        assert_same_hits(near(lance.dataset(place), q, 10, EVERY, refine), want, "official")
        assert [h["chunk_text"] for h in ours["hits"]] == list(want[0][:10])


def files(place):
    return {str(p.relative_to(place)) for p in pathlib.Path(place).rglob("*") if p.is_file()}


def contents_of(place, version):
    return lance.dataset(place, version=version).to_table().sort_by("doc_id")


def test_what_is_left_is_whole(table):
    before = {v["version"]: contents_of(table, v["version"]) for v in lance.dataset(table).versions()}
    newest = max(before)
    kept = {newest, newest - 1, 3}
    lance.dataset(table).tags.create("three", 3)
    dry = vectord("cleanup", table, "--older-than", "0s", "--keep", 2, "--dry-run")
    assert {v["version"] for v in lance.dataset(table).versions()} == set(before)
    done = vectord("cleanup", table, "--older-than", "0s", "--keep", 2)
    assert {k: v for k, v in done.items() if k != "duration_secs"} == {k: v for k, v in dry.items() if k != "duration_secs"}
    assert set(done["versions_removed"]) == set(before) - kept and done["files_spared"] == 0
    assert {v["version"] for v in lance.dataset(table).versions()} == kept
    for version in kept:
        assert contents_of(table, version).equals(before[version])
    assert lance.dataset(table, version="three").count_rows() == before[3].num_rows
    assert_whole(table)
    # The official clean-up finds nothing that ours should have taken.
    lance.dataset(table).tags.delete("three")
    vectord("cleanup", table, "--older-than", "0s")
    left = files(table)
    stats = lance.dataset(table).cleanup_old_versions(older_than=datetime.timedelta(0), delete_unverified=True)
    assert stats.old_versions == 0
    assert {f for f in left - files(table) if not f.startswith("_refs")} == set()
    assert_whole(table)
    # Life goes on, with the other version of the library too.
    lance.write_dataset(rows(clustered(50, DIMENSION, 4), first=1000), table, mode="append")
    other("import lance, sys; lance.dataset(sys.argv[1]).delete('false OR doc_id IS NULL')", table)
    vectord("maintain", table)
    assert_whole(table)


def test_a_clean_up_between_their_commits(table):
    """A handle of theirs from before goes on, and so does ours."""
    handle = lance.dataset(table)
    vectord("cleanup", table, "--older-than", "0s")
    handle.delete("doc_id IS NULL")
    lance.dataset(table).cleanup_old_versions(older_than=datetime.timedelta(0))
    assert vectord("cleanup", table, "--older-than", "0s")["versions_removed"] == []
    assert_whole(table)


def test_what_they_left(table):
    """A stray data file goes when it is old, and unknown files never."""
    for name, age in (("data/old.lance", 30), ("data/young.lance", 1), ("data/notes.txt", 30), ("NOTES", 30)):
        path = pathlib.Path(table) / name
        path.write_bytes(b"x")
        seconds = path.stat().st_mtime - age * 86_400
        os.utime(path, (seconds, seconds))
    done = vectord("cleanup", table)
    assert done["versions_removed"] == [] and done["files_removed"] == 1 and done["files_spared"] == 1
    assert {"data/young.lance", "data/notes.txt", "NOTES"} <= files(table) and "data/old.lance" not in files(table)
    assert_whole(table)


def test_branches_are_safe(table):
    lance.dataset(table).create_branch("side", None)
    before = files(table)
    with pytest.raises(Failed) as error:
        vectord("cleanup", table, "--older-than", "0s", "--grace", "0s")
    assert error.value.error["code"] == "unsupported" and "side" in error.value.error["message"]
    assert vectord("maintain", table)["left"]["cleanup"]
    assert files(table) >= before
