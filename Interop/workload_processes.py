# SPDX-License-Identifier: Apache-2.0
"""The processes that use one table: ours (Tests/Workload) and two versions of the official library. Without any package."""
import argparse
import json
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
OURS, P4, P14 = "ours", "4.0.2", "14.0.2"


def arguments(description):
    parser = argparse.ArgumentParser(
        description=description.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workload", default=str(HERE.parent / ".build/release/workload"))
    for version in (P4, P14):
        parser.add_argument(
            f"--python-{version}", dest=version, default=str(HERE.parent / f".interop/venv-lance-{version}/bin/python"))
    parser.add_argument("--seed", type=int, default=0)
    return parser


class Commands:
    """Which command line stands for whom."""

    def __init__(self, args):
        self.args = vars(args)

    def line(self, who, *words):
        program = (
            [self.args["workload"]] if who == OURS
            else [self.args[who], "-X", "faulthandler", str(HERE / "pylance_workload.py")])
        return [*program, *map(str, words)]


class Died(Exception):
    """A process has ended instead of answering."""


class Served:
    """A process that performs commands."""

    def __init__(self, commands, who, table):
        self.who = who
        self.process = subprocess.Popen(
            commands.line(who, "serve", table), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)

    def __call__(self, op, **command):
        try:
            self.process.stdin.write(json.dumps({"op": op} | command) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        if not line:
            raise Died(f"{self.who} died of {op} {command}: {self.process.wait()}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)
