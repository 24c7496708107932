"""The oracle: the engine contract in plain loops over all records, with no index and nothing clever.

Every sentence of `search.engine` that says what an answer is has its own function here, written as the sentence says
it. Slow on purpose. Besides the contract's own values it uses the analyser, which defines what a term is, and Whoosh's
rounding of lengths, which the contract refers to.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
from dataclasses import replace
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, assert_never

from whoosh.util.numeric import byte_to_length, length_to_byte

from index.analysis import terms
from index.fields import KEYWORD_FIELDS, TEXT_FIELDS, Record, region_from_value
from search.engine import (
    ALL_BUT_CAPTION,
    MAX_BUCKETS,
    MAX_EXPANSIONS,
    SCORE_DECIMALS,
    DateCounts,
    DateFacet,
    DateFilter,
    DateMatch,
    Interval,
    Match,
    Matches,
    SearchRequest,
    Sort,
    Statistics,
    ValueCounts,
    ValueFacet,
)
from search.errors import EngineClosed, TooManyBuckets, TooManyExpansions, UnsupportedQuery
from search.query import And, Dates, Everything, Near, Not, Nothing, Or, Phrase, Prefix, Query, Term, Value, Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from search.engine import Facet, FacetCounts, ValueFilter

K1 = 2.0
B = 0.75


class ReferenceEngine:
    """Answers from the records it was given."""

    def __init__(self, records: Iterable[Record], generation: str) -> None:
        self._generation = generation
        self._records = sorted(records, key=lambda record: record.serial)
        self._terms = {
            (record.serial, field): terms(getattr(record, field)) for record in self._records for field in TEXT_FIELDS
        }
        self._is_closed = False

    @property
    def generation(self) -> str:
        """The id it was given."""
        return self._generation

    def close(self) -> None:
        """Answer no more."""
        self._is_closed = True

    def search(self, request: SearchRequest) -> Matches:
        """Answer a request as the contract says."""
        if self._is_closed:
            raise EngineClosed("closed")
        self._refuse(request)
        scores = {record.serial: self._score(request.query, record, request) for record in self._records}
        restriction = replace(request, roles=ALL_BUT_CAPTION)
        there = [r for r in self._records if self._score(request.within, r, restriction) is not None]
        found = [record for record in there if scores[record.serial] is not None and record.serial > request.after]
        rounded = {
            record.serial: round((scores[record.serial] or 0.0) * decay(record, request), SCORE_DECIMALS)
            for record in self._records
        }
        matching = [record for record in found if passes(record, request, ignoring=None)]
        ordered = sorted(matching, key=lambda record: sort_key(record, request.sort, rounded[record.serial]))
        page = ordered[request.offset : request.offset + request.limit]
        return Matches(
            total=len(matching),
            top=tuple(Match(record.serial, rounded[record.serial]) for record in page),
            facets={facet: count(facet, found, request) for facet in request.facets},
            generation=self._generation,
        )

    def statistics(self) -> Statistics:
        """The numbers of its own formula."""
        if self._is_closed:
            raise EngineClosed("closed")
        return Statistics(len(self._records), {field: self._average_length(field) or 1.0 for field in TEXT_FIELDS})

    def _refuse(self, request: SearchRequest) -> None:
        for field in (wanted.field for wanted in request.filters):
            if field not in KEYWORD_FIELDS:
                raise UnsupportedQuery("reference", field)
        for field in (facet.field for facet in request.facets if isinstance(facet, ValueFacet)):
            if field not in KEYWORD_FIELDS:
                raise UnsupportedQuery("reference", field)
        for field, _ in request.ranking.weights:
            if field not in TEXT_FIELDS:
                raise UnsupportedQuery("reference", field)
        for node in (*nodes(request.query), *nodes(request.within)):
            self._refuse_node(node, request)

    def _refuse_node(self, node: Query, request: SearchRequest) -> None:
        if isinstance(node, Words) and node.field is not None and node.field not in TEXT_FIELDS:
            raise UnsupportedQuery("reference", str(node))
        if isinstance(node, Value) and node.field not in KEYWORD_FIELDS:
            raise UnsupportedQuery("reference", str(node))
        if isinstance(node, Prefix):
            expansions = sum(len(self._beginning(node.text, field)) for field in asked(node, request))
            if expansions > MAX_EXPANSIONS:
                raise TooManyExpansions(node.text, allowed=MAX_EXPANSIONS, found=expansions)

    def _beginning(self, prefix: str, field: str) -> set[str]:
        return {term for record in self._records for term in self._of(record, field) if term.startswith(prefix)}

    def _of(self, record: Record, field: str) -> list[str]:
        return self._terms[record.serial, field]

    def _score(self, query: Query, record: Record, request: SearchRequest) -> float | None:
        """The score of a record, or None if it does not match."""
        match query:
            case Everything():
                return 0.0
            case Nothing():
                return None
            case Term() | Phrase() | Near() | Prefix():
                scored = self._scored_terms(query, record, asked(query, request))
                return sum(self._bm25f(term, query, record, request) for term in sorted(scored)) if scored else None
            case Value(field, value):
                return 0.0 if value in values(record, field, request) else None
            case Dates(start, end):
                return 0.0 if is_within(record, DateFilter(start, end)) else None
            case And(parts):
                scores = [self._score(part, record, request) for part in parts]
                return None if None in scores else sum(score for score in scores if score is not None)
            case Or(parts):
                return total(self._score(part, record, request) for part in parts)
            case Not(part):
                return 0.0 if self._score(part, record, request) is None else None
            case _:
                assert_never(query)

    def _scored_terms(self, leaf: Words, record: Record, fields: tuple[str, ...]) -> set[str]:
        """The terms that a leaf of words adds to the score of a record; none if the record doesn't match."""
        texts = [self._of(record, field) for field in fields]
        match leaf:
            case Term(text):
                return {text} if any(text in have for have in texts) else set()
            case Phrase(words):
                return set(words) if any(has_phrase(words, have) for have in texts) else set()
            case Near(words, distance):
                return set(words) if any(has_near(words, distance, have) for have in texts) else set()
            case Prefix(text):
                return {term for have in texts for term in have if term.startswith(text)}
            case _:
                assert_never(leaf)

    def _bm25f(self, term: str, leaf: Words, record: Record, request: SearchRequest) -> float:
        fields = asked(leaf, request)
        weights = dict(request.ranking.weights)
        weighted = sum(
            weights.get(field, 1.0) * self._of(record, field).count(term) / self._norm(field, record)
            for field in fields
        )
        return self._idf(term, fields) * weighted * (K1 + 1) / (weighted + K1)

    def _norm(self, field: str, record: Record) -> float:
        return (1 - B) + B * rounded_length(self._of(record, field)) / (self._average_length(field) or 1)

    @cache  # noqa: B019 - an oracle lives as long as a test
    def _idf(self, term: str, fields: tuple[str, ...]) -> float:
        having = sum(any(term in self._of(record, field) for field in fields) for record in self._records)
        return math.log(1 + (len(self._records) - having + 0.5) / (having + 0.5))

    @cache  # noqa: B019 - likewise
    def _average_length(self, field: str) -> float:
        return sum(rounded_length(self._of(record, field)) for record in self._records) / max(1, len(self._records))


def nodes(query: Query) -> Iterator[Query]:
    """A query and everything in it."""
    yield query
    match query:
        case And(parts) | Or(parts):
            for part in parts:
                yield from nodes(part)
        case Not(part):
            yield from nodes(part)
        case _:
            pass


def asked(leaf: Words, request: SearchRequest) -> tuple[str, ...]:
    """The fields a leaf of words asks."""
    return (leaf.field,) if leaf.field is not None else tuple(dict(request.ranking.weights))


def total(scores: Iterable[float | None]) -> float | None:
    """The sum of the scores there are; None if there is none."""
    known = [score for score in scores if score is not None]
    return sum(known) if known else None


def rounded_length(words: list[str]) -> int:
    """A field's length as an index keeps it: in one byte."""
    return int(byte_to_length(length_to_byte(len(words))))


def decay(record: Record, request: SearchRequest) -> float:
    """Half for each half-life that the last possible day lies before the day of reference, but for ten of them."""
    recency = request.recency
    if recency is None:
        return 1.0
    if record.date is None:
        return 0.5**10
    age_days = max(0, recency.as_of.toordinal() - record.date[1])
    return max(0.5**10, float(0.5 ** (age_days / recency.half_life_days)))


def has_phrase(words: tuple[str, ...], have: list[str]) -> bool:
    """Whether the words stand one after the other."""
    size = len(words)
    return size > 0 and any(tuple(have[start : start + size]) == words for start in range(len(have)))


def has_near(words: tuple[str, ...], distance: int, have: list[str]) -> bool:
    """The contract's formula: positions can be chosen, one for each word, none twice, that are close enough."""
    positions = [[position for position, term in enumerate(have) if term == word] for word in words]
    return bool(words) and any(
        len(set(chosen)) == len(words) and max(chosen) - min(chosen) + 1 - len(words) <= distance
        for chosen in product(*positions)
    )


def values(record: Record, field: str, request: SearchRequest) -> set[str]:
    """The values of a keyword field; of `region`, the places in the roles asked."""
    if field != "region":
        return set(getattr(record, field))
    places = [region_from_value(value) for value in record.region]
    return {region_id for region_id, role in places if role in request.roles}


def passes(record: Record, request: SearchRequest, *, ignoring: str | None) -> bool:
    """Whether a record passes every filter but those on one field."""
    return all(is_let_through(record, wanted, request) for wanted in request.filters if wanted.field != ignoring) and (
        ignoring == "date" or request.dates is None or is_within(record, request.dates)
    )


def is_let_through(record: Record, wanted: ValueFilter, request: SearchRequest) -> bool:
    """At least one of `any_of`, unless empty, and none of `none_of`."""
    have = values(record, wanted.field, request)
    return (not wanted.any_of or bool(have & set(wanted.any_of))) and not have & set(wanted.none_of)


def is_within(record: Record, wanted: DateFilter) -> bool:
    """Whether the interval of days overlaps the range or, for `CERTAIN`, lies in it."""
    if record.date is None:
        return False
    first, last = record.date
    start, end = (wanted.start or dt.date.min).toordinal(), (wanted.end or dt.date.max).toordinal()
    if wanted.match is DateMatch.CERTAIN:
        return start <= first and last <= end
    return first <= end and last >= start


def sort_key(record: Record, sort: Sort, score: float) -> tuple[float, ...]:
    """What comes first, and then the order of insertion."""
    if sort is Sort.RELEVANCE:
        return (-score, record.serial)
    if record.date is None:
        return (1, 0, 0, record.serial)
    first, last = record.date
    return (0, -last, -first, record.serial) if sort is Sort.NEWEST else (0, first, last, record.serial)


def count(facet: Facet, found: list[Record], request: SearchRequest) -> FacetCounts:
    """A facet's counts: every filter holds but those on its own field."""
    match facet:
        case ValueFacet(field):
            return count_values(field, [r for r in found if passes(r, request, ignoring=field)], request)
        case DateFacet():
            return count_days(facet, [r for r in found if passes(r, request, ignoring="date")])
        case _:
            assert_never(facet)


def count_values(field: str, records: list[Record], request: SearchRequest) -> ValueCounts:
    """Distinct articles per value."""
    counts: dict[str, int] = {}
    for record in records:
        for value in values(record, field, request):
            counts[value] = counts.get(value, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ValueCounts(tuple(ordered), missing=sum(not values(record, field, request) for record in records))


def count_days(facet: DateFacet, records: list[Record]) -> DateCounts:
    """For each unit, the articles that a date filter on exactly that unit would match."""
    missing = sum(record.date is None for record in records)
    days = [day for record in records if record.date for day in record.date]
    if not days:
        return DateCounts((), missing)
    units = list(units_between(dt.date.fromordinal(min(days)), dt.date.fromordinal(max(days)), facet.interval))
    if len(units) > MAX_BUCKETS and facet.match is DateMatch.POSSIBLE:
        raise TooManyBuckets(facet.interval, allowed=MAX_BUCKETS, found=len(units))
    counts = [
        (start, sum(is_within(record, DateFilter(start, end, facet.match)) for record in records))
        for start, end in units
    ]
    occupied = [place for place, (_, number) in enumerate(counts) if number]
    return DateCounts(tuple(counts[occupied[0] : occupied[-1] + 1]) if occupied else (), missing)


def units_between(first: dt.date, last: dt.date, interval: Interval) -> Iterator[tuple[dt.date, dt.date]]:
    """The first and last days of the calendar units that hold these days and those between."""
    day = first
    while day <= last:
        match interval:
            case Interval.YEAR:
                start, end = dt.date(day.year, 1, 1), dt.date(day.year, 12, 31)
            case Interval.MONTH:
                days_in_month = calendar.monthrange(day.year, day.month)[1]
                start, end = day.replace(day=1), day.replace(day=days_in_month)
            case Interval.DAY:
                start = end = day
            case _:
                assert_never(interval)
        yield start, end
        day = end + dt.timedelta(days=1)
