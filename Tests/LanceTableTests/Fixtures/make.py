# SPDX-License-Identifier: Apache-2.0
"""Makes the golden tables and deletion files of this directory, and expected-*.json with what they hold.

    python make.py            once with pylance 4.0.2, once with pylance 14.0.2; both with pyarrow

Index files are left out: the entries that the manifest has of them are what the tests read.
"""
import glob
import json
import os
import shutil
import sys

import lance
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

VERSION = lance.__version__
assert VERSION in ("4.0.2", "14.0.2"), VERSION
HERE = os.path.dirname(os.path.abspath(__file__))
DIMENSION = 8


def rows(start, count):
    return pa.table({
        "id": pa.array(range(start, start + count), pa.int64()),
        "text": pa.array([None if i % 7 == 3 else f"text {i}" for i in range(start, start + count)]),
        "vector": pa.array(
            [[float((i * 31 + j * 17) % 101) for j in range(DIMENSION)] for i in range(start, start + count)],
            pa.list_(pa.float32(), DIMENSION)),
    })


def state(path, version):
    """What one version holds, by the official library's own word."""
    dataset = lance.dataset(path, version=version)
    scanned = dataset.to_table(columns=["id"], with_row_id=True)
    return {
        "version": version,
        "ids": scanned["id"].to_pylist(),
        "rowids": scanned["_rowid"].to_pylist(),
        "fragments": [
            {
                "id": fragment.fragment_id,
                "rows": fragment.physical_rows,
                "deleted": fragment.num_deletions,
            }
            for fragment in dataset.get_fragments()
        ],
        "indices": sorted(
            [
                {
                    "name": index["name"],
                    "uuid": index["uuid"],
                    "column": index["fields"][0],
                    "fragments": sorted(index["fragment_ids"]),
                }
                for index in dataset.list_indices()
            ],
            key=lambda index: index["name"]),
    }


def table(name, **options):
    path = f"{HERE}/{name}"
    shutil.rmtree(path, ignore_errors=True)
    lance.write_dataset(rows(0, 300), path, data_storage_version="2.0", **options)
    lance.write_dataset(rows(300, 40), path, mode="append")
    lance.dataset(path).delete("id % 10 = 4")
    lance.dataset(path).create_index(
        "vector", "IVF_PQ", num_partitions=2, num_sub_vectors=2, num_bits=4, metric="cosine")
    lance.dataset(path).create_scalar_index("id", "BTREE")
    # A whole fragment goes, and with it what an index covers of it.
    lance.dataset(path).delete("id >= 300 or id = 7")
    lance.write_dataset(rows(1000, 5), path, mode="append")
    dataset = lance.dataset(path)
    found = [state(path, version["version"]) for version in dataset.versions()]
    kinds = [type(t.operation).__name__ if t else None for t in reversed(dataset.get_transactions(100))]
    shutil.rmtree(path + "/_indices")
    for folder, _, files in os.walk(path):
        for file in files:
            os.chmod(os.path.join(folder, file), 0o644)
    return {"versions": found, "operations": kinds}


def deletion_files():
    """More than 5,000 deleted rows make a bitmap, fewer an Arrow file."""
    made = {}
    for name, count, predicate in (("few", 400, "n % 3 = 1"), ("many", 14000, "n % 2 = 0 or n > 9000")):
        path = f"{HERE}/scratch"
        shutil.rmtree(path, ignore_errors=True)
        numbers = pa.table({"n": pa.array(range(count), pa.int32())})
        lance.write_dataset(numbers, path, data_storage_version="2.0")
        lance.dataset(path).delete(predicate)
        kept = set(lance.dataset(path).to_table()["n"].to_pylist())
        file = glob.glob(path + "/_deletions/*")[0]
        target = f"deletions-{name}{os.path.splitext(file)[1]}"
        shutil.copyfile(file, f"{HERE}/{target}")
        made[target] = {"rows": count, "deleted": [n for n in range(count) if n not in kept]}
        shutil.rmtree(path)
    plain = [5, 3, 77, 12]
    batch = pa.record_batch([pa.array(plain, pa.uint32())], pa.schema([pa.field("row_id", pa.uint32(), False)]))
    for codec in (None, "zstd", "lz4"):
        target = f"deletions-pyarrow-{codec or 'plain'}.arrow"
        with pa.ipc.new_file(
            f"{HERE}/{target}", batch.schema, options=pa.ipc.IpcWriteOptions(compression=codec)
        ) as writer:
            writer.write_batch(batch)
        made[target] = {"rows": 100, "deleted": sorted(plain)}
    # The format's own bitmaps with runs are not written by the library.
    return made


def main():
    expected = {f"table-{VERSION}": table(f"table-{VERSION}")}
    if VERSION == "4.0.2":
        expected["table-old-names"] = table("table-old-names", enable_v2_manifest_paths=False)
    with open(f"{HERE}/expected-{VERSION}.json", "w") as out:
        json.dump(expected, out, separators=(",", ":"), sort_keys=True)
        out.write("\n")
    if VERSION == "4.0.2":
        for old in glob.glob(HERE + "/deletions-*"):
            os.remove(old)
        with open(f"{HERE}/expected-deletions.json", "w") as out:
            json.dump(deletion_files(), out, separators=(",", ":"), sort_keys=True)
            out.write("\n")


sys.exit(main())
