"""Numbers packed into as few bits as the largest of them needs: what posting lists are made of.

Three ways: seven bits a byte (`put_number`, `number_at`), one after the other among bytes or words (`put_bits`,
`bits_at`, `word_bits_at`), and `BLOCK` numbers at once in four lanes side by side, so that a processor unpacks four at
a time (`pack_lanes`, `unpack_lanes`, `lane_at`). All are kernels; arrays they write to belong to the caller. What is
read must have `PADDING` behind it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from index.compiled import I64, U8, U32, kernel

BLOCK: Final = 128
"""Numbers that are packed at once in lanes; the postings of a block."""

PADDING: Final = 8
"""Zero bytes behind bytes, and words behind words, so that reading a whole word never runs over the end."""


@kernel
def bits_needed(largest: int) -> int:
    """The width in bits of a number: 0 for 0."""
    bits = 0
    while largest > 0:
        bits += 1
        largest >>= 1
    return bits


@kernel
def put_number(out: U8, at: int, number: int) -> int:
    """Seven bits a byte, the lowest first; the top bit says that more follow. Returns where it ends."""
    while number >= 128:
        out[at] = np.uint8((number & 127) | 128)
        number >>= 7
        at += 1
    out[at] = np.uint8(number)
    return at + 1


@kernel
def number_at(data: U8, at: int) -> tuple[int, int]:
    """A number as `put_number` puts it: (number, where it ends)."""
    number = np.int64(0)
    shift = 0
    while True:
        byte = np.int64(data[at])
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7


@kernel
def put_bits(out: U8, bit: int, value: int, width: int) -> int:
    """Set `width` bits of zeroed bytes from bit number `bit` on. Returns the bit after them."""
    left = np.uint64(value) << np.uint64(bit & 7)
    at = bit >> 3
    while left:
        out[at] |= np.uint8(left & np.uint64(255))
        left >>= np.uint64(8)
        at += 1
    return bit + width


@kernel
def bits_at(data: U8, bit: int, mask: np.uint64) -> int:
    """The number in the bits from number `bit` on, at most 32 of them, cut to `mask`."""
    at = bit >> 3
    word = np.uint64(data[at])
    word |= np.uint64(data[at + 1]) << np.uint64(8)
    word |= np.uint64(data[at + 2]) << np.uint64(16)
    word |= np.uint64(data[at + 3]) << np.uint64(24)
    word |= np.uint64(data[at + 4]) << np.uint64(32)
    return np.int64((word >> np.uint64(bit & 7)) & mask)


@kernel
def word_bits_at(words: U32, bit: int, mask: np.uint64) -> int:
    """The same of 32-bit words."""
    at = bit >> 5
    pair = np.uint64(words[at]) | (np.uint64(words[at + 1]) << np.uint64(32))
    return np.int64((pair >> np.uint64(bit & 31)) & mask)


@kernel
def mask_of(width: int) -> np.uint64:
    """As many ones."""
    return (np.uint64(1) << np.uint64(width)) - np.uint64(1)


@kernel
def pack_lanes(values: I64, words: U32, at: int, width: int) -> int:
    """Pack the `BLOCK` numbers of `values` into 4 * width zeroed words: number i in lane i % 4, row i // 4."""
    for i in range(BLOCK):
        bit = (i >> 2) * width
        word = at + ((bit >> 5) << 2) + (i & 3)
        shifted = np.uint64(values[i]) << np.uint64(bit & 31)
        words[word] |= np.uint32(shifted & np.uint64(0xFFFFFFFF))
        if (bit & 31) + width > 32:
            words[word + 4] |= np.uint32(shifted >> np.uint64(32))
    return at + 4 * width


@kernel
def unpack_lanes(words: U32, at: int, width: int, out: U32) -> None:
    """The inverse of `pack_lanes`, into the first `BLOCK` places of `out` (uint32).

    Each is put together from two words, so that there is nothing to decide within the loop, and places are unsigned,
    so that Numba has no negative ones to think of: the processor does four at once.
    """
    if width == 0:
        for i in range(BLOCK):
            out[i] = 0
        return
    mask = np.uint32(mask_of(width))
    one, two, three, four = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
    up = np.uint32(1)
    own = words[at : at + 4 * width + 4]
    bit = np.uint32(0)
    for row in range(BLOCK >> 2):
        shift = bit & np.uint32(31)
        back = np.uint32(31) - shift
        low = np.uint64((bit >> np.uint32(5)) << np.uint32(2))
        high = low + four
        to = np.uint64(row << 2)
        out[to] = ((own[low] >> shift) | ((own[high] << up) << back)) & mask
        out[to + one] = ((own[low + one] >> shift) | ((own[high + one] << up) << back)) & mask
        out[to + two] = ((own[low + two] >> shift) | ((own[high + two] << up) << back)) & mask
        out[to + three] = ((own[low + three] >> shift) | ((own[high + three] << up) << back)) & mask
        bit += np.uint32(width)


@kernel
def lane_at(words: U32, at: int, width: int, i: int) -> int:
    """Number `i` of what `pack_lanes` packed."""
    bit = (i >> 2) * width
    low = at + ((bit >> 5) << 2) + (i & 3)
    pair = np.uint64(words[low]) | (np.uint64(words[low + 4]) << np.uint64(32))
    return np.int64((pair >> np.uint64(bit & 31)) & mask_of(width))
