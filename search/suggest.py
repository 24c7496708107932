"""What a reader may be about to type: headlines, places and topics with a word that begins so.

`Names` holds the places and topics that occur in one generation, in every spelling, each with its exact count;
`find` answers "which of them go by a name like this?". It keeps nothing of the generation open. `find_titles` asks the
engine for headlines. To search in the values of a facet, filters and all, see `search.facets.named_like`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from index.analysis import slug, word_offsets
from index.fields import KEYWORD_FIELDS
from search.engine import SearchRequest, ValueCounts, ValueFacet
from search.errors import QueryRefused
from search.query import Prefix, Query, Term, all_of
from search.rewrite import rewrite
from search.syntax import SHORTEST_PREFIX, letters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from index.document import Document, Label
    from index.gazetteer import Gazetteer
    from search.searcher import Searcher

MOST_WORDS: Final = 16
"""Who has typed more knows what they want; their words are not completed any more."""


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A place or topic of the archive: its id, what to call it, how many articles have it."""

    id: str
    text: str
    count: int


@dataclass(frozen=True, slots=True)
class _Spelling:
    """One way to write a value's name, as folded words."""

    value: NamedValue
    written: str
    words: tuple[str, ...]
    is_usual: bool


class Names:
    """The values of one keyword field that any article has, to be found by the beginning of any word of any spelling.

    Immutable. `counts` are articles by value; `labels` and `gazetteer` give the spellings: places have many.
    """

    def __init__(
        self, counts: Mapping[str, int], labels: Mapping[str, tuple[Label, ...]], gazetteer: Gazetteer | None = None
    ) -> None:
        called = Counter(labels[value][-1].name for value in counts)
        spellings = [
            spelling
            for value, count in counts.items()
            for spelling in _spellings(NamedValue(value, _called(labels[value], called), count), labels, gazetteer)
        ]
        by_word = [(word, spelling) for spelling in spellings for word in dict.fromkeys(spelling.words)]
        by_word.sort(key=lambda pair: pair[0])
        self._words = [word for word, _ in by_word]
        self._spellings = [spelling for _, spelling in by_word]

    def find(self, text: str, limit: int) -> tuple[NamedValue, ...]:
        """At most `limit` values whose name has these words, the last perhaps unfinished.

        Those whose usual name begins so come first, then those with another name that does, or with the words inside
        their usual name; of equals those with more articles.
        """
        wanted = _words(text)
        found = [
            (int(position > 0) + int(not spelling.is_usual), spelling)
            for spelling in (self._with_word(wanted[0]) if wanted else ())
            if (position := _find_position(wanted, spelling.words)) is not None
        ]
        found.sort(key=lambda row: (row[0], -row[1].value.count, row[1].value.id, not row[1].is_usual))
        best: dict[str, _Spelling] = {}
        for _, spelling in found:
            if spelling.is_usual or spelling.value.id not in best:
                best[spelling.value.id] = spelling
        return tuple(map(_said, islice(best.values(), limit)))

    def _with_word(self, beginning: str) -> Iterator[_Spelling]:
        """The spellings with a word that begins so."""
        for number in range(bisect_left(self._words, beginning), len(self._words)):
            if not self._words[number].startswith(beginning):
                return
            yield self._spellings[number]


def names_of(searcher: Searcher, gazetteer: Gazetteer) -> dict[str, Names]:
    """The names of a generation's values, by keyword field."""
    facets = tuple(map(ValueFacet, KEYWORD_FIELDS))
    matches = searcher.matches(SearchRequest(facets=facets, limit=0))
    named = {}
    for facet in facets:
        counts = matches.facets[facet]
        if isinstance(counts, ValueCounts):
            places = gazetteer if facet.field == "region" else None
            named[facet.field] = Names(dict(counts.values), searcher.labels(facet.field), places)
    return named


def find_titles(text: str, searcher: Searcher, gazetteer: Gazetteer, limit: int) -> tuple[Document, ...]:
    """At most `limit` articles with these words in their headline, the last perhaps unfinished, the best first.

    Of articles with the same headline only the first is given.
    """
    words = [text[start:end] for start, end in word_offsets(text)]
    if not words or len(words) > MOST_WORDS:
        return ()
    for parts in _readings([Term(word, "title") for word in words], is_unfinished=text.endswith(words[-1])):
        found = _titles(parts, searcher, gazetteer, limit)
        if found:
            return tuple({document.title.value: document for document in reversed(found)}.values())[::-1][:limit]
    return ()


def _readings(words: list[Term], *, is_unfinished: bool) -> Iterator[Sequence[Query]]:
    """What the words may mean, the likeliest first: the last a beginning, a word, or too short to be either."""
    *before, last = words
    is_beginning = letters(last.text) >= SHORTEST_PREFIX
    if is_unfinished and is_beginning:
        yield [*before, Prefix(last.text, last.field)]
    yield words
    if is_unfinished and before and not is_beginning:
        yield before


def _titles(parts: Iterable[Query], searcher: Searcher, gazetteer: Gazetteer, limit: int) -> tuple[Document, ...]:
    """The articles, twice as many for those with the same headline; none if the words ask too much of an engine."""
    query = rewrite(all_of(parts), gazetteer)
    try:
        matches = searcher.matches(SearchRequest(query=query, limit=2 * limit))
    except QueryRefused:
        return ()
    return searcher.documents([match.serial for match in matches.top])


def _spellings(
    value: NamedValue, labels: Mapping[str, tuple[Label, ...]], gazetteer: Gazetteer | None
) -> Iterator[_Spelling]:
    usual = labels[value.id][-1].name
    place = gazetteer.places.get(value.id) if gazetteer else None
    for name in dict.fromkeys((usual, *((place.name, *place.names) if place else ()))):
        words = _words(name)
        if words:
            yield _Spelling(value, name, words, is_usual=name == usual)


def _called(path: tuple[Label, ...], called: Counter[str]) -> str:
    """A value's name; with what it lies in if another value goes by the same."""
    name = path[-1].name
    return ", ".join(label.name for label in reversed(path)) if called[name] > 1 else name


def _said(spelling: _Spelling) -> NamedValue:
    """The value, with the spelling it was found by if that is not what it is called."""
    value = spelling.value
    return value if spelling.is_usual else NamedValue(value.id, f"{value.text} ({spelling.written})", value.count)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in slug(text).split("-") if word)


def _find_position(wanted: tuple[str, ...], words: tuple[str, ...]) -> int | None:
    """The position at which the wanted words stand, the last perhaps unfinished."""
    *before, last = wanted
    for start in range(len(words) - len(before)):
        end = start + len(before)
        if list(words[start:end]) == before and words[end].startswith(last):
            return start
    return None
