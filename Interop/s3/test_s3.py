# SPDX-License-Identifier: Apache-2.0
"""Tables on a real S3 server, beside the official Lance: run by Scripts/with-s3, which starts the server.

    Scripts/with-s3 env VECTORD=… python -m pytest Interop/s3
"""
import contextlib
import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import uuid

import lance
import numpy as np
import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from conftest import SAMPLE, VECTORD, Failed, chunk_table, vectors, write_vectord_parquet  # noqa: E402
import conftest  # noqa: E402

ENDPOINT = os.environ["S3_TEST_ENDPOINT"]
KEYS = {
    "access_key_id": os.environ["S3_TEST_ACCESS_KEY_ID"],
    "secret_access_key": os.environ["S3_TEST_SECRET_ACCESS_KEY"],
    "region": "us-east-1",
    "allow_http": "true",
}
OPTIONS = KEYS | {"endpoint": ENDPOINT}


def vectord(*args, options=OPTIONS, **more):
    """As conftest.vectord, with the storage options after the command's name."""
    words = 2 if args[0] == "tag" else 1
    given = [x for key, value in options.items() for x in ("--storage-option", f"{key}={value}")]
    return conftest.vectord(*args[:words], *given, *args[words:], **more)


def dataset(place, **more):
    return lance.dataset(place, storage_options=OPTIONS, **more)


@pytest.fixture
def place():
    return f"s3://{os.environ['S3_TEST_BUCKET']}/interop/{uuid.uuid4()}/t.lance"


def ndjson(table):
    rows = table.to_pylist()
    return "\n".join(json.dumps(row) for row in rows)


def ids(place):
    return sorted(dataset(place).to_table(columns=["doc_id"]).column("doc_id").to_pylist())


def exact_ids(place, q, k):
    near = {"column": "vector", "q": q, "k": k, "use_index": False, "metric": "cosine"}
    return dataset(place).to_table(columns=["doc_id", "_distance"], nearest=near)


def assert_search(place, d, seed=3, k=10):
    for q in vectors(3, d, seed):
        want = exact_ids(place, q, k)
        got = vectord(
            "search", place, "--query", "-", "--top-k", k, "--nprobes", 1000, "--refine", 1000,
            stdin=json.dumps([float(x) for x in q]))["hits"]
        assert np.allclose([h["distance"] for h in got], want["_distance"], atol=2e-6)
        for h, i, x in zip(got, want["doc_id"].to_pylist(), want["_distance"].to_pylist()):
            assert h["doc_id"] == i or abs(h["distance"] - x) < 2e-6


def test_a_table_of_ours(place, tmp_path):
    write_vectord_parquet(tmp_path / "p.parquet", 3000)
    assert vectord("migrate", tmp_path / "p.parquet", place)["rows_written"] == 3000
    first = ids(place)
    assert len(first) == 3000
    vectord("index", place, "--partitions", 10, "--sub-vectors", 4)
    vectord("scalar-index", place, "doc_id")
    dataset(place).validate()
    assert_search(place, 16)
    new = chunk_table(50, seed=21, first=900_000)
    vectord("append", place, "--ndjson", "-", stdin=ndjson(new))
    vectord("upsert", place, "--ndjson", "-", stdin=ndjson(chunk_table(20, seed=22, first=900_040)))
    assert vectord("delete", place, "--", *first[:30])["rows_deleted"] == 30
    want = sorted(set(first[30:]) | {f"d{900_000 + i:06d}" for i in range(60)})
    assert ids(place) == want and vectord("count", place)["rows"] == len(want)
    vectord("tag", "create", place, "kept")
    vectord("optimize", place)
    vectord("compact", place)
    assert ids(place) == want
    assert_search(place, 16)
    row = vectord("get", place, want[-1])
    assert row["doc_id"] == want[-1]
    near = {"column": "vector", "q": vectors(1, 16, 5)[0], "k": 5, "nprobes": 10, "refine_factor": 50}
    assert dataset(place).to_table(columns=["doc_id"], nearest=near).num_rows == 5
    before = len(vectord("versions", place)["versions"])
    vectord("restore", place, 1)
    assert ids(place) == first
    cleaned = vectord("cleanup", place, "--older-than", "0s", "--grace", "0s")
    assert cleaned["versions_removed"]
    assert len(vectord("versions", place)["versions"]) < before
    assert ids(place) == first and vectord("count", place)["rows"] == 3000
    assert len(dataset(place, version="kept").to_table(columns=["doc_id"])) == len(want)


@pytest.mark.parametrize("version", ["2.0", "2.2"])
def test_a_table_of_theirs(place, version):
    lance.write_dataset(chunk_table(2000, seed=1), place, storage_options=OPTIONS, data_storage_version=version)
    table = dataset(place)
    table.create_index("vector", "IVF_PQ", metric="cosine", num_partitions=4, num_sub_vectors=4)
    table.create_scalar_index("doc_id", "BTREE")
    assert vectord("count", place)["rows"] == 2000
    assert_search(place, 16)
    assert vectord("get", place, "d000042")["chunk_text"].startswith("text 42")
    vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(100, seed=2, first=5000)))
    lance.write_dataset(chunk_table(100, seed=3, first=6000), place, mode="append", storage_options=OPTIONS)
    vectord("optimize", place)
    assert vectord("count", place)["rows"] == 2200 == dataset(place).count_rows()
    dataset(place).validate()
    assert_search(place, 16)


def test_two_writers(place):
    lance.write_dataset(chunk_table(100, seed=1), place, storage_options=OPTIONS)
    count = 15
    errors = []

    def theirs():
        try:
            for i in range(count):
                rows = chunk_table(3, seed=i, first=100_000 + 3 * i)
                lance.write_dataset(rows, place, mode="append", storage_options=OPTIONS)
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    thread = threading.Thread(target=theirs)
    thread.start()
    for i in range(count):
        vectord("append", place, "--ndjson", "-", stdin=ndjson(chunk_table(3, seed=i, first=200_000 + 3 * i)))
    thread.join()
    assert not errors
    want = [f"d{i:06d}" for first, n in ((0, 100), (100_000, 3 * count), (200_000, 3 * count)) for i in range(first, first + n)]
    assert ids(place) == want and vectord("count", place)["rows"] == len(want)
    assert dataset(place).version == 1 + 2 * count
    dataset(place).validate()


@contextlib.contextmanager
def proxy(*args):
    """The options of a client that goes through the proxy."""
    command = [sys.executable, str(HERE / "proxy.py"), ENDPOINT, *map(str, args)]
    run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port = int(run.stdout.readline())
        yield KEYS | {"endpoint": f"http://127.0.0.1:{port}"}
    finally:
        run.stdin.close()
        run.wait(10)


@pytest.mark.parametrize("seed", range(3))
def test_faults(place, tmp_path, seed):
    """Every call succeeds or says why not; the table is what the acknowledged ones made of it."""
    write_vectord_parquet(tmp_path / "p.parquet", 500)
    vectord("migrate", tmp_path / "p.parquet", place)
    rows = {i: 1 for i in ids(place)}
    doubtful = set()
    chance = random.Random(seed)
    failed = 0
    with proxy("--faults", 0.15, "--seed", seed) as options:
        for step in range(25):
            kind = chance.choice(["append", "upsert", "delete", "get", "search", "count", "index", "compact"])
            some = chance.sample(sorted(rows), 5)
            first = 100_000 + 10 * step
            try:
                if kind == "append":
                    new = [f"d{first + i:06d}" for i in range(10)]
                    doubtful |= set(new)
                    vectord(kind, place, "--ndjson", "-", stdin=ndjson(chunk_table(10, seed=step, first=first)), options=options)
                    rows |= {i: 1 for i in new}
                    doubtful -= set(new)
                elif kind == "delete":
                    doubtful |= set(some)
                    got = vectord(kind, place, "--", *some, options=options)["rows_deleted"]
                    assert got <= 5
                    for i in some:
                        rows.pop(i)
                    doubtful -= set(some)
                elif kind == "upsert":
                    table = chunk_table(5, seed=step, first=300_000)
                    doubtful |= set(table.column("doc_id").to_pylist())
                    vectord(kind, place, "--ndjson", "-", stdin=ndjson(table), options=options)
                    rows |= {i: 1 for i in table.column("doc_id").to_pylist()}
                    doubtful -= set(table.column("doc_id").to_pylist())
                elif kind == "get":
                    assert vectord(kind, place, some[0], options=options)["doc_id"] == some[0]
                elif kind == "search":
                    q = json.dumps([float(x) for x in vectors(1, 16, step)[0]])
                    assert len(vectord(kind, place, "--query", "-", stdin=q, options=options)["hits"]) == 10
                elif kind == "count":
                    vectord(kind, place, options=options)
                elif kind == "index":
                    vectord(kind, place, "--partitions", 2, "--sub-vectors", 4, options=options)
                else:
                    vectord(kind, place, options=options)
            except Failed as failure:
                failed += 1
                assert failure.error["code"] in ("network", "io", "conflict", "commit_unknown"), failure
                assert KEYS["secret_access_key"] not in str(failure)
            found = ids(place)
            assert len(found) == len(set(found)), "a row is there twice"
            assert set(found) - doubtful == set(rows) - doubtful, f"after {kind}"
            # What a failed call may have done is known now.
            rows = {i: 1 for i in found}
            doubtful = set()
    dataset(place).validate()
    assert failed <= 5, f"{failed} of 25 calls failed"


def test_wrong_keys(place):
    for wrong in (OPTIONS | {"secret_access_key": "nosecret"}, OPTIONS | {"endpoint": "http://127.0.0.1:1"}):
        with pytest.raises(Failed) as failure:
            vectord("count", place, options=wrong | {"client_max_retries": "1"})
        assert failure.value.error["code"] in ("permission", "network")
        assert "nosecret" not in str(failure.value)
