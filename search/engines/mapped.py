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
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from index.codec.matcher import LENGTHS
from index.compiled import F64, I64, U8, U32
from index.fields import KEYWORD_FIELDS, TEXT_FIELDS
from index.whoosh_index import damage_named, open_index
from search.engine import B
from search.engines.days import DayIntervals
from search.engines.kernels import FieldTable, ListRow, bisect_terms, count_besides, count_within, list_rows
from search.engines.segments import DAYS, MappedSegment, lengths_of, map_segment
from search.engines.values import RegionSets, ValueSets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

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
    """A term that some article has in some fields: its idf there, how many articles have it, and its lists.

    A tuple, as a prefix makes hundreds. `rows` int64 (lists, `ListRow.WIDTH`), segment after segment: a list for each
    of the fields that has the term there, the longest last. A segment's begin at its number's place in `starts`. All
    are one array: thousands of small ones, remembered as long as an index is, would lie about in what others free.
    """

    idf: float
    articles: int
    rows: I64
    starts: tuple[int, ...]

    def rows_in(self, segment: int) -> I64:
        """The lists in a segment, by its number."""
        return self.rows[self.starts[segment] : self.starts[segment + 1]]


class MappedIndex:
    """An open index. Immutable, so safe to share between threads.

    `articles` is how many are there; `size` counts deleted documents, too. `average_lengths` are those of each text
    field. `values` are the sets of each keyword field, `regions` those of the regions by roles, `days` the intervals of
    days: all segments' together. `norms` float64 (text fields, 256): what frequencies are multiplied by for each length
    byte. `find` gives the `ListedTerm` of some text fields (their numbers in `TEXT_FIELDS`) and a word, None if no
    article has it there; `find_beginning`, of fields, a prefix and a limit, how many terms begin so, once for each
    field, and, if there are at most so many, the terms in their order.

    Raises `DamagedGeneration` if the folder holds no index that can be read.
    """

    def __init__(self, folder: Path) -> None:
        with damage_named(folder):
            self.segments = tuple(_live_segments(folder))
        mapped = [segment.mapped for segment in self.segments]
        self.size = sum(segment.size for segment in mapped)
        self.articles = self.size - sum(len(segment.gone) for segment in self.segments)
        self.average_lengths = _average_lengths(self.segments, self.articles)
        self.norms = _norms(self.average_lengths)
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


def _average_lengths(segments: Sequence[LiveSegment], articles: int) -> Mapping[str, float]:
    lengths = np.array(LENGTHS, np.int64)

    def total(field: int) -> int:
        return sum(
            int((segment.mapped.lengths[field] - lengths_of(segment.mapped, field, segment.gone)) @ lengths)
            for segment in segments
        )

    return {field: total(number) / (articles or 1) or 1.0 for number, field in enumerate(TEXT_FIELDS)}


def _norms(average_lengths: Mapping[str, float]) -> F64:
    averages = [average_lengths[field] for field in TEXT_FIELDS]
    return np.array([[1 / ((1 - B) + B * length / average) for length in LENGTHS] for average in averages])


def _find(segments: Sequence[LiveSegment], articles: int, fields: tuple[int, ...], term: str) -> ListedTerm | None:
    key = _key(term)
    found = ([segment.mapped.find_row(field, key) for field in fields] for segment in segments)
    return _listed(segments, articles, [[row for row in rows if row is not None] for rows in found])


def _listed(segments: Sequence[LiveSegment], articles: int, lists: Sequence[Sequence[I64]]) -> ListedTerm | None:
    """A term by its lists in each segment, None if no article has it."""
    rows: I64 = np.array([row for some in lists for row in sorted(some, key=_size)], np.int64)
    starts = tuple(accumulate(map(len, lists), initial=0))
    having = sum(
        _articles_in_any(segment, rows[first:end])
        for segment, (first, end) in zip(segments, pairwise(starts), strict=True)
        if first < end
    )
    if not having:
        return None
    return ListedTerm(math.log(1 + (articles - having + 0.5) / (having + 0.5)), having, rows, starts)


def _articles_in_any(segment: LiveSegment, rows: I64) -> int:
    """How many articles that are not deleted are in at least one of some lists, the longest of which is the last."""
    in_longest = int(_articles_in(segment, rows[-1:])[0])
    if len(rows) == 1:
        return in_longest
    return in_longest + int(count_besides(segment.mapped.arrays, rows, segment.gone))


def _size(row: I64) -> int:
    return int(row[ListRow.COUNT])


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
    segments: Sequence[LiveSegment], articles: int, fields: tuple[int, ...], prefix: str, most: int
) -> tuple[int, Sequence[ListedTerm]]:
    key: U8 = np.frombuffer(_key(prefix), np.uint8)
    total = 0
    lists: dict[bytes, list[list[I64]]] = {}
    for field in fields:
        count, names = _names_beginning(segments, field, key, most)
        total += count
        for name, rows in names.items():
            of_name = lists.setdefault(name, [[] for _ in segments])
            for number, row in rows:
                of_name[number].append(row)
    if total > most:
        return total, ()
    found = (_listed(segments, articles, lists[name]) for name in sorted(lists))
    return total, tuple(listed for listed in found if listed is not None)


def _names_beginning(
    segments: Sequence[LiveSegment], field: int, key: U8, most: int
) -> tuple[int, Mapping[bytes, Sequence[tuple[int, I64]]]]:
    """How many terms of a field that some article has begin so and, if at most so many, their rows by segment."""
    found = [_rows_beginning(segment.mapped, field, key) for segment in segments]
    live = [
        _articles_in(segment, rows, is_some_enough=True) for segment, (_, rows) in zip(segments, found, strict=True)
    ]
    having = [number for number, counts in enumerate(live) if counts.any()]
    if len(having) == 1 and (count := np.count_nonzero(live[having[0]])) > most:
        return int(count), {}
    names: dict[bytes, list[tuple[int, I64]]] = defaultdict(list)
    for number in having:
        first, rows = found[number]
        for place, name in _terms(segments[number].mapped, field, first, np.flatnonzero(live[number])):
            names[name].append((number, rows[place]))
    return len(names), names if len(names) <= most else {}


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
