"""Which other articles have to do with this one, and why; and which are the same report.

`Relations` belongs to one searcher and answers `of(document)` with what is `Related`. An article's most telling words
(its own use of them against how few others have them) and the names of its places make one question, and the engine's
best answers are ranked again with what their documents share: places and topics, each worth as much as it is rare.
Whatever is listed comes with its reason (`Shared`). Articles that are one report with this one are `Version`s
(`search.versions`) and are not listed again. The same generation and extent give the same answer.

What is counted and found is remembered, as serials and names, no documents; it goes with the searcher.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, replace
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Final

from index.analysis import AnalysedText, terms
from index.document import Document, Label, Role
from search.engine import SCORE_DECIMALS, SearchRequest, Sort, ValueCounts, ValueFacet
from search.query import Dates, Nothing, Phrase, Query, Term, Value, all_of, any_of, negated
from search.telling import Word, beginning_of, words_of
from search.versions import VersionKind, find_likeness, reading_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from search.searcher import Searcher
    from search.versions import Reading

MOST_RELATED: Final = 10
"""Articles that are told of, at most."""

COUNTED: Final = 64
"""Words of an article whose articles are counted."""

ASKED: Final = 24
"""Words that are asked for: the most telling of those counted."""

PLACES_ASKED: Final = 6

LOOKED_THROUGH: Final = 14
"""The engine's best answers that are looked at: their documents are read."""

FEWEST_WORDS: Final = 3
"""Telling words that an article must share if it shares no place and no topic."""

WORDS_SHOWN: Final = 5

COMMON: Final = 0.5
"""A word that this part of all articles has tells nothing."""

COMMON_COUNTRY: Final = 0.1
"""Nor does a country that this part is about; places in it always do."""

SAME_WORDS: Final = 0.8
"""Of the terms of the article that has fewer, the part the other must have for it to be looked at as a version."""

MOST_VERSIONS: Final = 5

COUNTS_KEPT: Final = 20_000
RELATED_KEPT: Final = 512


@dataclass(frozen=True, slots=True)
class Shared:
    """What two articles share: the narrowest places, topics, and telling words as the first of them writes them."""

    places: tuple[Label, ...]
    topics: tuple[Label, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relative:
    """A related article, by its serial: how near it is, and why. Scores compare within one answer only."""

    serial: int
    score: float
    shared: Shared


@dataclass(frozen=True, slots=True)
class Version:
    """An article, by its serial, that is the same report, and what proves it, in words."""

    serial: int
    kind: VersionKind
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """What has to do with an article: the nearest first, at most `MOST_RELATED`, and its versions."""

    articles: tuple[Relative, ...] = ()
    versions: tuple[Version, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    serial: int
    score: float
    document: Document
    terms: frozenset[str]


class Relations:
    """What is remembered of the articles that one searcher sees. Safe to use from many threads."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, ...], int] = {}
        self._values: tuple[int, Mapping[str, Mapping[str, int]]] | None = None
        self._known: OrderedDict[str, Related] = OrderedDict()
        self._lock = Lock()

    def of(self, document: Document, searcher: Searcher) -> Related:
        """What has to do with an article of that searcher. Raises `QueryRefused` if it would cost too much."""
        with self._lock:
            known = self._known.get(document.id)
            if known is not None:
                self._known.move_to_end(document.id)
                return known
        known = _Relating(document, searcher, self).related()
        with self._lock:
            self._known[document.id] = known
            while len(self._known) > RELATED_KEPT:
                self._known.popitem(last=False)
        return known

    def count(self, word: Word, searcher: Searcher) -> int:
        """How many articles have a word in their bodies; of one that hardly any has there, how many have it at all.

        Engines need not count the articles of one field one by one.
        """
        counts = self._counts
        known = counts.get(word.terms)
        if known is None:
            if len(counts) >= COUNTS_KEPT:
                self._counts = counts = {}
            known = searcher.matches(SearchRequest(query=replace(word.leaf, field="body"), limit=0)).total
            if known <= 1:
                known = searcher.matches(SearchRequest(query=word.leaf, limit=0)).total
            counts[word.terms] = known
        return known

    def values(self, searcher: Searcher) -> tuple[int, Mapping[str, Mapping[str, int]]]:
        """How many articles there are, and how many have each region and each topic."""
        if self._values is None:
            facets = (ValueFacet("region"), ValueFacet("topic"))
            matches = searcher.matches(SearchRequest(facets=facets, limit=0))
            counted = {facet.field: matches.facets[facet] for facet in facets}
            self._values = (
                matches.total,
                {field: dict(counts.values) for field, counts in counted.items() if isinstance(counts, ValueCounts)},
            )
        return self._values


class _Relating:
    """One article on the way to what has to do with it."""

    def __init__(self, document: Document, searcher: Searcher, relations: Relations) -> None:
        self._document, self._searcher, self._relations = document, searcher, relations
        self._number, self._having = relations.values(searcher)
        self._topics = {found.value.id: found.value for found in document.topics}
        self._places = dict(self._telling_places())

    def related(self) -> Related:
        """The whole answer."""
        words = self._telling_words()
        candidates = self._candidates(words)
        versions = tuple(islice(self._versions(candidates), MOST_VERSIONS))
        one_report = {version.serial for version in versions}
        relatives = [self._relative(other, words) for serial, other in candidates.items() if serial not in one_report]
        kept = [relative for relative in relatives if relative is not None]
        kept.sort(key=lambda relative: -relative.score)
        return Related(tuple(kept[:MOST_RELATED]), versions)

    def _telling_words(self) -> tuple[Word, ...]:
        """The words that tell most of the article, besides the names of its places and topics."""
        names = {term for label in (*self._places.values(), *self._topics.values()) for term in terms(label.name)}
        worth = []
        for word in words_of(self._document)[:COUNTED]:
            having = self._relations.count(word, self._searcher)
            if not word.is_in(names) and 1 < having <= COMMON * self._number:
                worth.append(((1 + math.log(word.times)) * self._rarity(having), word))
        worth.sort(key=lambda pair: -pair[0])
        return tuple(word for _, word in worth[:ASKED])

    def _candidates(self, words: Sequence[Word]) -> dict[int, _Candidate]:
        """Other articles that may have to do with it, by serial, those with the best scores first."""
        query = any_of([*(word.leaf for word in words), *(_leaf(label.name) for label in self._rarest_places())])
        found = self._found(SearchRequest(query=query, limit=LOOKED_THROUGH))
        if len(found) < MOST_RELATED:
            values = [Value("region", place) for place in self._places] + [Value("topic", one) for one in self._topics]
            newest = self._found(SearchRequest(query=any_of(values), sort=Sort.NEWEST, limit=LOOKED_THROUGH))
            found = newest | found
        return found

    def _found(self, request: SearchRequest) -> dict[int, _Candidate]:
        """What the engine finds, but for the article itself."""
        if request.query == Nothing():
            return {}
        top = self._searcher.matches(request).top
        documents = self._searcher.documents([match.serial for match in top])
        found = {}
        for match, document in zip(top, documents, strict=True):
            if document.id == self._document.id:
                continue
            said = AnalysedText(beginning_of(document)).terms()
            found[match.serial] = _Candidate(match.serial, match.score, document, said)
        return found

    def _relative(self, other: _Candidate, words: Iterable[Word]) -> Relative | None:
        """A candidate with its reason; None if there is none."""
        topics = {found.value.id for found in other.document.topics} & self._topics.keys()
        shared = Shared(
            places=self._shared_places(other.document),
            topics=tuple(label for topic, label in self._topics.items() if topic in topics),
            words=tuple(word.written for word in words if word.is_in(other.terms)),
        )
        if not (shared.places or shared.topics or len(shared.words) >= FEWEST_WORDS):
            return None
        rarities = [self._rarity_of("region", place.id) for place in shared.places]
        rarities += [self._rarity_of("topic", topic) for topic in topics]
        shown = Shared(shared.places, shared.topics, shared.words[:WORDS_SHOWN])
        return Relative(other.serial, round(other.score + math.fsum(rarities), SCORE_DECIMALS), shown)

    def _shared_places(self, other: Document) -> tuple[Label, ...]:
        """The narrowest of the places that both have, in the order of the first article."""
        both = self._places.keys() & {label.id for place in _places_of(other) for label in place}
        narrowest: dict[str, Label] = {}
        wider: set[str] = set()
        for path in _places_of(self._document):
            shared = [label for label in path if label.id in both]
            narrowest.update({label.id: label for label in shared[-1:]})
            wider.update(label.id for label in shared[:-1])
        return tuple(label for place, label in narrowest.items() if place not in wider)

    def _versions(self, candidates: Mapping[int, _Candidate]) -> Iterator[Version]:
        """The candidates that are the same report, and such articles in other languages."""
        said = AnalysedText(beginning_of(self._document)).terms()
        mine = reading_of(self._document)
        request = SearchRequest(query=self._question_in_other_languages(mine), limit=LOOKED_THROUGH)
        abroad = self._found(request)
        likely = [
            other
            for serial, other in candidates.items()
            if serial not in abroad and _have_same_words(said, other.terms)
        ]
        for other in (*likely, *abroad.values()):
            likeness = find_likeness(mine, reading_of(other.document))
            if likeness is not None:
                yield Version(other.serial, likeness.kind, likeness.because)

    def _question_in_other_languages(self, mine: Reading) -> Query:
        """For articles in other languages that could be it: of its source, places and days, with a number of it."""
        document = self._document
        if not (document.language and document.source and document.published):
            return Nothing()
        numbers = {term for term in terms(beginning_of(document)) if term.isdigit()}
        longest = sorted(numbers, key=lambda term: (-len(term), term))[:ASKED]
        days = document.published.value
        return all_of([
            Value("source", document.source.value.id),
            Dates(days.start, days.end),
            any_of(Value("region", place) for place in mine.places),
            negated(Value("language", document.language.value)),
            any_of(map(Term, longest)),
        ])  # fmt: skip

    def _telling_places(self) -> Iterator[tuple[str, Label]]:
        for path in _places_of(self._document):
            for depth, label in enumerate(path):
                if depth or self._having["region"].get(label.id, 0) <= COMMON_COUNTRY * self._number:
                    yield label.id, label

    def _rarest_places(self) -> list[Label]:
        """The places to ask for by name."""
        rarest = sorted(self._places.values(), key=lambda label: (self._having["region"].get(label.id, 0), label.id))
        return rarest[:PLACES_ASKED]

    def _rarity_of(self, field: str, value: str) -> float:
        return self._rarity(self._having[field].get(value, 1))

    def _rarity(self, having: int) -> float:
        """What sharing something is worth that so many articles have."""
        return math.log(1 + self._number / having)


def _places_of(document: Document) -> Iterator[tuple[Label, ...]]:
    """The paths of an article's places, captions left out."""
    return (found.value.path for found in document.regions if found.value.role is not Role.CAPTION)


def _have_same_words(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= SAME_WORDS * min(len(one), len(other))


def query_from_shared(shared: Shared) -> Query:
    """The question whose passages show where an article has what it shares."""
    return any_of(map(_leaf, (*shared.words, *(label.name for label in shared.places))))


def _leaf(words: str) -> Query:
    """The question for words, one after the other."""
    match terms(words):
        case []:
            return Nothing()
        case [term]:
            return Term(term)
        case found:
            return Phrase(tuple(found))
