# SPDX-License-Identifier: Apache-2.0
"""Makes btree-<version>: a table with BTREE indices by the installed pylance. Run once with 4.0.2 and once with 14.0.2.

    python make.py

Rows 0-4199 are indexed at first; those with row % 11 = 5 are deleted; rows 4200-4499 are appended and the indices
optimized, which 4.0.2 does by merging and 14.0.2 by a further segment; rows 4500-4549 are appended and not indexed.
Values are made of the row's number: `value` in BTreeGoldenTests.swift has the same rules.
"""
import pathlib
import shutil

import lance
import pyarrow as pa

HERE = pathlib.Path(__file__).resolve().parent


def word(row):
    if row % 13 == 4:
        return None
    if row % 50 == 0:
        return ""
    return ["a", "ab", "é", "z\u0000", "日本"][row % 5] * (row % 3 + 1) + str(row * 7 % 3000)


def number(row):
    return None if row % 17 == 2 else row * 37 % 2000 - 1000


def big(row):
    return None if row % 19 == 3 else (row * 0x9E3779B97F4A7C15) % 2**64


def rows(first, end):
    numbers = range(first, end)
    return pa.table({
        "row": pa.array(numbers, pa.int32()),
        "word": pa.array([word(i) for i in numbers], pa.string()),
        "number": pa.array([number(i) for i in numbers], pa.int16()),
        "big": pa.array([big(i) for i in numbers], pa.uint64())})


path = HERE / f"btree-{lance.__version__}"
shutil.rmtree(path, ignore_errors=True)
dataset = lance.write_dataset(rows(0, 4200), path, max_rows_per_file=3000)
for column in ["word", "number", "big"]:
    dataset.create_scalar_index(column, "BTREE")
dataset.delete("row % 11 = 5")
dataset = lance.write_dataset(rows(4200, 4500), path, mode="append")
dataset.optimize.optimize_indices(num_indices_to_merge=0)
dataset = lance.write_dataset(rows(4500, 4550), path, mode="append")
# Older versions and their indices are not needed.
dataset.cleanup_old_versions(older_than=__import__("datetime").timedelta(0), delete_unverified=True)
print(lance.__version__, [(i["name"], i["fragment_ids"], i["uuid"]) for i in dataset.list_indices()])
