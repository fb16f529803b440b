# SPDX-License-Identifier: Apache-2.0
"""Tables of each file version that vectord makes, under every other reader; and LanceDB and vectord in turn.

    python Interop/readers.py WORK --vectord .build/release/vectord [--environments .interop] [--report FILE.json]

WORK is a directory for the tables. Needs pyarrow and numpy; each reader runs in its own virtual environment,
ENVIRONMENTS/venv-<name>. Prints what each of them said; exit code 1 if one reads anything else than what was written,
or if one that cannot read a version suddenly can.
"""
import argparse
import datetime
import json
import pathlib
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

VERSIONS = ("2.0", "2.1", "2.2")
# A name, the environment that it runs in, and what reads there.
READERS = [
    ("pylance 1.0.4", "lance-1.0.4", "lance"),
    ("pylance 4.0.2", "lance-4.0.2", "lance"),
    ("pylance 14.0.2", "lance-14.0.2", "lance"),
    ("LanceDB 0.40.0", "lancedb", "lancedb"),
    ("DuckDB 1.5.5", "duckdb", "duckdb"),
]
# The Lance 1 line had a draft of 2.2 only, which differs from the released one.
CANNOT = {("pylance 1.0.4", "2.2")}

ROWS, APPENDED, DIMENSION = 2000, 300, 384


# ------------------------------------------------------------------ what is written


def some(values, every):
    """The values, some of them null."""
    return [None if i % every == every // 2 else value for i, value in enumerate(values)]


def texts(first, n):
    """Empty, short, long (40 kB) and of all planes of Unicode."""
    letters = ["", "plain", "žluťoučký kůň", "日本語のテキスト", "👩‍👩‍👧 ☃", "line\nbreak\t\"quoted\" \\", "\u0000 null"]
    return [letters[i % 7] * (3333 if i % 250 == 4 else 1) + (str(i) if i % 7 else "") for i in range(first, first + n)]


def rows(first, n):
    """What is migrated and must be read."""
    v = np.random.RandomState(first + 1).standard_normal((n, DIMENSION)).astype(np.float32)
    r = range(first, first + n)
    start = datetime.datetime(2020, 1, 1)
    return pa.table({
        "source": pa.array(["one source"] * n if first == 0 else some(["other", "source"] * (n // 2), 5), pa.string()),
        "doc_id": pa.array([f"dokument-é☃-{i:05d}" for i in r], pa.string()),
        "chunk_idx": pa.array(some(r, 9), pa.int32()),
        "chunk_text": pa.array(some(texts(first, n), 11), pa.string()),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(v.reshape(-1)), DIMENSION),
        "flag": pa.array(some([i % 3 == 0 for i in r], 7), pa.bool_()),
        "big": pa.array(some([(-1) ** i * (2**63 - 1 - i) for i in r], 6), pa.int64()),
        "real": pa.array(some([float("inf") if i % 50 == 1 else i / 7 for i in r], 8), pa.float64()),
        "raw": pa.array(some([bytes([i % 256]) * (i % 5) for i in r], 10), pa.binary()),
        "day": pa.array(some([start.date() + datetime.timedelta(days=i) for i in r], 12), pa.date32()),
        "time": pa.array(some([start + datetime.timedelta(microseconds=7919 * i) for i in r], 13), pa.timestamp("us")),
    })


def write_parquet(path, table):
    v = np.asarray(table.column("vector").combine_chunks().flatten()).reshape(table.num_rows, DIMENSION)
    raw = pa.array([row.tobytes() for row in v], pa.binary())
    pq.write_table(table.set_column(4, "vector", raw), path)


def run(program, *arguments, stdin=None):
    """Runs vectord with --json: its answer."""
    command = [program, arguments[0], "--json", *map(str, arguments[1:])]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))[:300]}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def make_tables(vectord, work):
    """A table of two fragments for each file version, and the Arrow file of what it holds."""
    parts = [rows(0, ROWS), rows(ROWS, APPENDED)]
    for i, part in enumerate(parts):
        write_parquet(work / f"{i}.parquet", part)
    for version in VERSIONS:
        place = work / f"v{version}.lance"
        run(vectord, "migrate", work / "0.parquet", place, "--file-version", version)
        run(vectord, "append", place, "--parquet", work / "1.parquet")
    with pa.OSFile(str(work / "expected.arrow"), "wb") as file:
        table = pa.concat_tables(parts).combine_chunks()
        with pa.ipc.new_file(file, table.schema) as out:
            out.write_table(table)


# ------------------------------------------------------------------ what is read, in the reader's environment


def read_lance(path):
    import lance

    dataset = lance.dataset(str(path))
    return dataset.to_table(), dataset.to_table(columns=["doc_id"], filter="chunk_idx >= 1900 AND source IS NOT NULL")


def read_lancedb(path):
    import lancedb

    table = lancedb.connect(str(path.parent)).open_table(path.stem)
    wanted = table.search().where("chunk_idx >= 1900 AND source IS NOT NULL").select(["doc_id"]).limit(ROWS)
    return table.to_arrow(), wanted.to_arrow()


def read_duckdb(path):
    import duckdb
    import duckdb_extension_lance

    home = pathlib.Path(duckdb_extension_lance.__file__).parent / "extensions" / f"v{duckdb.__version__}"
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    connection.execute(f"LOAD '{home / 'lance.duckdb_extension'}'")
    answers = [f"SELECT * FROM '{path}'", f"SELECT doc_id FROM '{path}' WHERE chunk_idx >= 1900 AND source IS NOT NULL"]
    return tuple(pa.table(connection.execute(query).fetch_arrow_table()) for query in answers)


def difference(want, got, filtered):
    """How what was read differs from what was written, in words; None where it is equal."""
    if got.column_names != want.column_names or got.num_rows != want.num_rows:
        return f"{got.num_rows} rows of {', '.join(got.column_names)}"
    # Not every reader promises the order of the table.
    got = got.take(pc.sort_indices(got.column("doc_id")))
    for field in want.schema:
        column = got.column(field.name).cast(field.type).combine_chunks()
        # Equal by value: a null row of a list may have any items.
        if not column.equals(want.column(field.name).combine_chunks()):
            return f"column {field.name} differs"
    mask = pc.and_(pc.greater_equal(want.column("chunk_idx"), 1900), pc.is_valid(want.column("source")))
    if sorted(filtered.column("doc_id").to_pylist()) != want.filter(mask).column("doc_id").to_pylist():
        return "a filter finds other rows"
    return None


def read_as(kind, path, expected):
    with pa.memory_map(str(expected)) as source:
        want = pa.ipc.open_file(source).read_all()
    got, filtered = {"lance": read_lance, "lancedb": read_lancedb, "duckdb": read_duckdb}[kind](path)
    return difference(want, got, filtered)


def judged(python, kind, path, expected):
    """One reader's word on one table: "equal", or what went wrong."""
    command = [python, __file__, "--read-as", kind, str(path), "--expected", str(expected)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        return f"not read: {said[-1][:300] if said else f'exit {done.returncode}'}"
    return done.stdout.strip()


# ------------------------------------------------------------------ LanceDB and vectord in turn

LANCEDB_ROWS, LANCEDB_DIMENSION = 3000, 64


def lancedb_vectors(seed, n):
    return np.random.RandomState(seed).standard_normal((n, LANCEDB_DIMENSION)).astype(np.float32)


def lancedb_create(work):
    """A table by LanceDB's defaults, with names of its own, and both indices."""
    import lancedb
    from lancedb.index import BTree, IvfPq

    v = lancedb_vectors(1, LANCEDB_ROWS)
    table = lancedb.connect(str(work)).create_table("lancedb", pa.table({
        "key": [f"k{i:05d}" for i in range(LANCEDB_ROWS)],
        "body": [f"body {i} ☃" for i in range(LANCEDB_ROWS)],
        "embedding": pa.FixedSizeListArray.from_arrays(pa.array(v.reshape(-1)), LANCEDB_DIMENSION),
    }))
    table.create_index("embedding", config=IvfPq(distance_type="cosine", num_partitions=4, num_sub_vectors=16))
    table.create_index("key", config=BTree())


def lancedb_read(work, nearest):
    """What LanceDB reads and finds after vectord has appended and indexed."""
    import lancedb

    table = lancedb.connect(str(work)).open_table("lancedb")
    want = json.loads(nearest)
    read = table.to_arrow()
    keys = [row["key"] for row in table.search().where("key = 'k00007' OR key = 'new-3'").limit(5).to_list()]
    found = []
    for query in lancedb_queries():
        search = table.search(query, vector_column_name="embedding").distance_type("cosine")
        found.append([row["key"] for row in search.nprobes(64).refine_factor(400).limit(10).to_list()])
    if read.num_rows != LANCEDB_ROWS + 20:
        return f"{read.num_rows} rows"
    if read.column("body").to_pylist()[-1] != "new body 19":
        return "the appended rows are not the last"
    if sorted(keys) != ["k00007", "new-3"]:
        return f"a filter by key finds {keys}"
    if found != want:
        return f"a search finds {found}, not {want}"
    return None


def lancedb_queries():
    return lancedb_vectors(9, 5)


def nearest_keys(vectors, keys):
    """The exact answers to the queries."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    answers = []
    for query in lancedb_queries().astype(np.float64):
        order = np.argsort(-(unit @ query), kind="stable")[:10]
        answers.append([keys[i] for i in order])
    return answers


def in_turn(vectord, python, work):
    """LanceDB makes a table and its indices, vectord searches, appends and indexes, LanceDB reads. What was done, or the failure."""
    names = ["--id-column", "key", "--text-column", "body", "--vector-column", "embedding"]
    subprocess.run([python, __file__, "--read-as", "create", str(work)], check=True)
    place = work / "lancedb.lance"
    keys = [f"k{i:05d}" for i in range(LANCEDB_ROWS)]
    v = lancedb_vectors(1, LANCEDB_ROWS).astype(np.float64)

    def searched(index):
        want = nearest_keys(v, keys)
        queries = json.dumps([[float(x) for x in query] for query in lancedb_queries()])
        answers = run(vectord, "search", place, "--query", "-", "--nprobes", 64, "--refine", 400, "--explain", *names, stdin=queries)
        for answer, expected in zip(answers, want):
            if answer["index"] != index:
                return f"vectord searched by {answer['index']}, not {index}"
            if [hit["doc_id"] for hit in answer["hits"]] != expected:
                return f"vectord found {answer['hits']}, not {expected}"
        return None

    problem = searched("embedding_idx")
    more = lancedb_vectors(2, 20)
    lines = [{"key": f"new-{i}", "body": f"new body {i}", "embedding": [float(x) for x in more[i]]} for i in range(20)]
    run(vectord, "append", place, "--ndjson", "-", *names, stdin="".join(json.dumps(line) + "\n" for line in lines))
    keys, v = keys + [line["key"] for line in lines], np.concatenate([v, more])
    problem = problem or searched("embedding_idx")

    def theirs():
        command = [python, __file__, "--read-as", "in-turn", str(work), "--expected", json.dumps(nearest_keys(v, keys))]
        done = subprocess.run(command, capture_output=True, text=True)
        said = done.stdout.strip() if done.returncode == 0 else done.stderr.strip()[-300:]
        return None if said == "equal" else f"LanceDB: {said}"

    problem = problem or theirs()
    run(vectord, "index", place, "--partitions", 5, "--sub-vectors", 16, *names)
    run(vectord, "scalar-index", place, "key")
    problem = problem or searched("vec_idx") or theirs()
    row = run(vectord, "get", place, "new-3", *names)
    if not problem and row["chunk_text"] != "new body 3":
        problem = f"vectord got {row}"
    version = run(vectord, "inspect", place)["detail"]["summary"]["file_version"]
    return {"file_version": version, "outcome": problem or "equal"}


# ------------------------------------------------------------------


def child(arguments):
    """What runs in the environment of a reader."""
    warnings.simplefilter("ignore")
    if arguments.read_as == "create":
        lancedb_create(arguments.work)
        return
    if arguments.read_as == "in-turn":
        problem = lancedb_read(arguments.work, arguments.expected)
    else:
        problem = read_as(arguments.read_as, arguments.work, arguments.expected)
    print(problem or "equal")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--vectord")
    parser.add_argument("--environments", type=pathlib.Path, default=pathlib.Path(".interop"))
    parser.add_argument("--report", type=pathlib.Path)
    parser.add_argument("--read-as", help=argparse.SUPPRESS)
    parser.add_argument("--expected", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read_as:
        child(arguments)
        return
    work = arguments.work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    make_tables(arguments.vectord, work)

    def python(environment):
        return arguments.environments.absolute() / f"venv-{environment}" / "bin" / "python"

    results, failures = [], 0
    for name, environment, kind in READERS:
        for version in VERSIONS:
            outcome = judged(python(environment), kind, work / f"v{version}.lance", work / "expected.arrow")
            known = (name, version) in CANNOT
            as_expected = outcome.startswith("not read") if known else outcome == "equal"
            failures += not as_expected
            print(f"{name}, file version {version}: {outcome}{' (known)' if known and as_expected else ''}")
            results.append({"reader": name, "file_version": version, "outcome": outcome, "as_expected": as_expected})
    turn = in_turn(arguments.vectord, python("lancedb"), work)
    failures += turn["outcome"] != "equal"
    print(f"LanceDB and vectord in turn, file version {turn['file_version']}: {turn['outcome']}")
    if arguments.report:
        arguments.report.write_text(json.dumps({"results": results, "lancedb_in_turn": turn}, indent=1))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
