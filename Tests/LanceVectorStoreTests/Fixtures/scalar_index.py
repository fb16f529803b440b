# SPDX-License-Identifier: Apache-2.0
"""Makes segments.lance: a table whose BTREE index on doc_id has two segments, by pylance 14.0.2.

    python scalar_index.py

Fragment 0 has the ids d0-d39, fragment 1 d30-d59; both are indexed. d3, d35 of fragment 0 and d59 are deleted.
Fragment 2 has d50-d69, in a segment of its own. Fragment 3 has d60-d79 and d3, in none. The text of a row is
"<fragment>/<id>", its vector [number of the id, fragment].
"""
import datetime
import pathlib
import shutil

import lance
import pyarrow as pa

assert lance.__version__ == "14.0.2"
PATH = pathlib.Path(__file__).resolve().parent / "segments.lance"


def rows(fragment, numbers):
    return pa.table({
        "source": pa.array([None if i % 2 else "s" for i in numbers], pa.string()),
        "doc_id": [f"d{i}" for i in numbers],
        "chunk_idx": pa.array([None if i % 3 == 0 else i for i in numbers], pa.int32()),
        "chunk_text": [f"{fragment}/d{i}" for i in numbers],
        "vector": pa.array([[float(i), float(fragment)] for i in numbers], pa.list_(pa.float32(), 2))})


def append(fragment, numbers):
    return lance.write_dataset(rows(fragment, numbers), PATH, mode="append")


shutil.rmtree(PATH, ignore_errors=True)
lance.write_dataset(rows(0, range(40)), PATH)
dataset = append(1, range(30, 60))
dataset.create_scalar_index("doc_id", "BTREE", name="doc_id_btree")
dataset.delete("chunk_text IN ('0/d3', '0/d35', '1/d59')")
dataset = append(2, range(50, 70))
dataset.optimize.optimize_indices(num_indices_to_merge=0)
dataset = append(3, [*range(60, 80), 3])
dataset.cleanup_old_versions(older_than=datetime.timedelta(0), delete_unverified=True)
print([(i["name"], i["fragment_ids"]) for i in dataset.list_indices()])
