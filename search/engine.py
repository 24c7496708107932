"""The contract between the questions and whatever answers them. Readable alone.

A caller makes a `SearchRequest`: a query in analysed form (`search.rewrite`), filters, the facets wanted, a sort, a
page. An `Engine` gives back `Matches`: the exact total, one page of `Match`es and exact facet counts, all from one
generation. `Statistics` are what of a score does not lie in the article itself: with them and an article's words its
score can be worked out again (`search.explaining`).

Every engine promises, and `tests/contract/` checks over every engine:

1. Pure: the same request on the same generation gives equal `Matches`.
2. `total` and every facet count are exact and over all matches: never a page, never an estimate.
3. A facet's counts ignore the filters on its own field and obey everything else. A region's count is the number of
   distinct articles in it and in what lies in it. `missing` counts the articles with nothing found.
4. Total order: the sort key, then the order of insertion (`serial`). No arbitrary ties.
5. A construct it cannot answer exactly raises `UnsupportedQuery`. Nothing is silently ignored.
6. Safe to use from many threads; `close` may be called twice.
7. It never parses, analyses text, highlights, fetches bodies or formats.
8. Past a limit it raises (`TooManyExpansions`, `TooManyBuckets`, `OverBudget`). Never a silent partial answer.

How a match is scored (filters, `Value`, `Dates`, `Not`, `Everything` add 0) is BM25F: frequencies are weighed and added
up over fields before they saturate. Over the fields asked, a term has in an article the weighted frequency a =
sum(weight * frequency / (1 - b + b * length / average length)) and scores idf * a * (k1 + 1) / (a + k1), where idf =
ln(1 + (N - df + 0.5) / (df + 0.5)), N is the number of all articles of the generation and df how many of them have the
term in any field asked. k1 and b are `K1` and `B`; field lengths are rounded as Whoosh rounds them to one byte, and the
average length is that of the rounded lengths of all articles. A `Term` adds itself; a `Phrase` or `Near`, which matches
where its words stand as they should within one field asked, adds its distinct words, each over all fields asked; a
`Prefix` adds every term it begins; `And` and `Or` add their parts that match. A words leaf without a field asks all
fields of the ranking; one with a field asks that alone, with the weight it has there, or 1. No weight is below 0.
With `recency`, what that makes is multiplied by `Recency.factor` of the last day that the article may be of. Equal to 9
decimals is equal: scores are rounded there before they are compared.

So an answer depends on the articles of a generation alone, never on how its index came about.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, TypeAlias

from index.document import Role
from index.fields import FIELDS
from search.query import Everything, Query

MAX_BUCKETS: Final = 40_000
"""How many calendar units a date facet may have: the days of a century."""

MAX_EXPANSIONS: Final = 256
"""How many terms a prefix may stand for; a term counts once for each field asked that has it."""

SCORE_DECIMALS: Final = 9

K1: Final = 2.0
"""How slowly repetition saturates: the weighted frequency at which a term scores half of what it can."""

B: Final = 0.75
"""How much a field's length counts against it: 0 not at all, 1 in proportion."""

OLDEST_HALF_LIVES: Final = 10
"""Half-lives after which an article grows no older: its score is a 1,024th, and words still tell it from others."""

ALL_BUT_CAPTION: Final = frozenset(Role) - {Role.CAPTION}


class Sort(StrEnum):
    """Orders of matches. Articles without a date come last in both orders of time."""

    RELEVANCE = "relevance"
    """Highest score first."""
    NEWEST = "newest"
    """Latest last possible day first, then latest first possible day."""
    OLDEST = "oldest"
    """Earliest first possible day first, then earliest last possible day."""


class DateMatch(StrEnum):
    """How an interval of days meets a range."""

    POSSIBLE = "possible"
    """They overlap."""
    CERTAIN = "certain"
    """The interval lies within the range."""


class Interval(StrEnum):
    """Widths of a date facet's buckets, which are whole calendar units."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"

    def unit_of(self, day: dt.date) -> int:
        """The number of the unit a day is in; units that follow each other have numbers that do."""
        match self:
            case Interval.YEAR:
                return day.year
            case Interval.MONTH:
                return day.year * 12 + day.month - 1
            case Interval.DAY:
                return day.toordinal()

    def first_day(self, unit: int) -> dt.date:
        """The first day of the unit of that number."""
        match self:
            case Interval.YEAR:
                return dt.date(unit, 1, 1)
            case Interval.MONTH:
                return dt.date(unit // 12, unit % 12 + 1, 1)
            case Interval.DAY:
                return dt.date.fromordinal(unit)


@dataclass(frozen=True, slots=True)
class ValueFilter:
    """Articles with at least one of `any_of` (unless empty) and none of `none_of` in a keyword field.

    For `region`, values are region ids and the request's `roles` say which of an article's places count.
    """

    field: str
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DateFilter:
    """Articles published from `start` to `end`, both inclusive; None is open. One without a date never matches."""

    start: dt.date | None
    end: dt.date | None
    match: DateMatch = DateMatch.POSSIBLE


@dataclass(frozen=True, slots=True)
class ValueFacet:
    """Count the articles per value of a keyword field."""

    field: str


@dataclass(frozen=True, slots=True)
class DateFacet:
    """Count the articles per calendar unit: those a `DateFilter` on exactly that unit would match.

    So under `POSSIBLE` an article known to a month is counted on each day of it, and under `CERTAIN` on none.
    """

    interval: Interval
    match: DateMatch = DateMatch.POSSIBLE


Facet: TypeAlias = ValueFacet | DateFacet


@dataclass(frozen=True, slots=True)
class Ranking:
    """The weight of each text field in the score. A field that is not listed is not asked unless named."""

    weights: tuple[tuple[str, float], ...] = tuple((field.name, field.weight) for field in FIELDS if field.weight)


@dataclass(frozen=True, slots=True)
class Recency:
    """How scores fall with age: by half for each `half_life_days` (1 or more) that an article is older than `as_of`.

    An article's age is that of the last day it may be of, so that nothing is held against a date for being uncertain;
    what is newer than `as_of` is of that day. One without a date is as old as can be, as it is last in orders of time.
    """

    half_life_days: int
    as_of: dt.date

    def age_days(self, last_day: int | None) -> int:
        """How old an article is whose last possible day is that (as an ordinal); None is no date."""
        oldest = OLDEST_HALF_LIVES * self.half_life_days
        return oldest if last_day is None else min(max(0, self.as_of.toordinal() - last_day), oldest)

    def factor(self, last_day: int | None) -> float:
        """What the score of such an article is multiplied by: at most 1, and more than 0."""
        return float(0.5 ** (self.age_days(last_day) / self.half_life_days))


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A question ready for an engine. Hashable: equal requests have equal answers within a generation.

    At most one `ValueFilter` per field. `roles` says which places count for the field `region` in filters, facets and
    `Value` nodes. `offset` and `limit` cut the page out of the sorted matches.

    `within` is what the request is restricted to: a query of values and dates, without words. Articles that do not
    match it are not there, for matches, facets and `missing` alike; it adds nothing to a score, and its regions count
    in every role but caption, whatever `roles` says.

    `after` is a serial: articles up to it, which were added no later than that one, are not there either. 0 is all.
    """

    query: Query = Everything()
    within: Query = Everything()
    after: int = 0
    filters: tuple[ValueFilter, ...] = ()
    dates: DateFilter | None = None
    roles: frozenset[Role] = ALL_BUT_CAPTION
    facets: tuple[Facet, ...] = ()
    sort: Sort = Sort.RELEVANCE
    offset: int = 0
    limit: int = 10
    ranking: Ranking = Ranking()
    recency: Recency | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """An article that matches: its serial and its score (rounded to `SCORE_DECIMALS`; 0 where nothing is scored)."""

    serial: int
    score: float


@dataclass(frozen=True, slots=True)
class ValueCounts:
    """Counts of a `ValueFacet`: every value that occurs with its exact count, highest first, then by value."""

    values: tuple[tuple[str, int], ...]
    missing: int


@dataclass(frozen=True, slots=True)
class DateCounts:
    """Counts of a `DateFacet`: (first day of the unit, count), in order, empty ones between the first and last kept."""

    buckets: tuple[tuple[dt.date, int], ...]
    missing: int


FacetCounts: TypeAlias = ValueCounts | DateCounts


@dataclass(frozen=True, slots=True)
class Statistics:
    """What of scores does not lie in an article: how many there are, and the average length of each text field.

    Lengths are rounded as in scores; where no article has a word in a field, its average is 1.
    """

    articles: int
    average_lengths: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Matches:
    """An engine's answer. `facets` has one entry for each facet of the request."""

    total: int
    top: tuple[Match, ...]
    facets: Mapping[Facet, FacetCounts]
    generation: str


class Engine(Protocol):
    """What answers questions. See the promises above."""

    @property
    def generation(self) -> str:
        """The id of the generation it answers from."""
        ...

    def search(self, request: SearchRequest) -> Matches:
        """Answer a request. Raises `QueryRefused` past a limit, `UnsupportedQuery` or `EngineClosed`."""
        ...

    def statistics(self) -> Statistics:
        """What its scores are made of. Raises `UnexplainedScores` if they are not made so, or `EngineClosed`."""
        ...

    def close(self) -> None:
        """Let go of files and memory. Searches under way finish; later ones raise `EngineClosed`."""
        ...
