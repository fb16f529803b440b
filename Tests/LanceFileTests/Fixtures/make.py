# SPDX-License-Identifier: Apache-2.0
"""Makes the golden data files of this directory, and expected.json with what they hold.

    python make.py            with pylance 4.0.2 and pyarrow

Values in expected.json are strings: integers in decimal, floats as the 16 hexadecimal digits of the double they
widen to, bytes in hexadecimal, booleans as 0 and 1, text as itself; lists are arrays; null is null.
"""
import glob
import json
import os
import shutil
import struct
import sys
import tempfile
from datetime import date, datetime, timedelta
from decimal import Decimal, getcontext

import lance
import pyarrow as pa

assert lance.__version__ == "4.0.2", lance.__version__
getcontext().prec = 80
HERE = os.path.dirname(os.path.abspath(__file__))
expected = {}


def double(value):
    return struct.pack(">d", float(value)).hex()


def plain(array):
    """The values of an Arrow array in the spelling of expected.json."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return plain(array.cast(kind.value_type))
    if pa.types.is_fixed_size_list(kind):
        items = plain(array.values.slice(array.offset * kind.list_size, len(array) * kind.list_size))
        size = kind.list_size
        return [items[i * size:(i + 1) * size] if array[i].is_valid else None for i in range(len(array))]
    if pa.types.is_floating(kind):
        return [None if v is None else double(v) for v in array.to_pylist()]
    if pa.types.is_boolean(kind):
        return [None if v is None else str(int(v)) for v in array.to_pylist()]
    if pa.types.is_integer(kind):
        return [None if v is None else str(v) for v in array.to_pylist()]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return array.to_pylist()
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return [None if v is None else v.hex() for v in array.to_pylist()]
    if pa.types.is_decimal(kind):
        scale, width = kind.scale, kind.bit_width // 8
        return [
            None if v is None else int(v.scaleb(scale)).to_bytes(width, "little", signed=True).hex()
            for v in array.to_pylist()
        ]
    if pa.types.is_null(kind):
        return [None] * len(array)
    # Dates, times, timestamps and durations: the integers below.
    return plain(array.view(pa.int32() if kind.bit_width == 32 else pa.int64()))


def write(name, table, version="2.0", unreadable=(), columns=None):
    with tempfile.TemporaryDirectory() as place:
        lance.write_dataset(table, place + "/t", data_storage_version=version)
        data = lance.dataset(place + "/t").get_fragments()[0].metadata.files[0]
        shutil.copyfile(glob.glob(place + "/t/data/*.lance")[0], f"{HERE}/{name}.lance")
    columns = columns or {field.name: index for index, field in enumerate(table.schema)}
    expected[name] = {
        "rows": len(table),
        "columns": [
            {
                "name": field.name,
                "index": columns[field.name],
                "values": None if field.name in unreadable else plain(table[field.name].combine_chunks()),
            }
            for field in table.schema
        ],
    }


def primitives(rows, is_null):
    def column(kind, value):
        return pa.array([None if is_null(i) else value(i) for i in range(rows)], kind)

    def extreme(bits, signed):
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        return lambda i: [low, high, 0, 1][i % 4] if i < 8 else low + (high - low) * i // rows

    day = date(2024, 2, 29)
    instant = datetime(1969, 12, 31, 23, 59, 59, 999000)
    columns = {"bool": column(pa.bool_(), lambda i: i % 3 == 0)}
    for bits in (8, 16, 32, 64):
        columns[f"int{bits}"] = column(getattr(pa, f"int{bits}")(), extreme(bits, True))
        columns[f"uint{bits}"] = column(getattr(pa, f"uint{bits}")(), extreme(bits, False))
    floats = [0.0, -0.0, 1.5, -2.25, float("inf"), float("-inf"), 6.103515625e-05, 5.9604644775390625e-08, 65504.0]
    columns["halffloat"] = column(pa.float16(), lambda i: floats[i % len(floats)])
    columns["float"] = column(pa.float32(), lambda i: (floats + [1e-45, 3.4028234663852886e38])[i % 11])
    columns["double"] = column(pa.float64(), lambda i: (floats + [5e-324, 1.7976931348623157e308])[i % 11])
    columns["string"] = column(pa.string(), lambda i: ["", "a", "häuser 家", "x" * 40, str(i)][i % 5])
    columns["large_string"] = column(pa.large_string(), lambda i: f"row {i} " * (i % 4))
    columns["binary"] = column(pa.binary(), lambda i: bytes(range(i)))
    columns["large_binary"] = column(pa.large_binary(), lambda i: bytes([255 - i]) * (i % 3))
    columns["fixed"] = column(pa.binary(5), lambda i: bytes([i, 0, 255, i * 3 % 256, 7]))
    columns["date32"] = column(pa.date32(), lambda i: day + timedelta(days=i * 1000 - 9000))
    columns["date64"] = column(pa.date64(), lambda i: day + timedelta(days=i * 1000 - 9000))
    for unit in ("s", "ms"):
        columns[f"time32_{unit}"] = column(pa.time32(unit), lambda i: i * 4000)
    for unit in ("us", "ns"):
        columns[f"time64_{unit}"] = column(pa.time64(unit), lambda i: i * 4_000_000_007)
    for unit in ("s", "ms", "us", "ns"):
        columns[f"timestamp_{unit}"] = column(pa.timestamp(unit), lambda i: (i - 7) * 1_000_000_007)
        columns[f"duration_{unit}"] = column(pa.duration(unit), lambda i: (i - 7) * 1_000_003)
    columns["timestamp_utc"] = column(pa.timestamp("us", tz="UTC"), lambda i: (i - 7) * 1_000_000_007)
    columns["timestamp_zone"] = column(pa.timestamp("ms", tz="Europe/Berlin"), lambda i: i)
    columns["decimal128"] = column(pa.decimal128(20, 3), lambda i: Decimal(f"{(i - 9) * 12345678901}.125"))
    columns["decimal256"] = column(pa.decimal256(50, 2), lambda i: Decimal(f"{(i - 9) * 10 ** 40}.25"))
    return pa.table(columns)


def vectors(rows, with_nulls):
    def lists(kind, size, value, null_row=lambda i: False, null_item=lambda i, j: False):
        return pa.array(
            [
                None if with_nulls and null_row(i)
                else [None if with_nulls and null_item(i, j) else value(i, j) for j in range(size)]
                for i in range(rows)
            ],
            pa.list_(kind, size))

    odd = lambda i: i % 5 == 1
    hole = lambda i, j: (i * 7 + j) % 11 == 3
    return pa.table({
        "vector": lists(pa.float32(), 6, lambda i, j: i + j / 8, null_row=odd),
        "holes": lists(pa.float32(), 3, lambda i, j: -i - j / 4, null_item=hole),
        "both": lists(pa.float32(), 4, lambda i, j: i * j, null_row=odd, null_item=hole),
        "empty_items": lists(pa.float32(), 2, lambda i, j: 1.0, null_item=lambda i, j: True),
        "half": lists(pa.float16(), 5, lambda i, j: i / 4 + j, null_row=odd),
        "wide": lists(pa.float64(), 2, lambda i, j: i / 3 + j, null_row=odd),
        "bytes": lists(pa.int8(), 9, lambda i, j: i - 4 * j, null_row=odd, null_item=hole),
        "codes": lists(pa.uint8(), 7, lambda i, j: i * 5 + j, null_row=odd),
        "bits": lists(pa.bool_(), 11, lambda i, j: (i + j) % 3 == 0, null_row=odd),
    })


def dictionaries(rows):
    words = ["red", "green", "blue", "", "häuser"]
    index = lambda i: i * i % 5
    nulls = lambda i: i % 4 == 2
    return pa.table({
        "few": pa.array([words[index(i)] for i in range(rows)]),
        "few_nulls": pa.array([None if nulls(i) else words[index(i)] for i in range(rows)]),
        "few_large": pa.array([None if nulls(i) else words[index(i)] for i in range(rows)], pa.large_string()),
        "none": pa.array([None] * rows, pa.string()),
        "arrow8": pa.DictionaryArray.from_arrays(
            pa.array([index(i) for i in range(rows)], pa.int8()), pa.array(words)),
        "arrow8_nulls": pa.DictionaryArray.from_arrays(
            pa.array([None if nulls(i) else index(i) for i in range(rows)], pa.int8()), pa.array(words)),
        "arrow32": pa.DictionaryArray.from_arrays(
            pa.array([None if nulls(i) else index(i) for i in range(rows)], pa.int32()), pa.array(words)),
    })


def compressed(rows, scheme):
    table = pa.table({
        "int": pa.array([i // 9 for i in range(rows)], pa.int32()),
        "long": pa.array([None if i % 7 == 0 else i * i for i in range(rows)], pa.int64()),
        "bool": pa.array([i % 3 == 0 for i in range(rows)]),
        "text": pa.array([None if i % 7 == 0 else f"text number {i} of many" for i in range(rows)]),
        "few": pa.array([f"colour {i % 3} of the same three colours" for i in range(rows)]),
        "binary": pa.array([bytes([i % 256] * 20) for i in range(rows)]),
        "vector": pa.array([[float(i // 4 + j) for j in range(4)] for i in range(rows)], pa.list_(pa.float32(), 4)),
        "vector_nulls": pa.array(
            [None if i % 7 == 0 else [float(i // 4 + j) for j in range(4)] for i in range(rows)],
            pa.list_(pa.float32(), 4)),
    })
    fields = [field.with_metadata({"lance-encoding:compression": scheme}) for field in table.schema]
    return pa.table(table.columns, schema=pa.schema(fields))


def nested():
    return pa.table({
        "before": pa.array([1, 2, None, 4], pa.int32()),
        "list": pa.array([[1, 2], None, [], [3]], pa.list_(pa.int32())),
        "struct": pa.array([{"a": i, "b": str(i)} for i in range(4)], pa.struct([("a", pa.int32()), ("b", pa.string())])),
        "after": pa.array(["a", None, "c", ""]),
    })


def main():
    for old in glob.glob(HERE + "/*.lance"):
        os.remove(old)
    write("primitives", primitives(20, lambda i: False))
    write("nullable", primitives(20, lambda i: i % 3 == 1))
    write("all_null", primitives(9, lambda i: True))
    write("vectors", vectors(23, False))
    write("vectors_nulls", vectors(23, True))
    write("dictionary", dictionaries(150))
    write("zstd", compressed(120, "zstd"))
    write("lz4", compressed(120, "lz4"))
    # 2.0 walks the schema depth first: a list has a column of offsets and one of items, a struct a header column.
    write("nested", nested(), unreadable=("list", "struct"),
          columns={"before": 0, "list": 1, "struct": 3, "after": 6})
    small = pa.table({
        "number": pa.array([1, None, 3], pa.int32()),
        "text": pa.array(["one", "two", "three"]),
        "vector": pa.array([[1.0, 2.0]] * 3, pa.list_(pa.float32(), 2)),
    })
    write("version_2_1", small, version="2.1")
    write("version_2_2", small, version="2.2")
    with open(HERE + "/expected.json", "w") as out:
        json.dump(expected, out, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        out.write("\n")


sys.exit(main())
