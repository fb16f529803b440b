# SPDX-License-Identifier: Apache-2.0
"""The rivals, in the words of `vectord bench`: peers.py PEER OP --parquet P --dataset DIR --queries Q.npy --params JSON

PEER is pylance (whichever version this Python has) or faiss. Each call is a fresh process and prints JSON lines.
"""
import argparse
import json
import os
import resource
import shutil
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def cpu():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return r.ru_utime + r.ru_stime


def rss_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def emit(**line):
    print(json.dumps(line), flush=True)


def timed(body):
    c, t = cpu(), time.perf_counter()
    result = body()
    return result, time.perf_counter() - t, cpu() - c


def latencies(seconds):
    micros = np.asarray(seconds) * 1e6
    return {"p50_us": round(float(np.percentile(micros, 50)), 1), "p95_us": round(float(np.percentile(micros, 95)), 1)}


def with_vectors(table):
    """The vectord format's raw bytes as a fixed-size list, without a copy."""
    raw = table.column("vector").combine_chunks()
    raw = raw.chunk(0) if isinstance(raw, pa.ChunkedArray) else raw
    d = len(raw[0].as_buffer()) // 4
    start = int(np.frombuffer(raw.buffers()[1], np.int32)[raw.offset]) // 4
    floats = pa.Array.from_buffers(pa.float32(), len(raw) * d, [None, raw.buffers()[2]], offset=start)
    return table.set_column(table.schema.get_field_index("vector"), "vector", pa.FixedSizeListArray.from_arrays(floats, d))


def pylance(a, params):
    import lance

    if a.op == "migrate":
        shutil.rmtree(a.dataset, ignore_errors=True)
        ds, s, c = timed(lambda: lance.write_dataset(with_vectors(pq.read_table(a.parquet)), a.dataset))
        emit(op="migrate", seconds=s, cpu_s=c, rows=ds.count_rows(), rss_mb=rss_mb())
    elif a.op == "count":
        times = [timed(lambda: lance.dataset(a.dataset).count_rows())[1] for _ in range(30)]
        emit(op="open+count", **latencies(times))
    elif a.op == "append":
        rows = with_vectors(pq.read_table(params["append"]))
        for n, rounds in ((1, 7), (100, 7), (1000, 5), (10000, 3)):
            part = rows.slice(0, n)
            times = [timed(lambda: lance.write_dataset(part, a.dataset, mode="append"))[1] for _ in range(rounds)]
            emit(op="append", rows=n, seconds=float(np.median(times)), fsync=False)
    elif a.op == "exact":
        ds, queries = lance.dataset(a.dataset), np.load(a.queries)
        def near(q):
            return ds.to_table(columns=["doc_id", "chunk_text", "_distance"], nearest={"column": "vector", "q": q, "k": 10, "use_index": False, "metric": "cosine"})
        near(queries[0])
        emit(op="exact", **latencies([timed(lambda: near(q))[1] for q in queries[:12]]))


def faiss(a, params):
    import faiss

    faiss.omp_set_num_threads(1)
    if a.op == "exact":
        table = pq.read_table(a.parquet, columns=["vector"]).combine_chunks()
        vectors = with_vectors(table).column("vector").chunk(0)
        x = np.asarray(vectors.flatten()).reshape(len(vectors), -1)
        index = faiss.IndexFlatL2(x.shape[1])
        index.add(np.ascontiguousarray(x))
        queries = np.load(a.queries)
        index.search(queries[:1], 10)
        emit(op="exact", **latencies([timed(lambda: index.search(q[None], 10))[1] for q in queries[:60]]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("peer")
    parser.add_argument("op")
    parser.add_argument("--parquet")
    parser.add_argument("--dataset")
    parser.add_argument("--queries")
    parser.add_argument("--params", default="{}")
    arguments = parser.parse_args()
    {"pylance": pylance, "faiss": faiss}[arguments.peer](arguments, json.loads(arguments.params))
