"""Why a hit is where it is: its score, taken apart into what each word of the question adds.

An `Explainer` is of one request; `explain` takes an article's record and gives its `Explanation`: a `Reason` for each
part of the query by which the article matches, the words that it adds to the score, and what its age makes of them. The
scores of the reasons add up to the match's.

No engine is asked how it came to a score. That is worked out again as `search.engine` defines it, from the article's
own words, the engine's `Statistics` and how many articles have a word; tests hold the sums to what engines say.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from index.analysis import terms
from index.fields import TEXT_FIELDS
from search.engine import K1, B, Recency
from search.query import And, Dates, Everything, Near, Not, Nothing, Or, Phrase, Prefix, Query, Term, Value, Words
from search.spans import find_spans, matches, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from index.fields import Record
    from search.engine import SearchRequest, Statistics
    from search.spans import ArticleWords

LENGTHS: Final = tuple(round((1.033**byte - 1) * 27) for byte in range(256))
"""The lengths that Whoosh keeps a field's length as, in one byte: the formula of its `whoosh.util.numeric`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredWord:
    """A word that adds to a score: its term, how the article writes it, and how often it does in which fields.

    `articles` is how many of all articles have it in the fields asked, None where that is not to be told; `score` is
    what it adds, after recency.
    """

    term: str
    written: str
    times: tuple[tuple[str, int], ...]
    articles: int | None
    score: float


@dataclass(frozen=True, slots=True)
class Reason:
    """A leaf of the query by which the article matches, and the words that it adds to the score: none for a value."""

    leaf: Query
    words: tuple[ScoredWord, ...] = ()

    @property
    def score(self) -> float:
        """What it adds."""
        return sum(word.score for word in self.words)


@dataclass(frozen=True, slots=True)
class Age:
    """What an article's age makes of its score: `factor` is in the scores already. A date not known has no `days`."""

    recency: Recency
    days: int | None
    factor: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a match has its score. `articles` is how many there are in all, None where that is not to be told."""

    reasons: tuple[Reason, ...]
    articles: int | None
    age: Age | None

    @property
    def score(self) -> float:
        """The sum of what the reasons add: the match's score, but for rounding."""
        return sum(reason.score for reason in self.reasons)


_Found: TypeAlias = "tuple[Reason, ...] | None"
"""The reasons by which an article matches a query; None if it doesn't."""


class Explainer:
    """Explains the matches of one request. For one thread.

    `count` says how many articles of the whole generation match a query that is a term. With `tells_counts` false, such
    numbers are in no explanation.
    """

    def __init__(
        self,
        request: SearchRequest,
        statistics: Statistics,
        count: Callable[[Query], int],
        *,
        tells_counts: bool = True,
    ) -> None:
        self._request = request
        self._weights = dict(request.ranking.weights)
        self._statistics = statistics
        self._articles = lru_cache(maxsize=None)(count)
        self._tells_counts = tells_counts

    def explain(self, record: Record) -> Explanation:
        """Why an article that matches has its score."""
        recency = self._request.recency
        last_day = record.date[1] if record.date else None
        age = None
        if recency is not None:
            days = None if last_day is None else max(0, recency.as_of.toordinal() - last_day)
            age = Age(recency, days, recency.factor(last_day))
        one = _One(self, record, age.factor if age else 1.0)
        return Explanation(one.reasons(self._request.query) or (), self.told(self._statistics.articles), age)

    def asked(self, leaf: Words) -> tuple[str, ...]:
        """The fields that a leaf of words asks."""
        return tuple(self._weights) if leaf.field is None else (leaf.field,)

    def matches(self, leaf: Value | Dates, words: ArticleWords, record: Record) -> bool:
        """Whether an article has a value or is of some days."""
        return matches(leaf, words, record, self._request.roles)

    def scored(self, term: str, leaf: Words, counts: Mapping[str, Counter[str]], factor: float) -> tuple[float, int]:
        """What a term of a leaf adds to the score of an article with these words, and how many articles have it."""
        fields = self.asked(leaf)
        much = sum(
            self._weights.get(field, 1.0) * counts[field][term] / self._norm(field, counts[field].total())
            for field in fields
        )
        having, articles = self._articles(Term(term, leaf.field)), self._statistics.articles
        idf = math.log(1 + (articles - having + 0.5) / (having + 0.5))
        return idf * much * (K1 + 1) / (much + K1) * factor, having

    def told(self, number: int) -> int | None:
        """A number of articles, if it may be told."""
        return number if self._tells_counts else None

    def _norm(self, field: str, length: int) -> float:
        return (1 - B) + B * rounded_length(length) / self._statistics.average_lengths[field]


class _One:
    """One article being explained."""

    def __init__(self, explainer: Explainer, record: Record, factor: float) -> None:
        self._explainer = explainer
        self._record = record
        self._factor = factor
        self._texts: dict[str, str] = {field: getattr(record, field) for field in TEXT_FIELDS}
        self._counts = {field: Counter(terms(text)) for field, text in self._texts.items()}
        self._words = words_of(record)

    def reasons(self, query: Query) -> _Found:
        """The reasons by which it matches a query."""
        match query:
            case Everything():
                return ()
            case Nothing():
                return None
            case Term() | Phrase() | Near() | Prefix():
                return self._by_words(query)
            case Value() | Dates():
                return (Reason(query),) if self._explainer.matches(query, self._words, self._record) else None
            case And(parts):
                found = [self.reasons(part) for part in parts]
                return None if None in found else _joined(found)
            case Or(parts):
                known = [reasons for part in parts if (reasons := self.reasons(part)) is not None]
                return _joined(known) if known else None
            case Not(part):
                return () if self.reasons(part) is None else None
            case _:
                assert_never(query)

    def _by_words(self, leaf: Words) -> _Found:
        fields = self._explainer.asked(leaf)
        if not any(find_spans(leaf, self._words.fields[field]) for field in fields):
            return None
        return (Reason(leaf, tuple(self._word(term, leaf, fields) for term in self._terms(leaf, fields))),)

    def _terms(self, leaf: Words, fields: Iterable[str]) -> Iterable[str]:
        """The terms that a leaf adds to the score."""
        match leaf:
            case Term(text):
                return (text,)
            case Phrase(words) | Near(words):
                return dict.fromkeys(words)
            case Prefix(text):
                return sorted({term for field in fields for term in self._counts[field] if term.startswith(text)})
            case _:
                assert_never(leaf)

    def _word(self, term: str, leaf: Words, fields: Iterable[str]) -> ScoredWord:
        times = tuple((field, self._counts[field][term]) for field in fields if self._counts[field][term])
        score, having = self._explainer.scored(term, leaf, self._counts, self._factor)
        return ScoredWord(
            term=term,
            written=self._written(term, times[0][0]),
            times=times,
            articles=self._explainer.told(having),
            score=score,
        )

    def _written(self, term: str, field: str) -> str:
        start, end = self._words.fields[field].places(Term(term))[0]
        return self._texts[field][start:end]


def _joined(found: Iterable[_Found]) -> tuple[Reason, ...]:
    return tuple(reason for reasons in found for reason in reasons or ())


def rounded_length(length: int) -> int:
    """A field's length in words as it is in scores.

    >>> rounded_length(10), rounded_length(11), rounded_length(1000)
    (10, 12, 1032)
    """
    return LENGTHS[min(bisect_left(LENGTHS, length), len(LENGTHS) - 1)]
