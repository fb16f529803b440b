# SPDX-License-Identifier: Apache-2.0
"""Limits of the operating system, as they are: few open files, small files, directories of others.

What vectord says names the file and what to do; and the table is then as it was, or as it was to become.
"""
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile

import lance
import pytest

from conftest import CRASHSTATES, VECTORD, chunk_table, ndjson, vectord

ROWS = 300


@pytest.fixture
def table():
    """In a directory that other users can enter."""
    place = pathlib.Path(tempfile.mkdtemp())
    place.chmod(0o755)
    lance.write_dataset(chunk_table(ROWS - 20), place / "t.lance")
    vectord("index", place / "t.lance", "--partitions", 2, "--sub-vectors", 4, "--bits", 4)
    vectord("scalar-index", place / "t.lance", "doc_id")
    lance.write_dataset(chunk_table(10, seed=2, first=ROWS - 20), place / "t.lance", mode="append")
    lance.write_dataset(chunk_table(10, seed=3, first=ROWS - 10), place / "t.lance", mode="append")
    yield place / "t.lance"
    for path in place.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(place)


def calls(table):
    """Each with what it reads, and the rows that there are after it."""
    more = ndjson(chunk_table(80, seed=5, first=ROWS))
    return [
        (["append", "--json", table, "--ndjson", "-"], more, ROWS + 80),
        (["upsert", "--json", table, "--ndjson", "-"], more, ROWS + 80),
        (["delete", "--json", table, "d000001", "d000002"], None, ROWS - 2),
        (["index", "--json", table, "--partitions", "2", "--sub-vectors", "4", "--bits", "4"], None, ROWS),
        (["scalar-index", "--json", table, "doc_id"], None, ROWS),
        (["compact", "--json", table], None, ROWS),
        (["tag", "create", "--json", table, "new"], None, ROWS),
    ]


def limited(call, text, limit):
    """Runs vectord under a limit; returns its exit code and its error."""
    run = subprocess.run([VECTORD, *map(str, call)], input=text, capture_output=True, text=True, preexec_fn=limit)
    if run.returncode <= 0:
        return run.returncode, None
    return run.returncode, json.loads(run.stderr.splitlines()[-1])["error"]


def copied(table, name):
    copy = table.parent / name
    shutil.copytree(table, copy)
    return copy


def check_intact(table, after):
    rows = vectord("count", table)["rows"]
    assert rows in (ROWS, after)
    assert lance.dataset(table).count_rows() == rows == len(vectord("scan", table, "--columns", "doc_id"))
    return rows


def test_few_open_files(tmp_path):
    """In the running process: Dispatch ends a process that starts with fewer descriptors than it needs itself."""
    run = subprocess.run([CRASHSTATES, "few-files", tmp_path], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    assert len(run.stdout.splitlines()) >= 19


@pytest.mark.parametrize("size, is_killed", [(0, False), (400, False), (2000, False), (20000, False), (2000, True)])
def test_small_files(table, size, is_killed):
    """A write that comes to the limit is short, and the next one fails; or the signal ends the process."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL if is_killed else signal.SIG_IGN)

    failed = 0
    for count, (call, text, after) in enumerate(calls(table)):
        copy = copied(table, f"c{count}")
        call = [copy if word == table else word for word in call]
        code, error = limited(call, text, limit)
        rows = check_intact(copy, after)
        if code == 0:
            assert rows == after
            continue
        failed += 1
        assert rows == ROWS
        if not is_killed or code > 0:
            # Whoever starts the tests may have blocked the signal.
            assert error["code"] == "io" and "ulimit -f" in error["message"], (call, error)
            assert error["path"].startswith(str(copy)), error
            assert not [path for path in copy.rglob(".tmp*")]
        assert limited(call, text, None)[0] == 0
        assert check_intact(copy, after) == after
    assert failed or size > 500


def test_a_directory_of_somebody_else(table):
    """Another user may read it and not write it."""
    for path in [table, *table.rglob("*")]:
        # Some versions of the official library give nobody else the right to read.
        path.chmod(0o555 if path.is_dir() else 0o444)

    def limit():
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)

    for call, text, after in calls(table):
        code, error = limited(call, text, limit)
        assert code == 1 and error["code"] == "permission", (call, error)
        assert "owner and mode" in error["message"] and error["path"].startswith(str(table)), error
        assert check_intact(table, ROWS) == ROWS
    for call in (["count", "--json", table], ["get", "--json", table, "d000007"], ["stats", "--json", table]):
        assert limited(call, None, limit)[0] == 0
    (table / "_versions").chmod(0o000)
    if os.geteuid() == 0:
        code, error = limited(["count", "--json", table], None, limit)
        assert code == 1 and error["code"] == "permission", error
