"""Kernels over the sorted terms of a field: which of many words are among them, and which terms are nearly a word.

The distance is that of optimal string alignment: letters put in, left out, changed, or swapped with their neighbour.
It is computed for all letters of the pattern at once, in the bits of a word (Hyyrö, A Bit-Vector Algorithm for
Computing Levenshtein and Damerau Edit Distances, 2003).
"""

from __future__ import annotations

import numpy as np

from index.compiled import I64, U8, U32, kernel

LONGEST_PATTERN = 64
"""Letters of a pattern at most: the bits of a word."""


@kernel
def _is_before(terms: U8, start: int, end: int, words: U8, first: int, last: int) -> int:
    """-1, 0, 1: how terms[start:end] compares to words[first:last] in byte order."""
    length = min(end - start, last - first)
    for i in range(length):
        if terms[start + i] != words[first + i]:
            return -1 if terms[start + i] < words[first + i] else 1
    if end - start == last - first:
        return 0
    return -1 if end - start < last - first else 1


@kernel
def bisect_words(terms: U8, term_at: U32, words: U8, word_at: I64, found: U8, places: I64) -> None:
    """Look words up. `terms`, `term_at` as in `FieldArrays`; word number n is words[word_at[n]:word_at[n + 1]].

    `places` int64 gets the number of the first term that is not before each word; `found` uint8 is set to 1 for those
    that are terms, and is left as it is for the others.
    """
    for number in range(len(places)):
        low = 0
        high = len(term_at) - 1
        first = word_at[number]
        last = word_at[number + 1]
        while low < high:
            middle = (low + high) >> 1
            if _is_before(terms, term_at[middle], term_at[middle + 1], words, first, last) < 0:
                low = middle + 1
            else:
                high = middle
        places[number] = low
        if low + 1 < len(term_at) and _is_before(terms, term_at[low], term_at[low + 1], words, first, last) == 0:
            found[number] = 1


@kernel
def find_near(
    terms: U8, term_at: U32, first: int, end: int, pattern: U8, most: int, numbers: I64, distances: I64
) -> int:
    """The terms from number `first` to before `end` within `most` edits of an ASCII pattern: numbers and distances.

    At most `LONGEST_PATTERN` letters of pattern. Returns how many were found; no more than `numbers` has room for.
    """
    one = np.uint64(1)
    masks = np.zeros(256, np.uint64)
    for i in range(len(pattern)):
        masks[pattern[i]] |= one << np.uint64(i)
    last = one << np.uint64(len(pattern) - 1)
    count = 0
    for number in range(first, end):
        start = np.int64(term_at[number])
        length = np.int64(term_at[number + 1]) - start
        if abs(length - len(pattern)) > most:
            continue
        positive = ~np.uint64(0)
        negative = np.uint64(0)
        diagonal = np.uint64(0)
        before = np.uint64(0)
        distance = len(pattern)
        for i in range(length):
            mask = masks[terms[start + i]]
            swapped = (((~diagonal) & mask) << one) & before
            diagonal = (((mask & positive) + positive) ^ positive) | mask | negative | swapped
            higher = negative | ~(diagonal | positive)
            lower = diagonal & positive
            if higher & last:
                distance += 1
            if lower & last:
                distance -= 1
            higher = (higher << one) | one
            positive = (lower << one) | ~(diagonal | higher)
            negative = higher & diagonal
            before = mask
        if distance <= most and count < len(numbers):
            numbers[count] = number
            distances[count] = distance
            count += 1
    return count
