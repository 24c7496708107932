"""Where in one article a query's words stand.

`ArticleWords` is an article analysed field by field, once; `find_spans` gives the stretches of a field that one leaf of
words matches; `matches` decides a whole query over one article without any index. Highlights and the percolator are
both made from these, so they agree with each other and, by the contract suite, with the engines.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, assert_never

from index.analysis import AnalysedText
from index.fields import TEXT_FIELDS, Record, region_from_value
from search.engine import ALL_BUT_CAPTION
from search.query import (
    And,
    Dates,
    Everything,
    Near,
    Not,
    Nothing,
    Or,
    Phrase,
    Prefix,
    Query,
    Term,
    Value,
    Words,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from index.document import Role


class FieldWords:
    """One field's text as words: which terms it has, and where the few stand that somebody asks for."""

    __slots__ = ("_analysed", "_sorted_terms", "_terms")

    def __init__(self, text: str) -> None:
        self._analysed = AnalysedText(text)
        self._terms: frozenset[str] | None = None
        self._sorted_terms: list[str] | None = None

    @property
    def terms(self) -> frozenset[str]:
        """The distinct terms."""
        if self._terms is None:
            self._terms = self._analysed.terms()
        return self._terms

    @property
    def sorted_terms(self) -> list[str]:
        """The distinct terms in order, for prefixes."""
        if self._sorted_terms is None:
            self._sorted_terms = sorted(self.terms)
        return self._sorted_terms

    def positions(self, term: str) -> list[int]:
        """The positions of a term, ascending."""
        return self._analysed.positions(term)

    def places(self, leaf: Term | Prefix) -> list[tuple[int, int]]:
        """The characters (start, end) of every word that a leaf matches, in order."""
        match leaf:
            case Term(text):
                return self._analysed.places(text)
            case Prefix(text):
                return self._analysed.places_beginning(text)
            case _:
                assert_never(leaf)

    def characters(self, first: int, last: int) -> tuple[int, int]:
        """The characters from the word at position `first` to the word at `last`, both found by `positions`."""
        return self._analysed.place(first)[0], self._analysed.place(last)[1]


class ArticleWords:
    """An article's text fields as words."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.fields = {field: FieldWords(text) for field, text in texts.items()}

    @cached_property
    def terms(self) -> frozenset[str]:
        """The distinct terms of all fields."""
        return frozenset().union(*(field.terms for field in self.fields.values()))

    def may_hold(self, leaf: Words) -> bool:
        """Whether the leaf's words occur at all: the cheap question that most leaves fail."""
        match leaf:
            case Term(text):
                return text in self.terms
            case Phrase(words) | Near(words):
                return self.terms.issuperset(words)
            case Prefix():
                return True
            case _:
                assert_never(leaf)

    def asked(self, leaf: Words) -> Iterator[tuple[str, FieldWords]]:
        """The fields a leaf asks: its own, or all."""
        if leaf.field is None:
            yield from self.fields.items()
        elif leaf.field in self.fields:
            yield leaf.field, self.fields[leaf.field]


def find_spans(leaf: Words, words: FieldWords) -> list[tuple[int, int]]:
    """The (first, last) positions in a field at which a leaf in analysed form matches, in order; they may overlap."""
    match leaf:
        case Term(text):
            return [(at, at) for at in words.positions(text)]
        case Prefix(text):
            return sorted((at, at) for term in _beginning(text, words.sorted_terms) for at in words.positions(term))
        case Phrase(phrase):
            return _phrase_spans([words.positions(word) for word in phrase])
        case Near(near, distance):
            times = Counter(near)
            return _near_spans([(words.positions(word), times[word]) for word in times], len(near) + distance)
        case _:
            assert_never(leaf)


def find_places(leaf: Words, words: FieldWords) -> list[tuple[int, int]]:
    """The characters (start, end) of a field at which a leaf in analysed form matches, by their start.

    The same stretches as `find_spans`, but in characters, and without a look at positions where they do not matter.
    """
    match leaf:
        case Term() | Prefix():
            return words.places(leaf)
        case Phrase(needed) | Near(needed):
            if not all(words.places(Term(word)) for word in needed):
                return []
            return [words.characters(first, last) for first, last in find_spans(leaf, words)]
        case _:
            assert_never(leaf)


def _beginning(prefix: str, ordered: Sequence[str]) -> Iterable[str]:
    start = bisect_left(ordered, prefix)
    while start < len(ordered) and ordered[start].startswith(prefix):
        yield ordered[start]
        start += 1


def _phrase_spans(positions: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    if not all(positions):
        return []
    places = [frozenset(each) for each in positions]
    return [(at, at + len(places) - 1) for at in positions[0] if all(at + i in place for i, place in enumerate(places))]


def signs(query: Query) -> frozenset[str] | None:
    """Terms of which an article must have at least one to match; None where terms alone cannot tell.

    >>> sorted(signs(Or((Term("raid"), Phrase(("crack", "down"))))))
    ['crack', 'raid']
    """
    match query:
        case Term(text):
            return frozenset([text])
        case Phrase(words) | Near(words):
            return frozenset([max(words, key=len)])
        case And(parts):
            known = [found for part in parts if (found := signs(part)) is not None]
            return min(known, key=len, default=None)
        case Or(parts):
            each = [signs(part) for part in parts]
            told = [found for found in each if found is not None]
            return frozenset().union(*told) if len(told) == len(each) else None
        case Nothing():
            return frozenset()
        case Prefix() | Value() | Dates() | Everything() | Not():
            return None
        case _:
            assert_never(query)


def _near_spans(wanted: Sequence[tuple[Sequence[int], int]], width: int) -> list[tuple[int, int]]:
    """The smallest windows of at most `width` positions that hold so many of each list as are wanted.

    Every position is tried as the window's first; each list then gives its nearest from there on. No position is in two
    lists, as none has two words.
    """
    spans = []
    for first in sorted(at for each, _ in wanted for at in each):
        lasts = []
        for each, times in wanted:
            place = bisect_left(each, first) + times - 1
            if place >= len(each):
                break
            lasts.append(each[place])
        else:
            if max(lasts) - first < width:
                spans.append((first, max(lasts)))
    return [span for span, following in pairwise([*spans, (-1, -1)]) if span[1] != following[1]]


def matches(query: Query, words: ArticleWords, record: Record, roles: Collection[Role] = ALL_BUT_CAPTION) -> bool:
    """Whether an article matches a query in analysed form."""
    match query:
        case Everything():
            return True
        case Nothing():
            return False
        case Term() | Phrase() | Near() | Prefix():
            return words.may_hold(query) and any(find_spans(query, field) for _, field in words.asked(query))
        case Value(field, value):
            return value in _values(record, field, roles)
        case Dates(start, end):
            return record.date is not None and (
                (end is None or record.date[0] <= end.toordinal())
                and (start is None or record.date[1] >= start.toordinal())
            )
        case And(parts):
            return all(matches(part, words, record, roles) for part in parts)
        case Or(parts):
            return any(matches(part, words, record, roles) for part in parts)
        case Not(part):
            return not matches(part, words, record, roles)
        case _:
            assert_never(query)


def _values(record: Record, field: str, roles: Collection[Role]) -> Collection[str]:
    values: tuple[str, ...] = getattr(record, field)
    if field != "region":
        return values
    return {region for region, role in map(region_from_value, values) if role in roles}


def words_of(record: Record) -> ArticleWords:
    """A record's text fields as words."""
    return ArticleWords({field: getattr(record, field) for field in TEXT_FIELDS})
