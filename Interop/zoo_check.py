# SPDX-License-Identifier: Apache-2.0
"""Compares what this package reads from the zoo's tables with what the official Lance read, byte by byte.

    python Interop/zoo_check.py OUT... --zoocheck .build/release/zoocheck [--only TEXT] [--report FILE.json]

OUT is a directory that Interop/zoo.py filled, by any number of writers. Needs pyarrow and numpy, but no pylance. Prints
each difference and at the end a table of columns equal / all; exit code 1 if any column is neither equal nor in
KNOWN_UNSUPPORTED.
"""
import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys
import threading
import time

import numpy as np
import pyarrow as pa

from zoo_canonical import canonical, kind_name, locate, type_name

# What this package does not read, and how it must say so:
# patterns of type, file version and table name, and a part of the error's text. A column that is read must be equal.
KNOWN_UNSUPPORTED = [
    (r"^large_binary$", r"2\.2", r"^blob", "a blob outside the data file (kind "),
]

SECONDS_A_TABLE = 120


class Crash(Exception):
    pass


class Reader:
    """zoocheck as a child process, which is started anew when it dies."""

    def __init__(self, program):
        self.program = program
        self.process = None

    def read(self, path):
        """The frames of one table: [(header, bytes)]. Raises Crash with the frames up to then."""
        if self.process is None:
            self.process = subprocess.Popen(
                [self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.errors = collections.deque(maxlen=200)
            self.listener = threading.Thread(target=self.listen, args=[self.process.stderr], daemon=True)
            self.listener.start()
        process, frames = self.process, []
        watch = threading.Timer(SECONDS_A_TABLE, process.kill)
        watch.start()
        try:
            process.stdin.write(str(path).encode() + b"\n")
            process.stdin.flush()
            while True:
                line = process.stdout.readline()
                header = json.loads(line) if line.endswith(b"\n") else None
                body = process.stdout.read(header.get("bytes", 0)) if header else b""
                if header is None or len(body) < header.get("bytes", 0):
                    raise BrokenPipeError
                if header.get("end"):
                    return frames, None
                frames.append((header, body))
        except BrokenPipeError:
            return frames, self.blame(not watch.is_alive())
        finally:
            watch.cancel()

    def listen(self, pipe):
        for line in pipe:
            self.errors.append(line.decode(errors="replace").rstrip())

    def blame(self, was_killed):
        self.process.stdin.close()
        code = self.process.wait()
        self.process = None
        self.listener.join(5)
        if was_killed:
            return f"no end after {SECONDS_A_TABLE} seconds"
        said = [line for line in self.errors if "Fatal error" in line or "rror:" in line]
        return f"crash, exit {code}: {(said or list(self.errors) or ['no word'])[0][:300]}"


def values(path, names=None):
    """Columns of an Arrow file."""
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
    return {name: table.column(name) for name in table.column_names}


def difference(want, header, body):
    """How what was read differs from an Arrow column, in words; None where it is equal."""
    if header["type"] != type_name(want.type):
        return f"type {header['type']}, expected {type_name(want.type)}"
    if header["rows"] != len(want):
        return f"{header['rows']} rows, expected {len(want)}"
    expected = np.concatenate(canonical(want))
    got = np.frombuffer(body, np.uint8)
    if len(got) == len(expected) and np.array_equal(got, expected):
        return None
    shared = min(len(got), len(expected))
    unequal = np.flatnonzero(got[:shared] != expected[:shared])
    position = int(unequal[0]) if len(unequal) else shared
    where = locate(want.type, len(want), expected.tobytes(), position)
    sample = f"{got[position:position + 8].tobytes().hex()}, expected {expected[position:position + 8].tobytes().hex()}"
    return f"{where}: {sample} ({len(unequal)} of {len(expected)} bytes differ; {len(got)} read)"


def shape(detail):
    """An error without names and numbers, to count its like."""
    text = re.sub(r" \([^()]*(\.lance|manifest)\b.*", "", detail)
    text = re.sub(r"^row .*, expected \w* \(.*", "other values", re.sub(r"column '[^']*'", "column", text))
    return re.sub(r"\d+", "#", text)[:200]


class Report:
    def __init__(self):
        self.counts = collections.defaultdict(collections.Counter)
        self.by_table = collections.defaultdict(collections.Counter)
        self.failures = []
        self.errors = collections.Counter()

    def add(self, writer, entry, column, kind, outcome, detail="", known=False):
        self.counts[writer, entry["version"], kind][outcome] += 1
        if outcome in ("equal", "equal to what was meant"):
            return
        self.errors[outcome, shape(detail)] += 1
        if not known:
            self.failures.append({"writer": writer, "version": entry["version"], "table": entry["table"],
                                  "column": column, "kind": kind, "outcome": outcome, "detail": detail})

    def print(self):
        versions = sorted({(writer, version) for writer, version, _ in self.counts})
        kinds = sorted({kind for _, _, kind in self.counts})
        width = max([len(kind) for kind in kinds] + [5])
        print("\ncolumns equal / all")
        print(" " * width, *(f"{writer + ' ' + version:>14}" for writer, version in versions))
        for kind in [*kinds, "total"]:
            cells = []
            for writer, version in versions:
                chosen = [counter for (w, v, k), counter in self.counts.items()
                          if (w, v) == (writer, version) and kind in (k, "total")]
                same = sum(counter["equal"] + counter["equal to what was meant"] for counter in chosen)
                total = sum(counter.total() for counter in chosen)
                cells.append(f"{f'{same}/{total}' if total else '-':>14}")
            print(f"{kind:{width}}", *cells)

    def as_json(self):
        rows = []
        for (writer, version, kind), counter in sorted(self.counts.items()):
            rows.append({"writer": writer, "file_version": version, "type": kind,
                         "equal": counter["equal"], "equal_to_what_was_meant": counter["equal to what was meant"],
                         "unsupported": counter["unsupported"], "different": counter["different"]})
        return {"results": rows, "failures": self.failures,
                "errors": [{"outcome": o, "text": t, "columns": n} for (o, t), n in self.errors.most_common()]}


def is_known(kind, entry, error):
    return any(
        re.search(pattern, kind) and re.search(version, entry["version"]) and re.search(name, entry["name"]) and text in error
        for pattern, version, name, text in KNOWN_UNSUPPORTED)


def check_table(reader, report, root, writer, entry):
    expected = values(root / entry["expected"])
    meant = values(root / entry["meant"]) if "meant" in entry else {}
    frames, crash = reader.read(root / entry["table"])
    whole = next((header for header, _ in frames if "column" not in header), None)
    read = {header["column"]: (header, body) for header, body in frames if "column" in header}
    lost = crash or (f"{whole['error']}" if whole else "the column is missing")
    for name in read.keys() - expected.keys():
        report.add(writer, entry, name, read[name][0].get("type", "?"), "different", "a column that should not be there")
    for name, want in expected.items():
        kind = kind_name(want.type)
        # A crash belongs to the first column without a frame; the others were not tried, and count as different too.
        header, body = read.get(name, ({"error": lost, "code": whole["code"] if whole and not crash else "crash"}, b""))
        if "error" in header:
            unsupported = header["code"] == "unsupported"
            report.add(writer, entry, name, kind, "unsupported" if unsupported else "different",
                       f"{header['code']}: {header['error']}", unsupported and is_known(kind, entry, header["error"]))
            continue
        detail = difference(want, header, body)
        if detail is None:
            report.add(writer, entry, name, kind, "equal")
        elif name in meant and difference(meant[name], header, body) is None:
            report.add(writer, entry, name, kind, "equal to what was meant")
        else:
            report.add(writer, entry, name, kind, "different", detail)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", nargs="+", type=pathlib.Path)
    parser.add_argument("--zoocheck", required=True)
    parser.add_argument("--only", default="", help="only tables with this in WRITER/VERSION/NAME.lance")
    parser.add_argument("--report", type=pathlib.Path)
    parser.add_argument("--lines", type=int, default=60, help="differences that are printed")
    arguments = parser.parse_args()
    began, report, reader, tables = time.time(), Report(), Reader(arguments.zoocheck), 0
    zoos = sorted(list for out in arguments.out for list in [*out.glob("zoo.json"), *out.glob("*/zoo.json")])
    for zoo in zoos:
        listing = json.loads(zoo.read_text())
        for entry in listing["tables"]:
            if arguments.only in f"{zoo.parent.name}/{entry['table']}":
                check_table(reader, report, zoo.parent, listing["pylance"], entry)
                tables += 1
    for failure in report.failures[: arguments.lines]:
        print(f"{failure['outcome']}: {failure['writer']} {failure['table']} {failure['column']} "
              f"{failure['kind']}: {failure['detail']}")
    if len(report.failures) > arguments.lines:
        print(f"... and {len(report.failures) - arguments.lines} more")
    report.print()
    for (outcome, text), count in report.errors.most_common(25):
        print(f"{count:6} {outcome}: {text}")
    if arguments.report:
        arguments.report.write_text(json.dumps(report.as_json(), indent=1))
    print(f"{tables} tables, {sum(c.total() for c in report.counts.values())} columns, "
          f"{len(report.failures)} failures, {time.time() - began:.0f} s")
    sys.exit(1 if report.failures or not tables else 0)


if __name__ == "__main__":
    main()
