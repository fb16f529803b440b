# SPDX-License-Identifier: Apache-2.0
"""Writes Parquet files with every writer at hand in every form that it can write, and what pyarrow reads from each.

usage: parquet_matrix.py DIRECTORY
       parquet_matrix.py --fixtures DIRECTORY

The tests of ParquetReader find the files through LANCE_INTEROP_DIR, in its directory `parquet`. With `--fixtures` it
writes the few small ones that are kept beside the tests, which damage them.
"""
import collections
import datetime
import itertools
import os
import sys
import uuid

import duckdb
import fastparquet
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

import parquet_expect
import parquet_handmade

out = sys.argv[-1]
os.makedirs(out, exist_ok=True)
counts = collections.Counter()


def done(path):
    parquet_expect.write(path)
    counts[os.path.basename(path).split("-")[0]] += 1


def place(*parts):
    return os.path.join(out, "-".join(str(p) for p in parts) + ".parquet")


WORDS = ["", "a", "Straße", "naïve", "日本語のテキスト", "😀 smile", "common prefix one", "common prefix two", "x" * 70]


def columns(n, seed=1):
    """name -> (type, values)."""
    r = np.random.default_rng(seed)

    def ints(bits, signed):
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        v = [int(x) for x in r.integers(low, high, n, dtype=f"{'i' if signed else 'u'}{bits // 8}", endpoint=True)]
        for i, x in zip(range(n), (low, high, 0, high, low)):
            v[i] = x
        return v

    def floats(dtype):
        v = r.standard_normal(n).astype(dtype)
        for i, x in zip(range(n), (np.nan, np.inf, -np.inf, -0.0, 0.0, np.finfo(dtype).max, np.finfo(dtype).tiny)):
            v[i] = x
        return list(v)

    def lists(make):
        return [[make(i, k) for k in range(int(r.integers(0, 6)))] for i in range(n)]

    c = {"b": (pa.bool_(), [bool(x) for x in r.integers(0, 2, n)])}
    for bits in (8, 16, 32, 64):
        c[f"i{bits}"] = (getattr(pa, f"int{bits}")(), ints(bits, True))
        c[f"u{bits}"] = (getattr(pa, f"uint{bits}")(), ints(bits, False))
    c["few"] = (pa.int32(), [int(x) for x in r.integers(0, 5, n)])
    c["up"] = (pa.int64(), list(range(10**12, 10**12 + 3 * n, 3)))
    c["f16"] = (pa.float16(), floats("f2"))
    c["f32"] = (pa.float32(), floats("f4"))
    c["f64"] = (pa.float64(), floats("f8"))
    c["s"] = (pa.string(), [WORDS[i % len(WORDS)] + str(i % 50) * (i % 3) for i in range(n)])
    c["bin"] = (pa.binary(), [bytes(r.integers(0, 256, int(r.integers(0, 20)), dtype="u1")) for _ in range(n)])
    c["vector"] = (pa.binary(), [r.standard_normal(8).astype("<f4").tobytes() for _ in range(n)])
    c["fsb"] = (pa.binary(5), [bytes([i & 255, i >> 8 & 255, 7, 255, 0]) for i in range(n)])
    c["date"] = (pa.date32(), [int(x) for x in r.integers(-(10**5), 10**5, n)])
    c["t_ms"] = (pa.time32("ms"), [int(x) for x in r.integers(0, 86_400_000, n)])
    c["t_us"] = (pa.time64("us"), [int(x) for x in r.integers(0, 86_400_000_000, n)])
    c["t_ns"] = (pa.time64("ns"), [int(x) for x in r.integers(0, 86_400_000_000_000, n)])
    for unit in ("ms", "us", "ns"):
        v = [int(x) for x in r.integers(-(10**15), 10**15, n)]
        c[f"ts_{unit}"] = (pa.timestamp(unit), v)
        c[f"ts_{unit}_utc"] = (pa.timestamp(unit, "Europe/Berlin"), v)
    for p, s in ((4, 1), (9, 2), (18, 4), (30, 10), (38, 10)):
        c[f"dec{p}"] = (pa.decimal128(p, s), [int(x) % (10**p) for x in r.integers(-(10**17), 10**17, n)])
    c["l_f32"] = (pa.list_(pa.float32()), lists(lambda i, k: float(i) / (k + 1)))
    c["l_f64"] = (pa.large_list(pa.float64()), lists(lambda i, k: float(i * k)))
    c["l_i32"] = (pa.list_(pa.int32()), lists(lambda i, k: i - k))
    c["l_u8"] = (pa.list_(pa.uint8()), lists(lambda i, k: (i + k) % 256))
    c["l_s"] = (pa.list_(pa.string()), lists(lambda i, k: WORDS[(i + k) % len(WORDS)]))
    c["l_b"] = (pa.list_(pa.bool_()), lists(lambda i, k: (i + k) % 3 == 0))
    c["l_fixed"] = (pa.list_(pa.float32(), 4), [[float(i + k) for k in range(4)] for i in range(n)])
    c["l_required"] = (pa.list_(pa.field("element", pa.int64(), nullable=False)), lists(lambda i, k: i * k))
    c["struct"] = (pa.struct([("x", pa.int32()), ("y", pa.string())]), [{"x": i, "y": "z"} for i in range(n)])
    c["map"] = (pa.map_(pa.string(), pa.int32()), [[("k", i)] for i in range(n)])
    c["ll"] = (pa.list_(pa.list_(pa.int32())), [[[i], [1, 2]] for i in range(n)])
    return c


def array(type, values):
    if pa.types.is_decimal(type):
        data = b"".join(((v or 0)).to_bytes(16, "little", signed=True) for v in values)
        mask = pa.array([v is not None for v in values])
        validity = mask.buffers()[1] if len(values) else None
        return pa.Array.from_buffers(type, len(values), [validity, pa.py_buffer(data)])
    if pa.types.is_temporal(type):
        return pa.array(values, pa.int32() if type.bit_width == 32 else pa.int64()).cast(type)
    return pa.array(values, type)


def with_nulls(values, nulls, isList=False):
    if nulls == "all":
        return [None] * len(values)
    if nulls != "some":
        return values
    result = []
    for i, v in enumerate(values):
        if (i * 7 + i // 11) % 5 == 0 or 40 <= i < 60:
            v = None
        elif isList and v and i % 3 == 0:
            v = [None if k == i % len(v) else x for k, x in enumerate(v)]
        result.append(v)
    return result


def table(n, nulls, seed=1):
    fields, arrays = [], []
    for name, (type, values) in columns(n, seed).items():
        item_nulls = pa.types.is_list(type) and name not in ("l_required", "ll") or pa.types.is_large_list(type)
        arrays.append(array(type, with_nulls(values, nulls, item_nulls)))
        fields.append(pa.field(name, type, nullable=nulls != "required"))
    fields.append(pa.field("null", pa.null()))
    arrays.append(pa.nulls(n))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def encodings(schema, profile):
    if profile in ("dict", "plain"):
        return {"use_dictionary": profile == "dict"}
    result = {}
    for f in schema:
        leaf = f.name
        type = f.type
        if pa.types.is_list(type) or pa.types.is_large_list(type) or pa.types.is_fixed_size_list(type):
            if f.name == "ll":
                continue
            leaf, type = f"{f.name}.list.element", type.value_type
        t = pa.types
        narrow = t.is_integer(type) or t.is_temporal(type)
        if profile == "delta":
            if narrow:
                result[leaf] = "DELTA_BINARY_PACKED"
            elif t.is_string(type):
                result[leaf] = "DELTA_BYTE_ARRAY"
            elif t.is_binary(type):
                result[leaf] = "DELTA_LENGTH_BYTE_ARRAY"
            elif t.is_fixed_size_binary(type) or t.is_float16(type):
                result[leaf] = "DELTA_BYTE_ARRAY"
            elif t.is_boolean(type):
                result[leaf] = "RLE"
        elif profile == "split":
            if narrow or t.is_floating(type) or t.is_fixed_size_binary(type) or t.is_decimal(type):
                result[leaf] = "BYTE_STREAM_SPLIT"
            elif t.is_binary(type):
                result[leaf] = "DELTA_BYTE_ARRAY"
            elif t.is_string(type):
                result[leaf] = "DELTA_LENGTH_BYTE_ARRAY"
    return {"use_dictionary": False, "column_encoding": result}


def write_pyarrow():
    n = 110
    for nulls in ("none", "some", "all", "required"):
        t = table(n, nulls)
        for profile in ("dict", "plain", "delta", "split"):
            options = encodings(t.schema, profile)
            for codec, version, groups in itertools.product(("none", "snappy", "gzip", "zstd", "lz4"), ("1.0", "2.0"), (1, 3)):
                path = place("pyarrow", nulls, profile, codec, version, groups)
                pq.write_table(
                    t, path, compression=codec, data_page_version=version, row_group_size=-(-n // groups),
                    data_page_size=200 if groups == 1 else 1 << 20, write_batch_size=16, store_schema=groups == 1,
                    write_page_checksum=profile == "plain", write_page_index=groups == 3, **options)
                done(path)
    for version, profile in itertools.product(("1.0", "2.0"), ("dict", "plain", "delta", "split")):
        t = table(0, "none")
        path = place("pyarrow", "empty", profile, version)
        pq.write_table(t, path, data_page_version=version, **encodings(t.schema, profile))
        done(path)
        # Enough for several blocks of everything.
        t = table(4000, "some", 3).select(["i32", "i64", "up", "few", "f32", "s", "bin", "fsb", "b", "l_f32", "l_s"])
        path = place("pyarrow", "long", profile, version)
        pq.write_table(t, path, data_page_version=version, data_page_size=3000, **encodings(t.schema, profile))
        done(path)
    for nulls, dictionary in itertools.product(("none", "some", "all"), (True, False)):
        t = table(n, nulls).select(["ts_us", "i32"])
        path = place("pyarrow", "int96", nulls, dictionary)
        pq.write_table(t, path, use_deprecated_int96_timestamps=True, use_dictionary=dictionary)
        done(path)
        t = table(n, nulls).select(["l_f32", "l_s", "l_required"])
        path = place("pyarrow", "old-lists", nulls, dictionary)
        pq.write_table(t, path, use_compliant_nested_type=False, use_dictionary=dictionary)
        done(path)
        # A dictionary that grows too large: the rest of the chunk is PLAIN.
        t = table(2000, nulls, 5).select(["s", "bin", "i64", "f64"])
        path = place("pyarrow", "dictionary-full", nulls, dictionary)
        pq.write_table(t, path, dictionary_pagesize_limit=1000, data_page_size=2000, write_batch_size=64)
        done(path)
        t = pa.table({"c": table(n, nulls)["s"].dictionary_encode(), "json": pa.array(['{"a": 1}'] * n, pa.json_()),
                      "uuid": pa.array([uuid.UUID(int=i).bytes for i in range(n)], pa.uuid())})
        path = place("pyarrow", "extension", nulls, dictionary)
        pq.write_table(t, path)
        done(path)


def write_duckdb():
    con = duckdb.connect()
    con.execute("set threads=1")
    select = """
        select {b} as b, {i8} as i8, {i16} as i16, {i32} as i32, {i64} as i64, {u8} as u8, {u16} as u16, {u32} as u32, {u64} as u64,
          {f32} as f32, {f64} as f64, {s} as s, {blob} as blob, {date} as date, {time} as time, {ts} as ts, {ts_ms} as ts_ms,
          {ts_ns} as ts_ns, {ts_tz} as ts_tz, {uuid} as uuid, {d4} as d4, {d9} as d9, {d18} as d18, {d38} as d38, {lf} as lf,
          {li} as li, {ls} as ls, {fixed} as fixed, {enum} as enum, {struct} as struct, {map} as map
        from range({n}) t(i)"""
    con.execute("create type mood as enum ('sad', 'ok', 'happy')")
    # The unsigned numbers stay below 2^31: from DuckDB's delta runs of larger ones, pyarrow cannot read the first value.
    values = dict(
        b="(i % 3 = 0)", i8="(i % 256 - 128)::tinyint", i16="(i % 65536 - 32768)::smallint", i32="(i * 7919 - 5000)::int",
        i64="(i * 1234567890123 - 5)::bigint", u8="(i % 256)::utinyint", u16="(i % 65536)::usmallint", u32="(i + 2147483500)::uinteger",
        u64="(i + 18446744073709500000)::ubigint", f32="case when i % 10 = 0 then 'nan'::float when i % 10 = 1 then 'inf'::float else (i / 7)::float end",
        f64="(i / 3)::double", s="case when i % 5 = 0 then '' else 'text ü ' || (i % 40) end", blob="('b' || i)::blob", date="(date '2020-01-01' + i::int)",
        time="(time '00:00:01' + interval (i) second)", ts="(timestamp '2001-02-03 04:05:06.789' + interval (i) hour)",
        ts_ms="(timestamp '2001-02-03 04:05:06.789' + interval (i) hour)::timestamp_ms",
        ts_ns="(timestamp '2001-02-03 04:05:06.789' + interval (i) hour)::timestamp_ns",
        ts_tz="(timestamp '2001-02-03 04:05:06.789' + interval (i) hour)::timestamptz", uuid="md5(i::varchar)::uuid",
        d4="(i % 900 / 10)::decimal(4,1)", d9="(i / 100)::decimal(9,2)", d18="(-i / 1000)::decimal(18,4)", d38="(i * 123456789)::decimal(38,10)",
        lf="list_transform(range(i % 5), lambda x: (x / 3)::float)", li="list_transform(range(i % 4), lambda x: x + i)",
        ls="list_transform(range(i % 3), lambda x: 'item ' || x)", fixed="array_value(i::float, (i + 1)::float, 0.5::float)",
        enum="(['sad', 'ok', 'happy'])[1 + i % 3]::mood", struct="{'a': i, 'b': 'x'}", map="map([i], ['v'])")
    forms = {
        "none": lambda v: v, "some": lambda v: f"case when i % 4 = 1 then null else {v} end",
        "all": lambda v: f"case when i < 0 then {v} else null end",
    }
    for (nulls, form), n in itertools.product(forms.items(), (120, 0)):
        # pyarrow does not read DuckDB's arrays that are null, so these come below.
        query = select.format(n=n, **{k: v if k == "fixed" else form(v) for k, v in values.items()})
        for codec, version in itertools.product(("uncompressed", "snappy", "gzip", "zstd", "lz4_raw"), ("V1", "V2")):
            if n == 0 and codec != "snappy":
                continue
            path = place("duckdb", nulls, codec, version, n)
            con.execute(f"copy ({query}) to '{path}' (format parquet, codec '{codec}', parquet_version {version})")
            done(path)
    for nulls, version in itertools.product(("some", "all"), ("V1", "V2")):
        path = place("duckdb", "array", nulls, version)
        con.execute(
            f"copy (select {forms[nulls](values['fixed'])} as fixed from range(120) t(i)) to '{path}'"
            f" (format parquet, parquet_version {version})")
        lists = [None if nulls == "all" or i % 4 == 1 else np.array([i, i + 1, 0.5], "f4") for i in range(120)]
        cells = ["~" if v is None else "[" + ",".join(f"x{b:08x}" for b in v.view("u4").tolist()) + "]" for v in lists]
        with open(path + ".expect", "w") as f:
            f.write("120\nC\tfixed\tlist<float32>\t1\t" + " ".join(cells) + "\n")
        counts["duckdb"] += 1
    for codec, version, dictionary in itertools.product(("uncompressed", "snappy", "zstd"), ("V1", "V2"), (0, 100000)):
        query = select.format(n=5000, **{k: forms["some"](v) for k, v in values.items()})
        query = f"select i32, i64, f32, f64, s, b, lf, d9 from ({query})"
        path = place("duckdb", "long", codec, version, dictionary)
        con.execute(f"copy ({query}) to '{path}' (format parquet, codec '{codec}', parquet_version {version}, row_group_size 2048, dictionary_size_limit {dictionary})")
        done(path)


def write_polars():
    n = 110
    skip = {"dec30", "null"}
    for nulls in ("none", "some", "all"):
        t = table(n, nulls)
        frame = pl.from_arrow(t.select([c for c in t.column_names if c not in skip and c != "map"]))
        for codec, groups, page in itertools.product(("uncompressed", "snappy", "gzip", "zstd", "lz4"), (1, 3), (300, None)):
            path = place("polars", nulls, codec, groups, page or "whole")
            frame.write_parquet(path, compression=codec, row_group_size=-(-n // groups), data_page_size=page, statistics=groups == 3)
            done(path)
    path = place("polars", "empty")
    frame.head(0).write_parquet(path)
    done(path)
    frame = pl.from_arrow(table(6000, "some", 9).select(["i32", "s", "f64", "bin", "l_f32", "b"]))
    path = place("polars", "long")
    frame.write_parquet(path, row_group_size=2500, data_page_size=4000)
    done(path)


def write_fastparquet():
    n = 110
    c = columns(n)
    plain = ["b", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64"]
    for nulls in ("none", "some", "all"):
        frame = pd.DataFrame()
        for name in plain:
            type, values = c[name]
            frame[name] = pd.Series(np.array(values, type.to_pandas_dtype()))
            # Booleans with nulls are beyond this writer.
            if nulls != "none" and name[0] in "iu":
                kind = ("Int" if name[0] == "i" else "UInt") + name[1:]
                frame[f"{name}_null"] = pd.array(with_nulls(values, nulls), dtype=kind)
        text = with_nulls(c["s"][1], nulls)
        frame["s"] = pd.Series(text, dtype=object)
        frame["bin"] = pd.Series(with_nulls(c["bin"][1], nulls), dtype=object)
        frame["cat"] = pd.Categorical(with_nulls([f"c{i % 4}" for i in range(n)], nulls))
        frame["ts"] = pd.Series(pd.to_datetime([i * 10**15 for i in range(n)]))
        if nulls == "some":
            frame.loc[::7, "ts"] = pd.NaT
        encoding = {col: "infer" for col in frame.columns}
        encoding.update(s="utf8", bin="bytes")
        for codec, version, groups, has_nulls in itertools.product((None, "SNAPPY", "GZIP", "ZSTD", "LZ4_RAW"), (1, 2), (1, 3), (True, False)):
            if nulls != "none" and not has_nulls:
                continue
            path = place("fastparquet", nulls, codec, version, groups, has_nulls)
            fastparquet.writer.DATAPAGE_VERSION = version
            fastparquet.write(
                path, frame, compression=codec, row_group_offsets=-(-n // groups), has_nulls=has_nulls, object_encoding=encoding,
                times="int64" if groups == 1 else "int96", stats=False)
            done(path)
    path = place("fastparquet", "empty")
    fastparquet.write(path, frame.head(0), object_encoding=encoding, stats=False)
    done(path)


def write_handmade():
    for name, data in parquet_handmade.all_files():
        path = place("handmade", name)
        with open(path, "wb") as f:
            f.write(data)
        done(path)
    for name, data, expectation in parquet_handmade.expectations():
        path = place("handmade", name)
        with open(path, "wb") as f:
            f.write(data)
        with open(path + ".expect", "w") as f:
            f.write(expectation)
        counts["handmade"] += 1


def write_fixtures():
    n = 40
    few = ["i8", "u16", "i64", "few", "f64", "s", "vector", "fsb", "ts_us", "dec9", "l_f32", "l_s", "b", "struct"]
    t = table(n, "some").select(few)
    for name, profile, codec, version in (
        ("dict-snappy", "dict", "snappy", "1.0"), ("plain-lz4", "plain", "lz4", "2.0"), ("delta-zstd", "delta", "zstd", "2.0"),
        ("split-gzip", "split", "gzip", "1.0"), ("delta-none", "delta", "none", "1.0"),
    ):
        path = place("pyarrow", name)
        pq.write_table(
            t, path, compression=codec, data_page_version=version, data_page_size=100, write_batch_size=16, row_group_size=25,
            store_schema=False, write_statistics=codec == "snappy", **encodings(t.schema, profile))
        done(path)
    t = table(n, "required").select(["i32", "f32", "bin", "s"])
    path = place("pyarrow", "checksum")
    pq.write_table(t, path, compression="snappy", write_page_checksum=True, store_schema=False)
    done(path)
    path = place("duckdb", "fixture")
    duckdb.sql(
        f"copy (select i, i * 3 as t, 'text ' || (i % 7) as s, case when i % 3 = 0 then null else i / 7 end as d, [i, null] as l"
        f" from range({n}) r(i)) to '{path}' (format parquet, parquet_version V2, codec 'zstd')")
    done(path)
    path = place("polars", "fixture")
    pl.from_arrow(table(n, "some").select(["i32", "s", "l_f64", "date"])).write_parquet(path, row_group_size=15, statistics=False)
    done(path)
    path = place("fastparquet", "fixture")
    frame = pd.DataFrame({"i": np.arange(n), "s": pd.Series([f"t{i}" for i in range(n)], dtype=object)})
    fastparquet.write(path, frame, compression="GZIP", object_encoding={"i": "infer", "s": "utf8"}, stats=False)
    done(path)
    chosen = {"list-across-pages", "two-level-optional", "plain-repeated", "index-page-1", "int96", "decimal-fixed-12", "boolean-runs", "lz4-bare"}
    for name, data in parquet_handmade.all_files():
        if name in chosen:
            path = place("handmade", name)
            with open(path, "wb") as f:
                f.write(data)
            done(path)
    for name, data, expectation in parquet_handmade.expectations():
        if name in ("gzip-members", "bit-packed-list-levels-5"):
            path = place("handmade", name)
            with open(path, "wb") as f:
                f.write(data)
            with open(path + ".expect", "w") as f:
                f.write(expectation)


if "--fixtures" in sys.argv:
    write_fixtures()
    sys.exit()
for write in (write_handmade, write_fastparquet, write_polars, write_duckdb, write_pyarrow):
    start = datetime.datetime.now()
    write()
    print(write.__name__, (datetime.datetime.now() - start).total_seconds(), "s", flush=True)
print(dict(counts), sum(counts.values()), "files")
