# SPDX-License-Identifier: Apache-2.0
"""Random histories of one table, each step done by us or by one of two versions of the official library, against a
dictionary.

After each step our count, searches (all partitions, all candidates exact) and fetches are compared with the dictionary,
every tenth step everything that all three see. Where something differs, the shortest part of the history that still
fails is printed. Steps of theirs that begin from an old handle may be refused, or done; both are legal.

    python mixed_model.py [--steps 500] [--length 50] [--seed 0]

Left out, since the official library does it wrong alone (docs/COMPATIBILITY.md): where rows keep their ids, 4.0.2 writes
nothing, and only its counts and whole tables are compared.
"""
import random
import shutil
import sys
import tempfile
import time

from workload_processes import OURS, P4, P14, Commands, Died, Served, arguments
from workload_rows import text, vector

IDS = 160
WHO = [OURS, P4, P14]


class Wrong(Exception):
    pass


def history(seed, length, by):
    """Steps that mean something after any other, so that a failing history can be shortened by leaving steps out."""
    r = random.Random(seed)

    def some(most):
        return sorted({f"m{r.randrange(IDS)}" for _ in range(r.randint(1, most))}, key=lambda i: int(i[1:]))

    file_version, stable = r.choice(["2.0", "2.0", "2.1", "2.2"]), r.random() < 0.2
    if stable:
        by = [who for who in by if who != P4] or [OURS]
    steps = []
    for serial in range(1, length + 1):
        op = r.choices(
            ["append", "upsert", "delete", "index", "scalar_index", "optimize", "compact", "restore", "reopen"],
            [22, 20, 20, 7, 5, 10, 9, 4, 3])[0]
        step = {"who": r.choice(by), "op": op, "serial": serial}
        if op == "append":
            step["ids"] = some(80 if r.random() < 0.3 else 6)
        elif op == "upsert":
            step["ids"] = some(60 if r.random() < 0.2 else 6)
        elif op == "delete":
            step["ids"] = some(IDS * 3 if r.random() < 0.05 else 100 if r.random() < 0.1 else 8)
        elif op == "index":
            step |= {"bits": 4, "metric": r.choice(["l2", "cosine", "dot"])}
        elif op == "compact":
            step["rows"] = r.choice([1 << 20, 30])
        elif op == "restore":
            step["back"] = r.randint(1, 8)
        if step["who"] != OURS and op in ("append", "delete", "index", "optimize", "compact") and r.random() < 0.2:
            step["stale"] = True
        steps.append(step)
    return {"seed": seed, "file_version": file_version, "stable": stable, "steps": steps}


def distance(metric, a, b):
    if metric == "l2":
        return sum((x - y) ** 2 for x, y in zip(a, b))
    dot = sum(x * y for x, y in zip(a, b))
    if metric == "dot":
        return 1 - dot
    return 1 - dot / (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5


class Run:
    """One history on one table."""

    def __init__(self, served, story, place, count=None):
        self.served, self.story, self.place = served, story, place
        self.rows, self.metric = {}, None
        self.past = {}
        self.random = None
        self.count = count if count is not None else {}

    def run(self):
        for s in self.served.values():
            self.must(s("use", table=self.place), "use")
        first = [f"m{i}" for i in range(40)]
        self.must(
            self.served[P14](
                "create", ids=first, serial=0, file_version=self.story["file_version"], stable=self.story["stable"]),
            "create")
        self.rows = dict.fromkeys(first, 0)
        self.remember()
        for number, step in enumerate(self.story["steps"]):
            # What is looked at after a step does not depend on the steps before, which may be left out.
            self.random = random.Random(f"{self.story['seed']} {step['serial']}")
            try:
                self.perform(step)
                self.verify()
                if number % 10 == 9 or number + 1 == len(self.story["steps"]):
                    self.verify_all()
            except Wrong as e:
                raise Wrong(f"step {number}, {shown(step)}: {e}") from None
        self.verify_past()

    def must(self, answer, what):
        if "error" in answer:
            raise Wrong(f"{what}: {answer['error']}: {answer['message']}")
        return answer

    def remember(self):
        self.version = self.must(self.served[OURS]("version"), "version")["version"]
        self.past.setdefault(self.version, (dict(self.rows), self.metric))

    def perform(self, step):
        who, op = step["who"], step["op"]
        command = {k: step[k] for k in ("ids", "serial", "bits", "metric", "rows", "stale") if k in step}
        want = None
        if op == "append":
            command["ids"] = [i for i in step["ids"] if i not in self.rows]
            if not command["ids"]:
                return
        elif op == "index" and len(self.rows) < 40 or op == "scalar_index" and not self.rows:
            return
        elif op == "restore":
            old = sorted(self.past)[: -step["back"]]
            if not old:
                return
            command["version"] = old[-1]
        if op == "upsert":
            want = sum(i in self.rows for i in step["ids"])
        answer = self.served[who](op, **command)
        name = f"{who} {op}"
        self.count[name] = self.count.get(name, 0) + 1
        if "error" in answer:
            if not (step.get("stale") and "conflict" in answer["message"].lower()):
                raise Wrong(f"{answer['error']}: {answer['message']}")
            self.count[name + " refused"] = self.count.get(name + " refused", 0) + 1
            return
        if want is not None and answer["count"] != want:
            raise Wrong(f"{answer['count']} rows updated, not {want}")
        if op in ("append", "upsert"):
            self.rows |= dict.fromkeys(command["ids"], step["serial"])
        elif op == "delete" and step.get("stale"):
            # Rows that are newer than the handle were not meant.
            texts = self.must(self.served[OURS]("contents"), "contents")["texts"]
            for i in step["ids"]:
                if i in self.rows and text(i, self.rows[i]) not in texts:
                    del self.rows[i]
        elif op == "delete":
            for i in step["ids"]:
                self.rows.pop(i, None)
        elif op == "index":
            self.metric = step["metric"]
        elif op == "restore":
            self.rows, self.metric = dict(self.past[command["version"]][0]), self.past[command["version"]][1]
        self.remember()

    def verify(self):
        """What we see of the newest version."""
        s = self.served[OURS]
        got = self.must(s("count"), "count")["count"]
        if got != len(self.rows):
            raise Wrong(f"{got} rows, not {len(self.rows)}")
        for i in {f"m{self.random.randrange(IDS)}" for _ in range(3)}:
            want = [text(i, self.rows[i])] if i in self.rows else []
            got = self.must(s("get", ids=[i]), f"get {i}")["texts"]
            if got != want:
                raise Wrong(f"row {i} is {got}, not {want}")
        query, k = self.query()
        self.verify_hits(self.must(s("search", query=query, k=k, refine=len(self.rows) + 1), "search"), query, k, OURS)

    def query(self):
        return vector(f"q {self.random.random()}"), self.random.randint(1, 12)

    def verify_hits(self, answer, query, k, who):
        name = f"{who} searched" + (" through an index" if answer.get("index") else "")
        self.count[name] = self.count.get(name, 0) + 1
        # An index that covers no row any more tells us how to compare, until somebody drops it.
        metrics = {self.metric} if answer.get("index") else {"cosine", self.metric} - {None} if who == OURS else {"l2"}
        problems = [self.wrong_hits(answer, query, k, metric) for metric in sorted(metrics)]
        if all(problems):
            raise Wrong(f"{who} {problems[0]} (index {answer.get('index')})")

    def wrong_hits(self, answer, query, k, metric):
        every = sorted((distance(metric, query, vector(text(*row))), text(*row)) for row in self.rows.items())
        known = {t: d for d, t in every}
        want = every[:k]
        got = list(zip(answer["distances"], answer["texts"]))
        # Rows as near as makes no difference may change places.
        if len(got) == len(want) and len({t for _, t in got}) == len(got) and all(
            t in known and abs(d - known[t]) <= 1e-5 and abs(known[t] - e) <= 1e-5
            for (d, t), (e, _) in zip(got, want)
        ):
            return None
        return f"finds {got}, not {want} by {metric}"

    def verify_all(self):
        """What all see of the newest version."""
        want = sorted(text(*row) for row in self.rows.items())
        for who, s in self.served.items():
            got = sorted(self.must(s("contents"), f"contents by {who}")["texts"])
            if got != want:
                raise Wrong(f"{who} reads {difference(got, want)}")
            got = self.must(s("count"), f"count by {who}")["count"]
            if got != len(want):
                raise Wrong(f"{who} counts {got}, not {len(want)}")
            if who == OURS or who == P4 and self.story["stable"]:
                continue
            for i in {f"m{self.random.randrange(IDS)}" for _ in range(2)}:
                get = [text(i, self.rows[i])] if i in self.rows else []
                got = self.must(s("get", ids=[i]), f"get {i} by {who}")["texts"]
                if got != get:
                    raise Wrong(f"{who} says that row {i} is {got}, not {get}")
            query, k = self.query()
            answer = self.must(s("search", query=query, k=k, refine=len(self.rows) + 1), f"search by {who}")
            self.verify_hits(answer, query, k, who)

    def verify_past(self):
        for version, (rows, _) in self.past.items():
            want = sorted(text(*row) for row in rows.items())
            for who, s in self.served.items():
                got = sorted(self.must(s("contents", version=version), f"version {version} by {who}")["texts"])
                if got != want:
                    raise Wrong(f"version {version} by {who}: {difference(got, want)}")


def difference(got, want):
    more, less = [t for t in got if got.count(t) > want.count(t)], [t for t in want if t not in got]
    return f"{len(got)} rows, not {len(want)}: {more[:5]} too many, {less[:5]} missing"


def shown(step):
    return " ".join(f"{v}" if k in ("who", "op") else f"{k}={v}" for k, v in step.items())


class Machine:
    """The three processes, and histories on new tables of theirs."""

    def __init__(self, args):
        self.commands = Commands(args)
        self.served = {}
        self.count = {}

    def fails(self, story):
        """Why a history fails; None where it does not."""
        for who in WHO:
            if who not in self.served:
                self.served[who] = Served(self.commands, who, "nowhere")
        directory = tempfile.mkdtemp(prefix="mixed-")
        try:
            Run(self.served, story, directory + "/t.lance", self.count).run()
        except Wrong as e:
            return str(e)
        except Died as e:
            for s in self.served.values():
                s.process.kill()
                s.process.wait()
            self.served = {}
            return str(e)
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def shortened(self, story):
        """The shortest selection of the steps that fails which leaving out runs of steps comes to."""
        size = max(len(story["steps"]) // 2, 1)
        while True:
            start = 0
            while start < len(story["steps"]):
                steps = story["steps"][:start] + story["steps"][start + size:]
                if self.fails(story | {"steps": steps}):
                    story = story | {"steps": steps}
                else:
                    start += size
            if size == 1:
                return story
            size //= 2

    def close(self):
        for s in self.served.values():
            s.close()


def main():
    parser = arguments(__doc__)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--length", type=int, default=50)
    parser.add_argument("--by", nargs="*", choices=WHO, default=WHO, help="who changes the table; all look at it")
    parser.add_argument("--keep-going", action="store_true", help="tell the first lines of all failures, unshortened")
    args = parser.parse_args()
    machine, failed, began = Machine(args), 0, time.monotonic()
    for number in range(-(-args.steps // args.length)):
        story = history(args.seed + number, args.length, args.by)
        why = machine.fails(story)
        if why and args.keep_going:
            print(f"seed {story['seed']}, {story['file_version']}, stable {story['stable']}: {why[:300]}", flush=True)
            failed += 1
        elif why:
            print(f"seed {story['seed']}: {why}\nshortening ...", flush=True)
            story = machine.shortened(story)
            print(f"files {story['file_version']}, stable row ids {story['stable']}: {machine.fails(story)}")
            print("\n".join(f"  {i}: {shown(s)}" for i, s in enumerate(story["steps"])))
            sys.exit(1)
    machine.close()
    print(f"{time.monotonic() - began:.0f} s: " + ", ".join(f"{n} {k}" for k, n in sorted(machine.count.items())))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
