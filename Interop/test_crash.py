# SPDX-License-Identifier: Apache-2.0
"""Tables as a power loss leaves them, at every step of every call that writes: the official Lance opens them, too.

CRASHSTATES names the executable that makes them, CRASH_STATES how many of them are looked at.
"""
import json
import os
import subprocess

import lance
import pytest

from conftest import CRASHSTATES

NUMBER = int(os.environ.get("CRASH_STATES", "150"))


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    place = tmp_path_factory.mktemp("states")
    subprocess.run([CRASHSTATES, "cuts", place, str(NUMBER)], check=True, capture_output=True)
    return place


def seen(table):
    """What the official library reads of a table, by scan and by search; None where there is none."""
    try:
        ds = lance.dataset(table)
    except ValueError:
        return None
    rows = ds.to_table(columns=["doc_id", "chunk_text"])
    assert ds.count_rows() == rows.num_rows
    found = dict(zip(rows["doc_id"].to_pylist(), rows["chunk_text"].to_pylist()))
    assert len(found) == rows.num_rows
    if found:
        # Through the indices, where there are any.
        hits = ds.to_table(
            columns=["doc_id", "chunk_text", "_distance"],
            nearest={"column": "vector", "q": [0.1, 0.2, 0.3, 0.4], "k": len(found), "nprobes": 9, "refine_factor": 9},
        )
        assert dict(zip(hits["doc_id"].to_pylist(), hits["chunk_text"].to_pylist())) == found
        some = next(iter(found))
        assert ds.to_table(filter=f"doc_id = '{some}'", columns=["chunk_text"])["chunk_text"].to_pylist() == [found[some]]
    ds.validate()
    return found


def test_cut_states(states):
    places = sorted(states.iterdir())
    assert len(places) == NUMBER
    for place in places:
        expected = json.loads((place / "expected.json").read_text())
        found = seen(place / "t.lance")
        assert found in expected["states"], f"{expected['cut']}, {expected['loss']}: {found}"
