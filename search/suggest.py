"""What a reader may be about to type: headlines, and values by their names.

`names_of` gives the `search.names.Names` of a generation, by field, each value with its exact count. `find_titles` asks
the engine for headlines with the words typed; a syllable of hangul that is still being composed is taken back from the
question, and looked for in what that finds. Neither keeps anything of the generation open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from index.analysis import fold, goes_by_pairs, word_offsets
from index.fields import KEYWORD_FIELDS
from search.engine import SearchRequest, ValueCounts, ValueFacet
from search.errors import QueryRefused
from search.keystrokes import is_lone, is_syllable, keystrokes, without_final
from search.names import Names, PlaceNames
from search.query import Prefix, Query, Term, all_of
from search.rewrite import rewrite
from search.syntax import SHORTEST_PREFIX, letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.document import Document
    from index.gazetteer import Gazetteer
    from search.searcher import Searcher
    from search.spelling import Speller

MOST_WORDS: Final = 16
"""Who has typed more knows what they want; their words are not completed any more."""

LOOKED_THROUGH: Final = 8
"""Headlines looked through for a syllable that is being composed, as a multiple of those wanted."""


def names_of(searcher: Searcher, places: PlaceNames) -> dict[str, Names]:
    """The names of a generation's values, by keyword field."""
    facets = tuple(map(ValueFacet, KEYWORD_FIELDS))
    matches = searcher.matches(SearchRequest(facets=facets, limit=0))
    named = {}
    for facet in facets:
        counts = matches.facets[facet]
        if isinstance(counts, ValueCounts):
            of_places = places if facet.field == "region" else None
            named[facet.field] = Names(dict(counts.values), searcher.labels(facet.field), of_places)
    return named


@dataclass(frozen=True, slots=True)
class _Reading:
    """What words may mean: what to ask for, and the keys that a headline must have if not everything was asked."""

    parts: tuple[Query, ...]
    keys: str = ""

    def is_met(self, document: Document) -> bool:
        """Whether an article that was found is also one that was meant."""
        return not self.keys or self.keys in keystrokes(fold(document.title.value))


def find_titles(text: str, searcher: Searcher, gazetteer: Gazetteer, limit: int) -> tuple[Document, ...]:
    """At most `limit` articles with these words (NFC) in their headline, the last perhaps unfinished, the best first.

    Of articles with the same headline only the first is given.
    """
    words = [text[start:end] for start, end in word_offsets(text)]
    if not words or len(words) > MOST_WORDS:
        return ()
    for reading in _readings(words, is_unfinished=text.endswith(words[-1])):
        found = _titles(reading, searcher, gazetteer, limit)
        if found:
            return tuple({document.title.value: document for document in reversed(found)}.values())[::-1][:limit]
    return ()


def find_corrected(text: str, speller: Speller) -> str | None:
    """The words of a text, those that are in no article corrected; None if none of them can be."""
    words = [text[start:end] for start, end in word_offsets(text)]
    if len(words) > MOST_WORDS:
        return None
    corrections = speller.correct(all_of(map(Term, words))).corrections
    used = {correction.asked: correction.used for correction in corrections}
    return " ".join(used.get(word, word) for word in words) if used else None


def _readings(words: list[str], *, is_unfinished: bool) -> Iterator[_Reading]:
    """What the words may mean, the likeliest first: the last a beginning, a word, half composed, or too short."""
    *before, last = (Term(word, "title") for word in words)
    is_beginning = letters(last.text) >= SHORTEST_PREFIX
    if is_unfinished and is_beginning:
        yield _Reading((*before, Prefix(last.text, "title")))
    yield _Reading((*before, last))
    if is_unfinished:
        for shorter in _composed(last.text):
            yield _Reading((*before, Prefix(shorter, "title")), keystrokes(fold(last.text)))
        if before and not is_beginning:
            yield _Reading(tuple(before))


def _composed(word: str) -> Iterator[str]:
    """What is certain of a word whose last syllable is being composed: 신의 of 신의ㅈ, of 신읮, of 신의주.

    >>> list(_composed("신의ㅈ")), list(_composed("신읮")), list(_composed("ㅅ")), list(_composed("rice"))
    (['신의'], ['신의', '신'], [], [])
    """
    certain = word.rstrip("".join(letter for letter in set(word) if is_lone(letter)))
    if certain != word:
        shorter = [certain]
    elif is_syllable(word[-1]):
        open_syllable = without_final(word[-1])
        shorter = [*([word[:-1] + open_syllable] if open_syllable else []), word[:-1]]
    else:
        shorter = []
    yield from filter(goes_by_pairs, shorter)


def _titles(reading: _Reading, searcher: Searcher, gazetteer: Gazetteer, limit: int) -> tuple[Document, ...]:
    """The articles, twice as many for those with the same headline; none if the words ask too much of an engine."""
    query = rewrite(all_of(reading.parts), gazetteer)
    most = LOOKED_THROUGH * limit if reading.keys else 2 * limit
    try:
        matches = searcher.matches(SearchRequest(query=query, limit=most))
    except QueryRefused:
        return ()
    documents = searcher.documents([match.serial for match in matches.top])
    return tuple(filter(reading.is_met, documents))
