# SPDX-License-Identifier: Apache-2.0
"""Makes the Parquet files beside it (pyarrow 26.0.1): inputs of the migration, most of them wrong in one way."""
import decimal
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
N, D = 60, 8
V = np.random.RandomState(1).standard_normal((N, D)).astype("<f4")


def columns():
    return {
        "source": pa.array([f"s{i % 3}" if i % 4 else None for i in range(N)]),
        "doc_id": pa.array([f"d{i}" for i in range(N)]),
        "chunk_idx": pa.array([i if i % 5 else None for i in range(N)], pa.int32()),
        "chunk_text": pa.array([f"text {i} é" if i % 6 else None for i in range(N)]),
        "vector": pa.array([v.tobytes() for v in V], pa.binary()),
    }


def write(name, replace=None, drop=(), rows=N):
    c = columns()
    c.update(replace or {})
    t = pa.table({k: v for k, v in c.items() if k not in drop}).slice(0, rows)
    pq.write_table(t, HERE / f"{name}.parquet", compression="zstd")


def raw(change):
    values = [v.tobytes() for v in V]
    for row, value in change.items():
        values[row] = value
    return pa.array(values, pa.binary())


write("good")
write("null_vectors", {"vector": raw({0: None, 7: None, 59: None})})
write("all_null_vectors", {"vector": raw({i: None for i in range(N)})})
write("empty", rows=0)
write("short_vector", {"vector": raw({17: V[17].tobytes()[:20]})})
write("broken_first_vector", {"vector": raw({0: b"0123456789"})})
write("empty_first_vector", {"vector": raw({0: b""})})
write("null_id", {"doc_id": pa.array([None if i == 41 else f"d{i}" for i in range(N)])})
write("no_text", drop=("chunk_text",))
write("long_index", {"chunk_idx": pa.array(range(N), pa.int64())})
write("decimal_column", {"price": pa.array([decimal.Decimal("1.5")] * N, pa.decimal128(9, 2))})
write("struct_column", {"meta": pa.array([{"x": 1}] * N)})
write("double_vectors", {"vector": pa.array([list(map(float, v)) for v in V], pa.list_(pa.float64()))})
write("text_vectors", {"vector": pa.array(["x"] * N)})
write("list_vectors", {"vector": pa.array([list(v) for v in V], pa.list_(pa.float32()))})
write("fixed_vectors", {"vector": pa.FixedSizeListArray.from_arrays(pa.array(V.reshape(-1)), D)})
write("list_of_other_length", {"vector": pa.array([list(v[: 5 if i == 33 else D]) for i, v in enumerate(V)], pa.list_(pa.float32()))})
write("null_lists", {"vector": pa.array([None if i in (0, 30) else list(v) for i, v in enumerate(V)], pa.list_(pa.float32()))})
special = V.copy()
special[3] = 0
special[4, 2] = np.nan
special[5, 0] = np.inf
special[6] *= 1e30
special[8] *= np.float32(1e-30)
write("special_vectors", {"vector": pa.array([v.tobytes() for v in special], pa.binary())})
write("extras", {
    "flag": pa.array([i % 2 == 0 if i % 7 else None for i in range(N)]),
    "u64": pa.array([2**64 - 1 - i for i in range(N)], pa.uint64()),
    "when": pa.array([i * 1000003 if i % 3 else None for i in range(N)], pa.timestamp("us", "UTC")),
    "day": pa.array(list(range(N)), pa.date32()),
    "blob": pa.array([bytes([i]) * (i % 4) for i in range(N)], pa.binary()),
    "half": pa.array(np.arange(N).astype(np.float16)),
})
