"""What is asked in the measurements: questions of fourteen classes, chosen from the archive's own words.

A `Question` is a few terms of the body and how they are combined, with a region or a range of days to narrow it.
`choose_questions` takes a sample of an archive and picks, by seed, words by the share of articles that have them: rare
ones in about one article of 500, medium ones in one of 50, common ones in one of 5. Only words that are their own stem
are picked, so that every library means the same by them whatever its stemmer. A question is asked of the body alone,
but for those of the last class, which are asked as Dateline is asked by default: of all its text fields.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final

from benchmarks.synthetic import STOP_WORDS
from index.analysis import stem, terms
from index.fields import region_from_value
from search.engine import DateFacet, DateFilter, Interval, SearchRequest, ValueFacet, ValueFilter
from search.query import Everything, Phrase, Prefix, Query, Term, all_of, any_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from index.fields import Record
    from search.engine import Facet

SEED: Final = 5
PER_CLASS: Final = 6
FIELD: Final = "body"
FACETS: Final[tuple[Facet, ...]] = (
    ValueFacet("region"),
    ValueFacet("source"),
    ValueFacet("topic"),
    DateFacet(Interval.YEAR),
)
TOP: Final = 10
"""How many of the best matches are asked for, always."""


class Shape(StrEnum):
    """How the words of a question are combined."""

    ANY = "any"
    ALL = "all"
    PHRASE = "phrase"
    PREFIX = "prefix"
    EVERYTHING = "everything"


class Band(StrEnum):
    """How many articles have a word; the shares are in `_SHARES`."""

    RARE = "rare"
    MEDIUM = "medium"
    FREQUENT = "frequent"
    COMMON = "common"


_SHARES: Final = {
    Band.RARE: (0.0008, 0.003),
    Band.MEDIUM: (0.01, 0.03),
    Band.FREQUENT: (0.05, 0.12),
    Band.COMMON: (0.12, 0.6),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. `kind` is its class; `days` are inclusive; without `is_of_body` it asks all text fields."""

    kind: str
    shape: Shape
    words: tuple[str, ...] = ()
    region: str | None = None
    days: tuple[dt.date, dt.date] | None = None
    is_of_body: bool = True

    @property
    def query(self) -> Query:
        """The words as Dateline's tree."""
        field = FIELD if self.is_of_body else None
        match self.shape:
            case Shape.ANY:
                return any_of(Term(word, field) for word in self.words)
            case Shape.ALL:
                return all_of(Term(word, field) for word in self.words)
            case Shape.PHRASE:
                return Phrase(self.words, field)
            case Shape.PREFIX:
                return Prefix(self.words[0], field)
            case Shape.EVERYTHING:
                return Everything()

    def __str__(self) -> str:
        """As its asker would type it."""
        days = "date:{}..{}".format(*self.days) if self.days else ""
        region = f"region:{self.region}" if self.region else ""
        return " ".join(part for part in (str(self.query), region, days) if part)

    def request(self, *, is_faceted: bool) -> SearchRequest:
        """The question as Dateline's engines take it."""
        return SearchRequest(
            query=self.query,
            filters=(ValueFilter("region", (self.region,)),) if self.region else (),
            dates=DateFilter(*self.days) if self.days else None,
            facets=FACETS if is_faceted else (),
            limit=TOP,
        )


@dataclass(frozen=True, slots=True)
class _Class:
    """A class of questions: one word from each band, in a shape; narrowed by a region or days, if it says so."""

    kind: str
    shape: Shape
    bands: tuple[Band, ...] = ()
    by_region: bool = False
    by_days: bool = False
    is_of_body: bool = True


BROWSE: Final = "everything"
DEFAULT: Final = "2 words, all fields"
_CLASSES: Final = (
    _Class("rare word", Shape.ANY, (Band.RARE,)),
    _Class("medium word", Shape.ANY, (Band.MEDIUM,)),
    _Class("common word", Shape.ANY, (Band.COMMON,)),
    _Class("2 words, any", Shape.ANY, (Band.MEDIUM, Band.COMMON)),
    _Class("4 words, any", Shape.ANY, (Band.RARE, Band.MEDIUM, Band.FREQUENT, Band.COMMON)),
    _Class("2 words, all", Shape.ALL, (Band.FREQUENT, Band.COMMON)),
    _Class("3 words, all", Shape.ALL, (Band.FREQUENT, Band.COMMON, Band.COMMON)),
    _Class("phrase", Shape.PHRASE),
    _Class("prefix", Shape.PREFIX),
    _Class("word + region", Shape.ANY, (Band.COMMON,), by_region=True),
    _Class("word + days", Shape.ANY, (Band.COMMON,), by_days=True),
    _Class(BROWSE, Shape.EVERYTHING),
    _Class(DEFAULT, Shape.ALL, (Band.FREQUENT, Band.COMMON), is_of_body=False),
)
KINDS: Final = tuple(kind.kind for kind in _CLASSES)
COMPARED: Final = tuple(kind for kind in KINDS if kind not in {BROWSE, DEFAULT})
"""The classes that the goals are about."""

PHRASES_PASSED_OVER: Final = 10
"""The commonest pairs of words, which are set expressions rather than what people ask."""
PHRASES_CONSIDERED: Final = 60
PREFIX_LETTERS: Final = 4
PREFIX_TERMS: Final = (3, 60)
"""Least and most terms of the sample that a prefix may begin; an archive fifty times as large has a few times more."""
SHORTEST: Final = 4
DAYS_SHARE: Final = 0.15
"""Share of the articles that a range of days holds."""
LARGEST_REGION: Final = 0.6
"""A region with a larger share of the articles narrows nothing."""


def choose_questions(
    records: Iterable[Record], *, per_class: int = PER_CLASS, seed: int = SEED
) -> tuple[Question, ...]:
    """Questions of each class for an archive that the records are a sample of.

    Where a class finds nothing to ask (there are no regions, say) it has fewer questions or none.
    """
    sample = Sample(records)
    drawn = random.Random(seed)  # noqa: S311 - nothing secret, and the same everywhere
    return tuple(question for kind in _CLASSES for question in _of_class(kind, sample, drawn, per_class))


class Sample:
    """What is counted in a sample of an archive: which words are in how many articles, side by side, when and where.

    `words` are whole words that are their own stem, in the order of how many articles have them; `pairs` are those that
    stand side by side most often, commonest first.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        articles: Counter[str] = Counter()
        surfaces: set[str] = set()
        pairs: Counter[tuple[str, str]] = Counter()
        self.regions: Counter[str] = Counter()
        self.days: list[int] = []
        self.size = 0
        for record in records:
            self.size += 1
            found = terms(record.body)
            articles.update(set(found))
            surfaces.update(re.findall(r"[a-z]+", record.body.lower()))
            pairs.update(pairwise(found))
            self.regions.update({region_from_value(value)[0] for value in record.region})
            if record.date:
                self.days.append(record.date[0])
        self.days.sort()
        self.articles: Mapping[str, int] = articles
        surfaces.difference_update(STOP_WORDS)
        whole = {word for word in surfaces if len(word) >= SHORTEST and stem(word) == word}
        self.words = sorted((word for word in whole if articles[word]), key=lambda word: (articles[word], word))
        self.pairs = [pair for pair, _ in pairs.most_common(20_000) if whole.issuperset(pair) and pair[0] != pair[1]]

    def words_of(self, band: Band) -> Sequence[str]:
        """The words of a band; where there is none, the ten that come nearest."""
        least, most = (share * self.size for share in _SHARES[band])
        found = [word for word in self.words if least <= self.articles[word] < most]
        middle = (least * most) ** 0.5
        return found or sorted(self.words, key=lambda word: abs(self.articles[word] - middle))[:10]

    def prefixes(self) -> list[str]:
        """What medium words begin with, if it begins a moderate number of terms."""
        begun = Counter(term[:PREFIX_LETTERS] for term in self.articles)
        found = {word[:PREFIX_LETTERS] for word in self.words_of(Band.MEDIUM) if len(word) > PREFIX_LETTERS}
        return sorted(prefix for prefix in found if PREFIX_TERMS[0] <= begun[prefix] <= PREFIX_TERMS[1])


def _of_class(kind: _Class, sample: Sample, drawn: random.Random, number: int) -> Iterable[Question]:
    if kind.shape is Shape.EVERYTHING:
        words: list[tuple[str, ...]] = [()]
    elif kind.shape is Shape.PHRASE:
        found = sample.pairs[PHRASES_PASSED_OVER:PHRASES_CONSIDERED] or sample.pairs
        words = list(drawn.sample(found, min(number, len(found))))
    elif kind.shape is Shape.PREFIX:
        prefixes = sample.prefixes()
        words = [(prefix,) for prefix in drawn.sample(prefixes, min(number, len(prefixes)))]
    else:
        bands = [sample.words_of(band) for band in kind.bands]
        words = [_one_of_each(bands, drawn) for _ in range(number)] if sample.words else []
    narrowed = _narrowings(kind, sample)
    for at, chosen in enumerate(words):
        if narrowed:
            region, days = narrowed[at % len(narrowed)]
            yield Question(
                kind=kind.kind, shape=kind.shape, words=chosen, region=region, days=days, is_of_body=kind.is_of_body
            )


def _one_of_each(bands: Sequence[Sequence[str]], drawn: random.Random) -> tuple[str, ...]:
    """A word of each band, no word twice if that can be helped."""
    chosen: list[str] = []
    for band in bands:
        chosen.append(drawn.choice([word for word in band if word not in chosen] or band))
    return tuple(chosen)


def _narrowings(kind: _Class, sample: Sample) -> list[tuple[str | None, tuple[dt.date, dt.date] | None]]:
    """The (region, days) that questions of a class are narrowed by, in turn; none if there is nothing to narrow by."""
    if kind.by_region:
        regions = (region for region, count in sample.regions.most_common() if count < LARGEST_REGION * sample.size)
        return [(region, None) for region in islice(regions, PER_CLASS)]
    if kind.by_days:
        return [(None, _days(sample, at)) for at in range(PER_CLASS)] if sample.days else []
    return [(None, None)]


def _days(sample: Sample, at: int) -> tuple[dt.date, dt.date]:
    """A range that holds `DAYS_SHARE` of the articles, a later one for each question."""
    begin = int(len(sample.days) * (0.1 + 0.1 * at))
    end = min(begin + int(len(sample.days) * DAYS_SHARE), len(sample.days) - 1)
    return dt.date.fromordinal(sample.days[begin]), dt.date.fromordinal(sample.days[end])
