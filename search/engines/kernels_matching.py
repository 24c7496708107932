"""What is done with matches, compiled: filters, exact counts, facets, and the best in a heap.

`collect` takes matches a few thousand at a time, in any number of calls; `Into` is what it reads and writes. What it
counted of a facet is made readable by `tally_values` and `tally_days`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, TypeAlias

import numpy as np

from index.compiled import F64, I64, U8, U32, kernel

STRICT: Final = 1 << 40
"""The bit of a test that no facet ignores."""

OUT: Final = 1 << 41
"""The bit of documents that are masked out: no facet sees them."""

NEVER: Final = -1.0
"""The score of a match that is known not to be among the best; no score is negative."""

SCORE_UNIT: Final = 1e9
"""Scores are compared as whole numbers of 1 / `SCORE_UNIT`."""


class Tally(IntEnum):
    """What `collect` keeps in `state`."""

    TOTAL = 0
    HELD = 1
    """Matches in the heap."""
    TOUCHED = 2
    """From here on: how many ordinals of each column were counted."""


Into: TypeAlias = tuple[U8, U32, I64, I64, I64, U8, I64, I64, F64, U32, U32, I64, I64, F64, I64]
"""Where matches go, and what decides over them. A plain tuple: Numba takes one far faster than one with names.

For all documents of a segment:
- `mask` uint8: 0 where a document is out; empty where none is
- `columns` uint32 (documents, columns): an ordinal for each column, the last being the days, numbered per segment
- `serials` int64
- `bases` int64 (columns): how many ordinals of each column are those of the segments before; what the request says of
  ordinals it says of all segments' together

Of the request:
- `tests` int64 (tests, 3): a column, where its ordinals begin in `passes`, and the bit that stands for the column where
  its facet ignores the test, 1 << column, or `STRICT`
- `passes` uint8: 0 for an ordinal that is refused
- `facets` int64 (facets, 2): a column to count, and where its ordinals begin in `counts` and `touched`
- `order` int64: for each ordinal of the last column the key to sort by, larger first; empty to sort by score
- `decay` float64: for each ordinal of the last column what scores are multiplied by, at most 1; empty for nothing

The thread's own:
- `counts` uint32: of each ordinal, all 0 at the start; `touched` uint32: the ordinals counted, each once
- `keys` int64, `best` int64, `best_scores` float64: the heap of at most k keys, serials and scores
- `state` int64: numbers as `Tally` says
"""


@kernel
def _is_worse(key: int, serial: int, other_key: int, other_serial: int) -> bool:
    return key < other_key or (key == other_key and serial > other_serial)


@kernel
def _keep(keys: I64, serials: I64, scores: F64, held: int, k: int, key: int, serial: int, score: float) -> int:
    """Put a match into a heap of the best `k`, the worst on top, which has room or whose worst it beats."""
    if held < k:
        i = held
        held += 1
        while i > 0:
            parent = (i - 1) >> 1
            if not _is_worse(key, serial, keys[parent], serials[parent]):
                break
            keys[i], serials[i], scores[i] = keys[parent], serials[parent], scores[parent]
            i = parent
    else:
        i = _sunk(keys, serials, scores, held, key, serial)
    keys[i], serials[i], scores[i] = key, serial, score
    return held


@kernel
def _sunk(keys: I64, serials: I64, scores: F64, held: int, key: int, serial: int) -> int:
    """Make way for a match from the top of a heap down; returns its place."""
    i = 0
    while True:
        child = 2 * i + 1
        if child >= held:
            return i
        other = child + 1
        if other < held and _is_worse(keys[other], serials[other], keys[child], serials[child]):
            child = other
        if not _is_worse(keys[child], serials[child], key, serial):
            return i
        keys[i], serials[i], scores[i] = keys[child], serials[child], scores[child]
        i = child


@kernel
def sort_heap(keys: I64, serials: I64, scores: F64, held: int) -> None:
    """Sort a heap in place, the best first, and round its scores."""
    number = held
    while held > 1:
        held -= 1
        key, serial, score = keys[held], serials[held], scores[held]
        keys[held], serials[held], scores[held] = keys[0], serials[0], scores[0]
        i = _sunk(keys, serials, scores, held, key, serial)
        keys[i], serials[i], scores[i] = key, serial, score
    for i in range(number):
        scores[i] = np.rint(scores[i] * SCORE_UNIT) / SCORE_UNIT


@kernel
def worst_kept(keys: I64, held: int, k: int, by_score: bool) -> float:
    """A score below this can't be among the best `k`."""
    if k == 0:
        return np.inf
    return keys[0] / SCORE_UNIT - 1e-9 if by_score and held == k else -np.inf


@kernel
def _pass(docs: U32, scores: F64, count: int, into: Into) -> int:
    """Keep the matches that pass every test, in place, and return how many; the others are counted where they are."""
    mask, columns, _, bases, tests, passes, facets, _, _, counts, touched, _, _, _, state = into
    failed = np.zeros(count, np.int64)
    if len(mask):
        for i in range(count):
            if mask[np.int64(docs[i])] == 0:
                failed[i] = OUT
    for t in range(len(tests)):
        column = tests[t, 0]
        accepted = passes[tests[t, 1] + bases[column] :]
        bit = tests[t, 2]
        for i in range(count):
            if accepted[columns[np.int64(docs[i]), column]] == 0:
                failed[i] |= bit
    # What fails by one column alone is still counted in that column's facet
    for f in range(len(facets)):
        column = facets[f, 0]
        start = facets[f, 1]
        base = bases[column]
        new = start + state[2 + column]
        for i in range(count):
            if failed[i] == 1 << column:
                ordinal = base + np.int64(columns[np.int64(docs[i]), column])
                place = start + ordinal
                if counts[place] == 0:
                    touched[new] = ordinal
                    new += 1
                counts[place] += np.uint32(1)
        state[2 + column] = new - start
    kept = 0
    for i in range(count):
        docs[kept] = docs[i]
        scores[kept] = scores[i]
        kept += failed[i] == 0
    return kept


@kernel
def collect(docs: U32, scores: F64, count: int, k: int, into: Into) -> None:
    """Take the first `count` of some matches: filter, count, count facets, keep the best `k`.

    `docs` uint32, `scores` float64: the matches, in the segment that `into` is of. Both are scratch afterwards.
    """
    (
        mask, columns, serials, bases, tests, _, facets, order, decay, counts, touched, keys, best, best_scores, state,
    ) = into  # fmt: skip
    if len(mask) or len(tests):
        count = _pass(docs, scores, count, into)
    date = columns.shape[1] - 1
    by_score = len(order) == 0
    for i in range(count if len(decay) else 0):
        scores[i] *= decay[bases[date] + np.int64(columns[np.int64(docs[i]), date])]
    held = state[1]
    state[0] += count
    floor = worst_kept(keys, held, k, by_score)
    for i in range(count):
        score = scores[i]
        if score < floor:
            continue
        document = np.int64(docs[i])
        key = (
            np.int64(np.rint(score * SCORE_UNIT))
            if by_score
            else order[bases[date] + np.int64(columns[document, date])]
        )
        if held == k and key < keys[0]:
            continue
        serial = serials[document]
        if held < k or _is_worse(keys[0], best[0], key, serial):
            held = _keep(keys, best, best_scores, held, k, key, serial, score)
            floor = worst_kept(keys, held, k, by_score)
    state[1] = held
    for f in range(len(facets)):
        column = facets[f, 0]
        start = facets[f, 1]
        base = bases[column]
        new = start + state[2 + column]
        for i in range(count):
            ordinal = base + np.int64(columns[np.int64(docs[i]), column])
            place = start + ordinal
            counted = counts[place]
            if counted == 0:
                touched[new] = ordinal
                new += 1
            counts[place] = counted + np.uint32(1)
        state[2 + column] = new - start


@kernel
def collect_found(docs: U32, scores: F64, k: int, into: Into) -> None:
    """`collect` matches that are in arrays of their own, and that stay as they are."""
    size = 4096
    some_docs = np.empty(size, np.uint32)
    some_scores = np.empty(size, np.float64)
    for start in range(0, len(docs), size):
        count = min(size, len(docs) - start)
        for i in range(count):
            some_docs[i] = docs[start + i]
            some_scores[i] = scores[start + i]
        collect(some_docs, some_scores, count, k, into)


@kernel
def collect_all(documents: int, k: int, into: Into) -> None:
    """`collect` all of a segment's documents, with no score."""
    size = 4096
    docs = np.empty(size, np.uint32)
    scores = np.zeros(size, np.float64)
    for start in range(0, documents, size):
        count = min(size, documents - start)
        for i in range(count):
            docs[i] = start + i
        collect(docs, scores, count, k, into)


@kernel
def tally_values(
    counts: U32, touched: U32, start: int, many: int, sets: I64, values: I64, tally: I64, out: I64
) -> tuple[int, int]:
    """From counts of sets of values to counts of values: (how many values, how many documents have none).

    `sets` int64 (sets + 1): where the values of each set begin in `values` int64. `tally` int64: 0 for each value, and
    so again afterwards. `out` gets a number for each value counted, that ascends as counts fall and values rise:
    ((2**31 - 1 - count) << 32) + value.
    """
    missing = np.int64(0)
    found = 0
    for i in range(many):
        ordinal = np.int64(touched[start + i])
        count = np.int64(counts[start + ordinal])
        if sets[ordinal] == sets[ordinal + 1]:
            missing += count
        for v in range(sets[ordinal], sets[ordinal + 1]):
            if tally[values[v]] == 0:
                out[found] = values[v]
                found += 1
            tally[values[v]] += count
    for i in range(found):
        value = out[i]
        out[i] = ((np.int64(0x7FFFFFFF) - tally[value]) << 32) + value
        tally[value] = 0
    return found, missing


@kernel
def span_of_days(touched: U32, start: int, many: int, units: I64, certain: bool) -> tuple[int, int]:
    """The first and the last calendar unit that counts, (0, -1) if none does.

    `units` int64 (ordinals, 2): the units of the first and the last day of each interval, -1 where there is no date.
    With `certain`, an interval counts only within one unit.
    """
    first = np.int64(1) << 60
    last = -first
    for i in range(many):
        ordinal = np.int64(touched[start + i])
        if units[ordinal, 0] >= 0 and (not certain or units[ordinal, 0] == units[ordinal, 1]):
            first = min(first, units[ordinal, 0])
            last = max(last, units[ordinal, 1])
    return (first, last) if first <= last else (np.int64(0), np.int64(-1))


@kernel
def tally_days(
    counts: U32, touched: U32, start: int, many: int, units: I64, certain: bool, first: int, out: I64
) -> int:
    """From counts of intervals to counts of calendar units, in order from unit `first`; returns how many lack a date.

    `out` int64, zeros: one for each unit of `span_of_days`, and one more.
    """
    missing = np.int64(0)
    for i in range(many):
        ordinal = np.int64(touched[start + i])
        count = np.int64(counts[start + ordinal])
        if units[ordinal, 0] < 0:
            missing += count
        elif not certain or units[ordinal, 0] == units[ordinal, 1]:
            out[units[ordinal, 0] - first] += count
            out[units[ordinal, 1] - first + 1] -= count
    for i in range(1, len(out)):
        out[i] += out[i - 1]
    return missing


@kernel
def begin(starts: I64, counts: U32, touched: U32, state: I64) -> None:
    """Forget what the thread counted before. `starts` int64: where each column's ordinals begin."""
    for column in range(len(starts)):
        for i in range(state[2 + column]):
            counts[starts[column] + np.int64(touched[starts[column] + i])] = 0
    state[:] = 0
