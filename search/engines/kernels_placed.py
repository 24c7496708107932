"""Phrases and words near each other, compiled.

`search_placed` intersects the lists of the distinct words, led by the first, and looks at positions only where all of
them are. Positions of a block are unpacked for a posting alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from index.codec.lists import rest_positions
from index.codec.packing import BLOCK
from index.compiled import I64, U8, U32, kernel
from search.engines.kernels import (
    BITS,
    COUNT,
    POSITIONS,
    POSITIONS_AT,
    REST,
    first_at_least,
    unpack_docs,
    unpack_frequencies,
    unpack_list_rest,
)
from search.engines.kernels_lists import Segment, seek_block

STEPS: Final = 8
"""Documents looked at one after the other before a document is sought by halving."""


@kernel
def _block_positions(inv: U8, words: U32, row: I64, block: int, skip: int, count: int, out: I64, to: int) -> None:
    """The positions of one posting of a whole block, from `to` on; `skip` positions of the block come before them."""
    width = np.int64(inv[row[BITS] + 3 * block + 2])
    mask = (np.uint64(1) << np.uint64(width)) - np.uint64(1)
    bit = ((row[POSITIONS] + np.int64(words[row[POSITIONS_AT] + block])) << 5) + skip * width
    position = np.int64(-1)
    for i in range(count):
        at = bit >> 5
        pair = np.uint64(words[at]) | (np.uint64(words[at + 1]) << np.uint64(32))
        position += np.int64((pair >> np.uint64(bit & 31)) & mask) + 1
        out[to + i] = position
        bit += width


@kernel
def is_phrase(pattern: I64, starts: I64, positions: I64, places: I64) -> bool:
    """Whether the words of the pattern stand one after the other.

    `pattern` int64: the number of each word, in order. The positions of word w are those from `starts[w]` to
    `starts[w + 1]`, ascending. `places` is scratch.
    """
    for j in range(len(pattern)):
        places[j] = starts[pattern[j]]
    first = pattern[0]
    while places[0] < starts[first + 1]:
        start = positions[places[0]]
        places[0] += 1
        stands = True
        for j in range(1, len(pattern)):
            end = starts[pattern[j] + 1]
            while places[j] < end and positions[places[j]] < start + j:
                places[j] += 1
            if places[j] == end:
                return False
            if positions[places[j]] != start + j:
                stands = False
                break
        if stands:
            return True
    return False


@kernel
def _next_word(starts: I64, positions: I64, places: I64, words: int) -> int:
    """The word whose next position is the lowest, -1 if all are through."""
    chosen = -1
    lowest = np.int64(0)
    for w in range(words):
        if places[w] < starts[w + 1] and (chosen < 0 or positions[places[w]] < lowest):
            chosen = w
            lowest = positions[places[w]]
    return chosen


@kernel
def is_near(pattern: I64, distance: int, starts: I64, positions: I64, places: I64, held: I64) -> bool:
    """Whether some stretch of len(pattern) + distance positions holds every word as often as the pattern does.

    Arrays as of `is_phrase`; `held` is scratch of twice as many.
    """
    words = len(starts) - 1
    stretch = len(pattern) + distance
    # `held` begins as what each word still lacks; behind are the places where the stretch begins
    tails = held[words : 2 * words]
    for w in range(words):
        held[w] = 0
        places[w] = starts[w]
        tails[w] = starts[w]
    for j in range(len(pattern)):
        held[pattern[j]] -= 1
    lacking = words
    while True:
        word = _next_word(starts, positions, places, words)
        if word < 0:
            return False
        position = positions[places[word]]
        places[word] += 1
        held[word] += 1
        lacking -= held[word] == 0
        for w in range(words):
            while tails[w] < places[w] and position - positions[tails[w]] >= stretch:
                tails[w] += 1
                lacking += held[w] == 0
                held[w] -= 1
        if lacking == 0:
            return True


@kernel
def search_placed(segment: Segment, rows: I64, pattern: I64, distance: int, docs_out: U32) -> int:
    """Documents that have every list's word, standing as the pattern says; returns how many were put out.

    `rows` int64 (words, `ListRow.WIDTH`): of distinct words in one field, the list with the fewest postings first.
    `pattern` int64: the words as asked, as numbers of rows. `distance`: how many other words may stand among them, in
    any order; -1: none, and in the order asked.
    """
    inv, words, _ = segment
    many = len(rows)
    docs = np.empty((many, BLOCK), np.uint32)
    frequencies = np.empty((many, BLOCK), np.uint32)
    before = np.empty((many, BLOCK), np.int64)
    cursors = np.empty((many, 4), np.int64)  # block, its last document, how many it has (-1: not unpacked), place
    has_frequencies = np.zeros(many, np.uint8)
    rest_bits = np.zeros(many, np.int64)
    starts = np.zeros(many + 1, np.int64)
    places = np.empty(max(len(pattern), many), np.int64)
    held_words = np.empty(2 * many, np.int64)
    positions = np.empty(256, np.int64)
    found = 0
    for w in range(many):
        cursors[w, 0] = -1
        cursors[w, 1] = -1
        cursors[w, 2] = 0
        cursors[w, 3] = 0
    whole = rows[0, COUNT] >> 7
    for lead in range(whole + 1):
        size = BLOCK if lead < whole else rows[0, COUNT] & 127
        if size == 0:
            break
        if lead < whole:
            unpack_docs(inv, words, rows[0], lead, docs[0])
        else:
            rest_bits[0] = unpack_list_rest(inv, words, rows[0], True, docs[0], frequencies[0])
        has_frequencies[0] = 0
        cursors[0, 0] = lead
        cursors[0, 2] = size
        for i in range(size):
            document = np.int64(docs[0, i])
            cursors[0, 3] = i
            agree = 1
            for w in range(1, many):
                if cursors[w, 1] < document:
                    if cursors[w, 0] >= rows[w, COUNT] >> 7:
                        return found
                    seek_block(segment, rows[w], cursors[w], document)
                if cursors[w, 2] < 0:
                    if cursors[w, 0] < rows[w, COUNT] >> 7:
                        unpack_docs(inv, words, rows[w], cursors[w, 0], docs[w])
                        cursors[w, 2] = BLOCK
                    else:
                        cursors[w, 2] = rows[w, COUNT] & 127
                        if cursors[w, 2] == 0:
                            return found
                        rest_bits[w] = unpack_list_rest(inv, words, rows[w], True, docs[w], frequencies[w])
                        cursors[w, 1] = np.int64(docs[w, cursors[w, 2] - 1])
                        if cursors[w, 1] < document:
                            return found
                    has_frequencies[w] = 0
                    cursors[w, 3] = 0
                # The last document of the block is not before this one, so there is an end to this
                place = cursors[w, 3]
                near = min(place + STEPS, cursors[w, 2])
                while place < near and np.int64(docs[w, place]) < document:
                    place += 1
                if place == near:
                    place = first_at_least(docs[w], place, cursors[w, 2], document)
                cursors[w, 3] = place
                if np.int64(docs[w, place]) != document:
                    break
                agree += 1
            if agree < many:
                continue
            for w in range(many):
                if not has_frequencies[w]:
                    if cursors[w, 0] < rows[w, COUNT] >> 7:
                        unpack_frequencies(inv, words, rows[w], cursors[w, 0], frequencies[w])
                    total = np.int64(0)
                    for j in range(cursors[w, 2]):
                        before[w, j] = total
                        total += np.int64(frequencies[w, j])
                    has_frequencies[w] = 1
                starts[w + 1] = starts[w] + np.int64(frequencies[w, cursors[w, 3]])
            if starts[many] > len(positions):
                positions = np.empty(2 * starts[many], np.int64)
            for w in range(many):
                place = cursors[w, 3]
                frequency = np.int64(frequencies[w, place])
                skip = before[w, place]
                if cursors[w, 0] < rows[w, COUNT] >> 7:
                    _block_positions(inv, words, rows[w], cursors[w, 0], skip, frequency, positions, starts[w])
                else:
                    rest_positions(inv, rows[w, REST], rest_bits[w], skip, frequency, positions[starts[w] :])
            if distance < 0:
                stands = is_phrase(pattern, starts, positions, places)
            else:
                stands = is_near(pattern, distance, starts, positions, places, held_words)
            if stands:
                docs_out[found] = document
                found += 1
    return found
