# SPDX-License-Identifier: Apache-2.0
"""Makes layouts_2_1.lance with pylance 4.0.2 and layouts_2_2.lance with 14.0.2: one column an encoding.

    python make_layouts.py

What each row holds is a formula of its number, which LayoutTests.swift has too.
"""
import glob
import os
import shutil
import tempfile

import lance
import pyarrow as pa

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = 1100
FEW = ["red", "green", "blue", ""]


def column(kind, value, nulls=False):
    return pa.array([None if nulls and i % 7 == 3 else value(i) for i in range(ROWS)], kind)


def vectors(kind, size, value, nulls=False):
    return column(pa.list_(kind, size), lambda i: [value(i * size + j) for j in range(size)], nulls)


def scattered(i):
    return i * 2654435761 % 2**32 - 2**31


def both(name, kind, value):
    return {name: column(kind, value), name + "_nulls": column(kind, value, True)}


columns = {
    **both("bits8", pa.uint8(), lambda i: i * 13 % 7),
    **both("bits16", pa.int16(), lambda i: i * 13 % 500),
    **both("bits32", pa.int32(), lambda i: i * 13 % 1000),
    **both("bits64", pa.uint64(), lambda i: i * 1000003),
    **both("scattered", pa.int32(), scattered),
    **both("runs", pa.int64(), lambda i: i // 100 - 5),
    **both("single", pa.float32(), lambda i: i * 0.25 - 100),
    **both("double", pa.float64(), lambda i: i * 0.125 - 100),
    **both("bool", pa.bool_(), lambda i: i % 3 == 0),
    **both("short", pa.string(), lambda i: "k" * (i % 4) + str(i)),
    **both("text", pa.string(), lambda i: f"document number {i} of the long shelf"),
    **both("large", pa.large_string(), lambda i: str(i * i)),
    **both("bytes", pa.binary(), lambda i: bytes([i % 256]) * (i % 5)),
    **both("few", pa.string(), lambda i: FEW[i * i % 4]),
    **both("few64", pa.int64(), lambda i: scattered(i * i % 4) * 2**30),
    **both("constant", pa.int32(), lambda i: 42),
    **both("constant_text", pa.string(), lambda i: "always the same"),
    **both("constant_bool", pa.bool_(), lambda i: True),
    # Levels of few runs.
    "leading": pa.array([None if i < 300 else i * 13 % 1000 for i in range(ROWS)], pa.int32()),
    "constant_leading": pa.array([None if i < 300 else 42 for i in range(ROWS)], pa.int32()),
    "null_int": pa.array([None] * ROWS, pa.int32()),
    "null_text": pa.array([None] * ROWS, pa.string()),
    "vector": vectors(pa.float32(), 4, lambda i: i * 0.5),
    "vector_nulls": vectors(pa.float32(), 4, lambda i: i * 0.5, True),
    "codes": vectors(pa.uint8(), 7, lambda i: i % 251),
    "long": column(pa.string(), lambda i: "x" * 300 if i == 7 else str(i)),
}
version, file = {"4.0.2": ("2.1", "layouts_2_1"), "14.0.2": ("2.2", "layouts_2_2")}[lance.__version__]
with tempfile.TemporaryDirectory() as place:
    lance.write_dataset(pa.table(columns), place + "/t", data_storage_version=version)
    shutil.copyfile(glob.glob(place + "/t/data/*.lance")[0], f"{HERE}/{file}.lance")
