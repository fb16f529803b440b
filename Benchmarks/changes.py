# SPDX-License-Identifier: Apache-2.0
"""Times changes of a table and its upkeep, vectord beside pylance, in turn, each on its own copy of the same table.

    pip install pylance==14.0.2 pyarrow numpy
    swift build -c release --product vectord
    python Benchmarks/changes.py --work DIR --data DIR/SET [--rounds 3] [--versions 10000]

--data names a directory with base.parquet and append.parquet, as Benchmarks/bench.py has it. vectord makes the tables, each
operation runs in a fresh process that has opened its table before the clock starts; vectord waits for the device, pylance
does not.
"""
import argparse
import datetime
import json
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve()
OPERATIONS = ["upsert", "delete", "optimize", "compact", "cleanup"]


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def pylance(operation, place, n):
    import lance
    import pyarrow as pa
    import pyarrow.compute as pc

    dataset = lance.dataset(place)
    if operation in ("upsert", "delete"):
        rows = dataset.to_table(limit=n)
        rows = rows.set_column(3, "chunk_text", pc.binary_join_element_wise(rows["chunk_text"], "!", ""))
        ids = ", ".join(f"'{x}'" for x in rows["doc_id"].to_pylist())
    dataset.count_rows()
    seconds, used = time.perf_counter(), cpu()
    if operation == "upsert":
        dataset.merge_insert("doc_id").when_matched_update_all().when_not_matched_insert_all().execute(rows)
    elif operation == "delete":
        dataset.delete(f"doc_id IN ({ids})")
    elif operation == "optimize":
        dataset.optimize.optimize_indices()
    elif operation == "compact":
        dataset.optimize.compact_files()
    elif operation == "cleanup":
        dataset.cleanup_old_versions(older_than=datetime.timedelta(0))
    print(json.dumps({"seconds": time.perf_counter() - seconds, "cpu_s": cpu() - used}))


def run(command):
    done = subprocess.run([str(x) for x in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command}: {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")][-1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--vectord", default=HERE.parents[1] / ".build/release/vectord", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--versions", type=int, default=10_000)
    parser.add_argument("--pylance", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.pylance:
        return pylance(options.pylance[0], options.pylance[1], int(options.pylance[2]))

    work, base, append = options.work / "changes", options.data / "base.parquet", options.data / "append.parquet"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)

    def bench(operation, place, **parameters):
        return run([
            options.vectord, "bench", operation, "--parquet", parameters.pop("parquet", base), "--dataset", place, "--params",
            json.dumps(parameters)])

    indexed, tail, small, old = (work / x for x in ("indexed", "tail", "small", "old"))
    bench("migrate", indexed)
    rows = run([options.vectord, "count", indexed, "--json"])["rows"]
    full = bench("index", indexed)
    scalar = bench("btree", indexed)
    shutil.copytree(indexed, tail)
    one = rows // 100
    run([sys.executable, "-c", f"""
import pyarrow.parquet as pq
pq.write_table(pq.read_table({str(append)!r}).slice(0, {one}), {str(work / 'tail.parquet')!r})
print('{{}}')"""])
    run([options.vectord, "append", tail, "--parquet", work / "tail.parquet", "--json"])
    bench("fragments", small, parquet=append, n=1000)
    shutil.copytree(indexed, old)
    bench("versions", old, n=options.versions)
    places = {"upsert": indexed, "delete": indexed, "optimize": tail, "compact": small, "cleanup": old}

    results = {}
    for _ in range(options.rounds):
        for operation in OPERATIONS:
            for peer in ("vectord", "pylance"):
                copy = work / "copy"
                shutil.rmtree(copy, ignore_errors=True)
                shutil.copytree(places[operation], copy)
                subprocess.run(["sync"])
                if peer == "vectord":
                    got = bench(operation, copy)
                else:
                    got = run([sys.executable, HERE, "--pylance", operation, copy, 1000])
                results.setdefault((operation, peer), []).append(got)
    print(f"{rows} rows; full builds: vectors {full['cpu_s']:.3f}, doc_id {scalar['cpu_s']:.3f} CPU s; tail {one} rows")
    print(f"{'median':10} {'vectord s':>10} {'CPU s':>8} {'pylance s':>10} {'CPU s':>8} {'ratio':>6} {'CPU':>6}")
    for operation in OPERATIONS:
        ours, theirs = (
            [statistics.median(x[key] for x in results[operation, peer]) for key in ("seconds", "cpu_s")]
            for peer in ("vectord", "pylance"))
        print(
            f"{operation:10} {ours[0]:10.4f} {ours[1]:8.4f} {theirs[0]:10.4f} {theirs[1]:8.4f} {ours[0] / theirs[0]:6.2f} "
            f"{ours[1] / theirs[1]:6.2f}")
    print(f"optimize, CPU: {results['optimize', 'vectord'][0]['cpu_s'] / (full['cpu_s'] + scalar['cpu_s']):.2%} of full builds")


if __name__ == "__main__":
    main()
