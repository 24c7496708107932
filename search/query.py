"""The question as a small closed tree.

Leaves: `Term`, `Phrase`, `Near` and `Prefix` ask for words; `Value` for an exact value of a keyword field; `Dates` for
an interval of days; `Everything` and `Nothing` for what they say. Branches: `And`, `Or`, `Not`. `Query` is the union of
them all: take one apart with `match` and close with `assert_never`. Build branches with `all_of`, `any_of` and
`negated`: they keep a tree in its simplest form, in which no branch holds one of its own kind, a part twice, or
`Everything` or `Nothing`.

`search.syntax` reads people's words into this tree, and `str(query)` prints it so that it reads back as the same tree.
`search.rewrite` turns it into the form engines take, in which words are terms of the analyser and values are ids;
what of them are names in one archive, `with_values` replaces.
A leaf of words whose `field` is None asks all text fields that carry weight.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, assert_never

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


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


def all_of(parts: Iterable[Query]) -> Query:
    """Every part at once, in the simplest form. All of no parts is everything."""
    kept: dict[Query, None] = {}
    for part in parts:
        match part:
            case Nothing():
                return Nothing()
            case Everything():
                pass
            case And(inner):
                kept.update(dict.fromkeys(inner))
            case _:
                kept[part] = None
    if len(kept) > 1:
        return And(tuple(kept))
    return next(iter(kept), Everything())


def any_of(parts: Iterable[Query]) -> Query:
    """At least one part, in the simplest form. Any of no parts is nothing."""
    kept: dict[Query, None] = {}
    for part in parts:
        match part:
            case Everything():
                return Everything()
            case Nothing():
                pass
            case Or(inner):
                kept.update(dict.fromkeys(inner))
            case _:
                kept[part] = None
    if len(kept) > 1:
        return Or(tuple(kept))
    return next(iter(kept), Nothing())


def negated(part: Query) -> Query:
    """What does not match the part, in the simplest form."""
    match part:
        case Everything():
            return Nothing()
        case Nothing():
            return Everything()
        case Not(inner):
            return inner
        case _:
            return Not(part)


def leaves(query: Query) -> tuple[Words, ...]:
    """The leaves of words an article may match by, so none under a `Not`, in the order asked."""
    match query:
        case Term() | Phrase() | Near() | Prefix():
            return (query,)
        case And(parts) | Or(parts):
            return tuple(leaf for part in parts for leaf in leaves(part))
        case Not() | Value() | Dates() | Everything() | Nothing():
            return ()
        case _:
            assert_never(query)


def values_of(query: Query) -> Iterator[Value]:
    """Every value that is asked for or excluded."""
    match query:
        case Value():
            yield query
        case And(parts) | Or(parts):
            for part in parts:
                yield from values_of(part)
        case Not(part):
            yield from values_of(part)
        case _:
            pass


def with_values(query: Query, ids_of: Callable[[str, str], Iterable[str]]) -> Query:
    """The query with what each value stands for in its place: any of the ids for a field and a value."""
    match query:
        case Value(field, value):
            return any_of(Value(field, known) for known in ids_of(field, value))
        case And(parts):
            return all_of(with_values(part, ids_of) for part in parts)
        case Or(parts):
            return any_of(with_values(part, ids_of) for part in parts)
        case Not(part):
            return negated(with_values(part, ids_of))
        case _:
            return query


_BARE_VALUE = re.compile(r"[\w.@][\w.@-]*")


def canonical(query: Query) -> str:  # noqa: C901 - one case for each kind of node
    """The query in the public language, spelled the one way that reads back as the same tree."""
    match query:
        case Everything():
            return "*"
        case Nothing():
            return "-*"
        case Term(text, field):
            return _in_field(field, text)
        case Phrase(words, field):
            return _in_field(field, f'"{" ".join(words)}"')
        case Near(words, distance, field):
            return _in_field(field, f'"{" ".join(words)}"~{distance}')
        case Prefix(text, field):
            return _in_field(field, f"{text}*")
        case Value(field, value):
            return f"{field}:{value}" if _BARE_VALUE.fullmatch(value) else f'{field}:"{value}"'
        case Dates(start, end):
            return f"date:{start or ''}..{end or ''}"
        case And(parts):
            return " ".join(f"({part})" if isinstance(part, Or) else str(part) for part in parts)
        case Or(parts):
            return " OR ".join(map(str, parts))
        case Not(part):
            return f"-({part})" if isinstance(part, And | Or) else f"-{part}"
        case _:
            assert_never(query)


def _in_field(field: str | None, words: str) -> str:
    return words if field is None else f"{field}:{words}"
