# SPDX-License-Identifier: Apache-2.0
"""Shared parts of the index tests: tables of clustered vectors, exact answers by numpy, and comparisons.

A row is known by its chunk_text, which is there and unique in all of these tables; doc_id may be null.
"""
import json
import subprocess

import lance
import numpy as np
import pyarrow as pa

from conftest import IS_4, VECTORD, vectord
from index_files import Segment

STORAGE = {"data_storage_version": "2.0"}
EVERY = 100_000


def clustered(n, d, seed, clusters=40):
    """Vectors around centres that depend on `d` only, so that several draws are of one distribution."""
    centers = np.random.RandomState(d).standard_normal((clusters, d))
    r = np.random.RandomState(seed)
    spread = r.standard_normal((n, d)) * 0.7
    return ((centers[r.randint(clusters, size=n)] + spread) * r.uniform(0.6, 1.4, (n, 1))).astype(np.float32)


def rows(v, first=0, null_vectors=(), null_ids=(), source="s"):
    """A table of the vectord schema over the vectors `v`."""
    n, d = v.shape
    flat = pa.FixedSizeListArray.from_arrays(pa.array(v.reshape(-1)), d)
    if null_vectors:
        mask = np.isin(np.arange(n), list(null_vectors))
        flat = pa.FixedSizeListArray.from_arrays(pa.array(v.reshape(-1)), d, mask=pa.array(mask))
    # Ids in another order than rows, so that a BTREE has something to sort.
    ids = [f"d{(first + i) * 7919 % 1_000_003:07d}" for i in range(n)]
    return pa.table(
        {
            "source": pa.array([source] * n),
            "doc_id": pa.array([None if i in set(null_ids) else x for i, x in enumerate(ids)], pa.string()),
            "chunk_idx": pa.array(range(first, first + n), pa.int32()),
            "chunk_text": pa.array([f"t{first + i:06d}" for i in range(n)]),
            "vector": flat,
        }
    )


def odd_rows(v):
    """Vectors at fixed places made such that they cannot be indexed, or not by every metric."""
    v = v.copy()
    v[17, 3] = np.nan
    v[40] = np.nan
    v[41, 0] = np.inf
    v[42] = 0
    return v


class Contents:
    """What a table holds, read by the official library, and its exact answers."""

    def __init__(self, place):
        t = lance.dataset(place).to_table(columns=["doc_id", "chunk_text", "vector"], with_row_address=True)
        self.text = np.array(t.column("chunk_text").to_pylist(), object)
        self.doc_id = t.column("doc_id").to_pylist()
        self.address = t.column("_rowaddr").to_numpy()
        # Null vectors become NaN: neither is found.
        column = t.column("vector").combine_chunks()
        valid = np.array(column.is_valid())
        self.vectors = np.full((t.num_rows, column.type.list_size), np.nan, np.float32)
        self.vectors[valid] = np.asarray(column.flatten()).reshape(-1, column.type.list_size)

    def distances(self, metric, q):
        v, q = self.vectors.astype(np.float64), q.astype(np.float64)
        with np.errstate(all="ignore"):
            if metric == "l2":
                d = ((v - q) ** 2).sum(1)
            else:
                d = 1 - v @ q / (np.linalg.norm(v, axis=1) * np.linalg.norm(q) if metric == "cosine" else 1)
        d[~np.isfinite(self.vectors).all(1)] = np.nan
        return d

    def nearest(self, metric, q, k):
        """Texts and distances of the k nearest, exactly."""
        d = self.distances(metric, q)
        best = np.argsort(np.where(np.isnan(d), np.inf, d), kind="stable")[:k]
        best = best[np.isfinite(d[best])]
        return list(self.text[best]), d[best]


class Indexed:
    """An index over the contents of a table, as its files are."""

    def __init__(self, place, name, contents):
        entries = [i for i in lance.dataset(place).list_indices() if i["name"] == name]
        self.contents = contents
        self.segments = [Segment(place / "_indices" / str(i["uuid"])) for i in entries]
        self.metric = self.segments[0].metric
        self.order = np.argsort(contents.address)
        self.sorted = contents.address[self.order]
        covered = sorted(set().union(*(i["fragment_ids"] for i in entries)))
        self.tail = np.flatnonzero(~np.isin(contents.address >> 32, covered))

    def positions(self, addresses):
        """Where the rows are in the contents; -1 for those that are gone."""
        at = np.minimum(np.searchsorted(self.sorted, addresses), len(self.sorted) - 1)
        return np.where(self.sorted[at] == addresses, self.order[at], -1)

    def nearest(self, q, k, probes, refine, found_by_other=()):
        """What the codes say, or the vectors of the rows that are best by the codes and of those without codes.

        Rows may have the same codes, and the last place among the best by the codes has then to go to one of them: in
        our search to the first of the table. Which one another search takes is not laid down, so that the texts
        `found_by_other` go first here, and otherwise those that could not have been in its answer.
        """
        found = [segment.search(q, probes) for segment in self.segments]
        at = self.positions(np.concatenate([a for a, _ in found]))
        d = np.concatenate([d for _, d in found])[at >= 0]
        at = at[at >= 0]
        best = np.lexsort((self.contents.address[at], d))
        wanted = k * (refine or 1)
        if len(found_by_other) and len(best) > wanted:
            last = d[best[wanted - 1]]
            is_tied = np.abs(d[best] - last) <= 1e-5 * max(abs(last), 0.1)
            tied = best[is_tied]
            is_found = np.isin(self.contents.text[at[tied]], found_by_other)
            best[is_tied] = tied[np.lexsort((-self.contents.distances(self.metric, q)[at[tied]], ~is_found))]
        at, d = at[best[:wanted]], d[best[:wanted]]
        if refine or len(self.tail):
            at = np.concatenate([at, self.tail])
            d = self.contents.distances(self.metric, q)[at]
            at, d = at[np.isfinite(d)], d[np.isfinite(d)]
        elif self.metric == "cosine":
            d = d / 2
        best = np.lexsort((self.contents.address[at], d))[:k]
        return list(self.contents.text[at[best]]), d[best]


def search(place, queries, k=10, nprobes=None, refine=10, *more):
    """Our answers to several queries: [(texts, distances)]."""
    found = [a["hits"] for a in answers(place, queries, k, nprobes, refine, *more)]
    return [([h["chunk_text"] for h in hits], np.array([h["distance"] for h in hits])) for hits in found]


def answers(place, queries, k=10, nprobes=None, refine=10, *more):
    args = ["--query", "-", "--top-k", k, "--refine", "none" if refine is None else refine, *more]
    if nprobes:
        args += ["--nprobes", nprobes]
    return vectord("search", place, *args, stdin=json.dumps([[float(x) for x in q] for q in queries]))


def used_index(place, q):
    """The name of the index that our search takes."""
    return answers(place, [q], 10, None, 10, "--explain")[0]["index"]


def queries_file(directory, queries):
    """A file of queries for commands that take one."""
    np.save(directory / "queries.npy", queries)
    return directory / "queries.npy"


def warnings(place, q, command="search"):
    """What our search, or another command, writes beside its answer."""
    query = [] if q is None else ["--query", "-"]
    run = subprocess.run(
        [VECTORD, command, str(place), "--json", *query],
        input=None if q is None else json.dumps([float(x) for x in q]), capture_output=True, text=True,
    )
    assert run.returncode == 0, run.stderr
    return run.stderr


def near(ds, q, k=10, nprobes=None, refine=None, **more):
    """The official library's answer to one query: texts and distances."""
    nearest = {"column": "vector", "q": q, "k": k}
    if nprobes:
        nearest["nprobes"] = nprobes
    if refine:
        nearest["refine_factor"] = refine
    t = ds.to_table(columns=["chunk_text", "_distance"], nearest=nearest, **more)
    return t.column("chunk_text").to_pylist(), t.column("_distance").to_numpy()


def assert_same_hits(got, want, what=""):
    """The same rows in the same order, but for neighbours closer than rounding; and the same distances."""
    (texts, d), (want_texts, want_d) = got, want
    assert len(texts) == len(want_texts), f"{what}: {len(texts)} hits, not {len(want_texts)}"
    assert len(set(texts)) == len(texts), what
    room = 1e-5 * np.maximum(np.abs(want_d), 0.1)
    assert np.all(np.abs(d - want_d) <= room), f"{what}: {d} and {want_d}"
    for i, (a, b) in enumerate(zip(texts, want_texts)):
        if a == b:
            continue
        # Swapped with a neighbour, or the last place went to another.
        at = want_d[want_texts.index(a)] if a in want_texts else want_d[-1]
        assert abs(at - want_d[i]) <= 2 * room[i], f"{what}: {a} and {b} at place {i}: {texts} and {want_texts}"


def recall(found, want):
    """The share of the wanted rows among those found, over all queries."""
    return sum(len(set(a[0]) & set(b[0])) for a, b in zip(found, want)) / sum(len(b[0]) for b in want)


def build(place, metric="cosine", bits=8, partitions=12, sub_vectors=8, seed=0):
    """Our index."""
    return vectord(
        "index", place, "--metric", metric, "--bits", bits, "--partitions", partitions, "--sub-vectors", sub_vectors,
        "--seed", seed,
    )


def segments(place, name):
    """The uuids of an index's segments."""
    return [i["uuid"] for i in lance.dataset(place).list_indices() if i["name"] == name]


def assert_agree(place, queries, name, settings, k=10):
    """Our search through an index is what its files say and what the official one finds, number by number.

    `settings` are pairs of partitions to probe and refine factor.
    """
    ds = lance.dataset(place)
    index = Indexed(place, name, Contents(place))
    # 4.0.2 sums such codes in bytes.
    is_biased = IS_4 and index.segments[0].bits == 4
    for nprobes, refine in settings:
        for i, (q, got) in enumerate(zip(queries, search(place, queries, k, nprobes, refine))):
            what = f"{index.metric}, nprobes {nprobes}, refine {refine}, query {i}"
            assert_same_hits(got, index.nearest(q, k, nprobes, refine), "files, " + what)
            if is_biased:
                continue
            texts, d = near(ds, q, k, nprobes, refine)
            if index.metric == "cosine" and not refine and not len(index.tail):
                # Theirs is the squared distance of unit vectors there.
                d = d / 2
            if refine or len(index.tail):
                got = index.nearest(q, k, nprobes, refine, found_by_other=texts)
            assert_same_hits(got, (texts, d), "official, " + what)
