"""Words that are in no article, and what was probably meant by them.

`correct` goes over a question as read and replaces words that no article has by the likeliest that some have; each
becomes a `Correction`, so that readers are told. A word that is there, however rare, is never replaced; `find_better`
says what else a question that finds little may have meant, for the reader to choose.

One edit is forgiven from four letters on, two from eight (`search.edits` says what an edit is). The first letter stays,
unless nothing else fits. A vocabulary has stems, and a stem may be near to what was typed though no word of it is: so
articles are read for how they write it, and a word is replaced by nothing but what some article does write so near.

What is in quotation marks, in a field, or after a minus stays as it is, and so do numbers and words of scripts other
than Latin, where an edit says little. One place is never taken for another: a word of a place's name is replaced by
nothing but a name of that place, and a misspelt word that is as near to two places is left alone, with a notice.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import TYPE_CHECKING, Final, Protocol, assert_never

from index.analysis import fold, stem, terms
from search.edits import edits
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
    all_of,
    any_of,
)
from search.syntax import Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from index.gazetteer import Gazetteer

ONE_EDIT_FROM: Final = 4
TWO_EDITS_FROM: Final = 8
"""Letters of a word from which one edit, or two, are forgiven."""

MOST_COUNTED: Final = 64
"""Words near one that are counted; of more, those with fewer edits."""

CLEARLY_MORE: Final = 10
"""A word that is there may be mistaken for one that has this many times its articles."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How far to look for what was meant: words of one question (the others stay as they are), and edits of a word.

    `terms` is for how many terms, in one question, articles are read.
    Unless first letters are looked for, words begin as typed, which is where nearly all of the work is saved.
    """

    words: int
    edits: int
    terms: int
    looks_for_first_letters: bool


THOROUGH: Final = Effort(words=4, edits=2, terms=16, looks_for_first_letters=True)
WHILE_TYPING: Final = Effort(words=1, edits=1, terms=4, looks_for_first_letters=False)


class Vocabulary(Protocol):
    """The terms of an archive. It may tell terms that no article has any more."""

    def known(self, words: Sequence[str]) -> frozenset[str]:
        """Those of some words that are terms."""
        ...

    def near(self, word: str, most: int, *, beginning: str = "") -> Mapping[str, int]:
        """The terms that begin so within `most` edits of an ASCII word, each with its distance."""
        ...


class Articles(Protocol):
    """The articles that words are looked for in."""

    def count(self, query: Query) -> int:
        """How many match a query in analysed form."""
        ...

    def forms(self, term: str) -> Iterable[str]:
        """How some articles write a term, the best ones first: terms are stems."""
        ...


@dataclass(frozen=True, slots=True)
class Correction:
    """A word that was replaced: `asked` as typed, `used` in its place, which so many articles have."""

    asked: str
    used: str
    articles: int


@dataclass(frozen=True, slots=True)
class Corrected:
    """A question as read, with its corrections, and notices of what could not be corrected."""

    query: Query
    corrections: tuple[Correction, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A term that may have been meant, as articles write it near to what was typed."""

    written: str
    articles: int
    places: frozenset[str]


class PlaceWords:
    """Which places' names have a term, of all names in a gazetteer."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        places: defaultdict[str, set[str]] = defaultdict(set)
        for place in gazetteer.places.values():
            for name in (place.name, *place.names):
                for term in terms(name):
                    places[term].add(place.id)
        self._places = {term: frozenset(ids) for term, ids in places.items()}

    def of(self, term: str) -> frozenset[str]:
        """The ids of the places; none for a word that is in no name."""
        return self._places.get(term, frozenset())


@dataclass(slots=True)
class Speller:
    """Looks words up in the articles of one archive, as far as its effort goes."""

    places: PlaceWords
    vocabulary: Vocabulary
    articles: Articles
    effort: Effort = THOROUGH
    _looked_up: int = field(default=0, init=False)
    _read: int = field(default=0, init=False)

    def correct(self, query: Query) -> Corrected:
        """The question with words that no article has replaced by the likeliest that some have."""
        match query:
            case Term():
                return self._corrected_word(query)
            case And(parts):
                return self._corrected_parts(parts, all_of)
            case Or(parts):
                return self._corrected_parts(parts, any_of)
            case Phrase() | Near() | Prefix() | Value() | Dates() | Not() | Everything() | Nothing():
                return Corrected(query)
            case _:
                assert_never(query)

    def find_better(self, query: Query) -> Corrected | None:
        """The question with a rare word of it replaced by one that far more articles have; None if there is none.

        For questions that find little. It is not what was asked, so it is to be offered, not answered.
        """
        for term in _words(query):
            found = terms(term.text)
            own = self.articles.count(Term(found[0])) if _can_be_misspelt(term, found) else 0
            if not own:
                continue
            best = _best(self._candidates(term.text))
            if best is not None and best.articles >= CLEARLY_MORE * own:
                correction = Correction(term.text, best.written, best.articles)
                return Corrected(_replaced(query, term, Term(correction.used)), (correction,))
        return None

    def _corrected_parts(self, parts: Iterable[Query], join: Callable[[Iterable[Query]], Query]) -> Corrected:
        corrected = [self.correct(part) for part in parts]
        return Corrected(
            join(part.query for part in corrected),
            tuple(correction for part in corrected for correction in part.corrections),
            tuple(notice for part in corrected for notice in part.notices),
        )

    def _corrected_word(self, word: Term) -> Corrected:
        found = terms(word.text)
        if not _can_be_misspelt(word, found) or self.articles.count(Term(found[0])):
            return Corrected(word)
        if self._looked_up == self.effort.words:
            return Corrected(word)
        self._looked_up += 1
        candidates = self._candidates(word.text)
        best = _best(candidates)
        if best is None:
            return Corrected(word, notices=tuple(_undecided(word, candidates)))
        correction = Correction(word.text, best.written, best.articles)
        return Corrected(Term(correction.used), (correction,))

    def _candidates(self, text: str) -> tuple[_Candidate, ...]:
        """What may have been meant by a word: with the fewest edits, the first letter kept if one has it.

        What most articles have comes first; others only if they are of places as it is, and so may be meant as well.
        """
        word = fold(text)
        forgiven = 2 if len(word) >= TWO_EDITS_FROM else 1
        for most in range(1, min(forgiven, self.effort.edits) + 1):
            for beginning in (word[0], "") if self.effort.looks_for_first_letters else (word[0],):
                found = self._written(word, most, self._counted(word, most, beginning))
                if found or self._read == self.effort.terms:
                    return found
        return ()

    def _written(self, word: str, most: int, counted: Iterable[tuple[str, int]]) -> tuple[_Candidate, ...]:
        """Those of some terms, with how many articles have each, that articles write within so many edits of a word.

        None if too many would have to be read: no place is to be taken for one that was not looked at.
        """
        found: list[_Candidate] = []
        for term, articles in counted:
            places = self.places.of(term)
            if found and not (found[0].places and places):
                continue
            if self._read == self.effort.terms:
                return ()
            self._read += 1
            written = next((form for form in self.articles.forms(term) if edits(word, fold(form)) <= most), None)
            if written is not None:
                found.append(_Candidate(written, articles, places))
        return tuple(found)

    def _counted(self, word: str, most: int, beginning: str) -> list[tuple[str, int]]:
        """Terms that may stand for a word and how many articles have each, those that most have first."""
        own = stem(word)
        near = self._near(word, own, most, beginning)
        likely = [term for term in sorted(near, key=lambda term: (near[term], term)) if self._may_be(term, own)]
        counted = [(term, self.articles.count(Term(term))) for term in likely[:MOST_COUNTED]]
        return sorted((one for one in counted if one[1]), key=lambda one: (-one[1], one[0]))

    def _near(self, word: str, own: str, most: int, beginning: str) -> dict[str, int]:
        """Terms of words within so many edits of a word. Of two edits, those within as many of its stem do as well.

        A stem is too short for that if one edit is forgiven: of died it is die, which is as near to due.
        """
        near: dict[str, int] = {}
        if most == 1:
            stems = {stem(edit) for edit in _edits(word) if edit.startswith(beginning)}
            near.update(dict.fromkeys(self.vocabulary.known(sorted(stems)), 1))
        else:
            for pattern in {word, own}:
                for term, distance in self.vocabulary.near(pattern, most, beginning=beginning).items():
                    near[term] = min(distance, near.get(term, distance))
        near.pop(own, None)
        return near

    def _may_be(self, term: str, own: str) -> bool:
        """Whether a term may stand for another: never one place for another, nor what has digits."""
        own_places = self.places.of(own)
        is_of_place = not own_places or bool(own_places & self.places.of(term))
        return is_of_place and not any(map(str.isdigit, term))


def _can_be_misspelt(word: Term, found: Sequence[str]) -> bool:
    """Whether a word as typed, with these terms, may be looked up."""
    folded = fold(word.text)
    return (
        word.field is None
        and len(found) == 1
        and len(folded) >= ONE_EDIT_FROM
        and folded.isascii()
        and folded.isalpha()
        and stem(folded) == found[0]
    )


def _best(candidates: Sequence[_Candidate]) -> _Candidate | None:
    """The first, which most articles have; None if it is a place and others are other places."""
    of_places = [one.places for one in candidates if one.places]
    if not candidates or (candidates[0].places and not frozenset.intersection(*of_places)):
        return None
    return candidates[0]


def _undecided(word: Term, candidates: Sequence[_Candidate]) -> Iterable[Notice]:
    if candidates:
        names = " or ".join(sorted({one.written for one in candidates}))
        yield Notice("undecided-place", f"{word.text} is in no article; if a place was meant, it may be {names}")


def _edits(word: str) -> Iterable[str]:
    """Everything one edit away from a word."""
    for at in range(len(word) + 1):
        before, after = word[:at], word[at:]
        yield from (before + letter + after for letter in ascii_lowercase)
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in ascii_lowercase)
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]


def _words(query: Query) -> Iterable[Term]:
    """The words of a question as read, but for those after a minus."""
    match query:
        case Term():
            yield query
        case And(parts) | Or(parts):
            for part in parts:
                yield from _words(part)
        case Phrase() | Near() | Prefix() | Value() | Dates() | Not() | Everything() | Nothing():
            return
        case _:
            assert_never(query)


def _replaced(query: Query, old: Term, new: Term) -> Query:
    """The question with one word in another's place."""
    match query:
        case And(parts):
            return all_of(_replaced(part, old, new) for part in parts)
        case Or(parts):
            return any_of(_replaced(part, old, new) for part in parts)
        case _:
            return new if query == old else query
