# SPDX-License-Identifier: Apache-2.0
"""Lists, structs and maps, in each other, with nulls and empty lists at every level."""
import numpy as np
import pyarrow as pa

from zoo_values import lists, maps, numbers, random_for, struct, texts, vectors, with_nulls


def item_makers(rng, nulls):
    """Ways to make n list items, by name."""
    state = "some" if nulls else "none"

    def noted(make):
        return lambda n: with_nulls(rng, make(n), state)

    return {
        "int32": noted(lambda n: pa.array(rng.integers(0, 1000, n), pa.int32())),
        "int64": noted(lambda n: pa.array(rng.integers(-(2**60), 2**60, n), pa.int64())),
        "uint8": noted(lambda n: pa.array(rng.integers(0, 256, n), pa.uint8())),
        "bool": noted(lambda n: numbers(rng, n, pa.bool_())),
        "double": noted(lambda n: numbers(rng, n, pa.float64())),
        "half": noted(lambda n: numbers(rng, n, pa.float16())),
        "instant": noted(lambda n: pa.array(rng.integers(0, 2**50, n), pa.timestamp("us", "UTC"))),
        "decimal": noted(lambda n: numbers(rng, n, pa.decimal128(20, 2))),
        "fsb": noted(lambda n: numbers(rng, n, pa.binary(12))),
        "same": noted(lambda n: pa.array(np.full(n, 5), pa.int32())),
        "utf8": noted(lambda n: pa.array(texts(rng, n, 0, 12), pa.utf8())),
        "large_utf8": noted(lambda n: pa.array(texts(rng, n, 3, 40), pa.large_utf8())),
        "binary": noted(lambda n: pa.array([rng.bytes(k) for k in rng.integers(0, 30, n).tolist()], pa.binary())),
        "category": noted(lambda n: pa.array(rng.choice(["red", "green", "blue"], n), pa.utf8())),
        "vector": lambda n: vectors(rng, n, 4, null_rows=nulls),
        "wide_vector": lambda n: vectors(rng, n, 80, null_rows=nulls),
        "struct": lambda n: struct(rng, nulls, a=numbers(rng, n, pa.int32()), b=pa.array(texts(rng, n, 1, 9), pa.utf8())),
        "dictionary": noted(lambda n: pa.DictionaryArray.from_arrays(
            pa.array(rng.integers(0, 3, n), pa.int8()), pa.array(["red", "green", "blue"]))),
    }


def list_tables():
    for nulls in (False, True):
        for n in (1, 7, 1025, 2503):
            for large in (False, True):
                if large and n in (1, 1025):
                    continue
                title = f"list_{'some' if nulls else 'none'}_{n}{'_large' * large}"
                rng = random_for(title)
                makers = item_makers(rng, nulls)
                if n == 2503:
                    del makers["wide_vector"]
                made = {key: lists(rng, n, make, 8, nulls, large=large) for key, make in makers.items()}
                for key in ("int32", "utf8"):
                    made[key + "_full"] = lists(rng, n, makers[key], 5, empties=False, large=large)
                    made[key + "_valid_items"] = lists(rng, n, item_makers(rng, False)[key], 5, nulls, large=large)
                    made[key + "_null_items"] = lists(rng, n, item_makers(rng, True)[key], 5, False, large=large)
                yield title, pa.table(made)
    rng = random_for("list_long")
    makers = item_makers(rng, True)
    for longest, n in ((400, 300), (5000, 40), (60_000, 5)):
        made = {key: lists(rng, n, makers[key], longest, True) for key in ("int32", "utf8", "bool", "vector", "same")}
        yield f"list_long_{longest}", pa.table(made)
    paragraph = lambda n: with_nulls(rng, pa.array(texts(rng, n, 100, 900), pa.utf8()))
    for n in (7, 1500):
        yield f"list_paragraphs_{n}", pa.table(
            {"x": lists(rng, n, paragraph, 4, True), "y": lists(rng, n, paragraph, 4, empties=False)})
    int32 = pa.list_(pa.int32())
    for n in (1, 50, 3000):
        yield f"list_extremes_{n}", pa.table({
            "all_null": pa.nulls(n, int32),
            "all_empty": pa.array([[]] * n, int32),
            "null_or_empty": pa.array([None if i % 2 else [] for i in range(n)], pa.list_(pa.utf8())),
            "null_items": pa.array([[None] if i % 3 else None for i in range(n)], int32),
            "only_null_items": pa.array([[None, None]] * n, pa.list_(pa.utf8())),
            "mostly_empty": pa.array([[i] if i % 40 == 39 else [] for i in range(n)], int32),
            "one_each": pa.array([[i] for i in range(n)], pa.large_list(pa.int64())),
            "one_text": pa.array([["same"]] * n, pa.list_(pa.utf8())),
        })
    # Lists that are null and yet have items in the arrays: the items must not show.
    offsets, mask = pa.array(np.arange(0, 3004, 3), pa.int32()), pa.array(np.arange(1001) % 4 == 0)
    hidden = pa.ListArray.from_arrays(offsets, pa.array(np.arange(3003), pa.int32()), mask=mask)
    yield "list_hidden_items", pa.table({"x": hidden})


def nested_tables():
    for nulls in (False, True):
        for n in (1, 7, 1025, 2503):
            title = f"nested_{'some' if nulls else 'none'}_{n}"
            rng = random_for(title)
            make = item_makers(rng, nulls)
            inner = lambda k: lists(rng, k, make["int32"], 4, nulls)
            words = lambda k: lists(rng, k, make["utf8"], 3, nulls)
            deep = lambda k: lists(rng, k, inner, 3, nulls)
            leaf = lambda k: struct(rng, nulls, d=make["double"](k), e=make["utf8"](k))
            vector_and_number = lambda k: struct(rng, nulls, v=vectors(rng, k, 8), i=make["int32"](k))
            holder = lambda k: struct(rng, nulls, f=inner(k), g=make["category"](k))
            yield title, pa.table({
                "struct": struct(rng, nulls, a=make["int32"](n), b=make["utf8"](n), c=leaf(n)),
                "struct_no_null": struct(rng, a=make["int32"](n), b=make["bool"](n)),
                "struct_types": struct(rng, nulls, **{key: make[key](n) for key in (
                    "int64", "uint8", "bool", "half", "instant", "decimal", "fsb", "large_utf8", "binary", "vector", "same")}),
                "struct_one": struct(rng, nulls, only=make["int64"](n)),
                "struct_deep": struct(rng, nulls, a=struct(rng, nulls, b=struct(rng, nulls, c=leaf(n)), x=make["int32"](n))),
                "struct_lists": struct(rng, nulls, li=inner(n), lu=words(n), ll=deep(n)),
                "struct_vectors": struct(
                    rng, nulls, small=vectors(rng, n, 4, null_rows=nulls), wide=vectors(rng, n, 100)),
                "struct_dictionary": struct(rng, nulls, d=make["dictionary"](n)),
                "list_list": lists(rng, n, inner, 3, nulls),
                "list_list_text": lists(rng, n, words, 3, nulls),
                "list_list_list": lists(rng, n, deep, 3, nulls),
                "list_struct": lists(rng, n, leaf, 4, nulls),
                "list_struct_list": lists(rng, n, holder, 4, nulls),
                "list_struct_vector": lists(rng, n, vector_and_number, 3, nulls),
                "struct_list_struct": struct(rng, nulls, l=lists(rng, n, holder, 3, nulls), m=make["int32"](n)),
                "large_list_list": lists(rng, n, inner, 3, nulls, large=True),
            })
    n = 2003
    plain = pa.array(np.arange(n), pa.int32())
    yield "struct_extremes", pa.table({
        "all_null": pa.nulls(n, pa.struct([("a", pa.int32()), ("b", pa.utf8())])),
        "null_members": pa.StructArray.from_arrays([pa.nulls(n, pa.int32()), pa.nulls(n, pa.utf8())], ["a", "b"]),
        "one_null_member": pa.StructArray.from_arrays([pa.nulls(n, pa.int32()), plain], ["a", "b"]),
        "null_type": pa.StructArray.from_arrays([pa.nulls(n), plain], ["a", "b"]),
        "last_null": pa.StructArray.from_arrays([plain], ["a"], mask=pa.array(np.arange(n) == n - 1)),
    })
    empty = pa.table({"s": pa.array([], pa.struct([("a", pa.list_(pa.int32()))])), "l": pa.array([], pa.list_(pa.utf8()))})
    yield "nested_0", empty


def map_tables():
    for nulls in (False, True):
        for n in (1, 7, 1025, 3001):
            title = f"map_{'some' if nulls else 'none'}_{n}"
            rng = random_for(title)
            make, keys = item_makers(rng, nulls), item_makers(rng, False)
            yield title, pa.table({
                "utf8_int32": maps(rng, n, keys["utf8"], make["int32"], nulls=nulls),
                "int32_utf8": maps(rng, n, keys["int32"], make["utf8"], nulls=nulls),
                "utf8_list": maps(rng, n, keys["utf8"], lambda k: lists(rng, k, make["int32"], 3, nulls), nulls=nulls),
                "utf8_struct": maps(rng, n, keys["category"], make["struct"], nulls=nulls),
                "utf8_vector": maps(rng, n, keys["utf8"], make["vector"], nulls=nulls),
                "struct_map": struct(rng, nulls, m=maps(rng, n, keys["utf8"], make["double"], nulls=nulls)),
                "list_map": lists(rng, n, lambda k: maps(rng, k, keys["utf8"], make["int32"], nulls=nulls), 3, nulls),
                "map_map": maps(rng, n, keys["utf8"], lambda k: maps(rng, k, keys["int32"], make["utf8"]), nulls=nulls),
            })


def tables(version_of_pylance):
    yield from list_tables()
    yield from nested_tables()
    yield from map_tables()
