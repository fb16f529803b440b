# SPDX-License-Identifier: Apache-2.0
"""Values for the tables of the zoo: seeded, so that each run and each pylance has the same."""
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SYLLABLES = ["ka", "lo", "mi", "ren", "to", "su", "vel", "dor", "an", "e", "pi", "quo", "sta", "ber", "ne", "fu", "gri", "o"]


def random_for(name):
    """A generator of its own for each table: leaving one out changes no other."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def vocabulary(rng, n=300):
    return np.array(["".join(rng.choice(SYLLABLES, rng.integers(1, 5))) for _ in range(n)])


def sentence(rng, words, length):
    """Text of exactly `length` characters."""
    text = " ".join(words[rng.integers(0, len(words), length // 3 + 2)])
    return text[:length]


def texts(rng, n, shortest, longest):
    """Texts of words, different from each other in their first few characters where there is room."""
    words = vocabulary(rng)
    pool = sentence(rng, words, max(200_000, longest * 3))
    lengths = rng.integers(shortest, longest + 1, n)
    starts = rng.integers(0, len(pool) - longest, n)
    return [pool[s : s + k] for s, k in zip(starts.tolist(), lengths.tolist())]


def null_mask(rng, n, part=0.1):
    """Which of n values are null; with few values there are more, so that there are some."""
    return rng.random(n) < (part if n > 20 else 0.4)


def with_nulls(rng, array, nulls="some"):
    """The array with none, some or all of its values null. Values stay behind the nulls of flat types."""
    n = len(array)
    if nulls == "none":
        return array
    if nulls == "all":
        return pa.nulls(n, array.type)
    mask = null_mask(rng, n)
    kind = array.type
    if pa.types.is_null(kind):
        return array
    if pa.types.is_fixed_size_list(kind):
        return pa.FixedSizeListArray.from_arrays(array.values, type=kind, mask=pa.array(mask))
    if pa.types.is_struct(kind):
        members = [array.field(i) for i in range(kind.num_fields)]
        return pa.StructArray.from_arrays(members, fields=list(kind), mask=pa.array(mask))
    if pa.types.is_dictionary(kind):
        indices = with_nulls(rng, array.indices)
        return pa.DictionaryArray.from_arrays(indices, array.dictionary)
    valid = pa.py_buffer(np.packbits(~mask, bitorder="little"))
    if not pa.types.is_nested(kind) and array.offset == 0:
        return pa.Array.from_buffers(kind, n, [valid, *array.buffers()[1:]])
    return pc.if_else(pa.array(mask), pa.scalar(None, kind), array)


def vectors(rng, n, d, item=pa.float32(), null_rows=False, null_items=False):
    """Fixed-size lists of random numbers of any flat type."""
    items = numbers(rng, n * d, item)
    if null_items:
        items = with_nulls(rng, items)
    kind = pa.list_(item, d)
    mask = pa.array(null_mask(rng, n)) if null_rows else None
    return pa.FixedSizeListArray.from_arrays(items, type=kind, mask=mask)


def numbers(rng, n, kind):
    """Random values of any type of fixed width."""
    if pa.types.is_boolean(kind):
        return pa.array(rng.integers(0, 2, n).astype(bool))
    if pa.types.is_floating(kind):
        return pa.array(rng.standard_normal(n).astype(kind.to_pandas_dtype()), kind)
    if pa.types.is_decimal(kind):
        return wide_integers(rng.integers(-(2**40), 2**40, n), kind)
    raw = rng.integers(0, 100, (n, kind.bit_width // 8), dtype=np.uint8)
    return pa.Array.from_buffers(kind, n, [None, pa.py_buffer(raw.tobytes())])


def wide_integers(values, kind):
    """64-bit integers as decimals of 128 or 256 bits: little endian, with the sign in all higher words."""
    words = np.empty((len(values), kind.bit_width // 64), np.int64)
    words[:, 0] = values
    words[:, 1:] = (values >> 63)[:, None]
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(words.tobytes())])


def lists(rng, n, items, longest=8, nulls=False, empties=True, large=False):
    """Lists of 0 (or 1) to `longest` items, which `items(count)` makes."""
    lengths = rng.integers(0 if empties else 1, longest + 1, n)
    mask = null_mask(rng, n) if nulls else None
    if nulls:
        lengths[mask] = 0
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    array = pa.LargeListArray if large else pa.ListArray
    offsets = pa.array(offsets, pa.int64() if large else pa.int32())
    return array.from_arrays(offsets, items(int(lengths.sum())), mask=pa.array(mask) if nulls else None)


def struct(rng, nulls=False, **members):
    """A struct of arrays of one length."""
    arrays = list(members.values())
    mask = pa.array(null_mask(rng, len(arrays[0]))) if nulls else None
    return pa.StructArray.from_arrays(arrays, names=list(members), mask=mask)


def maps(rng, n, keys, values, longest=4, nulls=False):
    """Maps of 0 to `longest` entries."""
    lists_of_keys = lists(rng, n, keys, longest, nulls=nulls)
    keys = lists_of_keys.values
    map_type = pa.map_(keys.type, values(0).type)
    valid = lists_of_keys.buffers()[0]
    entries = pa.StructArray.from_arrays([keys, values(len(keys))], fields=[map_type.key_field, map_type.item_field])
    return pa.Array.from_buffers(map_type, n, [valid, lists_of_keys.buffers()[1]], children=[entries])


def steered(array, **metadata):
    """A table of one column `x` with field metadata that steers its encoding: `compression="zstd"` and the like."""
    full = {f"lance-encoding:{key.replace('_', '-')}": value for key, value in metadata.items()}
    return pa.table([array], schema=pa.schema([pa.field("x", array.type, metadata=full)]))
