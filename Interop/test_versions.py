# SPDX-License-Identifier: Apache-2.0
"""Tables of every file version, written and read by both sides in turn, and tables with other names and types."""
import base64
import datetime
import decimal
import json
import os
import random

import lance
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import IS_4, SAMPLE, Failed, chunk_schema, exact, ndjson, vectord
from index_tools import EVERY, Contents, assert_same_hits, clustered, near, search, used_index
from index_tools import rows as indexed_rows
from readers import rows, write_parquet

VERSIONS = ["2.0", "2.1", "2.2"]
EPOCH = datetime.datetime(1970, 1, 1)


# ------------------------------------------------------------------ values as `vectord scan` prints them


def clock(ticks, unit, zone):
    """ISO 8601 with all digits of the unit."""
    digits = {"s": 0, "ms": 3, "us": 6, "ns": 9}[unit]
    seconds, rest = divmod(ticks, 10**digits)
    fraction = f".{rest:0{digits}d}" if digits else ""
    return (EPOCH + datetime.timedelta(seconds=seconds)).isoformat() + fraction + ("Z" if zone else "")


def unscaled(value, kind):
    """A decimal's bytes."""
    with decimal.localcontext(prec=100):
        return int(value.scaleb(kind.scale)).to_bytes(kind.bit_width // 8, "little", signed=True)


def numbers(printed, kind):
    """Floats of a list as numpy has them."""
    names = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}
    return np.array([names.get(x, x) for x in printed], kind.value_type.to_pandas_dtype())


def same_numbers(a, b):
    """Equal, NaN too, and of the same sign where they are zero."""
    return np.array_equal(a, b, equal_nan=True) and np.array_equal(np.signbit(a[a == 0]), np.signbit(b[b == 0]))


def is_printed(got, scalar):
    """Whether a parsed value of a line is a value of an Arrow column, exactly, at the column's width."""
    kind, t = scalar.type, pa.types
    if t.is_dictionary(kind):
        return got == scalar.as_py()
    if not scalar.is_valid or got is None:
        return got is None and not scalar.is_valid
    if t.is_fixed_size_list(kind) and t.is_floating(kind.value_type) and scalar.values.null_count == 0:
        return len(got) == kind.list_size and same_numbers(numbers(got, kind), scalar.values.to_numpy(zero_copy_only=False))
    if t.is_map(kind):
        pairs = [scalar.values[i] for i in range(len(scalar.values))]
        return len(got) == len(pairs) and all(
            list(g) == ["key", "value"] and is_printed(g["key"], p[0]) and is_printed(g["value"], p[1])
            for g, p in zip(got, pairs))
    if t.is_struct(kind):
        return list(got) == [kind.field(i).name for i in range(kind.num_fields)] and all(
            is_printed(got[kind.field(i).name], scalar[i]) for i in range(kind.num_fields))
    if t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind):
        return len(got) == len(scalar.values) and all(is_printed(g, s) for g, s in zip(got, scalar.values))
    if t.is_floating(kind):
        return same_numbers(numbers([got], pa.list_(kind)), np.array([scalar.as_py()], kind.to_pandas_dtype()))
    if t.is_decimal(kind):
        return base64.b64decode(got) == unscaled(scalar.as_py(), kind)
    if t.is_binary(kind) or t.is_large_binary(kind) or t.is_fixed_size_binary(kind):
        return base64.b64decode(got) == scalar.as_py()
    if t.is_timestamp(kind):
        return got == clock(scalar.value, kind.unit, kind.tz)
    if t.is_date(kind):
        return got == scalar.as_py().isoformat()
    if t.is_time(kind) or t.is_duration(kind):
        return got == scalar.value
    return type(got) is type(scalar.as_py()) and got == scalar.as_py()


def assert_scan(place, want, *more):
    """`vectord scan` prints the rows of an Arrow table."""
    got = vectord("scan", place, *more)
    assert len(got) == want.num_rows == vectord("count", place)["rows"]
    assert all(list(row) == want.column_names for row in got)
    for field in want.schema:
        for i, scalar in enumerate(want.column(field.name)):
            assert is_printed(got[i][field.name], scalar), f"row {i}, {field}: {got[i][field.name]!r:.200}, not {scalar!r:.200}"


# ------------------------------------------------------------------ what we write


def assert_reads(place, want, version):
    """pylance reads the rows, whole and by takes, from a table that has one file version; and so do we."""
    ds = lance.dataset(place)
    ds.validate()
    assert ds.data_storage_version == version
    assert vectord("inspect", place)["detail"]["summary"]["file_version"] == version
    assert ds.count_rows() == want.num_rows
    assert ds.to_table().equals(want)
    r = random.Random(want.num_rows)
    for n in (1, 7, 100):
        some = [r.randrange(want.num_rows) for _ in range(n)]
        assert ds.take(some).equals(want.take(some))
    assert_scan(place, want)
    for row in want.take(r.sample(range(want.num_rows), 3)).to_pylist():
        got = vectord("get", place, "--", row["doc_id"])
        assert (got["chunk_text"], got["source"], got["chunk_idx"]) == (row["chunk_text"] or "", row["source"], row["chunk_idx"])
        assert np.array_equal(np.float32(got["vector"]), np.float32(row["vector"]))


def schema_of(table):
    """The schema that a migration makes: ids and vectors are never null."""
    return pa.schema([field.with_nullable(field.name not in ("doc_id", "vector")) for field in table.schema])


def size(place):
    return sum(entry.stat().st_size for entry in os.scandir(place / "data"))


def assert_no_larger_than_theirs(place, version, tmp_path):
    """The newest official library needs no less space for the same rows. Its 2.0 and older ones' files are of other encodings."""
    if version == "2.0" or IS_4:
        return
    theirs = tmp_path / "theirs.lance"
    lance.write_dataset(lance.dataset(place).to_table(), theirs, data_storage_version=version)
    assert size(place) <= size(theirs) * 1.001


@pytest.mark.parametrize("version", VERSIONS)
def test_migrated_sample(place, tmp_path, version):
    vectord("migrate", SAMPLE, place, "--file-version", version)
    t = pq.read_table(SAMPLE)
    ds = lance.dataset(place)
    assert ds.schema.equals(chunk_schema(384)) and ds.data_storage_version == version
    got = ds.to_table()
    for name in ("source", "doc_id", "chunk_idx", "chunk_text"):
        assert got.column(name).equals(t.column(name))
    want = np.frombuffer(b"".join(t.column("vector").to_pylist()), np.float32).reshape(-1, 384)
    assert np.array_equal(np.asarray(got.column("vector").combine_chunks().flatten()).reshape(-1, 384), want)
    assert_reads(place, got, version)
    assert_no_larger_than_theirs(place, version, tmp_path)
    for q in want[[3, 1999]]:
        hits = vectord("search", place, "--query", "-", stdin=json.dumps([float(x) for x in q]))["hits"]
        theirs = exact(ds, q, 10)
        assert np.allclose([hit["distance"] for hit in hits], theirs["_distance"], atol=2e-6)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_table_in_turn(place, tmp_path, version):
    """Made, appended to, deleted from and compacted by both sides: it keeps its rows and its version."""
    first, second, third = rows(0, 600), rows(600, 100), rows(700, 100)
    write_parquet(tmp_path / "1.parquet", first)
    write_parquet(tmp_path / "2.parquet", second)
    want = first.cast(schema_of(first))
    vectord("migrate", tmp_path / "1.parquet", place, "--file-version", version)
    assert_reads(place, want, version)
    assert_no_larger_than_theirs(place, version, tmp_path)

    vectord("append", place, "--parquet", tmp_path / "2.parquet")
    want = pa.concat_tables([want, second.cast(want.schema)])
    assert_reads(place, want, version)

    lance.write_dataset(third.cast(want.schema), place, mode="append")
    want = pa.concat_tables([want, third.cast(want.schema)])
    assert_reads(place, want, version)

    lance.dataset(place).delete("chunk_idx % 7 = 3 OR chunk_idx >= 750")
    want = want.filter(pa.array([i is None or not (i % 7 == 3 or i >= 750) for i in want["chunk_idx"].to_pylist()]))
    assert_reads(place, want, version)

    # Lines that were printed can be appended; then there is more to compact.
    printed = vectord("scan", place, "--limit", 40)
    lines = "".join(json.dumps({**row, "doc_id": row["doc_id"] + "'"}) + "\n" for row in printed)
    vectord("append", place, "--ndjson", "-", stdin=lines)
    again = want.slice(0, 40)
    again = again.set_column(1, want.schema.field("doc_id"), pa.array([i + "'" for i in again["doc_id"].to_pylist()]))
    want = pa.concat_tables([want, again])
    assert_reads(place, want, version)

    lance.dataset(place).optimize.compact_files()
    assert len(lance.dataset(place).get_fragments()) == 1
    assert_reads(place, want, version)

    vectord("append", place, "--parquet", tmp_path / "2.parquet")
    want = pa.concat_tables([want, second.cast(want.schema)])
    ds = lance.dataset(place)
    assert ds.data_storage_version == version and ds.to_table().equals(want)
    assert_scan(place, want)


# ------------------------------------------------------------------ what they wrote


@pytest.mark.parametrize("version", VERSIONS)
def test_their_indexed_table(place, version):
    v, queries = clustered(2000, 64, seed=1), clustered(6, 64, seed=2)
    table = indexed_rows(v)
    ds = lance.write_dataset(table, place, data_storage_version=version)
    ds.create_index("vector", "IVF_PQ", metric="cosine", num_partitions=8, num_sub_vectors=16)
    lance.dataset(place).create_scalar_index("doc_id", "BTREE")
    stats = vectord("stats", place)
    assert stats["has_vector_index"] and stats["has_doc_id_index"]

    def agree(name):
        """Every partition and candidates enough: both searches are exact."""
        ds, contents = lance.dataset(place), Contents(place)
        assert used_index(place, queries[0]) == name
        for q, got in zip(queries, search(place, queries, 10, EVERY, 1000)):
            want = contents.nearest("cosine", q, 10)
            assert_same_hits(got, want)
            assert_same_hits(near(ds, q, 10, EVERY, 1000), want)

    def fetch(wanted):
        for row in wanted.to_pylist():
            got = vectord("get", place, row["doc_id"])
            assert (got["chunk_text"], got["chunk_idx"], got["source"]) == (row["chunk_text"], row["chunk_idx"], row["source"])
            assert np.array_equal(np.float32(got["vector"]), np.float32(row["vector"]))
            assert lance.dataset(place).count_rows(f"doc_id = '{row['doc_id']}'") == 1

    agree("vector_idx")
    fetch(table.take([0, 1999, 777]))
    more = indexed_rows(clustered(60, 64, seed=5), first=2000)
    vectord("append", place, "--ndjson", "-", stdin=ndjson(more))
    assert lance.dataset(place).data_storage_version == version
    agree("vector_idx")
    fetch(more.take([0, 59]))

    lance.dataset(place).drop_index("vector_idx")
    lance.dataset(place).drop_index("doc_id_idx")
    vectord("index", place, "--partitions", 8, "--sub-vectors", 16)
    vectord("scalar-index", place, "doc_id")
    agree("vec_idx")
    fetch(pa.concat_tables([table.take([5, 1234]), more.take([30])]))
    ds = lance.dataset(place)
    assert "name=vec_idx" in ds.scanner(nearest={"column": "vector", "q": queries[0], "k": 10}).explain_plan(True)
    assert {i["name"] for i in ds.list_indices()} == {"vec_idx", "doc_id_btree"}
    ds.validate()


# ------------------------------------------------------------------ other names and types

NAMES = ["--id-column", "key", "--vector-column", "embedding"]
FLOATS = {"float16": pa.float16(), "float32": pa.float32(), "float64": pa.float64()}


def foreign(n, kind, version, d=24, first=0):
    """A table that knows nothing of our columns. Files of version 2.0 do not tell a null struct from one of nulls."""
    v = np.random.RandomState(first + 3).standard_normal((n, d)).astype(kind.to_pandas_dtype())
    r = range(first, first + n)
    return pa.table({
        "price": pa.array([decimal.Decimal(i * (-1) ** i) / 100 if i % 4 else None for i in r], pa.decimal128(9, 2)),
        "key": pa.array([f"ключ {i}" for i in r], pa.string()),
        "tags": pa.array([[None, [], ["a", None], [f"tag {i}", ""]][i % 4] for i in r], pa.list_(pa.string())),
        "embedding": pa.FixedSizeListArray.from_arrays(pa.array(v.reshape(-1), kind), d),
        "meta": pa.array([{"x": i, "y": None if i % 3 else f"y{i}"} if i % 5 or version == "2.0" else None for i in r]),
        "at": pa.array([EPOCH + datetime.timedelta(microseconds=i * 10**9 + 7) if i % 6 else None for i in r], pa.timestamp("us")),
    })


def shown(row):
    """Further columns of a hit: as the rows are in Python, but for ticks and decimals."""
    ticks = row["at"] and (row["at"] - EPOCH) // datetime.timedelta(microseconds=1)
    price = None if row["price"] is None else str(row["price"])
    return {"tags": row["tags"], "meta": row["meta"], "at": ticks, "price": price}


def assert_finds(place, table, *options):
    """Search and fetch, under the table's own names, agree with numpy over the stored values."""
    by_key = {row["key"]: row for row in table.to_pylist()}
    keys = table["key"].to_pylist()
    v = np.array(table["embedding"].to_pylist(), np.float64)
    queries = np.random.RandomState(8).standard_normal((4, v.shape[1])).astype(np.float32)
    more = ["--show", "tags,meta,at,price"]
    answers = vectord("search", place, "--query", "-", "--top-k", 8, *NAMES, *more, *options, stdin=json.dumps(queries.tolist()))
    for q, answer in zip(queries.astype(np.float64), answers):
        d = 1 - v @ q / np.linalg.norm(v, axis=1) / np.linalg.norm(q)
        best = np.argsort(d, kind="stable")[:8]
        assert [hit["doc_id"] for hit in answer["hits"]] == [keys[i] for i in best]
        assert np.allclose([hit["distance"] for hit in answer["hits"]], d[best], atol=2e-6)
        for hit in answer["hits"]:
            assert hit["columns"] == shown(by_key[hit["doc_id"]]) and hit["chunk_text"] == ""
    for key in (keys[0], keys[17], keys[-1]):
        got = vectord("get", place, key, *NAMES, *more)
        assert got["columns"] == shown(by_key[key]) and (got["source"], got["chunk_idx"]) == (None, None)
        assert np.array_equal(np.float32(got["vector"]), np.float32(by_key[key]["embedding"]))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", FLOATS)
def test_other_names_and_float_types(place, version, kind):
    table = foreign(400, FLOATS[kind], version)
    lance.write_dataset(table, place, data_storage_version=version)
    assert_finds(place, table)
    assert_scan(place, table)
    # Lines of JSON may give what is not nested; the rest becomes null.
    more = foreign(30, FLOATS[kind], version, first=400)
    flat = ["price", "key", "embedding", "at"]
    lance.write_dataset(more, place.parent / "more.lance", data_storage_version=version)
    lines = vectord("scan", place.parent / "more.lance", "--columns", ",".join(flat))
    given = "".join(json.dumps(line) + "\n" for line in lines)
    assert vectord("append", place, "--ndjson", "-", *NAMES, stdin=given)["rows_appended"] == 30
    for name in ("tags", "meta"):
        at = more.schema.get_field_index(name)
        more = more.set_column(at, more.schema.field(at), pa.nulls(30, more.schema.field(at).type))
    ds = lance.dataset(place)
    ds.validate()
    both = pa.concat_tables([table, more])
    assert ds.data_storage_version == version and ds.to_table().equals(both)
    assert_finds(place, both)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", FLOATS)
def test_their_index_under_other_names(place, version, kind):
    """Every partition and every candidate: our search through it is exact."""
    table = foreign(600, FLOATS[kind], version)
    ds = lance.write_dataset(table, place, data_storage_version=version)
    ds.create_index("embedding", "IVF_PQ", metric="cosine", num_partitions=2, num_sub_vectors=12)
    lance.dataset(place).create_scalar_index("key", "BTREE")
    stats = vectord("stats", place, *NAMES)
    assert stats["has_vector_index"] and stats["has_doc_id_index"]
    assert_finds(place, table, "--nprobes", 2, "--refine", 75)
    query = json.dumps([1.0] * 24)
    assert vectord("search", place, "--query", "-", "--explain", *NAMES, stdin=query)["index"] == "embedding_idx"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", FLOATS)
def test_an_index_under_other_names(place, version, kind):
    """Our index over vectors of each float type is searched by both, and is exact with candidates enough."""
    table = foreign(600, FLOATS[kind], version)
    lance.write_dataset(table, place, data_storage_version=version)
    vectord("index", place, *NAMES, "--partitions", 2, "--sub-vectors", 12)
    vectord("scalar-index", place, "key")
    stats = vectord("stats", place, *NAMES)
    assert stats["has_vector_index"] and stats["has_doc_id_index"]
    v = np.array(table["embedding"].to_pylist(), np.float64)
    q = np.random.RandomState(4).standard_normal(24).astype(np.float16)
    d = 1 - v @ q.astype(np.float64) / np.linalg.norm(v, axis=1) / np.linalg.norm(q.astype(np.float64))
    want = [table["key"][int(i)].as_py() for i in np.argsort(d, kind="stable")[:10]]
    probed = ["--nprobes", 2, "--refine", 60, "--explain", *NAMES]
    answer = vectord("search", place, "--query", "-", *probed, stdin=json.dumps([float(x) for x in q]))
    assert answer["index"] == "vec_idx" and [hit["doc_id"] for hit in answer["hits"]] == want
    assert_finds(place, table, "--nprobes", 2, "--refine", 75)
    ds = lance.dataset(place)
    q = q.astype(FLOATS[kind].to_pandas_dtype())
    nearest = {"column": "embedding", "q": q, "k": 10, "nprobes": 2, "refine_factor": 60}
    assert "name=vec_idx" in ds.scanner(nearest=nearest).explain_plan(True)
    found = ds.to_table(columns=["key", "_distance"], nearest=nearest)["key"].to_pylist()
    assert sorted(found) == sorted(want)


WRONG = [
    ("no id column of this name", ["--id-column", "nothing", "--vector-column", "embedding"], "nothing"),
    ("no vector column of this name", ["--id-column", "key", "--vector-column", "nothing"], "nothing"),
    ("our names", [], "vector"),
    ("ids that are a struct", ["--id-column", "meta", "--vector-column", "embedding"], "meta"),
    ("vectors that are texts", ["--id-column", "key", "--vector-column", "tags"], "tags"),
]


def contents(place):
    """All files of a table with their bytes."""
    return {str(file): file.read_bytes() for file in place.rglob("*") if file.is_file()}


def assert_refused(place, what, command, *arguments, stdin=None):
    """Exit code 1, an error that names the column and lists the table's, and a table that is as it was."""
    before = contents(place)
    with pytest.raises(Failed) as failed:
        vectord(command, place, *arguments, stdin=stdin)
    assert failed.value.code == 1 and failed.value.error["code"] in ("schema_mismatch", "invalid_argument")
    message = failed.value.error["message"]
    assert f"'{what}'" in message
    assert all(name in message for name in ("price", "key", "embedding", "at")), message
    assert contents(place) == before


@pytest.mark.parametrize("names, column", [(names, column) for _, names, column in WRONG], ids=[name for name, *_ in WRONG])
def test_wrong_columns_are_refused(place, names, column):
    lance.write_dataset(foreign(300, pa.float32(), "2.2"), place, data_storage_version="2.2")
    query = json.dumps([1.0] * 24)
    assert_refused(place, column, "search", "--query", "-", *names, stdin=query)
    if column not in ("meta", "nothing") or "nothing" in names[-1:]:
        assert_refused(place, column, "index", *names)
    if column != "vector":
        assert_refused(place, column, "get", "ключ 1", *names)
    good = ["--query", "-", *NAMES]
    assert_refused(place, "nothing", "search", *good, "--show", "key,nothing", stdin=query)
    assert_refused(place, "nothing", "search", *good, "--text-column", "nothing", stdin=query)
    assert_refused(place, "meta", "search", *good, "--text-column", "meta", stdin=query)


@pytest.mark.parametrize("names, column", [(names, column) for _, names, column in WRONG if names], ids=[name for name, names, _ in WRONG if names])
def test_wrong_columns_are_refused_by_append(place, names, column):
    lance.write_dataset(foreign(10, pa.float32(), "2.2"), place, data_storage_version="2.2")
    row = json.dumps({"key": "new", "embedding": [1.0] * 24})
    assert_refused(place, column, "append", "--ndjson", "-", *names, stdin=row)


@pytest.mark.parametrize(
    "row, column",
    [
        ({"key": "new", "embeding": [1.0] * 24}, "embeding"),
        ({"key": 5, "embedding": [1.0] * 24}, "key"),
        ({"key": "new", "embedding": [1.0] * 23}, "embedding"),
        ({"key": "new", "embedding": "text"}, "embedding"),
        ({"key": "new", "embedding": [1.0] * 24, "meta": {"x": 1}}, "meta"),
    ],
    ids=["key", "id", "length", "vector", "nested"],
)
def test_wrong_rows_change_nothing(place, row, column):
    lance.write_dataset(foreign(10, pa.float32(), "2.2"), place, data_storage_version="2.2")
    before = contents(place)
    with pytest.raises(Failed) as failed:
        vectord("append", place, "--ndjson", "-", *NAMES, stdin=json.dumps(row))
    assert failed.value.code == 1 and f"'{column}'" in failed.value.error["message"]
    assert contents(place) == before


# ------------------------------------------------------------------ every nested type


def cycle(n, values, kind=None):
    return pa.array([values[i % len(values)] for i in range(n)], kind)


def nested(n, version):
    """Flat columns; lists, structs, maps and what they may hold. Maps are of 2.2."""
    money = decimal.Decimal("-12345678901234567890.25")
    moment = datetime.datetime(1999, 12, 31, 23, 59, 59, 123456)
    flat = {
        "flag": cycle(n, [True, None, False]),
        "half": cycle(n, [np.float16(1.5), None, np.float16("inf")], pa.float16()),
        "single": cycle(n, [0.1, float("nan"), None, -0.0], pa.float32()),
        "unsigned": cycle(n, [2**64 - 1, None, 0], pa.uint64()),
        "raw": cycle(n, [b"", b"\x00\xff", None], pa.binary()),
        "three": cycle(n, [b"abc", None, b"\x00\x01\x02"], pa.binary(3)),
        "money": cycle(n, [money, None, decimal.Decimal("0.01")], pa.decimal128(38, 2)),
        "day": cycle(n, [datetime.date(1960, 2, 29), None]),
        "at_s": cycle(n, [moment.replace(microsecond=0), None], pa.timestamp("s")),
        "at_ns": cycle(n, [moment, None], pa.timestamp("ns", "Europe/Prague")),
        "time": cycle(n, [datetime.time(1, 2, 3, 4), None], pa.time64("us")),
        "span": cycle(n, [datetime.timedelta(seconds=-5, microseconds=1), None], pa.duration("us")),
        "few": cycle(n, ["red", None, "blue"]).dictionary_encode(),
        "nothing": pa.nulls(n),
    }
    members = [name for name in flat if name not in ("few", "nothing")]
    of = {"struct": pa.StructArray.from_arrays([flat[name] for name in members], members)}
    point = pa.struct([("x", pa.float64()), ("y", pa.list_(pa.string()))])
    of |= {
        "ints": cycle(n, [[1, None, 3], [], None, [4]], pa.list_(pa.int32())),
        "texts": cycle(n, [["a", "", None, "☃" * 50], None, [], ["b"]], pa.large_list(pa.string())),
        "lists": cycle(n, [[[1], None, []], None, [], [[2, None]]], pa.list_(pa.list_(pa.int64()))),
        "moments": cycle(n, [[moment, None], None, []], pa.list_(pa.timestamp("ms", "UTC"))),
        "raws": cycle(n, [[b"\x01", None, b""], [], None], pa.list_(pa.binary())),
        "prices": cycle(n, [[money, None], [], None], pa.list_(pa.decimal128(38, 2))),
        "vectors": cycle(n, [[[1.0, 2.0], [3.5, -1.0]], [], None], pa.list_(pa.list_(pa.float32(), 2))),
        "points": cycle(n, [[{"x": 1.5, "y": ["p", None]}, {"x": None, "y": None}], [], None, [{"x": 2.0, "y": []}]], pa.list_(point)),
        "deep": cycle(n, [{"in": {"x": 1.0, "y": ["q"]}, "v": [1.0, 2.0, 3.0]}, {"in": {"x": None, "y": []}, "v": [4.0, 5.0, 6.0]}],
                      pa.struct([("in", point), ("v", pa.list_(pa.float32(), 3))])),
    }
    if version != "2.0":
        of["maybe"] = cycle(n, [{"x": 1.0, "y": None}, None, {"x": None, "y": ["z"]}], point)
    if version == "2.2":
        of["map"] = cycle(n, [[("a", 1), ("b", None)], None, []], pa.map_(pa.string(), pa.int32()))
        of["map_of"] = cycle(n, [[("k", [{"x": 1.0, "y": ["m"]}])], None, []], pa.map_(pa.string(), pa.list_(point)))
    return pa.table({**flat, **of})


@pytest.mark.parametrize("version", VERSIONS)
def test_every_nested_type_is_printed(place, version):
    table = nested(300, version)
    lance.write_dataset(table, place, data_storage_version=version)
    ds = lance.dataset(place)
    assert_scan(place, ds.to_table())
    # Next to deletions and in a further fragment.
    lance.write_dataset(table.slice(0, 50), place, mode="append")
    ds = lance.dataset(place)
    ds.delete("unsigned = 0")
    assert_scan(place, lance.dataset(place).to_table())
    names = ["unsigned", "points"]
    assert_scan(place, lance.dataset(place).to_table(columns=names), "--columns", ",".join(names))


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_printed_can_be_appended(place, tmp_path, version):
    """Every flat type; what is nested, or a dictionary, becomes null and is refused where a line gives it."""
    table = nested(60, version).append_column("doc_id", pa.array([f"d{i}" for i in range(60)]))
    vector = pa.FixedSizeListArray.from_arrays(pa.array(np.arange(120, dtype=np.float32)), 2)
    table = table.append_column("vector", vector)
    lance.write_dataset(table, place, data_storage_version=version)
    is_flat = {f.name: f.name == "vector" or not (pa.types.is_nested(f.type) or pa.types.is_dictionary(f.type)) for f in table.schema}
    lines = vectord("scan", place, "--columns", ",".join(name for name in is_flat if is_flat[name]))
    vectord("append", place, "--ndjson", "-", stdin="".join(json.dumps(line) + "\n" for line in lines))
    ds = lance.dataset(place)
    ds.validate()
    assert ds.data_storage_version == version and ds.count_rows() == 120
    got = ds.to_table()
    for name in is_flat:
        column = got.column(name).slice(60)
        if is_flat[name]:
            assert repr(column.to_pylist()) == repr(table.column(name).to_pylist()), name
        elif version != "2.0" or not pa.types.is_struct(column.type):
            assert column.null_count == 60, name
    before = contents(place)
    for name in ("ints", "few", "deep"):
        row = {**lines[0], name: vectord("scan", place, "--columns", name, "--limit", 1)[0][name]}
        with pytest.raises(Failed) as failed:
            vectord("append", place, "--ndjson", "-", stdin=json.dumps(row))
        assert f"'{name}'" in failed.value.error["message"] and contents(place) == before
