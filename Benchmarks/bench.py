# SPDX-License-Identifier: Apache-2.0
"""Times vectord beside pylance and FAISS: each in turn, round after round, in fresh processes; medians and ratios.

    pip install pylance==14.0.2 faiss-cpu==1.15.1 pyarrow numpy
    swift build -c release --product vectord
    python Benchmarks/bench.py --work DIR [--data DIR/SET] [--rows N] [--dims D] [--rounds 5]

--data names a directory with base.parquet and append.parquet (vectord format, append of at least 10,000 rows) and
queries.npy (float32, n x d). Without it a seeded synthetic set of --rows x --dims is made in --work.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).resolve().parent


def make_data(place, rows, dims):
    """Clustered unit vectors with texts, the same for the same numbers."""
    r = np.random.RandomState(7)
    centres = r.standard_normal((rows // 100 + 1, dims)).astype(np.float32)

    def unit(n):
        v = centres[r.randint(0, len(centres), n)] + 0.8 * r.standard_normal((n, dims)).astype(np.float32)
        return (v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32)

    def table(n, prefix):
        v = unit(n)
        offsets = (np.arange(n + 1, dtype=np.int64) * dims * 4).astype(np.int32)
        raw = pa.BinaryArray.from_buffers(pa.binary(), n, [None, pa.py_buffer(offsets), pa.py_buffer(v)])
        texts = [f"synthetic text number {i} of a set of {n}, about as long as a dictionary's entry" for i in range(n)]
        return pa.table({
            "source": ["synthetic"] * n, "doc_id": [f"{prefix}{i:08d}" for i in range(n)],
            "chunk_idx": pa.array(np.zeros(n, np.int32)), "chunk_text": texts, "vector": raw})

    place.mkdir(parents=True, exist_ok=True)
    pq.write_table(table(rows, "b"), place / "base.parquet", compression="snappy")
    pq.write_table(table(10_000, "a"), place / "append.parquet", compression="snappy")
    np.save(place / "queries.npy", unit(200))


def run(command, op, data, dataset, params):
    done = subprocess.run(
        [*command, op, "--parquet", str(data / "base.parquet"), "--dataset", str(dataset), "--queries", str(data / "queries.npy"), "--params", json.dumps(params)],
        capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command} {op}: {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--work", required=True, type=pathlib.Path)
    p.add_argument("--data", type=pathlib.Path)
    p.add_argument("--rows", type=int, default=100_000)
    p.add_argument("--dims", type=int, default=384)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--vectord", default=str(HERE.parent / ".build/release/vectord"))
    a = p.parse_args()
    data = a.data or a.work / f"synthetic-{a.rows}x{a.dims}"
    if not (data / "queries.npy").exists():
        make_data(data, a.rows, a.dims)
    ours = [a.vectord, "bench"]
    pylance = [sys.executable, str(HERE / "peers.py"), "pylance"]
    faiss = [sys.executable, str(HERE / "peers.py"), "faiss"]
    seen = {}

    def note(who, line, what):
        for key in ("seconds", "rss_mb", "p50_us"):
            if key in line and not (key == "rss_mb" and what != "migrate"):
                seen.setdefault((what, key), {}).setdefault(who, []).append(line[key])

    for _ in range(a.rounds):
        for who, command in (("vectord", ours), ("pylance", pylance)):
            place = a.work / f"{who}.lance"
            shutil.rmtree(place, ignore_errors=True)
            for line in run(command, "migrate", data, place, {}):
                note(who, line, "migrate")
            for line in run(command, "count", data, place, {}):
                note(who, line, line["op"])
            if who == "pylance":
                for line in run(command, "exact", data, place, {}):
                    note(who, line, "exact")
        # Alternately, since the neighbours on a shared machine change within seconds.
        for line in run(faiss, "exact", data, None, {}):
            note("faiss", line, "exact")
        for line in run(ours, "search", data, a.work / "vectord.lance", {"nprobes": [], "refine": []}):
            note("vectord", line, line["op"])
        for who, command in (("vectord", ours), ("pylance", pylance)):
            copy = a.work / f"{who}.append.lance"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(a.work / f"{who}.lance", copy)
            # Else the first fsync would pay for the copy.
            os.sync()
            for line in run(command, "append", data, copy, {"append": str(data / "append.parquet")}):
                what = f"append {line['rows']:,}"
                note(who, line, what + (" with fsync" if line["fsync"] else ""))
                if who == "pylance":
                    # It never syncs: the same figure stands beside ours with fsync.
                    note(who, line, what + " with fsync")
            shutil.rmtree(copy)

    peers = ("vectord", "pylance", "faiss")
    print(f"{data.name}, {a.rounds} rounds, medians; load {os.getloadavg()[0]:.1f}\n")
    print("| what | " + " | ".join(peers) + " | vectord / pylance | vectord / faiss |\n|---|" + "---|" * 5)
    for (what, key), values in sorted(seen.items()):
        middle = {who: statistics.median(v) for who, v in values.items()}
        ratios = [f"{middle['vectord'] / middle[who]:.2f}" if "vectord" in middle and who in middle else "" for who in ("pylance", "faiss")]
        cells = [f"{middle[who]:,.4g}" if who in middle else "" for who in peers]
        print(f"| {what}, {key} | " + " | ".join(cells + ratios) + " |")


main()
