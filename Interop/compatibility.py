# SPDX-License-Identifier: Apache-2.0
"""Writes what was judged into docs/COMPATIBILITY.md, between its two marker comments.

    python Interop/compatibility.py ZOO.json READERS.json docs/COMPATIBILITY.md [--check]

ZOO.json is the report of zoo_check.py over the tables of all writers, READERS.json that of readers.py. With --check
nothing is written, and the exit code is 1 if the document is not what would be written. No counts are printed, so that
the same results give the same document anywhere.
"""
import argparse
import collections
import difflib
import json
import pathlib
import re
import sys

BEGIN = "<!-- What is judged: written by Interop/compatibility.py from here on; Scripts/test does it. -->"
END = "<!-- What is judged: end. -->"

WRITERS = ("1.0.4", "4.0.2", "14.0.2")
VERSIONS = ("2.0", "2.1", "2.2")

# Rows of the table of types; a type belongs to the first group whose pattern it matches.
GROUPS = [
    ("null", r"null"),
    ("bool", r"bool"),
    ("int8 … int64, uint8 … uint64", r"u?int\d+"),
    ("float16, float32, float64", r"float\d+"),
    ("decimal128, decimal256", r"decimal\d+"),
    ("date32, date64", r"date\d+"),
    ("time32, time64, timestamp, duration", r"time\d+|timestamp|duration"),
    ("fixed_size_binary", r"fixed_size_binary"),
    ("utf8, large_utf8", r"(large_)?utf8"),
    ("binary, large_binary, blobs", r"(large_)?binary"),
    ("dictionary", r"dictionary<.*>"),
    ("fixed_size_list of floats (vectors)", r"fixed_size_list<float\d+>"),
    ("fixed_size_list of other items", r"fixed_size_list<.*>"),
    ("list, large_list of lists, vectors, structs, maps", r"(large_)?list<((large_)?list<.*|fixed_size_list<.*|struct|map)>"),
    ("list, large_list of flat types", r"(large_)?list<.*>"),
    ("struct, packed struct", r"struct"),
    ("map", r"map"),
]


def group_of(kind):
    for name, pattern in GROUPS:
        if re.fullmatch(pattern, kind):
            return name
    raise SystemExit(f"type {kind} is in no group; add it to GROUPS")


def pairs_in_order(pairs):
    """Writers and file versions as the columns stand."""
    return [(writer, version) for version in VERSIONS for writer in WRITERS if (writer, version) in pairs]


def table(head, rows):
    return [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {' | '.join(row)} |" for row in rows)]


def cell(counter):
    """What became of the columns of one group."""
    if counter["different"]:
        return "**some differ**"
    if counter["unsupported"]:
        return "all but those below" if counter["equal"] else "none"
    return "all" if counter["equal"] else "–"


def types(report):
    """The table of types, and what is not read."""
    counts = collections.defaultdict(collections.Counter)
    by_pair = collections.Counter()
    for row in report["results"]:
        key = group_of(row["type"]), row["writer"], row["file_version"]
        equal = row["equal"] + row["equal_to_what_was_meant"]
        counts[key].update(equal=equal, unsupported=row["unsupported"], different=row["different"])
        by_pair[row["writer"], row["file_version"]] += 1
    missing = [f"{writer}/{version}" for writer in WRITERS for version in VERSIONS if not by_pair[writer, version]]
    if missing:
        raise SystemExit(f"the report lacks {', '.join(missing)}: run zoo_check.py over the tables of all writers")
    pairs = [(writer, version) for version in VERSIONS for writer in WRITERS]
    rows = [[name, *(cell(counts[name, *pair]) for pair in pairs)] for name, _ in GROUPS]
    lines = table(["type", *(f"{version} by {writer}" for writer, version in pairs)], rows)
    misread = {(row["writer"], row["file_version"]) for row in report["results"] if row["equal_to_what_was_meant"]}
    if misread:
        places = ", ".join(f"{version} by {writer}" for writer, version in pairs_in_order(misread))
        lines += ["", "A column that its writer reads back otherwise than it was given counts when it is read here as it was given.",
                  f"There are such columns of {places}."]
    lines += ["", "What is not read:", ""]
    # An error begins with its code and the place; what it advises comes after a semicolon.
    trimmed = re.compile(r"^\w+: (column, )?(page #: )?|;.*$| \(kind #\)")
    texts = sorted({(error["outcome"], trimmed.sub("", error["text"])) for error in report["errors"]})
    lines += [f"- {outcome}: {text}" for outcome, text in texts] or ["- nothing of it"]
    return lines


def readers(report):
    """The table of readers."""
    outcomes = {(row["reader"], row["file_version"]): row["outcome"] for row in report["results"]}
    names = list(dict.fromkeys(name for name, _ in outcomes))
    rows = []
    for name in names:
        missing = [version for version in VERSIONS if (name, version) not in outcomes]
        if missing:
            raise SystemExit(f"the report of readers lacks {name} with {', '.join(missing)}")
        said = [outcomes[name, version] for version in VERSIONS]
        rows.append([name, *("all" if one == "equal" else "no" if one.startswith("not read") else "**different**" for one in said)])
    turn = report["lancedb_in_turn"]
    lines = table(["reader", *VERSIONS], rows)
    if any("no" in row for row in rows):
        lines += ["", "pylance 1.0.4 is of before the release of 2.2 and knows a draft of it only."]
    verdict = "with equal results" if turn["outcome"] == "equal" else "**with different results**"
    lines += ["", f"A table that LanceDB makes by its defaults (file version {turn['file_version']}), with names of its own and both "
              "indices, is searched,", f"appended to and indexed anew here, and read and searched by LanceDB: {verdict}."]
    return lines


def section(zoo, others):
    return "\n".join([
        BEGIN, "",
        "### Columns read, by type, file version and writer", "",
        "Each cell is over tables of many distributions, sizes, null patterns, fragments and encodings, compared byte by byte",
        "with what that version of the official library (pylance) reads back. Columns that it cannot write, or not read back,",
        "are left out; – where that is so of all. 2.2 by 1.0.4 is a draft of the released 2.2.", "",
        *types(zoo), "",
        "### Tables written here, by reader", "",
        "Rows with nulls, Unicode, empty texts and texts of 40 kB and more, by migration and an append; all of them and a filter.", "",
        *readers(others), "",
        END])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("zoo", type=pathlib.Path)
    parser.add_argument("readers", type=pathlib.Path)
    parser.add_argument("document", type=pathlib.Path)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if something would change")
    arguments = parser.parse_args()
    old = arguments.document.read_text()
    if old.count(BEGIN) != 1 or old.count(END) != 1 or old.index(BEGIN) > old.index(END):
        raise SystemExit(f"{arguments.document} must have each of these lines once:\n{BEGIN}\n{END}")
    made = section(json.loads(arguments.zoo.read_text()), json.loads(arguments.readers.read_text()))
    new = old[: old.index(BEGIN)] + made + old[old.index(END) + len(END):]
    if old == new:
        return
    if not arguments.check:
        arguments.document.write_text(new)
        return
    name = str(arguments.document)
    sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True), name, f"{name} as judged"))
    sys.exit(1)


if __name__ == "__main__":
    main()
