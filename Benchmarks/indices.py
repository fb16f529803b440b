# SPDX-License-Identifier: Apache-2.0
"""Builds and searches vectord's index beside those of pylance, FAISS and hnswlib: each in turn, in fresh processes.

    pip install pylance==14.0.2 faiss-cpu==1.15.1 hnswlib==0.8.0 pyarrow numpy
    swift build -c release --product vectord
    python Benchmarks/indices.py --work DIR --data DIR/SET [--rounds 2] [--peers vectord,faiss,hnswlib,pylance]

--data as for bench.py; vectors of unit length. 316 partitions, 48 codes of 8 bits (FAISS: 96 of 4), cosine. Prints for
each recall the cheapest point of the grid that reaches it: CPU microseconds a query, one client; recall is counted here,
against an exact search. Indices that --work has already are used again: delete them to build anew.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet as pq

from peers import cpu, emit, latencies, timed, with_vectors

HERE = pathlib.Path(__file__).resolve().parent
PARTITIONS, K, TIMED = 316, 10, 400
NPROBES = [8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 100, 120, 160, 200]
REFINE = [2, 3, 4, 5, 8, 10, 16]
EF = list(range(10, 97, 6))
# pylance takes milliseconds a query: a few points around those that matter.
PYLANCE = [(16, 5), (24, 5), (40, 5), (40, 10), (120, 10), (120, 16)]


def load(parquet):
    table = with_vectors(pq.read_table(parquet, columns=["doc_id", "vector"]).combine_chunks())
    vectors = table.column("vector").combine_chunks()
    vectors = vectors.chunk(0) if hasattr(vectors, "chunk") else vectors
    return table.column("doc_id").to_pylist(), np.ascontiguousarray(np.asarray(vectors.flatten()).reshape(len(vectors), -1))


def point(find, queries, prefix, name, **what):
    """One point of the grid: 30 queries to warm up, 400 timed, then all of them for the recall."""
    for q in queries[-30:]:
        find(q)
    times, before = [], cpu()
    for q in queries[:TIMED]:
        start = time.perf_counter()
        find(q)
        times.append(time.perf_counter() - start)
    spent = (cpu() - before) / TIMED * 1e6
    path = f"{prefix}{name}.tsv"
    with open(path, "w") as f:
        f.writelines("\t".join(find(q)) + "\n" for q in queries)
    emit(op="search", cpu_us_per_q=spent, ids_file=path, **what, **latencies(times))


def faiss_peer(op, parquet, place, queries, prefix):
    import faiss

    ids, x = load(parquet)
    file = str(place / "faiss.index")
    if op == "index":
        faiss.omp_set_num_threads(2)
        index = faiss.IndexIVFPQFastScan(faiss.IndexFlatL2(x.shape[1]), x.shape[1], PARTITIONS, 96, 4)
        index.cp.niter = 50
        _, s, c = timed(lambda: (index.train(x), index.add(x)))
        faiss.write_index(index, file)
        return emit(op=op, seconds=s, cpu_s=c)
    faiss.omp_set_num_threads(1)
    index, flat = faiss.read_index(file), faiss.IndexFlatL2(x.shape[1])
    flat.add(x)
    refined = faiss.IndexRefine(index, flat)
    for r in REFINE:
        for n in NPROBES:
            p = faiss.IndexRefineSearchParameters(k_factor=r, base_index_params=faiss.SearchParametersIVF(nprobe=n))
            point(lambda q: [ids[i] for i in refined.search(q[None], K, params=p)[1][0]], queries, prefix, f"{n}x{r}", nprobes=n, refine=r)


def hnswlib_peer(op, parquet, place, queries, prefix):
    import hnswlib

    ids, x = load(parquet)
    index, file = hnswlib.Index("cosine", x.shape[1]), str(place / "hnswlib.index")
    if op == "index":
        index.init_index(len(x), M=32, ef_construction=128)
        index.set_num_threads(2)
        _, s, c = timed(lambda: index.add_items(x))
        index.save_index(file)
        return emit(op=op, seconds=s, cpu_s=c)
    index.load_index(file)
    index.set_num_threads(1)
    for ef in EF:
        index.set_ef(ef)
        point(lambda q: [ids[i] for i in index.knn_query(q, K)[0][0]], queries, prefix, f"ef{ef}", ef=ef)


def pylance_peer(op, parquet, place, queries, prefix):
    import lance

    table = str(place / "pylance.lance")
    if op == "index":
        shutil.rmtree(table, ignore_errors=True)
        ds = lance.write_dataset(with_vectors(pq.read_table(parquet)), table)
        _, s, c = timed(lambda: ds.create_index("vector", "IVF_PQ", metric="cosine", num_partitions=PARTITIONS, num_sub_vectors=48, num_bits=8))
        return emit(op=op, seconds=s, cpu_s=c)
    ds = lance.dataset(table)
    for n, r in PYLANCE:
        def find(q):
            near = {"column": "vector", "q": q, "k": K, "nprobes": n, "refine_factor": r}
            return ds.to_table(columns=["doc_id", "chunk_text", "_distance"], nearest=near).column("doc_id").to_pylist()
        point(find, queries, prefix, f"{n}x{r}", nprobes=n, refine=r)


def vectord(binary, op, parquet, place, queries, prefix):
    table = str(place / "vectord.lance")
    if op == "index":
        subprocess.run([binary, "bench", "migrate", "--parquet", parquet, "--dataset", table], check=True, capture_output=True)
        return [binary, "bench", "index", "--dataset", table, "--params", json.dumps({"partitions": PARTITIONS, "sub": 48})]
    return [binary, "bench", "search", "--dataset", table, "--queries", queries, "--params", json.dumps({"nprobes": NPROBES, "refine": REFINE, "ids": prefix})]


def lines(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command}: {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--work", required=True, type=pathlib.Path)
    p.add_argument("--data", required=True, type=pathlib.Path)
    p.add_argument("--rounds", type=int, default=2)
    p.add_argument("--peers", default="vectord,faiss,hnswlib,pylance")
    p.add_argument("--vectord", default=str(HERE.parent / ".build/release/vectord"))
    p.add_argument("--peer", help=argparse.SUPPRESS)
    p.add_argument("--op", help=argparse.SUPPRESS)
    a = p.parse_args()
    parquet, queries = str(a.data / "base.parquet"), str(a.data / "queries.npy")
    place = a.work / f"indices-{a.data.name}"
    place.mkdir(parents=True, exist_ok=True)
    if a.peer:
        peer = {"faiss": faiss_peer, "hnswlib": hnswlib_peer, "pylance": pylance_peer}[a.peer]
        return peer(a.op, parquet, place, np.load(queries), str(place / f"{a.peer}-"))

    ids, x = load(parquet)
    nearest = [{ids[i] for i in np.argsort(-(x @ q), kind="stable")[:K]} for q in np.load(queries)]
    names = a.peers.split(",")

    def command(name, op):
        if name == "vectord":
            return vectord(a.vectord, op, parquet, place, queries, str(place / "vectord-"))
        return [sys.executable, __file__, "--work", a.work, "--data", a.data, "--peer", name, "--op", op]

    points = {name: {} for name in names}
    for name in names:
        if not (place / f"{name}.built").exists():
            built = [line for line in lines(command(name, "index")) if line["op"] == "index"]
            # The kernel counts the memory of the process that started it: this one's.
            built[-1].pop("rss_mb", None)
            (place / f"{name}.built").write_text(json.dumps(built[-1]))
        print(name, "build", (place / f"{name}.built").read_text(), flush=True)
    for _ in range(a.rounds):
        for name in names:
            for line in lines(command(name, "search")):
                if line["op"] != "search" or "ids_file" not in line:
                    continue
                found = [set(row.rstrip("\n").split("\t")) for row in open(line["ids_file"])]
                recall = sum(len(f & n) for f, n in zip(found, nearest)) / K / len(nearest)
                key = f"ef {line['ef']}" if "ef" in line else f"{line['nprobes']} x {line['refine']}"
                points[name].setdefault(key, []).append((recall, line["cpu_us_per_q"]))
    print(f"\n{a.data.name}, the better of {a.rounds} rounds\n")
    print("| recall@10 at least | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for wanted in (0.90, 0.95, 0.99):
        cells = []
        for name in names:
            reached = [(min(c for _, c in v), key) for key, v in points[name].items() if min(r for r, _ in v) >= wanted]
            cells.append(f"{min(reached)[0]:,.1f} ({min(reached)[1]})" if reached else "not reached")
        print(f"| {wanted} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
