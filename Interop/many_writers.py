# SPDX-License-Identifier: Apache-2.0
"""Several processes write one table at once, of this package and of two versions of the official library.

Each appends, upserts and deletes rows of its own, and now and then builds or optimizes indices and compacts. Others read
meanwhile, and must not see an error. Afterwards all three libraries must see the same table, which holds exactly what was
acknowledged, and the same number of rows in each version (400 of them are looked at where there are more, 40 of these
row by row); searches through the index must find what a comparison with all rows finds. First the official library runs
alone: what goes wrong there is its own, as is what `KNOWN` names (docs/COMPATIBILITY.md).

    python many_writers.py [--seconds 60] [--file-version 2.0] [--stable] [--only control|mixed]
"""
import collections
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

from mixed_model import distance
from workload_processes import OURS, P4, P14, Commands, Served, arguments
from workload_rows import text, vector

CONTROL = [P4, P4, P14, P14]
MIXED = [OURS, OURS, P4, P14]
# Rows that keep their ids: 4.0.2 ruins such tables alone.
STABLE_CONTROL, STABLE_MIXED = [P14] * 4, [OURS, OURS, P14, P14]
# What the official library does alone, by the names of problems below.
KNOWN = {
    # After each attempt that came too late it waits twice as long, up to minutes.
    f"{P4} writer ended with no end",
}
BASE_ROWS = 400
# So many versions are looked at in full, and so many counted, by all.
FULL, COUNTED = 40, 400


class Writer:
    def __init__(self, commands, who, number, place, directory, args):
        self.who, self.prefix = who, "abcdefgh"[number]
        self.name = f"{who} ({self.prefix})"
        self.log = directory / f"{self.prefix}.log"
        words = [
            "write", place, "--seconds", args.seconds, "--seed", args.seed * 10 + number, "--prefix", self.prefix,
            "--pause", args.pause]
        self.process = subprocess.Popen(
            commands.line(who, *words), stdout=self.log.open("w"), stderr=(directory / f"{self.prefix}.err").open("w"))

    def operations(self):
        """What it was about to do, each with what came of it; nothing for one that it did not come back from."""
        done = []
        for line in self.log.read_text().splitlines():
            line = json.loads(line)
            if "begin" in line:
                done.append(line)
            else:
                done[-1] = done[-1] | line
        return done


class Judge:
    """What the table must hold by the logs, and what it holds."""

    def __init__(self, writers, served, place):
        self.writers, self.served, self.place = writers, served, place
        self.problems = collections.Counter()
        self.examples = {}
        # id -> the serials that it may have now; None for a row that is gone.
        self.want = {f"z{i}": [0] for i in range(BASE_ROWS)}
        self.unknown = []
        self.figures = {}

    def problem(self, kind, example):
        self.problems[kind] += 1
        self.examples.setdefault(kind, example)

    def ask(self, who, op, **command):
        answer = self.served[who](op, **command)
        if "error" in answer:
            what = f"version {command['version']}" if "version" in command else "the newest version"
            self.problem(f"{who} {op}", f"{what}: {answer['error']}: {answer['message'][:300]}")
            return None
        return answer

    def read_logs(self):
        for w in self.writers:
            counts, waited = collections.Counter(), 0.0
            for o in w.operations():
                ids = o.get("ids", [])
                after = None if o["op"] == "delete" else o.get("serial")
                if "end" not in o or o.get("unknown"):
                    self.unknown.append((w.name, o, {i: (self.want.get(i, [None])[-1], after) for i in ids}))
                    for i in ids:
                        self.want[i] = [*self.want.get(i, [None]), after]
                elif "error" not in o:
                    for i in ids:
                        self.want[i] = [after]
                waited += o.get("seconds", 0)
                counts[o["op"]] += 1
                if "error" in o:
                    said = (o["error"] + o["message"]).lower()
                    conflict = "conflict" in said or "too many concurrent writers" in said
                    counts[o["op"] + (" conflict" if conflict else " error")] += 1
                    if not conflict:
                        self.problem(f"{w.who} writes: {o['op']}: {plain(o['message'])}", f"{w.name} {o}")
            self.figures[w.name] = dict(counts)

    def judge(self):
        self.read_logs()
        listed = self.ask(OURS, "versions")
        if not listed:
            return
        self.versions = listed["versions"]
        self.operations = dict(zip(self.versions, listed["operations"]))
        self.figures["versions"] = len(self.versions)
        for who in (P4, P14):
            theirs = self.ask(who, "versions")
            if theirs and theirs["versions"] != self.versions:
                self.problem(f"{who} lists other versions", f"{len(theirs['versions'])}, not {len(self.versions)}")
        self.judge_versions()
        contents = {who: self.ask(who, "contents") for who in self.served}
        for who, got in contents.items():
            if got:
                self.judge_contents(who, got["texts"])
        got = next((c for c in contents.values() if c), None)
        if got:
            self.judge_searches(sorted(set(got["texts"])))

    def judge_versions(self):
        sample = random.Random(1).sample
        counted = sorted({*sample(self.versions, min(COUNTED, len(self.versions))), self.versions[-1]})
        full = set(sample(counted, min(FULL, len(counted)))) | {self.versions[-1]}
        self.figures |= {"versions counted": len(counted), "versions read in full": len(full)}
        for version in counted:
            seen = {who: self.ask(who, "count", version=version) for who in self.served}
            if len({s["count"] for s in seen.values() if s}) > 1:
                self.problem("counts differ", f"version {version}: {seen}")
            if version in full:
                texts = {who: self.ask(who, "contents", version=version) for who in self.served}
                if len({tuple(sorted(t["texts"])) for t in texts.values() if t}) > 1:
                    self.problem("contents differ", f"version {version}")

    def judge_contents(self, who, texts):
        serials = collections.defaultdict(list)
        for t in texts:
            doc_id, serial = t.split(" v")
            serials[doc_id].append(int(serial))
        for i in self.want.keys() | serials.keys():
            got, legal = serials.get(i, []), self.want.get(i, [None])
            if len(got) > 1:
                self.problem(f"twins, as {who} reads", f"{i}: {sorted(got)}, wanted {legal}; {self.blame(i, 2)}")
            elif (got or [None])[0] not in legal:
                kind = "lost" if not got else "undead" if legal == [None] else "outdated"
                self.problem(f"{kind} rows, as {who} reads", f"{i}: {got}, wanted {legal}; {self.blame(i, len(got))}")
        for name, o, rows in self.unknown:
            now = {i: serials.get(i, []) for i in rows}
            if len(rows) < 2 or any(before == after for before, after in rows.values()):
                continue
            done = {(now[i] or [None])[-1] == after for i, (before, after) in rows.items()}
            if len(done) > 1:
                self.problem(f"done by half, as {who} reads", f"{name} {o}: {now}")

    def blame(self, doc_id, wanted):
        """The version since which a row stands as it does at the end."""
        if len(self.problems) > 20:
            return ""
        def state(version):
            got = self.served[OURS]("contents", version=version).get("texts", [])
            return sorted(t for t in got if t.startswith(doc_id + " v"))
        now, low, high = state(self.versions[-1]), 0, len(self.versions) - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if state(self.versions[middle]) == now else (middle, high)
        version = self.versions[high]
        return f"since version {version} ({self.operations[version]})"

    def judge_searches(self, texts):
        for number in range(12):
            query = vector(f"query {number}") if number % 2 else vector(texts[number % len(texts)])
            want = sorted((distance("l2", query, vector(t)), t) for t in texts)[:10]
            for who in self.served:
                answer = self.ask(who, "search", query=query, k=10, refine=len(texts) + 1)
                if answer is None:
                    continue
                if who == OURS:
                    self.figures["index"] = answer.get("index")
                    if not answer.get("index"):
                        continue
                got = list(zip(answer["distances"], answer["texts"]))
                near = len(got) == len(want) and all(abs(a[0] - b[0]) < 1e-5 for a, b in zip(got, want))
                if not near or len(set(answer["texts"])) != len(got):
                    self.problem(f"searches of {who} differ", f"{got}, not {want}")


def plain(message):
    """A message without what differs each time."""
    message = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32,}", "<id>", message.split(", /home/")[0])
    return re.sub(r"\d+", "#", re.sub(r"/\S*", "<path>", message))[:160]


def run(title, who, args):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="writers-", dir=args.directory))
    place = str(directory / "t.lance")
    commands = Commands(args)
    served = {name: Served(commands, name, place) for name in (OURS, P4, P14)}
    for op, command in [
        ("create", {"ids": [f"z{i}" for i in range(BASE_ROWS)], "serial": 0, "file_version": args.file_version,
                    "stable": args.stable}),
        ("index", {"bits": 8}), ("scalar_index", {}),
    ]:
        answer = served[P14](op, **command)
        assert "error" not in answer, answer
    writers = [Writer(commands, name, number, place, directory, args) for number, name in enumerate(who)]
    readers = {
        name: subprocess.Popen(
            commands.line(name, "read", place, "--seconds", args.seconds, "--seed", args.seed),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for name in ([OURS, P14] if OURS in who else [P4, P14])}
    deadline = time.monotonic() + args.seconds + 120
    judge = Judge(writers, served, place)
    for process, name in [(w.process, w.name) for w in writers]:
        try:
            code = process.wait(max(1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            code = "no end"
        if code:
            judge.problem(f"{name.split()[0]} writer ended with {code}", name)
    for name, process in readers.items():
        try:
            out = process.communicate(timeout=max(1, deadline - time.monotonic()))[0].splitlines()
        except subprocess.TimeoutExpired:
            process.kill()
            out = [json.dumps({"error": "no end", "message": ""})]
        for line in map(json.loads, out):
            if "error" in line:
                judge.problem(f"{name} reads: {plain(line['message'])}", str(line)[:500])
            else:
                judge.figures[f"{name} reads"] = line
    judge.judge()
    for s in served.values():
        s.close()
    print(f"== {title}: {args.seconds:g} s, files {args.file_version}, stable row ids {args.stable}")
    for name, figures in judge.figures.items():
        print(f"  {name}: {figures}")
    for kind, count in sorted(judge.problems.items()):
        print(f"  PROBLEM {count} x {kind}\n    {judge.examples[kind][:900]}")
    sys.stdout.flush()
    if args.keep and judge.problems:
        print(f"  kept in {directory}")
    else:
        shutil.rmtree(directory)
    return judge.problems


def self_test():
    """Each way in which a table can be wrong is seen: a judge that sees nothing finds nothing."""
    class Fake:
        name, who = "fake", OURS

        def __init__(self, operations):
            self.operations = lambda: operations

    def judged(operations, texts):
        judge = Judge([Fake(operations)], {}, "")
        judge.want, judge.blame = {}, lambda *_: ""
        judge.read_logs()
        judge.judge_contents(OURS, texts)
        return [kind.split()[0].strip(",") for kind in judge.problems]

    add = {"begin": 1, "end": 1, "op": "append", "ids": ["a1", "a2"], "serial": 1}
    change = {"begin": 2, "end": 2, "op": "upsert", "ids": ["a1", "a2"], "serial": 2}
    remove = {"begin": 3, "end": 3, "op": "delete", "ids": ["a1"]}
    unknown = {"begin": 2, "op": "upsert", "ids": ["a1", "a2"], "serial": 2}
    for operations, texts, want in [
        ([add], ["a1 v1", "a2 v1"], []),
        ([add], ["a1 v1"], ["lost"]),
        ([add], ["a1 v1", "a2 v1", "a2 v1"], ["twins"]),
        ([add, change], ["a1 v2", "a2 v1"], ["outdated"]),
        ([add, remove], ["a1 v1", "a2 v1"], ["undead"]),
        ([add], ["a1 v1", "a2 v1", "b1 v1"], ["undead"]),
        ([add, change | {"error": "conflict", "message": "conflict"}], ["a1 v2", "a2 v2"], ["outdated", "outdated"]),
        ([add, unknown], ["a1 v2", "a2 v2"], []),
        ([add, unknown], ["a1 v1", "a2 v1"], []),
        ([add, unknown], ["a1 v2", "a2 v1"], ["done"]),
    ]:
        got = judged(operations, texts)
        assert set(got) == set(want), (operations, texts, got)


def main():
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pause", type=float, default=0.1, help="seconds that a writer waits after a change")
    parser.add_argument("--file-version", default="2.0")
    parser.add_argument("--stable", action="store_true", help="rows keep their ids")
    parser.add_argument("--only", choices=["control", "mixed"])
    parser.add_argument("--writers", nargs="*", choices=MIXED, help="others than two of ours, 4.0.2 and 14.0.2")
    parser.add_argument("--directory", help="where the tables are to be")
    parser.add_argument("--keep", action="store_true", help="keep a table with problems")
    args = parser.parse_args()
    self_test()
    known = KNOWN | ({f"searches of {P4} differ"} if args.stable else set())
    if args.only != "mixed":
        known = known | set(run("the official library alone", STABLE_CONTROL if args.stable else CONTROL, args))
    if args.only != "control":
        mixed = args.writers or (STABLE_MIXED if args.stable else MIXED)
        bad = set(run("all together", mixed, args)) - known
        sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
