# SPDX-License-Identifier: Apache-2.0
"""Shared parts of the interoperability tests: the official Lance judges what vectord writes, and the other way round.

Run once for each version of the official library, with that version's Python:
    VECTORD=.build/release/vectord python -m pytest Interop/test_*.py
LANCE_OTHER_PYTHON names the Python of the other version, for tables that both have touched.
"""
import base64
import datetime
import json
import math
import os
import pathlib
import subprocess

import lance
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
VECTORD = os.environ.get("VECTORD", str(ROOT / ".build/release/vectord"))
CRASHSTATES = os.environ.get("CRASHSTATES", str(ROOT / ".build/release/crashstates"))
SAMPLE = ROOT / "Examples/wordnet2k.parquet"
IS_4 = lance.__version__.startswith("4.")


class Failed(Exception):
    def __init__(self, code, error):
        super().__init__(f"exit {code}: {error}")
        self.code = code
        self.error = error


def vectord(*args, stdin=None):
    """Runs vectord with --json; returns the parsed lines, or the one value. Raises Failed with the parsed error."""
    # Options first: an id may follow "--".
    words = 2 if args[0] == "tag" else 1
    command = [VECTORD, *args[:words], "--json", *map(str, args[words:])]
    run = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if run.returncode:
        try:
            error = json.loads(run.stderr)["error"]
        except (ValueError, KeyError):
            error = {"code": "?", "message": run.stderr}
        raise Failed(run.returncode, error)
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.strip()]
    if args[0] == "scan":
        return lines
    assert len(lines) == 1, run.stdout[:500]
    return lines[0]


def other(code, *args):
    """Runs a few lines of Python with the other version of the official library."""
    python = os.environ["LANCE_OTHER_PYTHON"]
    run = subprocess.run([python, "-c", code, *map(str, args)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


def as_printed(value, type):
    """A value of an Arrow column as `vectord scan` prints it."""
    if value is None:
        return None
    if pa.types.is_fixed_size_list(type) or pa.types.is_list(type):
        return [as_printed(item, type.value_type) for item in value]
    if pa.types.is_floating(type):
        value = float(value)
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return value
    if pa.types.is_binary(type) or pa.types.is_large_binary(type) or pa.types.is_fixed_size_binary(type):
        return base64.b64encode(value).decode()
    if pa.types.is_date(type):
        return (value.date() if isinstance(value, datetime.datetime) else value).isoformat()
    return value


def plain(table, drop=()):
    """The rows of an Arrow table in the shape of parsed scan lines. Timestamps are compared as ticks elsewhere."""
    rows = []
    columns = {n: table.column(n).to_pylist() for n in table.column_names if n not in drop}
    types = {n: table.schema.field(n).type for n in columns}
    for i in range(table.num_rows):
        rows.append({n: as_printed(columns[n][i], types[n]) for n in columns})
    return rows


def same_floats(a, b):
    """Printed floats are shortest text: they equal when they give the same number at the column's width."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same_floats(x, y) for x, y in zip(a, b))
    if isinstance(a, float) or isinstance(b, float):
        if isinstance(a, (int, float)) and isinstance(b, (int, float)):
            return a == b or np.float32(a) == np.float32(b) or np.float16(a) == np.float16(b)
        return a == b
    return a == b


def assert_rows(got, want):
    assert len(got) == len(want)
    for i, (a, b) in enumerate(zip(got, want)):
        assert list(a) == list(b), f"row {i}: columns {list(a)} and {list(b)}"
        for name in b:
            assert same_floats(a[name], b[name]), f"row {i}, column {name}: {a[name]!r} and {b[name]!r}"


def assert_same(ours, theirs):
    """`vectord scan` of a table equals what the official library reads from it."""
    assert_rows(vectord("scan", ours), plain(theirs.to_table()))


def vectors(n, d, seed):
    return np.random.RandomState(seed).standard_normal((n, d)).astype(np.float32)


def chunk_table(n, d=16, seed=0, first=0, source="s"):
    """Rows of the vectord schema as the official library stores them."""
    v = vectors(n, d, seed)
    return pa.table(
        {
            "source": pa.array([source if i % 7 else None for i in range(n)], pa.string()),
            "doc_id": pa.array([f"d{first + i:06d}" for i in range(n)], pa.string()),
            "chunk_idx": pa.array([i if i % 5 else None for i in range(n)], pa.int32()),
            "chunk_text": pa.array([f"text {first + i} ☃ 'q'" if i % 11 else None for i in range(n)], pa.string()),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(v.reshape(-1)), d),
        },
        schema=chunk_schema(d),
    )


def chunk_schema(d):
    return pa.schema(
        [
            pa.field("source", pa.string()),
            pa.field("doc_id", pa.string(), nullable=False),
            pa.field("chunk_idx", pa.int32()),
            pa.field("chunk_text", pa.string()),
            pa.field("vector", pa.list_(pa.float32(), d), nullable=False),
        ]
    )


def write_vectord_parquet(path, n, d=16, seed=0, first=0, nulls=False, extra=None):
    """A Parquet file in vectord format; returns the table as it must come out of the migration."""
    t = chunk_table(n, d, seed, first)
    v = np.asarray(t.column("vector").combine_chunks().flatten()).reshape(n, d).copy()
    raw = [None if nulls and i % 9 == 4 else v[i].tobytes() for i in range(n)]
    for i, r in enumerate(raw):
        if r is None:
            v[i] = 0
    columns = {c: t.column(c) for c in ("source", "doc_id", "chunk_idx", "chunk_text")}
    columns["vector"] = pa.array(raw, pa.binary())
    for name, column in (extra or {}).items():
        columns[name] = column
    pq.write_table(pa.table(columns), path)
    want = t.set_column(4, chunk_schema(d).field("vector"), pa.FixedSizeListArray.from_arrays(pa.array(v.reshape(-1)), d))
    for name, column in (extra or {}).items():
        want = want.append_column(name, column)
    return want


def ndjson(table):
    return "".join(json.dumps(row) + "\n" for row in plain(table))


def exact(ds, q, k, **more):
    """The official library's exact cosine search: ids and true cosine distances."""
    return ds.to_table(
        columns=["doc_id", "_distance"],
        nearest={"column": "vector", "q": q, "k": k, "metric": "cosine", "use_index": False, **more},
    ).to_pydict()


@pytest.fixture
def place(tmp_path):
    return tmp_path / "t.lance"
