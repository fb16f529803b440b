# SPDX-License-Identifier: Apache-2.0
"""What Tests/Workload is for this package, for the official library: one of several processes on a table.

    python pylance_workload.py serve TABLE
    python pylance_workload.py write TABLE --seconds 10 --seed 0 --prefix p [--mix append=5,delete=2]
    python pylance_workload.py read TABLE --seconds 10 --seed 0

Commands, answers and lines of output are those of Tests/Workload (Command.swift, Write.swift, Read.swift).
"""
import argparse
import json
import random
import sys
import time

import lance
import pyarrow as pa

from workload_rows import DIMENSION, made_row, text, vector

SCHEMA = pa.schema(
    [
        pa.field("source", pa.string()),
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("chunk_idx", pa.int32()),
        pa.field("chunk_text", pa.string()),
        pa.field("vector", pa.list_(pa.float32(), DIMENSION), nullable=False),
    ]
)


def table(ids, serial):
    return pa.Table.from_pylist([made_row(text(i, serial)) for i in ids], schema=SCHEMA)


class Wrong(Exception):
    """The table does not hold what was put there."""


class Worker:
    def __init__(self, place):
        self.place = place
        self.ds = None

    def open(self, version=None):
        return lance.dataset(self.place, version=version)

    def perform(self, command):
        try:
            return getattr(self, command["op"])(command) or {}
        # Panics of the Rust library are no Exception.
        except BaseException as e:
            if isinstance(e, (KeyboardInterrupt, SystemExit)):
                raise
            return {"error": "wrong" if isinstance(e, Wrong) else type(e).__name__, "message": str(e)[:600]}

    def create(self, command):
        name = {"enable_stable_row_ids": True} if command.get("stable") else {}
        lance.write_dataset(
            table(command["ids"], command["serial"]), self.place, data_storage_version=command["file_version"], **name)

    def change(self, command):
        """The table as it is now; where the command says so, as it was when it was last opened."""
        if not (command.get("stale") and self.ds):
            self.ds = self.open()
        return self.ds

    def use(self, command):
        self.__init__(command["table"])

    def reopen(self, command):
        self.ds = self.open()

    def append(self, command):
        lance.write_dataset(table(command["ids"], command["serial"]), self.change(command), mode="append")
        return {"count": len(command["ids"])}

    def upsert(self, command):
        merge = self.change(command).merge_insert("doc_id").when_matched_update_all().when_not_matched_insert_all()
        return {"count": merge.execute(table(command["ids"], command["serial"]))["num_updated_rows"]}

    def delete(self, command):
        self.change(command).delete("doc_id IN ({})".format(", ".join(f"'{i}'" for i in command["ids"])))

    def index(self, command):
        self.change(command).create_index(
            "vector", "IVF_PQ", name="vec_idx", metric=command.get("metric", "l2"), num_partitions=3,
            num_sub_vectors=2, num_bits=command.get("bits", 4), replace=True)

    def scalar_index(self, command):
        self.change(command).create_scalar_index("doc_id", "BTREE", name="doc_id_btree", replace=True)

    def optimize(self, command):
        self.change(command).optimize.optimize_indices()

    def compact(self, command):
        done = self.change(command).optimize.compact_files(target_rows_per_fragment=command.get("rows", 1 << 20))
        return {"count": done.fragments_removed}

    def restore(self, command):
        self.open(command["version"]).restore()
        return {"version": self.open().version}

    def count(self, command):
        return {"count": self.open(command.get("version")).count_rows()}

    def version(self, command):
        return {"version": self.open().version}

    def versions(self, command):
        return {"versions": [v["version"] for v in self.open().versions()]}

    def get(self, command):
        rows = self.open(command.get("version")).to_table(filter=f"doc_id = '{command['ids'][0]}'").to_pylist()
        return {"texts": self.checked(rows)}

    def contents(self, command):
        ds = self.open(command.get("version"))
        return {"version": ds.version, "texts": self.checked(ds.to_table().to_pylist())}

    def checked(self, rows):
        for row in rows:
            if row != made_row(row["chunk_text"]):
                raise Wrong(f"the row is {row}")
        return [row["chunk_text"] for row in rows]

    def search(self, command):
        ds = self.open(command.get("version"))
        nearest = {"column": "vector", "q": command["query"], "k": command["k"], "nprobes": 1 << 20}
        if command.get("refine"):
            nearest["refine_factor"] = command["refine"]
        t = ds.to_table(columns=["chunk_text", "_distance"], nearest=nearest)
        found = {"version": ds.version, "texts": t["chunk_text"].to_pylist(), "distances": t["_distance"].to_pylist()}
        return found | ({"index": "vec_idx"} if any(i["name"] == "vec_idx" for i in ds.list_indices()) else {})


def say(line):
    print(json.dumps(line), flush=True)


def serve(worker):
    for line in sys.stdin:
        say(worker.perform(json.loads(line)))


class OwnRows:
    """The rows of one writing process, as far as it knows, and what it may do with them next: OwnRows.swift."""

    MANY = 300

    def __init__(self, prefix, seed):
        self.prefix, self.random = prefix, random.Random(seed)
        self.live, self.last = set(), 0

    def fresh(self, most):
        n = self.random.randint(1, most)
        self.last += n
        return [f"{self.prefix}{i}" for i in range(self.last - n + 1, self.last + 1)]

    def known(self, most):
        return self.random.sample(sorted(self.live), min(len(self.live), self.random.randint(1, most)))

    def next(self, op, number):
        r = self.random
        if op == "append" and len(self.live) < self.MANY:
            return {"op": op, "ids": self.fresh(8), "serial": number}
        if op == "upsert":
            ids = self.known(6) + (self.fresh(2) if r.random() < 0.3 else [])
            return {"op": op, "ids": ids or self.fresh(2), "serial": number}
        if op in ("append", "delete"):
            ids = self.known(10)
            return {"op": "delete", "ids": ids} if ids else {"op": "append", "ids": self.fresh(8), "serial": number}
        if op == "index":
            return {"op": op, "bits": r.choice([4, 8])}
        if op == "compact":
            return {"op": op, "rows": r.choice([1 << 20, 100])}
        return {"op": op}

    def finish(self, command, failed):
        if failed or command["op"] == "delete":
            # What an error of theirs has left behind is not known.
            self.live -= set(command.get("ids", []))
        else:
            self.live |= set(command.get("ids", []))


def write(worker, args):
    choice = [name for part in args.mix.split(",") for name, n in [part.split("=")] for _ in range(int(n))]
    rows = OwnRows(args.prefix, args.seed)
    end, number = time.monotonic() + args.seconds, 0
    while time.monotonic() < end:
        number += 1
        command = rows.next(rows.random.choice(choice), number)
        told = {k: command[k] for k in ("ids", "serial") if k in command}
        say({"begin": number, "at": time.time(), "op": command["op"]} | told)
        began = time.monotonic()
        answer = worker.perform(command)
        failed = "error" in answer
        rows.finish(command, failed)
        unknown = {"unknown": True} if failed and "ids" in command else {}
        say({"end": number, "seconds": time.monotonic() - began} | answer | unknown)
        time.sleep(args.pause * rows.random.uniform(0, 2))


def read(worker, args):
    r, done, versions, texts = random.Random(args.seed), {}, [], []
    end = time.monotonic() + args.seconds
    while time.monotonic() < end:
        known = r.choice(texts) if texts else "nobody0 v0"
        op = r.choices(["search", "get", "count", "contents", "versions"], [35, 30, 15, 12, 4])[0]
        command = {"op": op, "ids": [known.split(" ")[0]], "query": vector(known), "k": r.randint(1, 20)}
        if versions and op != "versions" and r.random() < 0.3:
            command["version"] = r.choice(versions)
        answer = worker.perform(command)
        if "error" in answer:
            # Two sessions of one library see one another's commits in their own time: the reader goes on.
            say({"command": command} | answer)
            done["errors"] = done.get("errors", 0) + 1
            continue
        versions = answer.get("versions", versions)
        if op == "contents":
            texts = answer["texts"]
        name = op + (" at" if "version" in command else "")
        done[name] = done.get(name, 0) + 1
    say(done)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["serve", "write", "read"])
    parser.add_argument("table")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--prefix", default="p")
    parser.add_argument("--pause", type=float, default=0)
    parser.add_argument("--mix", default="append=30,upsert=30,delete=20,optimize=6,compact=6,index=2,scalar_index=2")
    args = parser.parse_args()
    worker = Worker(args.table)
    {"serve": lambda: serve(worker), "write": lambda: write(worker, args), "read": lambda: read(worker, args)}[
        args.command]()


if __name__ == "__main__":
    main()
