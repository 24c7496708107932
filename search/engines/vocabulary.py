"""The words of a generation: which there are, and which are nearly some word.

`IndexVocabulary` looks into the sorted terms of an index's segments, which are mapped and searched by kernels
(`kernels_terms`); nothing is built or kept. A term that only deleted articles have may be among what it tells, so ask
an engine how many articles have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from index.fields import TEXT_FIELDS
from search.engines.kernels_terms import LONGEST_PATTERN, bisect_words, find_near

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.codec.field import FieldArrays
    from index.codec.inverted import InvertedArrays

MOST_NEAR: Final = 1024
"""Terms near a word that one field of one segment tells."""


class IndexVocabulary:
    """The terms of all text fields of some segments. Safe to share between threads."""

    def __init__(self, segments: Iterable[InvertedArrays]) -> None:
        self._fields: tuple[FieldArrays, ...] = tuple(
            inverted.fields[field] for inverted in segments for field in TEXT_FIELDS if field in inverted.fields
        )

    def known(self, words: Sequence[str]) -> frozenset[str]:
        """Those of some words that are terms."""
        encoded = [word.encode() for word in words]
        if not encoded:
            return frozenset()
        blob, at = _joined(encoded)
        found = np.zeros(len(words), np.uint8)
        for field in self._fields:
            bisect_words(field.terms, field.term_at, blob, at, found, np.empty(len(words), np.int64))
        return frozenset(words[number] for number in np.flatnonzero(found).tolist())

    def near(self, word: str, most: int, *, beginning: str = "") -> dict[str, int]:
        """Terms within `most` edits of an ASCII word, and begin so, each with its distance."""
        pattern = np.frombuffer(word.encode("ascii"), np.uint8)
        if not 0 < len(pattern) <= LONGEST_PATTERN:
            return {}
        near: dict[str, int] = {}
        for field in self._fields:
            near.update(self._near_in(field, pattern, most, beginning))
        return near

    def _near_in(
        self, field: FieldArrays, pattern: np.typing.NDArray[np.uint8], most: int, beginning: str
    ) -> Iterator[tuple[str, int]]:
        first, end = self._range(field, beginning) if beginning else (0, field.size)
        numbers, distances = np.empty(MOST_NEAR, np.int64), np.empty(MOST_NEAR, np.int64)
        count = find_near(field.terms, field.term_at, first, end, pattern, most, numbers, distances)
        for number, distance in zip(numbers[:count].tolist(), distances[:count].tolist(), strict=True):
            yield field.term(number).decode(), distance

    def _range(self, field: FieldArrays, beginning: str) -> tuple[int, int]:
        """The numbers of the terms that begin so: from the first to before the last of them."""
        prefix = beginning.encode()
        blob, at = _joined([prefix, prefix[:-1] + bytes([prefix[-1] + 1])])
        places = np.empty(2, np.int64)
        bisect_words(field.terms, field.term_at, blob, at, np.zeros(2, np.uint8), places)
        first, end = places.tolist()
        return first, end


def _joined(words: Sequence[bytes]) -> tuple[np.typing.NDArray[np.uint8], np.typing.NDArray[np.int64]]:
    """Words one after the other, and where each begins and the last one ends."""
    at = np.zeros(len(words) + 1, np.int64)
    np.cumsum([len(word) for word in words], out=at[1:])
    return np.frombuffer(b"".join(words), np.uint8), at
