"""What an engine knows of the articles besides their words: values, days and order, as sets of articles.

A `DocSet` is a set of document numbers as one integer, bit i for document i: filters are `&`, `|` and `& ~`, a count is
`bit_count()`, all of them at memory speed without a dependency. `Columns` holds one for each value of each keyword
field, and each document's days and place in every order. `answer` makes the exact `Matches` of what a query found.

For engines in plain Python that number their documents from 0. Memory: (documents / 8) bytes for each distinct value.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections import Counter
from functools import lru_cache, reduce
from itertools import accumulate, compress
from operator import and_, or_
from typing import TYPE_CHECKING, TypeAlias, assert_never

from index.fields import region_from_value
from search.engine import (
    MAX_BUCKETS,
    SCORE_DECIMALS,
    DateCounts,
    DateFacet,
    DateFilter,
    DateMatch,
    Match,
    Matches,
    Sort,
    ValueCounts,
    ValueFacet,
)
from search.errors import TooManyBuckets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from index.document import Role
    from search.engine import Facet, FacetCounts, Recency, SearchRequest, ValueFilter

DocSet: TypeAlias = int

Days: TypeAlias = tuple[int, int]
"""First and last day of an interval, as ordinals."""

_DIGITS = bytes.maketrans(b"01", b"\x00\x01")


def docset(numbers: Iterable[int], size: int) -> DocSet:
    """The set of these document numbers, all below `size`.

    >>> docset([0, 3], size=5)
    9
    """
    digits = bytearray(b"0") * (size + 1)
    for number in numbers:
        digits[size - number] = ord("1")
    return int(digits, 2)


def numbers(docs: DocSet) -> list[int]:
    """The document numbers of a set, ascending.

    >>> numbers(9)
    [0, 3]
    """
    digits = f"{docs:b}".encode().translate(_DIGITS)[::-1]
    return list(compress(range(len(digits)), digits))


class Columns:
    """The articles of one generation. Immutable, so safe to share between threads.

    `serials` and `days` have one entry for each document number; `live` are the documents that are not deleted;
    `values` holds, for each keyword field, which live documents have which value.
    """

    def __init__(
        self,
        *,
        serials: Sequence[int],
        days: Sequence[Days | None],
        live: DocSet,
        values: Mapping[str, Mapping[str, DocSet]],
    ) -> None:
        self.size = len(serials)
        self.live = live
        self.serials = serials
        self._days = days
        self._distinct_days = frozenset(days)
        self._values = values
        self._regions = lru_cache(maxsize=4)(self._regions_in)
        self._ranks = {sort: self._rank(sort) for sort in Sort}

    def by_value(self, field: str, roles: frozenset[Role]) -> Mapping[str, DocSet]:
        """Which documents have which value. For `region` values are region ids and only places in `roles` count."""
        return self._regions(roles) if field == "region" else self._values[field]

    def _regions_in(self, roles: frozenset[Role]) -> Mapping[str, DocSet]:
        found: dict[str, DocSet] = {}
        for value, docs in self._values["region"].items():
            region_id, role = region_from_value(value)
            if role in roles:
                found[region_id] = found.get(region_id, 0) | docs
        return found

    def accepted_by(self, wanted: ValueFilter, roles: frozenset[Role]) -> DocSet:
        """The documents a filter lets through."""
        by_value = self.by_value(wanted.field, roles)
        accepted = _union(by_value.get(value, 0) for value in wanted.any_of) if wanted.any_of else self.live
        return accepted & ~_union(by_value.get(value, 0) for value in wanted.none_of)

    def within(self, wanted: DateFilter) -> DocSet:
        """The documents whose days a filter lets through."""
        accepted = {days for days in self._distinct_days if days is not None and _is_within(days, wanted)}
        found = (number for number, days in enumerate(self._days) if days in accepted)
        return docset(found, self.size) & self.live

    def decay(self, recency: Recency | None) -> Callable[[int], float]:
        """What a document's score is multiplied by."""
        if recency is None:
            return lambda _number: 1.0
        factors = {days: recency.factor(days and days[1]) for days in self._distinct_days}
        return lambda number: factors[self._days[number]]

    def added_after(self, serial: int) -> DocSet:
        """The documents of higher serials than this."""
        found = (number for number, own in enumerate(self.serials) if own > serial)
        return docset(found, self.size) & self.live

    def days_of(self, docs: DocSet) -> Counter[Days | None]:
        """How many documents of a set have which days."""
        return Counter(map(self._days.__getitem__, numbers(docs)))

    def first(self, docs: DocSet, count: int, sort: Sort, scores: Mapping[int, float]) -> list[int]:
        """The first `count` documents of a set in an order."""
        rank = self._ranks[sort]
        if sort is Sort.RELEVANCE:
            return heapq.nsmallest(count, numbers(docs), key=lambda number: (-scores.get(number, 0.0), rank[number]))
        return heapq.nsmallest(count, numbers(docs), key=rank.__getitem__)

    def _rank(self, sort: Sort) -> list[int]:
        """Each document's place in an order; for relevance, in the order of insertion that decides between equals."""

        def key(number: int) -> tuple[int, ...]:
            days, serial = self._days[number], self.serials[number]
            match sort:
                case Sort.RELEVANCE:
                    return (serial,)
                case Sort.NEWEST:
                    return (0, -days[1], -days[0], serial) if days else (1, serial)
                case Sort.OLDEST:
                    return (0, days[0], days[1], serial) if days else (1, serial)
                case _:
                    assert_never(sort)

        ranks = [0] * self.size
        for place, number in enumerate(sorted(range(self.size), key=key)):
            ranks[number] = place
        return ranks


def _union(sets: Iterable[DocSet]) -> DocSet:
    return reduce(or_, sets, 0)


def _is_within(days: Days, wanted: DateFilter) -> bool:
    start = wanted.start.toordinal() if wanted.start else 0
    end = wanted.end.toordinal() if wanted.end else dt.date.max.toordinal()
    match wanted.match:
        case DateMatch.POSSIBLE:
            return days[0] <= end and start <= days[1]
        case DateMatch.CERTAIN:
            return start <= days[0] and days[1] <= end
        case _:
            assert_never(wanted.match)


def answer(
    request: SearchRequest, columns: Columns, found: DocSet, scores: Mapping[int, float], generation: str
) -> Matches:
    """The matches of a request whose query found a set of documents; those without a score have 0."""
    masks = _Masks(request, columns)
    docs = found & masks.all_but(None)
    decay = columns.decay(request.recency)
    rounded = {
        number: round(scores[number] * decay(number), SCORE_DECIMALS) for number in numbers(docs) if number in scores
    }
    page = columns.first(docs, request.offset + request.limit, request.sort, rounded)[request.offset :]
    return Matches(
        total=docs.bit_count(),
        top=tuple(Match(columns.serials[number], rounded.get(number, 0.0)) for number in page),
        facets={
            facet: _count(facet, found & masks.all_but(_field_of(facet)), request, columns) for facet in request.facets
        },
        generation=generation,
    )


class _Masks:
    """A request's filters as sets, each with the field it is on."""

    def __init__(self, request: SearchRequest, columns: Columns) -> None:
        self._live = columns.live
        self._masks = [(wanted.field, columns.accepted_by(wanted, request.roles)) for wanted in request.filters]
        if request.dates is not None:
            self._masks.append(("date", columns.within(request.dates)))

    def all_but(self, field: str | None) -> DocSet:
        """What every filter lets through but those on one field."""
        return reduce(and_, (docs for on, docs in self._masks if on != field), self._live)


def _field_of(facet: Facet) -> str:
    return facet.field if isinstance(facet, ValueFacet) else "date"


def _count(facet: Facet, docs: DocSet, request: SearchRequest, columns: Columns) -> FacetCounts:
    match facet:
        case ValueFacet(field):
            return _count_values(docs, columns.by_value(field, request.roles))
        case DateFacet():
            return _count_days(columns.days_of(docs), facet)
        case _:
            assert_never(facet)


def _count_values(docs: DocSet, by_value: Mapping[str, DocSet]) -> ValueCounts:
    counts = {value: (docs & having).bit_count() for value, having in by_value.items()}
    ordered = sorted(((value, count) for value, count in counts.items() if count), key=lambda item: (-item[1], item[0]))
    return ValueCounts(values=tuple(ordered), missing=(docs & ~_union(by_value.values())).bit_count())


def _count_days(counts: Counter[Days | None], facet: DateFacet) -> DateCounts:
    """Sweep over the units: each interval begins to count at its first unit and ends after its last."""
    change: Counter[int] = Counter()
    for days, count in counts.items():
        if days is not None:
            first, last = (facet.interval.unit_of(dt.date.fromordinal(day)) for day in days)
            if facet.match is DateMatch.POSSIBLE or first == last:
                change[first] += count
                change[last + 1] -= count
    return date_counts(facet, change, counts[None])


def date_counts(facet: DateFacet, change: Mapping[int, int], missing: int) -> DateCounts:
    """The counts of a facet whose count changes so much at the beginning of each unit. Raises `TooManyBuckets`."""
    units = range(min(change), max(change)) if change else range(0)
    if len(units) > MAX_BUCKETS:
        raise TooManyBuckets(facet.interval, allowed=MAX_BUCKETS, found=len(units))
    totals = accumulate(change.get(unit, 0) for unit in units)
    buckets = tuple((facet.interval.first_day(unit), total) for unit, total in zip(units, totals, strict=True))
    return DateCounts(buckets=buckets, missing=missing)
