"""Posting lists as bytes: the one place that knows how they are packed.

A field's postings are lists, one for each term in byte order, of (document, frequency, positions). A list is cut into
blocks of `BLOCK` postings and a rest. All numbers are packed into as many bits as the largest of them needs
(`index.codec.packing`).

- A whole block is a row in the block arrays: `last` (its last document), `bits` (of documents, frequencies, positions),
  `most` (the largest frequency, 255 standing for any larger, and the smallest length byte: what its scores can't pass),
  `packed_at` and `positions_at` (where its words begin). Its documents and frequencies lie in `packed`, four lanes
  side by side, so that a processor unpacks four at once; its positions in `positions`, one after the other.
- A list's head and rest are bytes in `lists`: the number of postings, the number of its first block if it has one, and
  for the rest three widths and the packed documents, frequencies and positions.

Documents are kept as gaps: document - previous - 1, the one before the first being -1. Frequencies are kept less 1.
Positions are kept per posting: the first as it is, the others as gaps as documents are.

`encode_lists` packs, `decode_lists` is its inverse; `read_head`, `unpack_block`, `unpack_rest`, `block_positions` and
`rest_positions` unpack what is asked for. All are kernels; arrays they write to belong to the caller. None of them
looks twice at what it reads: files are checked before they are opened. See docs/index-format.md.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from index.codec.packing import (
    BLOCK,
    PADDING,
    bits_at,
    bits_needed,
    mask_of,
    number_at,
    pack_lanes,
    put_bits,
    put_number,
    unpack_lanes,
    word_bits_at,
)
from index.compiled import I64, U8, U32, kernel

Encoded: TypeAlias = tuple[U8, U32, U32, U8, U8, U32, U32, U32, U32]
"""What `encode_lists` returns."""


@kernel
def _gaps(values: U32, start: int, end: int, before: int, out: I64) -> int:
    """Gaps of ascending numbers, the number before the first being `before`. Returns the largest gap."""
    largest = np.int64(0)
    for i in range(start, end):
        gap = np.int64(values[i]) - before - 1
        before = np.int64(values[i])
        out[i - start] = gap
        largest = max(largest, gap)
    return largest


@kernel
def _position_gaps(positions: U32, frequencies: U32, start: int, end: int, at: int, out: I64) -> tuple[int, int]:
    """Gaps of the positions of postings start..end, which begin at `at`. Returns (how many, the largest)."""
    count = 0
    largest = np.int64(0)
    for i in range(start, end):
        before = np.int64(-1)
        for _ in range(frequencies[i]):
            gap = np.int64(positions[at + count]) - before - 1
            before = np.int64(positions[at + count])
            out[count] = gap
            largest = max(largest, gap)
            count += 1
    return count, largest


@kernel
def _largest(values: U32, start: int, end: int) -> int:
    largest = np.int64(0)
    for i in range(start, end):
        largest = max(largest, np.int64(values[i]))
    return largest


@kernel
def encode_lists(starts: I64, docs: U32, frequencies: U32, positions: U32, lengths: U8, before: I64) -> Encoded:
    """Pack the posting lists of consecutive terms of a field.

    `starts` int64 (terms + 1): where each term's postings begin in `docs` and `frequencies` (uint32, one for each
    posting; documents ascend strictly within a term, frequencies are at least 1). `positions` uint32: those of all
    postings in order, `frequencies` of them each and ascending strictly; empty where the field keeps none. `lengths`
    uint8: the length byte of each document; empty where lengths don't matter. `before` int64 (4): what earlier calls
    for the same field have made: bytes of lists, blocks, packed words, position words; the numbers stored continue
    from there.

    Returns (lists uint8, list_at uint32 (terms: where each begins), last uint32, bits uint8 (blocks, 3), most uint8
    (blocks, 2), packed_at uint32, packed uint32, positions_at uint32, positions uint32), without padding.
    """
    terms = len(starts) - 1
    has_positions = len(positions) > 0
    blocks = 0
    longest = 1
    for t in range(terms):
        blocks += (starts[t + 1] - starts[t]) >> 7
    total = starts[terms] - starts[0]
    tail = total - (blocks << 7)
    lists = np.zeros(terms * 24 + tail * 8 + len(positions) * 4 + PADDING, np.uint8)
    list_at = np.empty(terms, np.uint32)
    last = np.empty(blocks, np.uint32)
    bits = np.zeros((blocks, 3), np.uint8)
    most = np.zeros((blocks, 2), np.uint8)
    packed_at = np.empty(blocks, np.uint32)
    positions_at = np.empty(blocks, np.uint32)
    packed = np.zeros(blocks * 256, np.uint32)
    words = np.zeros((len(positions) if blocks else 0) + 2 * blocks + 2, np.uint32)
    gaps = np.empty(BLOCK, np.int64)
    place = 0
    for i in range(len(frequencies)):
        longest = max(longest, np.int64(frequencies[i]))
    position_gaps = np.empty(longest * BLOCK if has_positions else 1, np.int64)
    at = 0
    block = 0
    word = 0
    position_word = 0
    for t in range(terms):
        start = starts[t]
        end = starts[t + 1]
        list_at[t] = before[0] + at
        count = end - start
        at = put_number(lists, at, count)
        whole = count >> 7
        if whole:
            at = put_number(lists, at, before[1] + block)
        previous = np.int64(-1)
        for b in range(whole):
            first = start + (b << 7)
            width = bits_needed(_gaps(docs, first, first + BLOCK, previous, gaps))
            packed_at[block] = before[2] + word
            word = pack_lanes(gaps, packed, word, width)
            previous = np.int64(docs[first + BLOCK - 1])
            last[block] = previous
            bits[block, 0] = width
            largest = _largest(frequencies, first, first + BLOCK)
            for i in range(BLOCK):
                gaps[i] = np.int64(frequencies[first + i]) - 1
            width = bits_needed(largest - 1)
            word = pack_lanes(gaps, packed, word, width)
            bits[block, 1] = width
            most[block, 0] = min(largest, 255)
            most[block, 1] = _shortest(lengths, docs, first, first + BLOCK)
            positions_at[block] = before[3] + position_word
            if has_positions:
                many, largest = _position_gaps(positions, frequencies, first, first + BLOCK, place, position_gaps)
                width = bits_needed(largest)
                bits[block, 2] = width
                place += many
                bit = position_word << 5
                for i in range(many):
                    shifted = np.uint64(position_gaps[i]) << np.uint64(bit & 31)
                    words[bit >> 5] |= np.uint32(shifted & np.uint64(0xFFFFFFFF))
                    words[(bit >> 5) + 1] |= np.uint32(shifted >> np.uint64(32))
                    bit += width
                position_word = (bit + 31) >> 5
            block += 1
        first = start + (whole << 7)
        if first == end:
            continue
        width = bits_needed(_gaps(docs, first, end, previous, gaps))
        frequency_width = bits_needed(_largest(frequencies, first, end) - 1)
        lists[at] = width
        lists[at + 1] = frequency_width
        bit = (at + 2 + has_positions) << 3
        for i in range(end - first):
            bit = put_bits(lists, bit, gaps[i], width)
        for i in range(first, end):
            bit = put_bits(lists, bit, np.int64(frequencies[i]) - 1, frequency_width)
        if has_positions:
            many, largest = _position_gaps(positions, frequencies, first, end, place, position_gaps)
            width = bits_needed(largest)
            lists[at + 2] = width
            place += many
            for i in range(many):
                bit = put_bits(lists, bit, position_gaps[i], width)
        at = (bit + 7) >> 3
    return lists[:at], list_at, last, bits, most, packed_at, packed[:word], positions_at, words[:position_word]


@kernel
def _shortest(lengths: U8, docs: U32, start: int, end: int) -> int:
    """The smallest length byte of documents, 0 where lengths don't matter."""
    if len(lengths) == 0:
        return 0
    shortest = 255
    for i in range(start, end):
        shortest = min(shortest, np.int64(lengths[docs[i]]))
    return shortest


@kernel
def read_head(lists: U8, at: int) -> tuple[int, int, int]:
    """The head of the list at byte `at`: (number of postings, its first block or -1, where its rest begins)."""
    count, at = number_at(lists, at)
    block = np.int64(-1)
    if count >= BLOCK:
        block, at = number_at(lists, at)
    return count, block, at


@kernel
def unpack_block(bits: U8, packed_at: U32, packed: U32, block: int, before: int, docs: U32, frequencies: U32) -> None:
    """Documents and frequencies of a whole block into uint32 arrays of at least `BLOCK`.

    `before` is the last document of the list's block before it, or -1.
    """
    width = np.int64(bits[block, 0])
    word = np.int64(packed_at[block])
    unpack_lanes(packed, word, width, docs)
    document = np.uint32(before + 1)
    for i in range(BLOCK):
        document = np.uint32(document + docs[i])
        docs[i] = document
        document = np.uint32(document + np.uint32(1))
    unpack_lanes(packed, word + 4 * width, np.int64(bits[block, 1]), frequencies)
    for i in range(BLOCK):
        frequencies[i] += np.uint32(1)


@kernel
def unpack_rest(lists: U8, at: int, count: int, has_positions: bool, before: int, docs: U32, frequencies: U32) -> int:
    """Documents and frequencies of a list's rest: `count` (fewer than `BLOCK`) postings from byte `at` on.

    Returns the number of the first bit behind them, where positions begin.
    """
    width = np.int64(lists[at])
    frequency_width = np.int64(lists[at + 1])
    bit = (at + 2 + has_positions) << 3
    mask = mask_of(width)
    document = np.int64(before)
    for i in range(count):
        document += bits_at(lists, bit, mask) + 1
        docs[i] = document
        bit += width
    mask = mask_of(frequency_width)
    for i in range(count):
        frequencies[i] = bits_at(lists, bit, mask) + 1
        bit += frequency_width
    return bit


@kernel
def block_positions(bits: U8, positions_at: U32, positions: U32, block: int, skip: int, count: int, out: I64) -> None:
    """The positions of one posting of a whole block into `out` (int64).

    `skip` positions of the block come before them (the sum of the frequencies before), `count` is its frequency.
    """
    width = np.int64(bits[block, 2])
    mask = mask_of(width)
    bit = (np.int64(positions_at[block]) << 5) + skip * width
    position = np.int64(-1)
    for i in range(count):
        position += word_bits_at(positions, bit, mask) + 1
        out[i] = position
        bit += width


@kernel
def rest_positions(lists: U8, at: int, bit: int, skip: int, count: int, out: I64) -> None:
    """The same of a posting of the rest that begins at byte `at`; `bit` is what `unpack_rest` returned."""
    width = np.int64(lists[at + 2])
    mask = mask_of(width)
    bit += skip * width
    position = np.int64(-1)
    for i in range(count):
        position += bits_at(lists, bit, mask) + 1
        out[i] = position
        bit += width


@kernel
def decode_lists(
    lists: U8,
    list_at: U32,
    last: U32,
    bits: U8,
    packed_at: U32,
    packed: U32,
    positions_at: U32,
    positions: U32,
    first: int,
    end: int,
    has_positions: bool,
) -> tuple[I64, U32, U32, U32]:
    """The postings of the terms from number `first` on and before `end`, unpacked.

    Returns (starts int64 (terms + 1), its first 0, docs uint32, frequencies uint32, positions uint32), which are what
    `encode_lists` takes; `positions` is empty unless `has_positions`.
    """
    starts = np.zeros(end - first + 1, np.int64)
    for t in range(first, end):
        count, _, _ = read_head(lists, np.int64(list_at[t]))
        starts[t - first + 1] = starts[t - first] + count
    docs = np.empty(starts[-1], np.uint32)
    frequencies = np.empty(starts[-1], np.uint32)
    total = np.int64(0)
    for t in range(first, end):
        count, block, rest_at = read_head(lists, np.int64(list_at[t]))
        at = starts[t - first]
        before = np.int64(-1)
        for b in range(block, block + (count >> 7)):
            unpack_block(bits, packed_at, packed, b, before, docs[at:], frequencies[at:])
            before = np.int64(last[b])
            at += BLOCK
        if count & 127:
            unpack_rest(lists, rest_at, count & 127, has_positions, before, docs[at:], frequencies[at:])
        if has_positions:
            for i in range(starts[t - first], starts[t - first + 1]):
                total += np.int64(frequencies[i])
    out = np.empty(total, np.uint32)
    place = 0
    for t in range(first, end) if has_positions else range(0):
        count, block, rest_at = read_head(lists, np.int64(list_at[t]))
        at = starts[t - first]
        for b in range(block, block + (count >> 7)):
            width = np.int64(bits[b, 2])
            mask = mask_of(width)
            bit = np.int64(positions_at[b]) << 5
            for i in range(at, at + BLOCK):
                position = np.int64(-1)
                for _ in range(frequencies[i]):
                    position += word_bits_at(positions, bit, mask) + 1
                    out[place] = position
                    place += 1
                    bit += width
            at += BLOCK
        rest = count & 127
        if rest:
            width = np.int64(lists[rest_at + 2])
            mask = mask_of(width)
            bit = ((rest_at + 3) << 3) + rest * (np.int64(lists[rest_at]) + np.int64(lists[rest_at + 1]))
            for i in range(at, at + rest):
                position = np.int64(-1)
                for _ in range(frequencies[i]):
                    position += bits_at(lists, bit, mask) + 1
                    out[place] = position
                    place += 1
                    bit += width
    return starts, docs, frequencies, out
