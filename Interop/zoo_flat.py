# SPDX-License-Identifier: Apache-2.0
"""The flat types: all widths, distributions, nulls and sizes; vectors of all item types; dictionaries."""
import numpy as np
import pyarrow as pa

from zoo_values import numbers, random_for, vectors, wide_integers, with_nulls

INTEGERS = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
FLOATS = [pa.float16(), pa.float32(), pa.float64()]
TIMES = [
    pa.timestamp("s"), pa.timestamp("ms", "UTC"), pa.timestamp("us", "UTC"), pa.timestamp("ns", "Europe/Prague"),
    pa.duration("s"), pa.duration("ms"), pa.duration("us"), pa.duration("ns"),
]
LARGE = 30_011
MEDIUM = 5003


def distribution(name, rng, n):
    """n integers of one of the shapes that make writers choose different encodings."""
    if name == "const":
        return np.full(n, 42)
    if name == "zero":
        return np.zeros(n, np.int64)
    if name == "lowcard":
        return rng.choice(rng.integers(-(2**62), 2**62, 12), n)
    if name == "small":
        return rng.integers(0, 100, n)
    if name == "sequence":
        return np.arange(n)
    if name == "negative":
        return rng.integers(-50, 50, n)
    if name == "runs":
        return np.repeat(rng.integers(0, 100, n // 37 + 1), 37)[:n]
    if name == "longruns":
        return np.repeat(rng.integers(0, 2**40, n // 700 + 1), 700)[:n]
    if name == "outlier":
        values = rng.integers(0, 8, n)
        values[n // 2 : n // 2 + 1] = 2**40 + 100
        return values
    if name in ("full", "special"):
        return rng.integers(-(2**63), 2**63 - 1, n)
    raise ValueError(name)


SPECIAL_FLOATS = [np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-45, -5e-324, 6e-8, 1.5]


def columns(name, rng, n):
    """A column of each flat type."""
    made = {}

    def values():
        return distribution(name, rng, n).astype(np.int64)

    for kind in INTEGERS:
        array = values().astype(kind.to_pandas_dtype())
        if name == "special" and n > 1:
            limits = np.iinfo(array.dtype)
            array = rng.choice(np.array([limits.min, limits.max, 0, 1], array.dtype), n)
        made[str(kind)] = pa.array(array, kind)
    made["bool"] = pa.array(values() % 3 == 0)
    for kind in FLOATS:
        if name == "special":
            array = rng.choice(SPECIAL_FLOATS, n)
        elif name == "full":
            array = rng.standard_normal(n)
        else:
            array = values() / 4
        with np.errstate(over="ignore"):
            made[str(kind)] = pa.array(array.astype(kind.to_pandas_dtype()), kind)
    made["date32"] = pa.array((values() % 40_000).astype(np.int32), pa.date32())
    made["date64"] = pa.array(values() % 40_000 * 86_400_000, pa.date64())
    made["time32s"] = pa.array((values() % 86_400).astype(np.int32), pa.time32("s"))
    made["time32ms"] = pa.array((values() % 86_400_000).astype(np.int32), pa.time32("ms"))
    made["time64us"] = pa.array(values() % 86_400_000_000, pa.time64("us"))
    made["time64ns"] = pa.array(values() % 86_400_000_000_000, pa.time64("ns"))
    for index, kind in enumerate(TIMES):
        base = 0 if name == "full" else 1_700_000_000 if index < 2 else 1_700_000_000_000_000
        made[f"ticks{index}"] = pa.array(values() // 2 + base, pa.int64()).cast(kind)
    made["decimal128"] = wide_integers(values() // 10**4, pa.decimal128(20, 2))
    made["decimal38"] = wide_integers(values(), pa.decimal128(38, 0))
    words = [str(value) for value in (values() % 10**7).tolist()]
    made["utf8"] = pa.array(words, pa.utf8())
    made["large_utf8"] = pa.array(words, pa.large_utf8())
    made["binary"] = pa.array([word.encode() + b"\xff\0" for word in words], pa.binary())
    made["large_binary"] = pa.array([word.encode() for word in words], pa.large_binary())
    for width in (4, 8, 16):
        made[f"fsb{width}"] = pa.array([word.encode().ljust(width)[:width] for word in words], pa.binary(width))
    return made


def flat_tables():
    for name in ("const", "zero", "lowcard", "small", "sequence", "negative", "runs", "longruns", "outlier", "full", "special"):
        big = LARGE if name == "full" else MEDIUM
        sizes = [big] + ([1, 7, 1023, 1024, 1025] if name in ("const", "small", "full", "special") else [])
        for nulls in ("none", "some"):
            for n in sizes:
                title = f"flat_{name}_{nulls}_{n}"
                rng = random_for(title)
                yield title, pa.table({key: with_nulls(rng, a, nulls) for key, a in columns(name, rng, n).items()})
    for n in (0, 1, 7, 1025, 3001):
        title = f"flat_all_{n}"
        rng = random_for(title)
        yield title, pa.table({key: with_nulls(rng, a, "all") for key, a in columns("small", rng, n).items()})


def rare_tables():
    """Types that not every pylance can write."""
    for n in (7, 3001):
        for nulls in ("none", "some", "all"):
            title = f"rare_{nulls}_{n}"
            rng = random_for(title)
            raw = {
                "decimal256": wide_integers(rng.integers(-(2**60), 2**60, n), pa.decimal256(60, 5)),
                "null": pa.nulls(n),
                "offset_zone": pa.array(rng.integers(0, 2**50, n), pa.timestamp("us", "+01:00")),
                "months": pa.array([(i, 2 * i, 3) for i in range(n)], pa.month_day_nano_interval()),
                "struct_of_none": pa.StructArray.from_arrays([], fields=[], mask=pa.array(np.zeros(n, bool))),
                "string_view": pa.array([f"text number {i % 40}" for i in range(n)], pa.string_view()),
                "binary_view": pa.array([b"bytes" * (i % 4) for i in range(n)], pa.binary_view()),
                "run_ends": pa.RunEndEncodedArray.from_arrays(pa.array([n], pa.int32()), pa.array([5])),
                **{f"fsb{w}": numbers(rng, n, pa.binary(w)) for w in (1, 2, 3, 5, 12, 32, 255, 256, 300)},
            }
            for key, array in raw.items():
                if key not in ("months", "run_ends", "string_view", "binary_view", "struct_of_none"):
                    array = with_nulls(rng, array, nulls)
                elif nulls != "none":
                    continue
                yield f"{title}_{key}", pa.table({key: array})


ITEMS = [
    pa.float16(), pa.float32(), pa.float64(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(),
    pa.uint32(), pa.uint64(), pa.bool_(), pa.date32(), pa.timestamp("us"), pa.decimal128(20, 2), pa.binary(3),
]


def vector_tables():
    for d, sizes in ((1, (1, 7, 1025, 3001)), (9, (1, 7, 1025, 3001)), (64, (1, 7, 401)), (384, (1, 7, 301))):
        for n in sizes:
            for null_rows, null_items in ((False, False), (True, False), (False, True), (True, True)):
                title = f"vector_{n}_{d}{'_rows' * null_rows}{'_items' * null_items}"
                rng = random_for(title)
                items = ITEMS if d < 384 or n < 100 else [pa.float16(), pa.float32(), pa.uint8(), pa.bool_()]
                yield title, pa.table({str(k): vectors(rng, n, d, k, null_rows, null_items) for k in items})
    rng = random_for("vector_const")
    same = {f"f{d}": pa.FixedSizeListArray.from_arrays(pa.array(np.ones(5003 * d, np.float32)), d) for d in (4, 16, 128)}
    same["zeros"] = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(5003 * 8, np.float16)), 8)
    yield "vector_const", pa.table(same)
    for n in (1, 5003):
        yield f"vector_all_{n}", pa.table({f"f{d}": pa.nulls(n, pa.list_(pa.float32(), d)) for d in (4, 128)})
    inner = vectors(rng, 600, 3)
    yield "vector_of_vectors", pa.table({"x": pa.FixedSizeListArray.from_arrays(inner, 2)})


def dictionary_tables():
    words = pa.array(["red", "green", "", "a much longer name of a colour"])
    for n in (7, 1025, MEDIUM):
        for nulls in ("none", "some", "all"):
            title = f"dictionary_{nulls}_{n}"
            rng = random_for(title)
            made = {}
            for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint32()):
                made[f"{kind}_utf8"] = (kind, words)
            for kind in (pa.large_utf8(), pa.binary(), pa.large_binary()):
                made[f"int16_{kind}"] = (pa.int16(), words.cast(kind))
            made["int32_int64"] = (pa.int32(), pa.array([5, -7, 2**40, 0]))
            made["int8_float"] = (pa.int8(), pa.array([0.5, -1, 2, 0], pa.float32()))
            made["null_value"] = (pa.int8(), pa.array(["red", None, "blue", "green"]))
            made["many"] = (pa.int16(), pa.array([f"value {i}" for i in range(700)]))
            for key, (kind, values) in made.items():
                indices = with_nulls(rng, pa.array(rng.integers(0, len(values), n), kind), nulls)
                made[key] = pa.DictionaryArray.from_arrays(indices, values)
            yield title, pa.table(made)


def tables(version_of_pylance):
    yield from flat_tables()
    yield from rare_tables()
    yield from vector_tables()
    yield from dictionary_tables()
