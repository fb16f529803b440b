# SPDX-License-Identifier: Apache-2.0
"""Makes nested_2_1.lance (with pylance 4.0.2) or nested_2_2.lance (14.0.2): a little of every layout and nesting.

    python Tests/LanceFileTests/Fixtures/make_nested.py
"""
import glob
import os
import shutil
import tempfile

import lance
import pyarrow as pa

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = 60


def column(kind, make, **metadata):
    field = {f"lance-encoding:{key}": value for key, value in metadata.items()}
    return pa.array([None if i % 7 == 3 else make(i) for i in range(ROWS)], kind), field


pair = pa.struct([("a", pa.int32()), ("b", pa.string())])
long = lambda i: f"paragraph {i} " * 30
columns = {
    "list": column(pa.list_(pa.int32()), lambda i: [None if k == 2 else i + k for k in range(i % 5)]),
    "list_text": column(pa.list_(pa.string()), lambda i: [f"t{i}-{k}" for k in range(i % 4)]),
    "list_long": column(pa.list_(pa.string()), lambda i: [long(i + k) for k in range(i % 3)]),
    "list_list": column(pa.list_(pa.list_(pa.int16())), lambda i: [None if k == 1 else [i] * k for k in range(i % 4)]),
    "list_struct": column(pa.large_list(pair), lambda i: [{"a": k, "b": None if k else "x"} for k in range(i % 3)]),
    "struct": column(pair, lambda i: {"a": i if i % 2 else None, "b": f"s{i}"}),
    "struct_list": column(pa.struct([("l", pa.list_(pa.float64())), ("n", pair)]), lambda i: {"l": [i / 2] * (i % 3), "n": {"a": i, "b": "y"}}),
    "list_vector": column(pa.list_(pa.list_(pa.float32(), 3)), lambda i: [[i, k, 0.5] for k in range(i % 3)]),
    "long": column(pa.string(), long),
    "zipped": column(pa.int64(), lambda i: i * 3, **{"structural-encoding": "fullzip"}),
    "vector": column(pa.list_(pa.float32(), 80), lambda i: [i + k / 4 for k in range(80)]),
    "half": column(pa.list_(pa.float16(), 130), lambda i: [float(i)] * 130),
    "squeezed": column(pa.string(), lambda i: f"value {i % 9}", compression="zstd"),
    "split": column(pa.float32(), lambda i: i / 8, compression="lz4", bss="on"),
    "blob": column(pa.large_binary(), lambda i: b"blob" * (i % 6), blob="true"),
    "packed": (pa.array([{"a": i, "b": i / 3} for i in range(ROWS)], pa.struct([("a", pa.int32()), ("b", pa.float64())])), {"lance-encoding:packed": "true"}),
}
version, file = {"4.0.2": ("2.1", "nested_2_1"), "14.0.2": ("2.2", "nested_2_2")}[lance.__version__]
if version == "2.2":
    columns["map"] = column(pa.map_(pa.string(), pa.int32()), lambda i: [(f"k{k}", i) for k in range(i % 3)])
    columns["packed_text"] = (pa.array([{"a": i, "b": f"p{i}"} for i in range(ROWS)], pair), {"lance-encoding:packed": "true"})
fields = [pa.field(name, array.type, metadata=metadata) for name, (array, metadata) in columns.items()]
with tempfile.TemporaryDirectory() as place:
    lance.write_dataset(pa.table([array for array, _ in columns.values()], schema=pa.schema(fields)), place + "/t", data_storage_version=version)
    shutil.copyfile(glob.glob(place + "/t/data/*.lance")[0], f"{HERE}/{file}.lance")
