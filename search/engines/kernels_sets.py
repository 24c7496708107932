"""Sets of documents as ascending arrays, with scores, compiled: what is left of a query that has no faster way.

Documents are uint32, ascending, each once; scores float64, one for each.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from index.compiled import F64, U8, U32, kernel

Found: TypeAlias = tuple[U32, F64]
"""Documents of a segment, and their scores."""


@kernel
def unite(docs: U32, scores: F64, other_docs: U32, other_scores: F64) -> Found:
    """What is in either, with the sum of the scores."""
    out_docs = np.empty(len(docs) + len(other_docs), np.uint32)
    out_scores = np.empty(len(docs) + len(other_docs), np.float64)
    i = j = n = 0
    while i < len(docs) or j < len(other_docs):
        if j == len(other_docs) or (i < len(docs) and docs[i] < other_docs[j]):
            out_docs[n], out_scores[n] = docs[i], scores[i]
            i += 1
        elif i == len(docs) or other_docs[j] < docs[i]:
            out_docs[n], out_scores[n] = other_docs[j], other_scores[j]
            j += 1
        else:
            out_docs[n], out_scores[n] = docs[i], scores[i] + other_scores[j]
            i += 1
            j += 1
        n += 1
    return out_docs[:n], out_scores[:n]


@kernel
def intersect(docs: U32, scores: F64, other_docs: U32, other_scores: F64) -> Found:
    """What is in both, with the sum of the scores."""
    out_docs = np.empty(min(len(docs), len(other_docs)), np.uint32)
    out_scores = np.empty(len(out_docs), np.float64)
    i = j = n = 0
    while i < len(docs) and j < len(other_docs):
        if docs[i] < other_docs[j]:
            i += 1
        elif other_docs[j] < docs[i]:
            j += 1
        else:
            out_docs[n], out_scores[n] = docs[i], scores[i] + other_scores[j]
            i += 1
            j += 1
            n += 1
    return out_docs[:n], out_scores[:n]


@kernel
def mark(docs: U32, marks: U8) -> None:
    """Set the marks of documents."""
    for i in range(len(docs)):
        marks[np.int64(docs[i])] = 1
