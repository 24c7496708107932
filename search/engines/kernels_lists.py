"""Going through posting lists, compiled: one list, or a conjunction of disjunctions of terms.

`search_list` reads one list and skips the blocks whose scores can't be among the best. `search_groups` goes through the
documents a window at a time: the first group's lists are all read there, the other groups' only where something is
left. A term's lists, one for each field, are read one after the other; its weighted frequencies are added up before
`_settle` makes scores of them. Both hand what they find to `collect`, or with `emit` to the caller.

`norms`, here, have the fields' weights in them: float64 (fields, 256), what a frequency is multiplied by.

`Segment` is what they read of a segment; the rows of lists are made by `kernels`.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np

from index.codec.packing import BLOCK
from index.compiled import F64, I64, U8, U32, kernel
from search.engines.kernels import (
    COUNT,
    FIELD,
    LAST,
    LENGTHS,
    bound_of,
    find_block,
    first_at_least,
    frequency_at,
    score_of,
    unpack_docs,
    unpack_frequencies,
    unpack_list_rest,
)
from search.engines.kernels_matching import NEVER, Into, collect, worst_kept

Segment: TypeAlias = tuple[U8, U32, U8]
"""The inverted file as bytes and as words, and the other file as bytes."""

WINDOW: Final = 4096
"""Documents looked at together: their sums stay in the processor's nearest memory."""

SOME: Final = 512
"""Documents after which blocks are judged by the best so far, where they can be skipped."""

FEW: Final = 12
"""Documents sought in a block up to which each is looked for alone."""

_END: Final = 1 << 40


@kernel
def search_list(segment: Segment, row: I64, idf: float, norms: F64, is_counted: bool, k: int, into: Into) -> None:
    """Collect the documents of the one list that a term has, scored.

    With `is_counted`, how many there are is known and nothing else is asked of them: only blocks that can be among the
    best k are read, and the total is left wrong. In any case, only those are scored.
    """
    inv, words, doc = segment
    _, _, _, _, _, _, _, order, _, _, _, keys, _, _, state = into
    docs = np.empty(WINDOW, np.uint32)
    scores = np.empty(WINDOW, np.float64)
    frequencies = np.empty(BLOCK, np.uint32)
    by_score = len(order) == 0
    count = row[COUNT]
    whole = count >> 7
    norm_of = norms[row[FIELD]]
    lengths = doc[row[LENGTHS] :]
    held = 0
    for block in range(whole + 1):
        floor = worst_kept(keys, state[1], k, by_score)
        size = BLOCK
        if block < whole:
            is_poor = by_score and bound_of(inv, row, block, idf, norms) < floor
            if is_poor and is_counted:
                continue
            unpack_docs(inv, words, row, block, docs[held:])
            if is_poor:
                for i in range(held, held + BLOCK):
                    scores[i] = NEVER
                held += BLOCK
                if held == WINDOW:
                    collect(docs, scores, held, k, into)
                    held = 0
                continue
            unpack_frequencies(inv, words, row, block, frequencies)
        else:
            size = count & 127
            if size:
                unpack_list_rest(inv, words, row, True, docs[held:], frequencies)
        for i in range(size):
            norm = norm_of[lengths[docs[held + i]]]
            scores[held + i] = score_of(np.float64(frequencies[i]) * norm, idf)
        held += size
        # The heap fills as soon as it can, so that its worst is known; then many blocks at once are cheaper
        if held == WINDOW or state[1] < k or (is_counted and held >= SOME):
            collect(docs, scores, held, k, into)
            held = 0
    collect(docs, scores, held, k, into)


@kernel
def _fill(segment: Segment, row: I64, block: int, docs: U32, frequencies: U32, with_frequencies: bool) -> int:
    """Unpack a block of a list, whole or its rest; returns how many documents it has, 0 behind the last."""
    inv, words, _ = segment
    whole = row[COUNT] >> 7
    if block < whole:
        unpack_docs(inv, words, row, block, docs)
        if with_frequencies:
            unpack_frequencies(inv, words, row, block, frequencies)
        return BLOCK
    rest: int = row[COUNT] & 127
    if block > whole or rest == 0:
        return 0
    unpack_list_rest(inv, words, row, True, docs, frequencies)
    return rest


@kernel
def _settle(left: U32, many: int, idf: float, mark: int, much: F64, sums: F64, marks: U8) -> None:
    """Add a term's scores to sums, and mark where it was found.

    `left` uint32: `many` places in the window, some of them more than once; `much` float64: its weighted frequencies
    there, which are 0 again afterwards, so that a place counts once.
    """
    for i in range(many):
        at = left[i]
        sums[at] += score_of(much[at], idf)
        much[at] = 0.0
        marks[at] = mark


@kernel
def _add_up(
    segment: Segment, row: I64, cursor: I64, docs: U32, frequencies: U32, norms: F64, base: int, end: int, much: F64,
    left: U32, many: int, is_last: bool, idf: float, sums: F64, marks: U8,
) -> int:  # fmt: skip
    """Add the weighted frequencies of a list's documents before `end` to much, and their places to the `many` in left.

    `cursor` int64 (4): the block unpacked in `docs` and `frequencies`, the place in it, how many it has, and the next
    document. With `is_last`, these are settled at once: the term has no other list to come. Returns how many places
    there are then.
    """
    doc = segment[2]
    norm_of = norms[row[FIELD]]
    lengths = doc[row[LENGTHS] :]
    block, place, held = cursor[0], cursor[1], cursor[2]
    while True:
        stop = held if np.int64(docs[held - 1]) < end else first_at_least(docs, place, held, end)
        first = np.uint32(base)
        if is_last:
            for i in range(place, stop):
                at = docs[i] - first
                norm = norm_of[lengths[docs[i]]]
                sums[at] += score_of(much[at] + np.float64(frequencies[i]) * norm, idf)
                much[at] = 0.0
                marks[at] = 1
                left[many + i - place] = at
        else:
            for i in range(place, stop):
                at = docs[i] - first
                much[at] += np.float64(frequencies[i]) * norm_of[lengths[docs[i]]]
                left[many + i - place] = at
        many += stop - place
        place = stop
        if place < held:
            cursor[3] = np.int64(docs[place])
            break
        block += 1
        place = 0
        held = _fill(segment, row, block, docs, frequencies, True)
        if held == 0:
            cursor[3] = _END
            break
    cursor[0], cursor[1], cursor[2] = block, place, held
    return many


@kernel
def _marked(marks: U8, size: int, out: U32) -> int:
    """The places of the first `size` marks that are set, ascending; returns how many."""
    found = 0
    words = marks.view(np.uint64)
    for word in range((size + 7) >> 3):
        if words[word]:
            start = word << 3
            for i in range(start, start + 8):
                out[found] = i
                found += marks[i] != 0
    return found


@kernel
def seek_block(segment: Segment, row: I64, cursor: I64, document: int) -> None:
    """Move to the block where a document is, if the list has it: cursor[0]; cursor[1] is its last document."""
    words = segment[1]
    low = find_block(words, row, cursor[0] + 1, document)
    cursor[0] = low
    cursor[1] = np.int64(words[row[LAST] + low]) if low < row[COUNT] >> 7 else _END
    cursor[2] = -1


@kernel
def _join(
    segment: Segment, row: I64, cursor: I64, docs: U32, frequencies: U32, norms: F64, base: int, group: int, left: U32,
    many: int, marks: U8, much: F64, joined: U32, joins: int,
) -> int:  # fmt: skip
    """Add the weighted frequencies of a list to much, for what is left of a window, and its places to joined.

    `left` uint32: places in the window, ascending, `many` of them, marked `group` or more. `cursor` int64 (4): the
    block, its last document, how many it has unpacked in `docs` (-1: not yet), whether `frequencies` are, too. `joined`
    uint32: has `joins` places so far. Returns how many it has then.
    """
    inv, words, doc = segment
    whole = row[COUNT] >> 7
    norm_of = norms[row[FIELD]]
    lengths = doc[row[LENGTHS] :]
    hit = np.empty(BLOCK, np.uint32)
    at = 0
    while at < many:
        document = base + np.int64(left[at])
        if cursor[1] < document:
            if cursor[0] >= whole:
                return joins
            seek_block(segment, row, cursor, document)
        # How many of those left can be in this block
        stop = at + 1
        while stop < many and base + np.int64(left[stop]) <= cursor[1]:
            stop += 1
        if cursor[2] < 0:
            cursor[2] = _fill(segment, row, cursor[0], docs, frequencies, False)
            cursor[3] = cursor[0] == whole
            if cursor[0] == whole:
                cursor[1] = np.int64(docs[cursor[2] - 1]) if cursor[2] else np.int64(-1)
                if cursor[1] < document:
                    cursor[1] = -1
                    return joins
        held = cursor[2]
        if stop - at <= FEW:
            place = 0
            for i in range(at, stop):
                document = base + np.int64(left[i])
                place = first_at_least(docs, place, held, document)
                if place == held:
                    break
                if np.int64(docs[place]) == document:
                    frequency = (
                        np.int64(frequencies[place]) if cursor[3] else frequency_at(inv, words, row, cursor[0], place)
                    )
                    norm = norm_of[lengths[document]]
                    much[document - base] += np.float64(frequency) * norm
                    joined[joins] = document - base
                    joins += 1
        else:
            # First which of the block are left, with nothing to decide, then those few
            first = np.uint32(base)
            hits = 0
            begin = first_at_least(docs, 0, held, base + np.int64(left[at]))
            for i in range(begin, first_at_least(docs, begin, held, base + np.int64(left[stop - 1]) + 1)):
                hit[hits] = i
                hits += marks[docs[i] - first] >= group
            if hits > FEW and not cursor[3]:
                unpack_frequencies(inv, words, row, cursor[0], frequencies)
                cursor[3] = 1
            for h in range(hits):
                i = np.int64(hit[h])
                frequency = np.int64(frequencies[i]) if cursor[3] else frequency_at(inv, words, row, cursor[0], i)
                in_window = docs[i] - first
                norm = norm_of[lengths[docs[i]]]
                much[in_window] += np.float64(frequency) * norm
                joined[joins] = in_window
                joins += 1
        at = stop
    return joins


@kernel
def search_groups(
    segment: Segment, rows: I64, terms: I64, idfs: F64, groups: I64, given: tuple[U32, F64], norms: F64, k: int,
    into: Into, emit: tuple[U32, F64], scratch: tuple[I64, U32, U32],
) -> int:  # fmt: skip
    """Collect the documents that have some term of every group, with the sum of their scores.

    `rows` int64 (lists, `ListRow.WIDTH`), term after term, the longest of each best last; `terms` int64 (terms + 1):
    where each one's lists begin; `idfs` float64; `groups` int64 (groups + 1): where each one's terms begin. `given`:
    documents (uint32, ascending) and scores that are the first group, ahead of those of terms, if `groups` begins with
    -1.

    With room in `emit` (uint32, float64), matches are put there instead of collected; returns how many. `scratch`:
    int64 (lists, 4), uint32 (lists, 128) twice.
    """
    given_docs, given_scores = given
    out_docs, out_scores = emit
    cursors, docs, frequencies = scratch
    is_given = groups[0] < 0
    first_terms = 0 if is_given else groups[1]
    first_lists = terms[first_terms]
    most_lists = 1
    for t in range(len(idfs)):
        most_lists = max(most_lists, terms[t + 1] - terms[t])
    much = np.zeros(WINDOW, np.float64)
    sums = np.zeros(WINDOW, np.float64)
    marks = np.zeros(WINDOW, np.uint8)
    left = np.empty(most_lists * WINDOW + 8, np.uint32)
    joined = np.empty(most_lists * WINDOW, np.uint32)
    found_docs = np.empty(WINDOW, np.uint32)
    found_scores = np.empty(WINDOW, np.float64)
    emitted = 0
    given_at = 0
    for r in range(len(rows)):
        cursors[r, 0] = -1
        cursors[r, 1] = -1
        cursors[r, 2] = 0
        cursors[r, 3] = 0
    for r in range(first_lists):
        cursors[r, 0] = 0
        cursors[r, 1] = 0
        cursors[r, 2] = _fill(segment, rows[r], 0, docs[r], frequencies[r], True)
        cursors[r, 3] = np.int64(docs[r, 0]) if cursors[r, 2] else _END
    while True:
        base = np.int64(_END)
        if is_given and given_at < len(given_docs):
            base = np.int64(given_docs[given_at])
        for r in range(first_lists):
            base = min(base, cursors[r, 3])
        if base == _END:
            break
        end = base + WINDOW
        many = 0
        if is_given:
            while given_at < len(given_docs) and np.int64(given_docs[given_at]) < end:
                place = np.int64(given_docs[given_at]) - base
                sums[place] = given_scores[given_at]
                marks[place] = 1
                given_at += 1
        for t in range(first_terms):
            many = 0
            unsettled = 0
            last = terms[t + 1] - 1
            for r in range(terms[t], last + 1):
                unsettled = many
                if cursors[r, 3] < end:
                    many = _add_up(
                        segment, rows[r], cursors[r], docs[r], frequencies[r], norms, base, end, much, left, many,
                        r == last, idfs[t], sums, marks,
                    )  # fmt: skip
            _settle(left, unsettled, idfs[t], 1, much, sums, marks)
        if is_given or first_lists > 1:
            many = _marked(marks, WINDOW, left)
        for group in range(1, len(groups) - 1):
            for t in range(groups[group], groups[group + 1]):
                joins = 0
                for r in range(terms[t], terms[t + 1]):
                    joins = _join(
                        segment, rows[r], cursors[r], docs[r], frequencies[r], norms, base, group, left, many, marks,
                        much, joined, joins,
                    )  # fmt: skip
                _settle(joined, joins, idfs[t], group + 1, much, sums, marks)
            kept = 0
            for i in range(many):
                place = np.int64(left[i])
                if marks[place] == group + 1:
                    left[kept] = place
                    kept += 1
                else:
                    sums[place] = 0.0
                    marks[place] = 0
            many = kept
            if many == 0:
                break
        for i in range(many):
            place = np.int64(left[i])
            found_docs[i] = base + place
            found_scores[i] = sums[place]
            sums[place] = 0.0
            marks[place] = 0
        if len(out_docs):
            # Not by slices: Numba would compile all that it takes to say that they differ in length
            for i in range(many):
                out_docs[emitted + i] = found_docs[i]
                out_scores[emitted + i] = found_scores[i]
            emitted += many
        else:
            collect(found_docs, found_scores, many, k, into)
    return emitted
