"""The question as a small closed tree.

Leaves: `Term`, `Phrase`, `Near` and `Prefix` ask for words; `Value` for an exact value of a keyword field; `Dates` for an
interval of days; `Everything` and `Nothing` for what they say. Branches: `And`, `Or`, `Not`. `Query` is the union of them
all: take one apart with `match` and close with `assert_never`.

`search.syntax` reads people's words into this tree and `str(query)` prints it so that it reads back as the same tree.
`search.rewrite` turns it into the form engines take, in which words are terms of the analyser and values are ids.
A words leaf whose `field` is None asks all text fields that carry weight.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every article."""

    def __str__(self) -> str:
        return canonical(self)


@dataclass(frozen=True, slots=True)
class Nothing:
    """Matches no article."""

    def __str__(self) -> str:
        return canonical(self)


@dataclass(frozen=True, slots=True)
class Term:
    """Articles with this word."""

    text: str
    field: str | None = None

    def __str__(self) -> str:
        return canonical(self)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Articles with these words one after the other, within one field."""

    words: tuple[str, ...]
    field: str | None = None

    def __str__(self) -> str:
        return canonical(self)


@dataclass(frozen=True, slots=True)
class Near:
    """Articles with these words within one field, in any order, with at most `distance` other words among them.

    Formally: positions p1..pn can be chosen, one for each word and no position twice, such that
    max(p) - min(p) + 1 - n <= distance.
    """

    words: tuple[str, ...]
    distance: int
    field: str | None = None

    def __str__(self) -> str:
        return canonical(self)


@dataclass(frozen=True, slots=True)
class Prefix:
    """Articles with a word that begins so."""

    text: str
    field: str | None = None

    def __str__(self) -> str:
        return canonical(self)


@dataclass(frozen=True, slots=True)
class Value:
    """Articles that have this exact value in a keyword field. Adds nothing to the score."""

    field: str
    value: str

    def __str__(self) -> str:
        return canonical(self)


@dataclass(frozen=True, slots=True)
class Dates:
    """Articles possibly published in these days, both inclusive; None is open. Adds nothing to the score."""

    start: dt.date | None
    end: dt.date | None

    def __str__(self) -> str:
        return canonical(self)


@dataclass(frozen=True, slots=True)
class And:
    """Articles that match every part."""

    parts: tuple[Query, ...]

    def __str__(self) -> str:
        return canonical(self)


@dataclass(frozen=True, slots=True)
class Or:
    """Articles that match any part."""

    parts: tuple[Query, ...]

    def __str__(self) -> str:
        return canonical(self)


@dataclass(frozen=True, slots=True)
class Not:
    """Articles that do not match the part. Adds nothing to the score."""

    part: Query

    def __str__(self) -> str:
        return canonical(self)


Words: TypeAlias = Term | Phrase | Near | Prefix
Query: TypeAlias = Everything | Nothing | Words | Value | Dates | And | Or | Not
