"""Whether two engines answer alike, asked about the archive at hand.

`questions` makes requests of every kind from the words, phrases, places and days of the archive's own articles, every
time the same; `difference` says in what two answers differ, `described` what was asked.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from index.analysis import terms
from index.fields import KEYWORD_FIELDS, TEXT_FIELDS, Record, record_from_document, region_from_value
from search.engine import (
    DateFacet,
    DateFilter,
    DateMatch,
    Facet,
    Interval,
    Matches,
    SearchRequest,
    Sort,
    ValueFacet,
    ValueFilter,
)
from search.errors import QueryRefused
from search.query import Dates, Everything, Near, Phrase, Prefix, Query, Term, Value, all_of, any_of, negated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from search.searcher import Searcher

SEED: Final = 1946
ARTICLES: Final = 100
"""How many articles questions are made from."""

CLOSE: Final = 1.5e-9
"""Scores are rounded to 9 decimals, so two sums that differ in the last bit may differ in the last decimal."""

_FACETS: Final[tuple[Facet, ...]] = (
    *map(ValueFacet, KEYWORD_FIELDS),
    *(DateFacet(interval, match) for interval in (Interval.YEAR, Interval.MONTH) for match in DateMatch),
)


def questions(searcher: Searcher, count: int, *, seed: int = SEED) -> Iterator[SearchRequest]:
    """So many requests, made from articles of the archive drawn by the seed."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    total = searcher.matches(SearchRequest(limit=0)).total
    places = sorted(chance.sample(range(total), min(ARTICLES, total)))
    matches = [searcher.matches(SearchRequest(offset=place, limit=1)).top[0] for place in places]
    documents = searcher.documents([match.serial for match in matches])
    maker = _Maker([record_from_document(0, document) for document in documents], chance)
    for _ in range(count):
        yield maker.request()


def difference(one: Searcher, other: Searcher, request: SearchRequest) -> str | None:
    """In what two answers to a request differ, None if in nothing. Refusals are answers, too."""
    first, second = _answer(one, request), _answer(other, request)
    if isinstance(first, QueryRefused) or isinstance(second, QueryRefused):
        return None if str(first) == str(second) else f"{first} against {second}"
    if first.total != second.total:
        return f"{first.total} matches against {second.total}"
    for facet in request.facets:
        if first.facets[facet] != second.facets[facet]:
            return f"the counts of {facet}"
    for place, (match, counterpart) in enumerate(zip(first.top, second.top, strict=True), start=1):
        if match.serial != counterpart.serial or abs(match.score - counterpart.score) > CLOSE:
            return f"match {place} is {match} against {counterpart}"
    return None


def _answer(searcher: Searcher, request: SearchRequest) -> Matches | QueryRefused:
    try:
        return searcher.matches(request)
    except QueryRefused as refused:
        return refused


def described(request: SearchRequest) -> str:
    """A request in the public language as far as that goes, and its filters."""
    filters = [
        f"{name}:{' OR '.join(values)}"
        for wanted in request.filters
        for name, values in ((wanted.field, wanted.any_of), (f"-{wanted.field}", wanted.none_of))
        if values
    ]
    days = [f"date:{request.dates.start or ''}..{request.dates.end or ''}"] if request.dates else []
    return " ".join([f"`{request.query}`", *filters, *days, f"sorted by {request.sort}"])


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes requests of the words and values of some records."""

    records: Sequence[Record]
    chance: random.Random

    def request(self) -> SearchRequest:
        """A request of any kind."""
        chance = self.chance
        request = SearchRequest(
            query=self._query(depth=2),
            facets=tuple(chance.sample(_FACETS, chance.randint(0, 4))),
            sort=chance.choice(tuple(Sort)),
            offset=chance.choice((0, 0, 10)),
            limit=chance.choice((10, 10, 100)),
        )
        if chance.random() < 0.3:  # noqa: PLR2004 - about as often as readers filter
            request = replace(request, filters=self._filters())
        if chance.random() < 0.2:  # noqa: PLR2004 - likewise
            request = replace(request, dates=DateFilter(*self._days(), chance.choice(tuple(DateMatch))))
        return request

    def _query(self, depth: int) -> Query:
        if depth and self.chance.random() < 0.6:  # noqa: PLR2004 - more branches than leaves
            parts = [self._query(depth - 1) for _ in range(self.chance.randint(2, 3))]
            made = self.chance.choice((all_of, all_of, any_of))(parts)
            return self.chance.choice((made, made, all_of([made, negated(self._leaf())])))
        return self._leaf()

    def _leaf(self) -> Query:
        chance = self.chance
        field, words = self._words()
        named = chance.choice((None, None, field))
        start = chance.randrange(len(words)) if words else 0
        some = tuple(words[start : start + chance.randint(1, 3)])
        if not some:
            return self._silent()
        return chance.choice(
            (
                Term(some[0], named),
                Term(some[-1], named),
                Phrase(some, named),
                Near(some[::-1], chance.randint(0, 4), named),
                Prefix(some[0][: chance.randint(2, 5)], named),
                self._silent(),
            )
        )

    def _silent(self) -> Query:
        """A leaf that adds nothing to a score."""
        field, value = self._value()
        return self.chance.choice((Everything() if value is None else Value(field, value), Dates(*self._days())))

    def _words(self) -> tuple[str, list[str]]:
        if not self.records:
            return TEXT_FIELDS[0], []
        field = self.chance.choice(TEXT_FIELDS)
        return field, terms(getattr(self.chance.choice(self.records), field))

    def _value(self) -> tuple[str, str | None]:
        field = self.chance.choice(KEYWORD_FIELDS)
        values = getattr(self.chance.choice(self.records), field) if self.records else ()
        if not values:
            return field, None
        value = self.chance.choice(values)
        return field, region_from_value(value)[0] if field == "region" else value

    def _filters(self) -> tuple[ValueFilter, ...]:
        field, value = self._value()
        if value is None:
            return ()
        wanted, unwanted = ValueFilter(field, any_of=(value,)), ValueFilter(field, none_of=(value,))
        return (self.chance.choice((wanted, wanted, unwanted)),)

    def _days(self) -> tuple[dt.date | None, dt.date | None]:
        dated = [record.date for record in self.records if record.date is not None]
        if not dated:
            return None, None
        first, last = sorted((self.chance.choice(dated)[0], self.chance.choice(dated)[1]))
        return self.chance.choice((None, dt.date.fromordinal(first))), dt.date.fromordinal(last)
