"""A question as OpenSearch takes it: clauses that match exactly what the contract says, and score nearly as it does.

`Translation.matching` gives a clause that only matches; `scoring` one that matches the same and scores. Terms are asked
for as they are, so nothing is analysed there. With the weights that rankings have by default, a word is scored by the
field `IMPACT`, where BM25F's sum over fields is indexed; otherwise by `combined_fields`, which makes a sum much like
it. How scores differ is in docs/decisions/0022.
"""

from __future__ import annotations

from collections import Counter
from math import factorial, prod
from typing import TYPE_CHECKING, Any, Final, TypeAlias, assert_never

from index.analysis import MAX_TERM_LENGTH
from index.fields import KEYWORD_FIELDS, TEXT_FIELDS
from index.opensearch.schema import IMPACT, WEIGHT_SCALE, entries_of_region, first_unit, last_unit
from search.engine import K1, OLDEST_HALF_LIVES, DateFilter, DateMatch, Ranking, ValueFilter
from search.errors import UnsupportedQuery
from search.query import And, Dates, Everything, Near, Not, Nothing, Or, Phrase, Prefix, Query, Term, Value, leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from index.document import Role
    from search.engine import Recency, SearchRequest
    from search.query import Words

Clause: TypeAlias = dict[str, Any]

NAME: Final = "opensearch"

EVERYTHING: Final[Clause] = {"match_all": {}}
NOTHING: Final[Clause] = {"match_none": {}}

MOST_SCORED: Final = 64
"""Of the terms that a prefix begins, so many are scored: those that most articles have. All of them match."""

MOST_ORDERS: Final = 120
"""Orders in which words near each other, one of them repeated, are looked for."""

_USUAL: Final = dict(Ranking().weights)
_LARGEST_SLOP: Final = 2**31 - 1
_SMALLEST_WEIGHT: Final = 1.0


class Translation:
    """Translates one request. `expand` gives the terms that begin so in some fields, those of most articles first."""

    def __init__(self, request: SearchRequest, expand: Callable[[str, tuple[str, ...]], Sequence[str]]) -> None:
        self._roles = request.roles
        self._weights = dict(request.ranking.weights)
        self._expand = expand

    def scoring(self, query: Query) -> Clause:
        """What matches the query, with scores. Raises `UnsupportedQuery`, and what `expand` does."""
        match query:
            case Term(text, field):
                return self._scored_term(text, self._asked(query, field))
            case Phrase(words, field) | Near(words, _, field):
                return self._scored(query, list(dict.fromkeys(words)), self._asked(query, field))
            case Prefix(text, field):
                fields = self._asked(query, field)
                return self._scored(query, self._expanded(text, fields)[:MOST_SCORED], fields)
            case And(parts):
                scored = [part for part in parts if leaves(part)]
                return {
                    "bool": {
                        "must": [self.scoring(part) for part in scored],
                        "filter": [self.matching(part) for part in parts if part not in scored] or [EVERYTHING],
                    }
                }
            case Or(parts):
                return either([self.scoring(part) for part in parts])
            case Not() | Value() | Dates() | Everything() | Nothing():
                return _unscored(self.matching(query))
            case _:
                assert_never(query)

    def matching(self, query: Query) -> Clause:  # noqa: C901 - one case for each kind of node
        """What matches the query. Raises `UnsupportedQuery`, and what `expand` does."""
        match query:
            case Everything():
                return EVERYTHING
            case Nothing():
                return NOTHING
            case Term(text, field):
                return self._having_term(text, self._asked(query, field))
            case Phrase(words, field):
                return either([_phrase(name, words) for name in self._asked(query, field)])
            case Near(words, distance, field):
                fields = self._asked(query, field)
                return either([clause for name in fields for clause in _near(name, words, distance)])
            case Prefix(text, field):
                return self._beginning(text, self._asked(query, field))
            case Value(field, value):
                return self._having(query, field, value)
            case Dates(start, end):
                return within_days(DateFilter(start, end))
            case And(parts):
                return every([self.matching(part) for part in parts])
            case Or(parts):
                return either([self.matching(part) for part in parts])
            case Not(part):
                return {"bool": {"must_not": [self.matching(part)]}}
            case _:
                assert_never(query)

    def _is_usual(self, fields: tuple[str, ...]) -> bool:
        """Whether the fields are asked as rankings are by default: so they are indexed as one."""
        return fields == tuple(self._weights) and self._weights == _USUAL

    def _having_term(self, term: str, fields: tuple[str, ...]) -> Clause:
        names = (IMPACT,) if self._is_usual(fields) else fields
        return either([_term(name, term) for name in names])

    def _asked(self, leaf: Words, field: str | None) -> tuple[str, ...]:
        """The fields a leaf of words asks."""
        if field is None:
            return tuple(self._weights)
        if field not in TEXT_FIELDS:
            raise UnsupportedQuery(NAME, str(leaf))
        return (field,)

    def _beginning(self, prefix: str, fields: tuple[str, ...]) -> Clause:
        if not self._expanded(prefix, fields):
            return NOTHING
        names = (IMPACT,) if self._is_usual(fields) else fields
        return either([{"prefix": {name: {"value": prefix}}} for name in names])

    def _expanded(self, prefix: str, fields: tuple[str, ...]) -> Sequence[str]:
        return self._expand(prefix, fields) if _is_sane(prefix) else ()

    def _having(self, query: Query, field: str, value: str) -> Clause:
        if field not in KEYWORD_FIELDS:
            raise UnsupportedQuery(NAME, str(query))
        return having(field, [value], self._roles)

    def _scored(self, leaf: Words, terms: Sequence[str], fields: tuple[str, ...]) -> Clause:
        """What matches a leaf, with the scores of terms wherever they are in the fields."""
        return {
            "bool": {"filter": [self.matching(leaf)], "should": [self._scored_term(term, fields) for term in terms]}
        }

    def _scored_term(self, term: str, fields: tuple[str, ...]) -> Clause:
        if self._is_usual(fields) and _is_sane(term):
            return {"term": {IMPACT: {"value": term, "boost": K1 + 1}}}
        weights = [(field, self._weights.get(field, 1.0)) for field in fields]
        scored = [f"{field}^{max(weight * WEIGHT_SCALE, _SMALLEST_WEIGHT)!r}" for field, weight in weights if weight]
        matching = self._having_term(term, fields)
        if not scored or not _is_sane(term):
            return _unscored(matching)
        combined = {"combined_fields": {"query": term, "fields": scored, "boost": K1 + 1}}
        if len(scored) == len(weights):
            return combined
        return {"bool": {"filter": [matching], "should": [combined]}}


def passing(wanted: ValueFilter, roles: frozenset[Role]) -> Clause:
    """What a filter of values lets through."""
    return {
        "bool": {
            "filter": [having(wanted.field, wanted.any_of, roles) if wanted.any_of else EVERYTHING],
            "must_not": [having(wanted.field, wanted.none_of, roles)],
        }
    }


def having(field: str, values: Iterable[str], roles: frozenset[Role]) -> Clause:
    """What has any of some values in a keyword field, regions in any of some roles."""
    sane = [value for value in values if _is_encodable(value)]
    if field == "region":
        sane = [entry for value in sane for entry in entries_of_region(value, roles)]
    return {"terms": {field: sane}} if sane else NOTHING


def within_days(wanted: DateFilter) -> Clause:
    """What a filter of days lets through. What has no date never is."""
    first, last = first_unit("date", "day"), last_unit("date", "day")
    lower, upper = (last, first) if wanted.match is DateMatch.POSSIBLE else (first, last)
    clauses: list[Clause] = [{"exists": {"field": first}}]
    if wanted.start:
        clauses.append({"range": {lower: {"gte": wanted.start.toordinal()}}})
    if wanted.end:
        clauses.append({"range": {upper: {"lte": wanted.end.toordinal()}}})
    return every(clauses)


def aged(clause: Clause, recency: Recency) -> Clause:
    """What a clause matches, its scores times `Recency.factor`.

    What is too old to grow older, or has no date, has one factor; what is newer than the day of reference has none.
    """
    last, as_of = last_unit("date", "day"), recency.as_of.toordinal()
    oldest = max(0, as_of - OLDEST_HALF_LIVES * recency.half_life_days)  # 0 is before any day: no number grows too long
    halving = {last: {"origin": as_of, "scale": recency.half_life_days, "decay": 0.5}}
    return {
        "function_score": {
            "query": clause,
            "functions": [
                {"filter": {"range": {last: {"gt": oldest, "lt": as_of}}}, "exp": halving},
                {
                    "filter": {"bool": {"must_not": [{"range": {last: {"gt": oldest}}}]}},
                    "weight": recency.factor(None),
                },
            ],
        }
    }


def every(clauses: Sequence[Clause]) -> Clause:
    """What matches all clauses, without scores."""
    return {"bool": {"filter": list(clauses)}} if clauses else EVERYTHING


def either(clauses: Sequence[Clause]) -> Clause:
    """What matches any clause; scores add up."""
    if len(clauses) == 1:
        return clauses[0]
    return {"bool": {"should": list(clauses), "minimum_should_match": 1}} if clauses else NOTHING


def _unscored(clause: Clause) -> Clause:
    return {"constant_score": {"filter": clause, "boost": 0}}


def _term(field: str, term: str) -> Clause:
    return {"term": {field: term}} if _is_sane(term) else NOTHING


def _phrase(field: str, words: tuple[str, ...]) -> Clause:
    """Words one after the other: in the text they stand with blanks between them, and so they are asked for."""
    if not words or not all(map(_is_sane, words)):
        return NOTHING
    return {"match_phrase": {field: {"query": " ".join(words), "analyzer": "whitespace"}}}


def _near(field: str, words: tuple[str, ...], distance: int) -> list[Clause]:
    """Words in any order with at most so many others among them. Raises `UnsupportedQuery`.

    In a span without order one place may serve a word that is asked twice. So words that repeat are looked for in
    every order they can have.
    """
    if distance < 0 or not words or not all(map(_is_sane, words)):
        return []
    if len(words) == 1:
        return [_term(field, words[0])]
    slop = min(distance, _LARGEST_SLOP)
    if len(set(words)) == len(words):
        return [_span(field, words, slop, in_order=False)]
    orders = _orders(words)
    if orders is None:
        raise UnsupportedQuery(NAME, str(Near(words, distance)))
    return [_span(field, order, slop, in_order=True) for order in orders]


def _orders(words: Sequence[str]) -> list[tuple[str, ...]] | None:
    """Every order of some words, each once; None where there are more than `MOST_ORDERS`.

    How many there are is worked out first: to try all permutations takes ages, of one word that is repeated, too.
    """
    counts = Counter(words)
    if factorial(len(words)) // prod(map(factorial, counts.values())) > MOST_ORDERS:
        return None
    orders: list[tuple[str, ...]] = [()]
    for _ in words:
        orders = [(*order, word) for order in orders for word in counts if order.count(word) < counts[word]]
    return orders


def _span(field: str, words: Sequence[str], slop: int, *, in_order: bool) -> Clause:
    clauses = [{"span_term": {field: word}} for word in words]
    return {"span_near": {"clauses": clauses, "slop": slop, "in_order": in_order}}


def _is_sane(word: str) -> bool:
    """Whether a word may be a term: what has a blank in it, or is longer than any, is none and is not asked for."""
    return 0 < len(word) <= MAX_TERM_LENGTH and not any(map(str.isspace, word)) and _is_encodable(word)


def _is_encodable(text: str) -> bool:
    """Whether a text has no half of a pair of UTF-16, which no article has and JSON cannot say."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
