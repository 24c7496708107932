"""An index as the arrays engine sees it: `MappedIndex` is everything it opens once and then only reads.

Most of it is the segments' own, and shared with every other index that has them (`search.engines.segments`). What is
made anew is a `LiveSegment` for each, which says what is deleted of it and where its ordinals begin among those of all
segments, and what depends on all of them: the statistics that scores are made of (over the articles that are there,
never the deleted ones), `ValueSets`, `DayIntervals`. `find` and `find_beginning` look terms up and remember them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from index.codec.matcher import LENGTHS
from index.compiled import F64, I64, U8, U32
from index.fields import KEYWORD_FIELDS, TEXT_FIELDS
from index.whoosh_index import damage_named, open_index
from search.engines.days import DayIntervals
from search.engines.kernels import FieldTable, ListRow, bisect_terms, count_within, list_rows
from search.engines.segments import DAYS, MappedSegment, lengths_of, map_segment
from search.engines.values import RegionSets, ValueSets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path


K1: Final = 1.2
B: Final = 0.75

REMEMBERED: Final = 4096
"""Terms whose lists are remembered: about 1 kB each."""

BEGINNINGS_REMEMBERED: Final = 64
"""Beginnings of words whose terms are remembered: at most some 256 kB each."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveSegment:
    """A segment as it is in one index: `number` there, and what is deleted of it.

    `gone` uint32: the deleted documents, ascending. `live` uint8: 0 for those, 1 for the others; empty if none is.
    `bases` int64 (`DAYS` + 1): how many ordinals of each column are those of the segments before.
    """

    number: int
    mapped: MappedSegment
    gone: U32
    live: U8
    bases: I64


class ListedTerm(NamedTuple):
    """A term of a field that some article has: its idf, how many articles have it, and its list in each segment.

    A tuple, as a prefix makes hundreds. `rows` int64 (`ListRow.WIDTH`), None for a segment without the term.
    """

    idf: float
    articles: int
    rows: tuple[I64 | None, ...]


class MappedIndex:
    """An open index. Immutable, so safe to share between threads.

    `articles` is how many are there; `size` counts deleted documents, too. `values` are the sets of each keyword field,
    `regions` those of the regions by roles, `days` the intervals of days: all segments' together. `norms` float64 (text
    fields, 256): BM25's denominator without the frequency for each length byte. `find` gives the `ListedTerm` of a text
    field (its number in `TEXT_FIELDS`) and a word, None if no article has it; `find_beginning`, of a field, a prefix
    and a limit, how many terms begin so and, if there are at most so many, the terms in their order.

    Raises `DamagedGeneration` if the folder holds no index that can be read.
    """

    def __init__(self, folder: Path) -> None:
        with damage_named(folder):
            self.segments = tuple(_live_segments(folder))
        mapped = [segment.mapped for segment in self.segments]
        self.size = sum(segment.size for segment in mapped)
        self.articles = self.size - sum(len(segment.gone) for segment in self.segments)
        self.norms = _norms(self.segments, self.articles)
        self.values = {field: ValueSets([segment.sets[field] for segment in mapped]) for field in KEYWORD_FIELDS}
        self.regions = RegionSets([segment.regions_in for segment in mapped])
        self.days = DayIntervals(
            np.concatenate([_NOTHING, *(segment.first for segment in mapped)]),
            np.concatenate([_NOTHING, *(segment.last for segment in mapped)]),
        )
        # Not methods that are remembered: those would hold the index, and it them, until somebody collects garbage
        found = partial(_find, self.segments, self.articles)
        beginning = partial(_find_beginning, self.segments, self.articles)
        self.find = lru_cache(maxsize=REMEMBERED)(found)
        self.find_beginning = lru_cache(maxsize=BEGINNINGS_REMEMBERED)(beginning)


_NOTHING: Final[I64] = np.zeros(0, np.int64)


def _live_segments(folder: Path) -> Iterator[LiveSegment]:
    index = open_index(folder)
    bases: I64 = np.zeros(DAYS + 1, np.int64)
    for number, segment in enumerate(index.segments()):
        mapped = map_segment(index.storage, segment)
        gone = segment.deleted
        live = np.ones(mapped.size if len(gone) else 0, np.uint8)
        live[gone] = 0
        yield LiveSegment(number, mapped, gone, live, bases)
        counts = [*(len(mapped.sets[field]) for field in KEYWORD_FIELDS), len(mapped.first)]
        bases = bases + np.array(counts, np.int64)


def _norms(segments: Sequence[LiveSegment], articles: int) -> F64:
    lengths = np.array(LENGTHS, np.int64)
    norms = np.empty((len(TEXT_FIELDS), len(LENGTHS)), np.float64)
    for number in range(len(TEXT_FIELDS)):
        total = sum(
            int((segment.mapped.lengths[number] - lengths_of(segment.mapped, number, segment.gone)) @ lengths)
            for segment in segments
        )
        average = total / (articles or 1) or 1
        norms[number] = [K1 * ((1 - B) + B * length / average) for length in LENGTHS]
    return norms


def _find(segments: Sequence[LiveSegment], articles: int, field: int, term: str) -> ListedTerm | None:
    key = _key(term)
    rows = tuple(segment.mapped.find_row(field, key) for segment in segments)
    having = sum(
        int(_articles_in(segment, row[None])[0]) for segment, row in zip(segments, rows, strict=True) if row is not None
    )
    return _listed(articles, having, rows) if having else None


def _listed(articles: int, having: int, rows: tuple[I64 | None, ...]) -> ListedTerm:
    return ListedTerm(math.log(articles / (having + 1)) + 1, having, rows)


def _articles_in(segment: LiveSegment, rows: I64, *, is_some_enough: bool = False) -> I64:
    """How many articles that are not deleted each list has; too many, but never 0 for some, if that is enough."""
    counts: I64 = rows[:, ListRow.COUNT]
    if not len(segment.gone):
        return counts
    inv, words, _ = segment.mapped.arrays
    gone = np.empty(len(rows), np.int64)
    count_within(inv, words, rows, True, segment.gone, is_some_enough, gone)
    return counts - gone


def _find_beginning(
    segments: Sequence[LiveSegment], articles: int, field: int, prefix: str, most: int
) -> tuple[int, Sequence[ListedTerm]]:
    key: U8 = np.frombuffer(_key(prefix), np.uint8)
    found = [_rows_beginning(segment.mapped, field, key) for segment in segments]
    live = [
        _articles_in(segment, rows, is_some_enough=len(rows) > most)
        for segment, (_, rows) in zip(segments, found, strict=True)
    ]
    having = [number for number, counts in enumerate(live) if counts.any()]
    if len(having) == 1 and (count := np.count_nonzero(live[having[0]])) > most:
        return int(count), ()
    names: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
    for number in having:
        for place, name in _terms(segments[number].mapped, field, found[number][0], np.flatnonzero(live[number])):
            names[name].append((number, place))
    if len(names) > most:
        return len(names), ()
    listed = []
    for name in sorted(names):
        rows: list[I64 | None] = [None] * len(segments)
        for number, place in names[name]:
            rows[number] = found[number][1][place]
        articles_with = sum(int(live[number][place]) for number, place in names[name])
        listed.append(_listed(articles, articles_with, tuple(rows)))
    return len(names), tuple(listed)


def _rows_beginning(segment: MappedSegment, field: int, key: U8) -> tuple[int, I64]:
    """The number of the first term that begins so, and the rows of all that do."""
    inv, words, _ = segment.arrays
    first, end = (bisect_terms(inv, words, segment.table, field, key, after) for after in (False, True))
    rows = np.empty((end - first, ListRow.WIDTH), np.int64)
    list_rows(inv, words, segment.table, field, first, rows)
    return first, rows


def _terms(segment: MappedSegment, field: int, first: int, places: I64) -> Iterable[tuple[int, bytes]]:
    """Some terms by their place behind the first."""
    inv, words, _ = segment.arrays
    begin, at = int(segment.table[field, FieldTable.TERMS]), int(segment.table[field, FieldTable.TERM_AT])
    numbers = at + first + places
    starts = (words[numbers].astype(np.int64) + begin).tolist()
    ends = (words[numbers + 1].astype(np.int64) + begin).tolist()
    for place, start, end in zip(places.tolist(), starts, ends, strict=True):
        yield place, inv[start:end].tobytes()


def _key(term: str) -> bytes:
    """A term's bytes; no term has half a surrogate pair, and nothing is found by one."""
    return term.encode("utf-8", "surrogatepass")
