# SPDX-License-Identifier: Apache-2.0
"""Times reading of columns, whole and 1,000 rows from all over the table, vectord beside pylance, in turn.

    pip install pylance==14.0.2 pyarrow numpy
    swift build -c release --product vectord
    python Benchmarks/scans.py --work DIR --data DIR/SET [--rounds 5] [--file-version 2.2]

--data names a directory with base.parquet, as Benchmarks/bench.py has it. pylance makes the table by its defaults. Each
group of columns is read in a fresh process, which has touched none of them: scans once by vectord and, since its first is
the slowest, three times by pylance, of which the fastest counts; rows as the median of five sets, and of the last five of a
hundred, when most pages of the table have been touched.
"""
import argparse
import json
import pathlib
import random
import resource
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve()
TEXTS = ["source", "doc_id", "chunk_text"]
GROUPS = {"texts": TEXTS, "vectors": ["vector"], "all columns": TEXTS + ["chunk_idx", "vector"]}


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def pylance(operation, place, columns, seed, sets):
    import lance

    dataset = lance.dataset(place)
    count = dataset.count_rows()
    numbers = random.Random(seed)
    used = []
    for _ in range(3 if operation == "scan" else sets):
        rows = [numbers.randrange(count) for _ in range(1000)]
        before = cpu()
        if operation == "scan":
            for batch in dataset.to_batches(columns=columns):
                assert batch.num_rows
        else:
            assert dataset.take(rows, columns=columns).num_rows == 1000
        used.append(cpu() - before)
    print(json.dumps({"cpu_s": min(used) if operation == "scan" else statistics.median(used[-5:])}))


def make(parquet, place, version):
    """The table as the official library makes it, with the vectors as lists of a fixed size."""
    import lance
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(parquet).combine_chunks()
    raw = table["vector"].chunk(0)
    vectors = pa.array(np.frombuffer(raw.buffers()[2], np.float32, len(raw[0].as_py()) // 4 * len(raw)))
    lists = pa.FixedSizeListArray.from_arrays(vectors, len(raw[0].as_py()) // 4)
    table = table.set_column(table.column_names.index("vector"), "vector", lists)
    lance.write_dataset(table, place, mode="overwrite", data_storage_version=version)


def run(command):
    done = subprocess.run([str(x) for x in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])["cpu_s"] * 1000


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--work", required=True, type=pathlib.Path)
    p.add_argument("--data", required=True, type=pathlib.Path)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--file-version", default="2.2")
    p.add_argument("--vectord", default=str(HERE.parent.parent / ".build/release/vectord"))
    a = p.parse_args()
    a.work.mkdir(parents=True, exist_ok=True)
    place = a.work / f"scans-{a.file_version}.lance"
    make(a.data / "base.parquet", place, a.file_version)
    print("| CPU ms, least to most (median) | vectord | pylance | ratio of medians |\n|---|---|---|---|")
    for operation, what, sets in (("scan", "all rows", 5), ("take", "1,000 rows", 5), ("take", "1,000 rows, after 95,000", 100)):
        for name, columns in GROUPS.items():
            ours, theirs = [], []
            for number in range(a.rounds):
                params = json.dumps({"columns": columns, "sets": sets})
                ours.append(run([a.vectord, "bench", operation, "--dataset", place, "--params", params]))
                theirs.append(run([sys.executable, HERE, "--peer", operation, place, ",".join(columns), number, sets]))
            cells = [f"{min(x):.1f} to {max(x):.1f} ({statistics.median(x):.1f})" for x in (ours, theirs)]
            ratio = statistics.median(ours) / statistics.median(theirs)
            print(f"| {what}, {name} | {' | '.join(cells)} | {ratio:.2f} |", flush=True)


if len(sys.argv) > 1 and sys.argv[1] == "--peer":
    pylance(sys.argv[2], sys.argv[3], sys.argv[4].split(","), int(sys.argv[5]), int(sys.argv[6]))
else:
    main()
