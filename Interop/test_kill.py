# SPDX-License-Identifier: Apache-2.0
"""A writer is killed at random times, and again, on the same table: what it said was done is there, and what it did not
come to say is there whole or not at all.

KILLS sets how often, CRASHSTATES names the writer.
"""
import json
import os
import random
import subprocess
import time

import lance
import pytest

from conftest import CRASHSTATES, other, vectord

KILLS = int(os.environ.get("KILLS", "60"))
READ = """
import json, sys, lance
rows = lance.dataset(sys.argv[1]).to_table(columns=["doc_id", "chunk_text"])
print(json.dumps(dict(zip(rows["doc_id"].to_pylist(), rows["chunk_text"].to_pylist()))))
"""


def run_and_kill(table, seed, said, seconds):
    """The lines that a writer wrote until it was killed, mostly so long after the first of them."""
    with open(said, "wb") as out:
        writer = subprocess.Popen([CRASHSTATES, "write", table, str(seed)], stdout=out, stderr=subprocess.PIPE)
        try:
            # A busy machine starts a process slowly; some are killed before they say anything.
            patience = time.monotonic() + (10 if seed % 8 else 0)
            while not said.stat().st_size and time.monotonic() < patience and writer.poll() is None:
                time.sleep(0.002)
            time.sleep(seconds)
        finally:
            writer.kill()
        err = writer.communicate()[1]
    assert writer.returncode == -9, f"the writer ended by itself: {err[-2000:]}"
    # The last line may be cut.
    return [json.loads(line) for line in said.read_text().splitlines(keepends=True) if line.endswith("\n")]


def applied(rows, intent):
    gone = set(intent["gone"])
    return {**{key: text for key, text in rows.items() if key not in gone}, **intent["put"]}


def scanned(table):
    rows = vectord("scan", table, "--columns", "doc_id,chunk_text")
    found = {row["doc_id"]: row["chunk_text"] for row in rows}
    assert len(found) == len(rows) == vectord("count", table)["rows"]
    return found


def check_lookups(table, rows, gone, chance):
    """By id, through the index where there is one."""
    for key in chance.sample(sorted(rows), min(3, len(rows))):
        assert vectord("get", table, key)["chunk_text"] == rows[key]
    for key in gone[:1]:
        if key not in rows:
            with pytest.raises(Exception):
                vectord("get", table, key)


def test_a_writer_that_is_killed(place, tmp_path):
    chance = random.Random(20)
    rows, acknowledged, unfinished, came = {}, 0, 0, 0
    kinds = {}
    for seed in range(KILLS):
        seconds = chance.choice([0.02, 0.05, 0.1, 0.2, 0.3]) * chance.random()
        lines = run_and_kill(place, seed, tmp_path / "said", seconds)
        pending = None
        gone = []
        for line in lines:
            if "done" in line:
                rows = applied(rows, pending)
                acknowledged += 1
                kinds[pending["do"]] = kinds.get(pending["do"], 0) + 1
                gone = pending["gone"]
                pending = None
            else:
                assert pending is None
                pending = line
        if not place.exists():
            assert not rows
            continue
        try:
            found = scanned(place)
        except Exception as error:
            assert getattr(error, "error", {}).get("code") == "not_found" and not rows, error
            continue
        if found != rows:
            assert pending is not None, f"kill {seed}: acknowledged rows are missing, or there are others"
            assert found == applied(rows, pending), f"kill {seed}: a part of {pending['do']}"
            came += 1
            rows = found
        if pending is not None:
            unfinished += 1
        check_lookups(place, rows, gone, chance)
    print(f"{KILLS} kills, {acknowledged} calls acknowledged {kinds}, {unfinished} cut, {came} of them there all the same")
    assert acknowledged > KILLS // 2
    assert json.loads(other(READ, place)) == rows
    ds = lance.dataset(place)
    theirs = ds.to_table(columns=["doc_id", "chunk_text"])
    assert dict(zip(theirs["doc_id"].to_pylist(), theirs["chunk_text"].to_pylist())) == rows
    assert ds.count_rows() == len(rows)
    ds.validate()
