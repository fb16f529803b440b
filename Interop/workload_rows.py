# SPDX-License-Identifier: Apache-2.0
"""Rows whose contents all follow from their text, as Tests/Workload/MadeRow.swift makes them. Without any package."""
DIMENSION = 8
MASK = (1 << 64) - 1


def vector(text):
    """Random numbers with the text's hash as seed; a float32 holds each exactly."""
    state = 0xCBF29CE484222325
    for byte in text.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    numbers = []
    for _ in range(DIMENSION):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        numbers.append(((mixed ^ (mixed >> 31)) >> 40) / (1 << 24) - 0.5)
    return numbers


def text(doc_id, serial):
    return f"{doc_id} v{serial}"


def made_row(text):
    doc_id = text.split(" v")[0]
    source = doc_id.rstrip("0123456789")
    return {
        "source": source, "doc_id": doc_id, "chunk_idx": int(doc_id[len(source):]), "chunk_text": text,
        "vector": vector(text),
    }
