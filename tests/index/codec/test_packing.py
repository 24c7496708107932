"""Packed numbers come out as they went in, at every width there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.codec.packing import (
    BLOCK,
    PADDING,
    bits_at,
    bits_needed,
    lane_at,
    mask_of,
    number_at,
    pack_lanes,
    put_bits,
    put_number,
    unpack_lanes,
    word_bits_at,
)

WIDTHS = tuple(range(33))
BEFORE = 3
"""What stands before what is packed."""


def numbers_of(width: int, count: int) -> list[int]:
    """Numbers of at most so many bits, the largest among them."""
    rng = np.random.default_rng(width)
    return [(1 << width) - 1, *rng.integers(0, 1 << width, count - 1).tolist()]


@pytest.mark.parametrize("width", WIDTHS)
def test_lanes_are_unpacked_all_at_once_and_one_by_one(width: int) -> None:
    """Wherever they begin; and no word but theirs is written to."""
    numbers = numbers_of(width, BLOCK)
    words = np.zeros(BEFORE + 4 * width + PADDING, np.uint32)
    assert pack_lanes(np.array(numbers, np.int64), words, BEFORE, width) == BEFORE + 4 * width
    assert not words[:BEFORE].any()
    assert not words[BEFORE + 4 * width :].any()
    words[BEFORE + 4 * width :] = 0xFFFFFFFF  # what follows may be another block
    out = np.full(BLOCK + 1, 7, np.uint32)
    unpack_lanes(words, BEFORE, width, out)
    assert out.tolist() == [*numbers, 7]
    assert [lane_at(words, BEFORE, width, i) for i in range(BLOCK)] == numbers


@pytest.mark.parametrize("width", WIDTHS)
def test_bits_are_read_from_bytes_and_from_words(width: int) -> None:
    """Bytes and the words that they are, the lowest first."""
    numbers = numbers_of(width, 50)
    packed = np.zeros((BEFORE + 50 * width) // 32 * 4 + 4 * PADDING, np.uint8)
    end = BEFORE
    for number in numbers:
        end = put_bits(packed, end, number, width)
    assert end == BEFORE + 50 * width
    bits = [BEFORE + i * width for i in range(50)]
    assert [bits_at(packed, bit, mask_of(width)) for bit in bits] == numbers
    assert [word_bits_at(packed.view("<u4"), bit, mask_of(width)) for bit in bits] == numbers


@given(st.lists(st.integers(0, (1 << 63) - 1), min_size=1, max_size=20))
@settings(deadline=None)
def test_numbers_of_seven_bits_a_byte_follow_each_other(numbers: list[int]) -> None:
    """Each says where it ends, and takes no more bytes than it needs."""
    packed = np.zeros(10 * len(numbers), np.uint8)
    ends = []
    end = 0
    for number in numbers:
        end = put_number(packed, end, number)
        ends.append(end)
    assert [number_at(packed, start) for start in (0, *ends[:-1])] == list(zip(numbers, ends, strict=True))
    assert end == sum(max(1, -(-number.bit_length() // 7)) for number in numbers)


@given(st.integers(0, (1 << 63) - 1))
@settings(deadline=None)
def test_the_width_of_a_number_is_its_bits(number: int) -> None:
    """None for 0."""
    assert bits_needed(number) == number.bit_length()
