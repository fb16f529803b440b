# SPDX-License-Identifier: Apache-2.0
"""Makes the golden vector index segments of this directory, and expected-<version>.json with what they hold.

    python make.py            with pylance 4.0.2, and again with 14.0.2

Each segment is a directory with its two files. What they hold is read by the official library, not by ours; numbers are
32-bit floats here whatever the file has, and blocks of bytes are told by their 64-bit FNV-1a hash.
"""
import glob
import json
import os
import shutil
import struct
import tempfile

import lance
import numpy as np
import pyarrow as pa
from lance.file import LanceFileReader

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = lance.__version__
ROWS, DIMENSION = 600, 8
expected = {}


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in bytes(data):
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def fields(message):
    """A protobuf message as a list of number and value."""
    position, found = 0, []

    def varint():
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while position < len(message):
        key = varint()
        if key & 7 == 0:
            value = varint()
        else:
            size = {1: 8, 5: 4}.get(key & 7) or varint()
            value = message[position:position + size]
            position += size
        found.append((key >> 3, value))
    return found


def packed(message, number):
    out = []
    for _, data in [field for field in fields(message) if field[0] == number]:
        value = shift = 0
        for byte in data:
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                out.append(value)
                value = shift = 0
    return out


def tensor(message):
    parts = dict(fields(message))
    return np.frombuffer(parts[3], {1: "<f2", 2: "<f4", 3: "<f8"}[parts[1]]).astype("<f4")


def vectors(kind, rows):
    random = np.random.default_rng(7)
    middle = random.normal(size=(5, DIMENSION)) * 3
    data = middle[random.integers(0, 5, rows)] + random.normal(size=(rows, DIMENSION))
    return pa.FixedSizeListArray.from_arrays(pa.array(data.astype(kind).reshape(-1)), DIMENSION)


def describe(place):
    index, codes = LanceFileReader(place + "/index.idx"), LanceFileReader(place + "/auxiliary.idx")
    about = json.loads(index.metadata().schema.metadata[b"lance:index"])
    quantizer = json.loads(json.loads(codes.metadata().schema.metadata[b"storage_metadata"])[0])
    model = dict(fields(index.read_global_buffer(1)))
    extents = codes.read_global_buffer(1)
    offsets, lengths = packed(extents, 2), packed(extents, 3)
    table = codes.read_all().to_table()
    rows = np.asarray(table["_rowid"].combine_chunks(), "<u8")
    column = table["__pq_code"].combine_chunks()
    width = column.type.list_size
    raw = np.asarray(column.values, "u1").reshape(-1, width)
    parts = []
    for start, count in zip(offsets, lengths):
        part = raw[start:start + count]
        parts.append(part.tobytes() if quantizer["transposed"] else part.T.tobytes())
    centroids, book = tensor(model[4]), tensor(codes.read_global_buffer(quantizer["codebook_position"]))
    return {
        "metric": about["distance_type"],
        "dimension": quantizer["dimension"],
        "bits": quantizer["nbits"],
        "subVectors": quantizer["num_sub_vectors"],
        "transposed": quantizer["transposed"],
        "loss": struct.unpack("<d", model[5])[0] if 5 in model else None,
        "lengths": lengths,
        "firstCentroid": [float(x) for x in centroids[:DIMENSION]],
        "centroids": fnv(centroids.tobytes()),
        "codebook": fnv(book.tobytes()),
        "rowIDs": fnv(rows.tobytes()),
        "codes": fnv(b"".join(parts)),
    }


def make(name, kind="PQ", version="2.0", metric="l2", element="f4", rows=ROWS, **options):
    name = f"{VERSION}-{name}"
    with tempfile.TemporaryDirectory() as place:
        # Two fragments, so that row addresses are of both.
        table = pa.table({"vector": vectors(element, rows)})
        data = lance.write_dataset(table, place, data_storage_version=version, max_rows_per_file=rows // 2)
        data.create_index("vector", f"IVF_{kind}", num_partitions=4, metric=metric, **options)
        found = glob.glob(place + "/_indices/*")
        assert len(found) == 1
        shutil.copytree(found[0], f"{HERE}/{name}", copy_function=shutil.copyfile)
        if kind == "PQ" and "index_file_version" not in options:
            expected[name] = describe(found[0])


for old in glob.glob(f"{HERE}/{VERSION}-*"):
    shutil.rmtree(old)
if VERSION == "4.0.2":
    make("l2", num_sub_vectors=4)
    make("cosine-4bit", metric="cosine", num_sub_vectors=4, num_bits=4)
    make("dot", metric="dot", num_sub_vectors=2)
    make("row-major", num_sub_vectors=4, num_bits=4, skip_transpose=True)
    make("double", element="f8", num_sub_vectors=4, num_bits=4)
    make("half", element="f2", metric="cosine", num_sub_vectors=4)
    make("flat", kind="FLAT", rows=40)
    make("sq", kind="SQ", rows=40)
    make("graph", kind="HNSW_PQ", rows=40, num_sub_vectors=4, num_bits=4)
    make("legacy", rows=300, num_sub_vectors=4, num_bits=4, index_file_version="LEGACY")
elif VERSION == "14.0.2":
    make("v20", num_sub_vectors=4)
    make("v21", version="2.1", metric="cosine", num_sub_vectors=4)
    make("v22", version="2.2", metric="cosine", num_sub_vectors=8)
    make("v22-4bit", version="2.2", metric="dot", num_sub_vectors=4, num_bits=4)
    make("v22-row-major", version="2.2", num_sub_vectors=2, skip_transpose=True)
    make("v21-double", version="2.1", element="f8", num_sub_vectors=4, num_bits=4)
    make("rq", kind="RQ", version="2.2", rows=40)
else:
    raise SystemExit(f"pylance {VERSION}; expected 4.0.2 or 14.0.2")
with open(f"{HERE}/expected-{VERSION}.json", "w") as out:
    json.dump(expected, out, indent=1, sort_keys=True)
    out.write("\n")
