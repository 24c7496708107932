"""The words of a generation: which there are, and which are nearly some word.

`IndexVocabulary` looks into the sorted terms of an index's segments, which are mapped and searched by kernels
(`kernels_terms`); nothing is built or kept. A term that only deleted articles have may be among what it tells, so ask
an engine how many articles have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from index.compiled import U8, U32
from index.fields import TEXT_FIELDS
from index.whoosh_index import damage_named, open_index
from search.engines.kernels import FieldTable
from search.engines.kernels_terms import LONGEST_PATTERN, bisect_words, find_near
from search.engines.segments import MappedSegment, map_segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from index.compiled import I64

MOST_NEAR: Final = 1024
"""Terms near a word that one field of one segment tells."""


@dataclass(frozen=True, slots=True, eq=False)
class _Terms:
    """The sorted terms of a field of a segment, as in `FieldArrays`; the segment is kept with them."""

    segment: MappedSegment
    terms: U8
    term_at: U32

    @property
    def size(self) -> int:
        return len(self.term_at) - 1

    def term(self, number: int) -> str:
        return self.terms[self.term_at[number] : self.term_at[number + 1]].tobytes().decode()


class IndexVocabulary:
    """The terms of all text fields of an index. Safe to share between threads.

    Segments are shared with whatever else has them open. Raises `DamagedGeneration` if there is no index that can be
    read.
    """

    def __init__(self, folder: Path) -> None:
        with damage_named(folder):
            index = open_index(folder)
            segments = [map_segment(index.storage, segment) for segment in index.segments()]
        self._fields = tuple(
            found
            for segment in segments
            for field in range(len(TEXT_FIELDS))
            if (found := _terms_of(segment, field)).size > 0
        )

    def known(self, words: Sequence[str]) -> frozenset[str]:
        """Those of some words that are terms."""
        if not words:
            return frozenset()
        blob, at = _joined([word.encode() for word in words])
        found = np.zeros(len(words), np.uint8)
        for field in self._fields:
            bisect_words(field.terms, field.term_at, blob, at, found, np.empty(len(words), np.int64))
        return frozenset(words[number] for number in np.flatnonzero(found).tolist())

    def near(self, word: str, most: int, *, beginning: str = "") -> dict[str, int]:
        """Terms that begin so within `most` edits of an ASCII word, each with its distance."""
        pattern = np.frombuffer(word.encode("ascii"), np.uint8)
        if not 0 < len(pattern) <= LONGEST_PATTERN:
            return {}
        near: dict[str, int] = {}
        for field in self._fields:
            near.update(_near_in(field, pattern, most, beginning))
        return near


def _terms_of(segment: MappedSegment, field: int) -> _Terms:
    row = segment.table[field]
    inv, words, _ = segment.arrays
    first, at = int(row[FieldTable.TERMS]), int(row[FieldTable.TERM_AT])
    return _Terms(segment, inv[first:], words[at : at + int(row[FieldTable.TERM_COUNT]) + 1])


def _near_in(field: _Terms, pattern: U8, most: int, beginning: str) -> Iterator[tuple[str, int]]:
    first, end = _range(field, beginning) if beginning else (0, field.size)
    numbers, distances = np.empty(MOST_NEAR, np.int64), np.empty(MOST_NEAR, np.int64)
    count = find_near(field.terms, field.term_at, first, end, pattern, most, numbers, distances)
    for number, distance in zip(numbers[:count].tolist(), distances[:count].tolist(), strict=True):
        yield field.term(number), distance


def _range(field: _Terms, beginning: str) -> tuple[int, int]:
    """The numbers of the terms that begin so: the first, and that after the last."""
    prefix = beginning.encode()
    blob, at = _joined([prefix, prefix[:-1] + bytes([prefix[-1] + 1])])
    places = np.empty(2, np.int64)
    bisect_words(field.terms, field.term_at, blob, at, np.zeros(2, np.uint8), places)
    first, end = places.tolist()
    return first, end


def _joined(words: Sequence[bytes]) -> tuple[U8, I64]:
    """Words one after the other, and where each begins and the last one ends."""
    at = np.zeros(len(words) + 1, np.int64)
    np.cumsum([len(word) for word in words], out=at[1:])
    return np.frombuffer(b"".join(words), np.uint8), at
