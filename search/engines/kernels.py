"""The compiled loops of `search.engines.arrays`: from packed posting lists to counts and the best matches.

A segment's inverted file comes as one array of bytes (`inv`) and the same as 32-bit words (`words`); where its arrays
begin is in a table made once (`FieldTable` says its columns). A posting list is a row of numbers that say where its
parts are (`ListRow`). `find_list` and `expand` make rows; `search_list`, `search_groups` and `search_placed` (in
`kernels_placed`) go through postings, `collect` takes what they find: filters, counts, facets, the top k.

What they write to belongs to the calling thread. Documents are numbered per segment. All scores are double precision,
made with the operations, and in the order, that `search.engine` documents.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np

from index.codec.lists import read_head, unpack_rest
from index.codec.packing import BLOCK, lane_at, unpack_lanes
from index.compiled import F64, I64, U8, U32, kernel
from search.engine import K1


class FieldTable(IntEnum):
    """Columns of the table of a segment's fields: where their arrays begin, in bytes or 32-bit words of the file."""

    TERMS = 0
    TERM_AT = 1
    TERM_COUNT = 2
    LISTS = 3
    LIST_AT = 4
    LAST = 5
    BITS = 6
    MOST = 7
    PACKED_AT = 8
    PACKED = 9
    POSITIONS_AT = 10
    POSITIONS = 11
    LENGTHS = 12


class ListRow(IntEnum):
    """Columns of a posting list's row. Blocks are its own: what says where they are begins at its first."""

    COUNT = 0
    """Postings."""
    REST = 1
    """The byte where its rest begins."""
    LAST = 2
    BITS = 3
    MOST = 4
    PACKED_AT = 5
    PACKED = 6
    POSITIONS_AT = 7
    POSITIONS = 8
    LENGTHS = 9
    """The byte where the field's length bytes begin."""
    FIELD = 10
    """The field's row in the table of norms."""
    WIDTH = 11
    """How many columns there are."""


# Numba knows numbers, not members of an enumeration that it would look up each time
COUNT: Final = int(ListRow.COUNT)
REST: Final = int(ListRow.REST)
LAST: Final = int(ListRow.LAST)
BITS: Final = int(ListRow.BITS)
MOST: Final = int(ListRow.MOST)
PACKED_AT: Final = int(ListRow.PACKED_AT)
PACKED: Final = int(ListRow.PACKED)
POSITIONS_AT: Final = int(ListRow.POSITIONS_AT)
POSITIONS: Final = int(ListRow.POSITIONS)
LENGTHS: Final = int(ListRow.LENGTHS)
FIELD: Final = int(ListRow.FIELD)


# Terms


@kernel
def _compared(inv: U8, start: int, end: int, key: U8) -> int:
    """Below, equal to or above 0 as the bytes from start to end are before, equal to or after the key."""
    length = end - start
    for i in range(min(length, len(key))):
        difference = np.int64(inv[start + i]) - np.int64(key[i])
        if difference != 0:
            return difference
    return length - len(key)


@kernel
def _begins(inv: U8, start: int, end: int, key: U8) -> bool:
    return end - start >= len(key) and _compared(inv, start, start + len(key), key) == 0


@kernel
def bisect_terms(inv: U8, words: U32, table: I64, field: int, key: U8, skip_beginning: bool) -> int:
    """The number of the first term of a field that is not before the key.

    With `skip_beginning`, of the first that is behind all that begin with it.
    """
    terms = table[field, 0]
    term_at = table[field, 1]
    low = np.int64(0)
    high = table[field, 2]
    while low < high:
        middle = (low + high) >> 1
        start = terms + np.int64(words[term_at + middle])
        end = terms + np.int64(words[term_at + middle + 1])
        is_before = _compared(inv, start, end, key) < 0
        if not is_before and skip_beginning:
            is_before = _begins(inv, start, end, key)
        if is_before:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def list_row(inv: U8, words: U32, table: I64, field: int, term: int, row: I64) -> None:
    """Fill the row of a term's posting list (int64 of `ListRow.WIDTH`)."""
    count, block, rest = read_head(inv, table[field, 3] + np.int64(words[table[field, 4] + term]))
    block = max(block, 0)
    row[0] = count
    row[1] = rest
    row[2] = table[field, 5] + block
    row[3] = table[field, 6] + 3 * block
    row[4] = table[field, 7] + 2 * block
    row[5] = table[field, 8] + block
    row[6] = table[field, 9]
    row[7] = table[field, 10] + block
    row[8] = table[field, 11]
    row[9] = table[field, 12]
    row[10] = field


@kernel
def find_list(inv: U8, words: U32, table: I64, field: int, key: U8, row: I64) -> bool:
    """Fill the row of the posting list of a term, if the field has it."""
    term = bisect_terms(inv, words, table, field, key, False)
    if term == table[field, 2]:
        return False
    start = table[field, 0] + np.int64(words[table[field, 1] + term])
    end = table[field, 0] + np.int64(words[table[field, 1] + term + 1])
    if _compared(inv, start, end, key) != 0:
        return False
    list_row(inv, words, table, field, term, row)
    return True


@kernel
def list_rows(inv: U8, words: U32, table: I64, field: int, first: int, rows: I64) -> None:
    """Fill the rows of terms one after the other, from number `first` on, as many as there are rows."""
    for i in range(len(rows)):
        list_row(inv, words, table, field, first + i, rows[i])


# Postings


@kernel
def unpack_docs(inv: U8, words: U32, row: I64, block: int, docs: U32) -> int:
    """Documents of a whole block of a list; returns the last."""
    before = np.int64(words[row[LAST] + block - 1]) if block > 0 else np.int64(-1)
    unpack_lanes(
        words, row[PACKED] + np.int64(words[row[PACKED_AT] + block]), np.int64(inv[row[BITS] + 3 * block]), docs
    )
    one, two, three = np.uint32(1), np.uint32(2), np.uint32(3)
    total = np.uint32(before + 1)
    for i in range(0, BLOCK, 4):
        # Sums of two and three apart from the running one, which is what the next four wait for
        to = np.uint64(i)
        first = docs[to]
        second = first + docs[to + np.uint64(1)]
        third = second + docs[to + np.uint64(2)]
        fourth = third + docs[to + np.uint64(3)]
        docs[to] = total + first
        docs[to + np.uint64(1)] = total + second + one
        docs[to + np.uint64(2)] = total + third + two
        docs[to + np.uint64(3)] = total + fourth + three
        total = np.uint32(total + fourth + np.uint32(4))
    return np.int64(words[row[LAST] + block])


@kernel
def unpack_frequencies(inv: U8, words: U32, row: I64, block: int, frequencies: U32) -> None:
    """Frequencies of a whole block of a list."""
    at = row[BITS] + 3 * block
    start = row[PACKED] + np.int64(words[row[PACKED_AT] + block]) + 4 * np.int64(inv[at])
    unpack_lanes(words, start, np.int64(inv[at + 1]), frequencies)
    for i in range(BLOCK):
        frequencies[i] += np.uint32(1)


@kernel
def frequency_at(inv: U8, words: U32, row: I64, block: int, i: int) -> int:
    """Frequency `i` of a whole block of a list."""
    at = row[BITS] + 3 * block
    start = row[PACKED] + np.int64(words[row[PACKED_AT] + block]) + 4 * np.int64(inv[at])
    return lane_at(words, start, np.int64(inv[at + 1]), i) + 1


@kernel
def unpack_list_rest(inv: U8, words: U32, row: I64, has_positions: bool, docs: U32, frequencies: U32) -> int:
    """Documents and frequencies of a list's rest; returns the bit where its positions begin."""
    whole = row[COUNT] >> 7
    before = np.int64(words[row[LAST] + whole - 1]) if whole > 0 else np.int64(-1)
    return unpack_rest(inv, row[REST], row[COUNT] & 127, has_positions, before, docs, frequencies)


@kernel
def first_at_least(docs: U32, low: int, high: int, document: int) -> int:
    """The first place from low to high whose document is not before this one; high if there is none."""
    while low < high:
        middle = (low + high) >> 1
        if np.int64(docs[middle]) < document:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def find_block(words: U32, row: I64, first: int, document: int) -> int:
    """The block from `first` on where a document is, if the list has it: the number of whole blocks if in the rest."""
    whole = row[COUNT] >> 7
    low = first
    step = 1
    high = low
    while high < whole and np.int64(words[row[LAST] + high]) < document:
        low = high + 1
        high += step
        step <<= 1
    high = min(high, whole)
    while low < high:
        middle = (low + high) >> 1
        if np.int64(words[row[LAST] + middle]) < document:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def count_within(inv: U8, words: U32, rows: I64, has_positions: bool, wanted: U32, only_short: bool, out: I64) -> None:
    """How many of the wanted documents (uint32, ascending) each list has; only blocks that may have one are unpacked.

    With `only_short`, lists of more documents than are wanted are left out: 0.
    """
    docs = np.empty(BLOCK, np.uint32)
    frequencies = np.empty(BLOCK, np.uint32)
    many = len(wanted)
    for r in range(len(rows)):
        row = rows[r]
        out[r] = 0
        if only_short and row[COUNT] > many:
            continue
        whole = row[COUNT] >> 7
        block = np.int64(0)
        at = 0
        while at < many:
            block = find_block(words, row, block, np.int64(wanted[at]))
            held = BLOCK
            stop = many
            if block < whole:
                stop = first_at_least(wanted, at, many, unpack_docs(inv, words, row, block, docs) + 1)
            else:
                held = row[COUNT] & 127
                if held:
                    unpack_list_rest(inv, words, row, has_positions, docs, frequencies)
            place = 0
            for i in range(at, stop):
                place = first_at_least(docs, place, held, np.int64(wanted[i]))
                if place == held:
                    break
                out[r] += docs[place] == wanted[i]
            at = stop
            block += 1


@kernel
def _has(segment: tuple[U8, U32, U8], row: I64, cursor: I64, docs: U32, frequencies: U32, document: int) -> bool:
    """Whether a list has a document. Asked of ascending documents only.

    `cursor` int64 (3): the block unpacked in `docs`, how many it has (0: none yet), and the place reached in it.
    """
    inv, words, _ = segment
    whole = row[COUNT] >> 7
    if cursor[1] == 0 or np.int64(docs[cursor[1] - 1]) < document:
        block = find_block(words, row, min(cursor[0] + (cursor[1] > 0), whole), document)
        cursor[0] = block
        cursor[1] = BLOCK
        cursor[2] = 0
        if block < whole:
            unpack_docs(inv, words, row, block, docs)
        else:
            cursor[1] = row[COUNT] & 127
            if cursor[1] == 0:
                return False
            unpack_list_rest(inv, words, row, True, docs, frequencies)
    cursor[2] = first_at_least(docs, cursor[2], cursor[1], document)
    has: bool = cursor[2] < cursor[1] and np.int64(docs[cursor[2]]) == document
    return has


@kernel
def count_besides(segment: tuple[U8, U32, U8], rows: I64, gone: U32) -> int:
    """How many documents some lists have that the last of them doesn't have, each counted once.

    `rows` int64 (lists, `ListRow.WIDTH`), of fields with positions, the longest best last: of that only blocks that are
    asked for are unpacked. `gone` uint32: documents that don't count, ascending.
    """
    inv, words, _ = segment
    many = len(rows)
    own_docs = np.empty(BLOCK, np.uint32)
    docs = np.empty((many, BLOCK), np.uint32)
    frequencies = np.empty(BLOCK, np.uint32)
    cursors = np.empty((many, 3), np.int64)
    found = 0
    for r in range(many - 1):
        cursors[:] = 0
        passed = 0
        whole = rows[r, COUNT] >> 7
        for block in range(whole + 1):
            held = BLOCK
            if block < whole:
                unpack_docs(inv, words, rows[r], block, own_docs)
            else:
                held = rows[r, COUNT] & 127
                if held:
                    unpack_list_rest(inv, words, rows[r], True, own_docs, frequencies)
            for i in range(held):
                document = np.int64(own_docs[i])
                passed = first_at_least(gone, passed, len(gone), document)
                is_new = passed == len(gone) or np.int64(gone[passed]) != document
                other = r + 1
                while is_new and other < many:
                    is_new = not _has(segment, rows[other], cursors[other], docs[other], frequencies, document)
                    other += 1
                found += is_new
    return found


@kernel
def score_of(weighted: float, idf: float) -> float:
    """The score of a term of some weighted frequency, as `search.engine` documents it."""
    return idf * ((weighted * (K1 + 1)) / (weighted + K1))


@kernel
def bound_of(inv: U8, row: I64, block: int, idf: float, norms: F64) -> float:
    """What no score of a block passes, a little more than exact to make up for rounding.

    `norms` float64 (fields, 256): by length byte, what frequencies are multiplied by; never more for a larger one.
    """
    largest = inv[row[MOST] + 2 * block]
    highest = idf * (K1 + 1)
    if largest < 255:
        highest = score_of(np.float64(largest) * norms[row[FIELD], inv[row[MOST] + 2 * block + 1]], idf)
    return highest * (1 + 1e-9) + 2e-9
