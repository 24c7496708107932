"""What a reader's words also go by: a place's every name, synonyms from a file, other spellings of a Korean word.

A `Thesaurus` knows which words have a `Meaning`, and by which other `Name`s that is asked for. `widen` goes over a
question as read, finds words with a meaning (the longest run of them first), and asks for the other names as well;
each of those is a `Variant`, so that readers can be shown what else was matched. Nothing is indexed for this: when the
gazetteer or the file of synonyms grows, the next question knows.

What is in quotation marks or after a minus means those very words and is left alone. Names that are also something
else (`Place.weak`: Songjin, 개성) lead to a place, but are not asked for in text in its stead: articles that mean the
place by them were told its region when they were understood, and that is asked for too.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import resources
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

import msgspec

from index.analysis import analysis_version, terms
from index.errors import DataFileError
from index.gazetteer import Gazetteer
from search.hanja import other_initials, readings
from search.korean import spacings, without_particle
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
from search.spelling import PlaceWords

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from index.gazetteer import Place

MOST_VARIANTS: Final = 32
"""Variants of one question; those of its first words come first."""

KINDS: Final = frozenset(tuple(terms(word)) for word in ("province", "city", "county", "district", "prefecture"))
"""Words that say what kind of place the name before them is. They belong to the name: other languages lack them."""


class Reason(StrEnum):
    """Why other words are asked for."""

    PLACE = "place"
    SYNONYM = "synonym"
    READING = "reading"
    """Chinese characters as hangul."""
    SPELLING = "spelling"
    """A Korean word as the other side of the border writes it."""


@dataclass(frozen=True, slots=True)
class Name:
    """One way to say something: as it is written, and the terms it is found by."""

    text: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What some words stand for: the names to ask for; of a place also the id of its region and its usual name."""

    reason: Reason
    names: tuple[Name, ...]
    region: str | None = None
    usual_name: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """Something that was asked for beside what was typed.

    `asked` are the words as typed, `text` the other name, `query` how engines are asked for it. The one with a
    place's usual name as `text` asks for its region, too.
    """

    asked: str
    text: str
    reason: Reason
    query: Query


Entry: TypeAlias = tuple[tuple[Name, ...], Meaning]
"""Names of one thing, and what each of them stands for."""


class Thesaurus:
    """Meanings by the terms of their names, and spellings of words that have none. Immutable."""

    def __init__(self, meanings: Iterable[Entry], *, respells: bool = False) -> None:
        """Each meaning comes with the names that have it. Only one that `respells` knows other spellings."""
        known: defaultdict[tuple[str, ...], dict[Meaning, None]] = defaultdict(dict)
        for names, meaning in meanings:
            for name in names:
                if name.terms:
                    known[name.terms].setdefault(meaning)
        self._meanings: Mapping[tuple[str, ...], tuple[Meaning, ...]] = {key: tuple(of) for key, of in known.items()}
        self.longest = max(map(len, known), default=0)
        """Terms of the longest name."""
        self._respells = respells

    def respelt(self, word: str) -> tuple[tuple[Reason, str], ...]:
        """How else a Korean word is written, each with the reason."""
        if not self._respells:
            return ()
        by_reading = tuple((Reason.READING, text) for text in readings(word))
        return by_reading or tuple((Reason.SPELLING, text) for text in other_initials(word))

    def meanings(self, of: tuple[str, ...]) -> tuple[Meaning, ...]:
        """What these terms, all of them together, stand for."""
        return self._meanings.get(of, ())


NO_THESAURUS: Final = Thesaurus(())


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """What names mean: places by any name, and what else to ask for.

    Make one with `Lexicon.of`, once: it takes some hundredths of a second. `digest` is 64 hexadecimal digits, the same
    in whatever process for the same places and synonyms.
    """

    gazetteer: Gazetteer
    thesaurus: Thesaurus
    place_words: PlaceWords
    digest: str

    @classmethod
    def of(cls, gazetteer: Gazetteer, synonyms: Iterable[Entry] = ()) -> Lexicon:
        """That of a gazetteer, and of synonyms as `load_synonyms` gives them."""
        synonyms = tuple(synonyms)
        made_from = analysis_version(), tuple(gazetteer.places.values()), synonyms
        digest = hashlib.sha256(msgspec.json.encode(made_from, order="deterministic")).hexdigest()
        return cls(gazetteer, thesaurus_of(gazetteer, synonyms), PlaceWords(gazetteer), digest)


def thesaurus_of(gazetteer: Gazetteer, synonyms: Iterable[Entry] = ()) -> Thesaurus:
    """The names of a gazetteer's places, and synonyms as `load_synonyms` gives them."""
    return Thesaurus([*map(_named, gazetteer.places.values()), *synonyms], respells=True)


def _named(place: Place) -> Entry:
    names = _names((place.name, *place.names))
    weak = {tuple(terms(name)) for name in place.weak}
    asked = tuple(name for name in names if name.terms not in weak)
    return names, Meaning(Reason.PLACE, asked, place.id, place.name)


def _names(texts: Iterable[str]) -> tuple[Name, ...]:
    """The names, one of each sequence of terms; the first way to write it stands."""
    found: dict[tuple[str, ...], Name] = {}
    for text in texts:
        key = tuple(terms(text))
        if key:
            found.setdefault(key, Name(text, key))
    return tuple(found.values())


def load_synonyms(path: Path | None = None) -> tuple[Entry, ...]:
    """The synonyms of a file, or those that come with Dateline. Raises `DataFileError`.

    A row has `words` that stand for each other, or `words` that also stand for what is in `also` (one way).
    """
    where = str(path) if path else "synonyms"
    try:
        text = path.read_text("utf-8") if path else _own_synonyms()
        rows = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataFileError(where, "the file", str(error)) from error
    unknown = set(rows) - {"synonym"}
    if unknown:
        raise DataFileError(where, min(unknown), "is not known; rows begin with [[synonym]]")
    return tuple(_synonym(row, where, number) for number, row in enumerate(rows.get("synonym", ()), start=1))


def _own_synonyms() -> str:
    return resources.files("search").joinpath("data/synonyms.toml").read_text("utf-8")


def _synonym(row: object, where: str, number: int) -> Entry:
    entry = f"synonym {number}"
    if not isinstance(row, dict) or set(row) - {"words", "also"} or "words" not in row:
        raise DataFileError(where, entry, "has `words`, and may have `also`; nothing else")
    lists = {key: _written(value) for key, value in row.items()}
    for key, names in lists.items():
        if names is None:
            raise DataFileError(where, entry, f"`{key}` must be a list of words or names, each with a letter or digit")
    words, also = lists["words"] or (), lists.get("also")
    if also is None and len(words) < 2:  # noqa: PLR2004 - one alone stands for nothing else
        raise DataFileError(where, entry, "has one name alone; give another in `words`, or some in `also`")
    return words, Meaning(Reason.SYNONYM, also or words)


def _written(value: object) -> tuple[Name, ...] | None:
    if not isinstance(value, list) or not value or not all(isinstance(text, str) and terms(text) for text in value):
        return None
    return _names(value)


@dataclass(frozen=True, slots=True)
class Widened:
    """A question with the other names in it, and which those are. `left_out` is how many more there would have been."""

    query: Query
    variants: tuple[Variant, ...]
    left_out: int = 0


def widen(query: Query, thesaurus: Thesaurus, rewrite: Callable[[Query], Query]) -> Widened:
    """A question as read, turned to terms and ids by `rewrite`, with other names for those in it."""
    widening = _Widening(thesaurus, rewrite)
    return Widened(widening.widened(query), tuple(widening.variants), widening.left_out)


@dataclass(slots=True)
class _Widening:
    """One question being widened."""

    thesaurus: Thesaurus
    rewrite: Callable[[Query], Query]
    variants: list[Variant] = field(default_factory=list)
    left_out: int = 0

    def widened(self, query: Query) -> Query:
        match query:
            case Term():
                return self._run((query,))
            case And(parts):
                return all_of(map(self._run, self._runs(parts)))
            case Or(parts):
                return any_of(self._alternatives(parts))
            case Phrase() | Near() | Prefix() | Value() | Dates() | Not() | Everything() | Nothing():
                return self.rewrite(query)
            case _:
                assert_never(query)

    def _alternatives(self, parts: Sequence[Query]) -> Iterator[Query]:
        """The parts, each by itself, and after them what several words together go by."""
        for part in parts:
            yield self.widened(part)
        for run in self._runs(parts):
            if len(run) > 1:
                yield from self._others(run)

    def _runs(self, parts: Sequence[Query]) -> Iterator[tuple[Query, ...]]:
        """The parts in runs: those that have a meaning together, the longest first; others alone."""
        start = 0
        while start < len(parts):
            end = next((end for end in self._ends(parts, start) if self._meanings(parts[start:end])), start + 1)
            yield tuple(parts[start:end])
            start = end

    def _ends(self, parts: Sequence[Query], start: int) -> Iterator[int]:
        """Where a run from `start` may end, the furthest first: words only, and all of one field."""
        furthest = start
        first = parts[start]
        while furthest < len(parts) and furthest - start <= self.thesaurus.longest:
            part = parts[furthest]
            if not isinstance(part, Term) or not isinstance(first, Term) or part.field != first.field:
                break
            furthest += 1
        return iter(range(furthest, start, -1))

    def _meanings(self, run: Sequence[Query]) -> tuple[Meaning, ...]:
        """What a run of words stands for; a place's kind after its name is part of it."""
        words = tuple(term for part in run if isinstance(part, Term) for term in terms(part.text))
        found = self.thesaurus.meanings(words)
        if not found and words[-1:] in KINDS:
            return tuple(meaning for meaning in self.thesaurus.meanings(words[:-1]) if meaning.region)
        last = run[-1]
        if not found and isinstance(last, Term) and (noun := without_particle(last.text)):
            return self._meanings((*run[:-1], Term(noun, last.field)))
        if not found and len(run) == 1 and isinstance(last, Term):
            respelt = (self.thesaurus.meanings(tuple(terms(text))) for _, text in self.thesaurus.respelt(last.text))
            return tuple(dict.fromkeys(chain.from_iterable(respelt)))
        return found

    def _run(self, run: Sequence[Query]) -> Query:
        """What a run asks for: its words, or any other name of what they stand for."""
        if not isinstance(run[0], Term):
            return all_of(map(self.widened, run))
        return any_of([all_of(map(self.rewrite, run)), *self._others(run)])

    def _others(self, run: Sequence[Query]) -> Iterator[Query]:
        """The other names of what a run of words stands for, each of which becomes a variant."""
        words = [part for part in run if isinstance(part, Term)]
        if len(words) < len(run):
            return
        asked = " ".join(word.text for word in words)
        known = [tuple(term for word in words for term in terms(word.text))]
        meanings = self._meanings(run)
        for meaning in meanings:
            names = _not_asked_for(meaning.names, known)
            known += [name.terms for name in names]
            for text, query in _queries_of(meaning, names, words[0].field).items():
                yield from self._variant(asked, text, meaning.reason, query)
        if not meanings and len(words) == 1:
            for reason, text in self.thesaurus.respelt(without_particle(asked) or asked):
                yield from self._variant(asked, text, reason, _query_of(text, words[0].field))

    def _variant(self, asked: str, text: str, reason: Reason, query: Query) -> Iterator[Query]:
        if len(self.variants) == MOST_VARIANTS:
            self.left_out += 1
            return
        self.variants.append(Variant(asked, text, reason, query))
        yield query


def _not_asked_for(names: Iterable[Name], asked: Iterable[tuple[str, ...]]) -> tuple[Name, ...]:
    """The names, short ones first, that hold nothing that is asked for anyway: nothing `asked`, and no shorter name."""
    kept: list[Name] = []
    known = list(asked)
    for name in sorted(names, key=lambda name: len(name.terms)):
        if not any(_holds(name.terms, other) for other in known):
            known.append(name.terms)
            kept.append(name)
    return tuple(kept)


def _queries_of(meaning: Meaning, names: Iterable[Name], in_field: str | None) -> dict[str, Query]:
    """How engines are asked for each of a meaning's names; for a place's region by its usual name."""
    found = {name.text: _query_of(name.text, in_field) for name in names}
    if meaning.region and in_field is None:
        found[meaning.usual_name] = any_of([found.get(meaning.usual_name, Nothing()), Value("region", meaning.region)])
    return found


def _query_of(name: str, in_field: str | None) -> Query:
    """A name, wherever writers put its blanks if it is Korean."""
    return any_of(_adjacent(tuple(terms(written)), in_field) for written in spacings(name))


def _adjacent(words: tuple[str, ...], in_field: str | None) -> Query:
    return Term(words[0], in_field) if len(words) == 1 else Phrase(words, in_field)


def _holds(longer: tuple[str, ...], shorter: tuple[str, ...]) -> bool:
    """Whether some terms hold others, one after the other: whatever matches the longer matches the shorter."""
    width = len(shorter)
    return any(longer[at : at + width] == shorter for at in range(len(longer) - width + 1))
