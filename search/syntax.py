"""The query language: from what a person typed to a `Query`.

    word   "a phrase"   -word   a OR b   ( )   prefix*   "a b"~5   title:word   region:sinuiju   date:2019..2020-03

`parse` is lenient: whatever is not the language is searched as words or left out, and every such change is in
`Parsed.warnings`. Only a question beyond the `Limits` is refused (`QueryRefused`). The grammar, loosest first:

    question   := juxtaposed ("OR" juxtaposed)*
    juxtaposed := conjoined conjoined*           joined by `op`; under "or", negated ones still exclude
    conjoined  := item ("AND" item)*
    item       := ("-" | "NOT") item | [field ":"] ("(" question ")" | word | phrase)
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal

from index.analysis import fold, slug, without_invisible, word_offsets
from index.fields import KEYWORD_FIELDS, TEXT_FIELDS
from search.days import days_from_range
from search.errors import QueryRefused
from search.query import (
    Dates,
    Everything,
    Near,
    Not,
    Nothing,
    Phrase,
    Prefix,
    Query,
    Term,
    Value,
    all_of,
    any_of,
    negated,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SHORTEST_PREFIX: Final = 3
WIDEST_NEAR: Final = 50

_FIELDS: Final = {name: name for name in (*TEXT_FIELDS, *KEYWORD_FIELDS, "date")} | {
    "caption": "captions",
    "author": "authors",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one question may cost."""

    characters: int = 256
    terms: int = 32
    nesting: int = 4
    prefixes: int = 2


PUBLIC_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that was changed, added or left out, for people (`detail`) and programs (`code`)."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A question as read."""

    query: Query
    warnings: tuple[Notice, ...]


def parse(text: str, *, op: Literal["and", "or"] = "and", limits: Limits | None = PUBLIC_LIMITS) -> Parsed:
    """Read a question. Nothing typed asks for everything; something typed that holds no word finds nothing.

    Raises `QueryRefused` for a question beyond the limits; `limits=None` is for questions that were accepted before.
    """
    text = unicodedata.normalize("NFC", without_invisible(text))
    if limits is not None:
        _refuse_beyond("characters", limits.characters, len(text), "the question is {found} characters long")
    parser = _Parser(_lex(text), op=op, limits=limits)
    query = parser.question()
    if limits is not None:
        _refuse_beyond("prefixes", limits.prefixes, parser.prefixes, "the question has {found} prefixes")
        _refuse_beyond("terms", limits.terms, parser.terms, "the question has {found} terms")
    return Parsed(query, tuple(dict.fromkeys(parser.warnings)))


def _refuse_beyond(limit: str, allowed: int, found: int, detail: str) -> None:
    if found > allowed:
        raise QueryRefused(
            limit, allowed=allowed, found=found, detail=f"{detail.format(found=found)}; at most {allowed} are allowed"
        )


class _Kind(Enum):
    ATOM = "a word or phrase"
    OPEN = "("
    CLOSE = ")"
    FIELD = "a field's name alone"
    NOT = "NOT"
    OR = "OR"
    AND = "AND"
    END = "the end"


@dataclass(frozen=True, slots=True)
class _Lexeme:
    """A piece of the question. `field` is set if a known one stood before the colon; `distance` after a phrase's ~.

    A NOT has a field if it stood behind one: `source:-kcna`.
    """

    kind: _Kind
    text: str = ""
    field: str | None = None
    quoted: bool = False
    closed: bool = True
    distance: int | None = None


_QUOTES = '"“”„‟＂'
_STOP = rf"(?=[\s(){_QUOTES}]|$)"
_DASHES = "[-‐‑‒–—−]"  # what text programs make of a minus
_BEFORE_MINUS = "|".join(name for name in _FIELDS if name != "date")  # date:-2011 might mean until then: no guess
_LEXEME = re.compile(
    rf"""(?P<space>\s+) | (?P<open>\() | (?P<close>\))
    | (?P<alone>(?i:{"|".join(_FIELDS)})):(?=[\s()]|$)
    | (?P<not>(?:(?P<negated>(?i:{_BEFORE_MINUS})):)?-+(?=[^\s)])
             | (?<![^\s(]){_DASHES}+(?=[^\s)]) | NOT{_STOP})
    | (?P<or>OR{_STOP}) | (?P<and>AND{_STOP})
    | (?:(?P<field>(?i:{"|".join(_FIELDS)})):)?
      (?: [{_QUOTES}](?P<phrase>[^{_QUOTES}]*)(?P<closing>[{_QUOTES}]?)(?:~(?P<distance>\d{{1,9}}))?
        | (?P<word>[^\s(){_QUOTES}]+))
    | (?P<bare>[^\s(){_QUOTES}]+)""",
    re.VERBOSE,
)
_SYMBOLS = {"open": _Kind.OPEN, "close": _Kind.CLOSE, "not": _Kind.NOT, "or": _Kind.OR, "and": _Kind.AND}
_TAIL = re.compile(r"(?:\*|~\d*)+$")
_STAR_BELONGS = "a * belongs at the end of a word, outside quotation marks"
_LOOKS_LIKE_FIELD = re.compile(r"[^\W\d_]+:[^/]")


def _lex(text: str) -> list[_Lexeme]:
    """The pieces of a question; every character belongs to one."""
    lexemes = []
    for piece in _LEXEME.finditer(text):
        named = piece["field"] or piece["negated"]
        field = _FIELDS[named.lower()] if named else None
        if alone := piece["alone"]:
            lexemes.append(_Lexeme(_Kind.FIELD, alone, _FIELDS[alone.lower()]))
        elif piece["phrase"] is not None:
            distance = int(piece["distance"]) if piece["distance"] else None
            closed = bool(piece["closing"])
            lexemes.append(_Lexeme(_Kind.ATOM, piece["phrase"], field, quoted=True, closed=closed, distance=distance))
        elif word := piece["word"] or piece["bare"]:
            lexemes.append(_Lexeme(_Kind.ATOM, word, field))
        elif piece.lastgroup in _SYMBOLS:
            lexemes.append(_Lexeme(_SYMBOLS[piece.lastgroup], piece.group(), field))
    return [*lexemes, _Lexeme(_Kind.END)]


class _Parser:
    """Recursive descent over the lexemes. A rule gives None when what it read holds nothing to ask for."""

    def __init__(self, lexemes: list[_Lexeme], *, op: Literal["and", "or"], limits: Limits | None) -> None:
        self._lexemes = lexemes
        self._at = 0
        self._op = op
        self._field: str | None = None
        self._deepest = limits.nesting if limits else None
        self.warnings: list[Notice] = []
        self.terms = 0
        self.prefixes = 0

    def question(self) -> Query:
        """The whole question."""
        if self._peek() is _Kind.END:
            return Everything()
        parts = [self._alternatives(depth=0)]
        while self._peek() is _Kind.CLOSE:
            self._next()
            self._warn("unopened-parenthesis", "a ) without its ( was left out")
            parts.append(self._alternatives(depth=0))
        return self._joined(parts) or Nothing()

    def _alternatives(self, depth: int) -> Query | None:
        parts = [self._juxtaposed(depth)]
        while self._peek() is _Kind.OR:
            self._next()
            parts.append(self._juxtaposed(depth))
        if len(parts) > 1 and None in parts:
            self._warn("dangling-or", "an OR with nothing on one side was left out")
        return _gathered(parts, any_of)

    def _juxtaposed(self, depth: int) -> Query | None:
        parts = []
        while self._peek() not in {_Kind.END, _Kind.CLOSE, _Kind.OR}:
            parts.append(self._conjoined(depth))
        return self._joined(parts)

    def _joined(self, parts: Iterable[Query | None]) -> Query | None:
        asked = [part for part in parts if part is not None]
        wanted = [part for part in asked if not isinstance(part, Not)]
        if self._op == "and" or not wanted:
            return _gathered(asked, all_of)
        return all_of([any_of(wanted), *(part for part in asked if isinstance(part, Not))])

    def _conjoined(self, depth: int) -> Query | None:
        parts = [self._item(depth)]
        while self._peek() is _Kind.AND:
            self._next()
            parts.append(self._item(depth))
        if len(parts) > 1 and None in parts:
            self._warn("dangling-and", "an AND with nothing on one side was left out")
        return _gathered(parts, all_of)

    def _item(self, depth: int) -> Query | None:
        if self._peek() in {_Kind.END, _Kind.CLOSE, _Kind.OR, _Kind.AND}:
            return None
        lexeme = self._next()
        match lexeme.kind:
            case _Kind.NOT:
                return self._negation(lexeme, depth)
            case _Kind.FIELD if self._peek() is _Kind.OPEN:
                self._next()
                return self._in_field(lexeme.field, self._group, depth)
            case _Kind.FIELD:
                self._warn("field-apart", f"{lexeme.text}: was left out: its word has to stand right behind it")
                return None
            case _Kind.OPEN:
                return self._group(depth)
            case _:
                return self._atom(lexeme)

    def _negation(self, first: _Lexeme, depth: int) -> Query | None:
        sign, field = first.text, first.field
        while self._peek() is _Kind.NOT:
            more = self._next()
            sign, field = sign + more.text, more.field or field
        if not field and sign not in {"-", "NOT"}:
            self._warn("repeated-minus", f"{sign} was read as one -")
        part = self._in_field(field or self._field, self._item, depth)
        if part is None:
            self._warn("dangling-minus", f"a {sign} with nothing behind it was left out")
            return None
        if field:
            self._warn("minus-inside", f"{sign}… was read as {negated(part)}: a minus belongs before the field")
        return negated(part)

    def _in_field(self, field: str | None, read: Callable[[int], Query | None], depth: int) -> Query | None:
        """What is read, all of it asked of a field, but for what names another."""
        around, self._field = self._field, field
        part = read(depth)
        self._field = around
        return part

    def _group(self, depth: int) -> Query | None:
        if self._deepest is not None:
            _refuse_beyond("nesting", self._deepest, depth + 1, "parentheses are nested {found} deep")
        if self._peek() in {_Kind.CLOSE, _Kind.END}:
            self._warn("empty-parentheses", "a ( with nothing in it was left out")
        inner = self._alternatives(depth + 1)
        if self._peek() is _Kind.CLOSE:
            self._next()
        else:
            self._warn("unclosed-parenthesis", "a ( without its ) was closed at the end")
        return inner

    def _atom(self, atom: _Lexeme) -> Query | None:
        if not atom.closed:
            self._warn("unclosed-quote", "a quotation mark without its partner was closed at the end")
        field, text = atom.field or self._field, atom.text
        if field in KEYWORD_FIELDS:
            written = text if atom.quoted else text.replace("*", "")
            if written != text and slug(written):
                self._warn(
                    "no-prefix", f"{field}:{text} was read as {field}:{written}: a value is asked for as a whole"
                )
            return self._value(field, " ".join(written.split()) or text)
        if field == "date":
            written = atom.text if atom.quoted else _TAIL.sub("", atom.text)
            dates = self._dates(written)
            if dates is not None:
                if written != atom.text:
                    self._warn("no-prefix", f"date:{atom.text} was read as date:{written}")
                return dates
            field, text = None, atom.text if atom.quoted else f"date:{atom.text}"
        return self._phrase(text, field, atom.distance) if atom.quoted else self._word(text, field)

    def _value(self, field: str, value: str) -> Query | None:
        if not slug(value):
            self._no_words(f"{field}:{value}")
            return None
        self.terms += 1
        return Value(field, value)

    def _dates(self, text: str) -> Query | None:
        try:
            start, end = days_from_range(text)
        except ValueError as error:
            self._warn("not-a-date", f"{error}; searched as words")
            return None
        if start and end and start > end:
            self._warn("dates-swapped", f"{text} ends before it begins; read the other way round")
            late, early = text.split("..")
            start, end = days_from_range(f"{early}..{late}")
        self.terms += 1
        return Dates(start, end)

    def _phrase(self, text: str, field: str | None, distance: int | None) -> Query | None:
        words = tuple(word for word in text.replace("*", " ").split() if word_offsets(word))
        if not words:
            self._no_words(f'"{text}"')
            return None
        if "*" in text:
            self._warn("star-inside", f'{text} was searched as "{" ".join(words)}": {_STAR_BELONGS}')
        self.terms += len(word_offsets(" ".join(words)))
        if distance is None or len(words) == 1:
            return Phrase(words, field)
        if distance > WIDEST_NEAR:
            self._warn("distance-lowered", f"~{distance} was lowered to ~{WIDEST_NEAR}")
        return Near(words, min(distance, WIDEST_NEAR), field)

    def _word(self, text: str, field: str | None) -> Query | None:
        tail = match.group() if (match := _TAIL.search(text)) else ""
        text = text.removesuffix(tail)
        if not text and set(tail) == {"*"} and field is None:
            return Everything()
        found = word_offsets(text)
        if not found:
            self._no_words(text + tail)
            return None
        starred = f"{text}*" if "*" in tail else text
        if "~" in tail:
            self._warn("no-fuzzy", f"{text}{tail} was searched as {starred}: ~ belongs behind a phrase")
        if field is None and _LOOKS_LIKE_FIELD.match(text) and not text.lower().startswith("date:"):
            self._warn("unknown-field", f"{text} was searched as words: no such field, or no such value of it")
        if "*" in text:
            inside = [part for part in text.split("*") if word_offsets(part)]
            if len(inside) > 1:
                return self._phrase(starred, field, None)
            self._warn("star-inside", f"the * in {text} was left out: {_STAR_BELONGS}")
            text, found = inside[0], word_offsets(inside[0])
        self.terms += len(found)
        if "*" in tail:
            word = text[slice(*found[0])]
            if len(found) == 1 and letters(word) >= SHORTEST_PREFIX:
                self.prefixes += 1
                return Prefix(word, field)
            self._warn(
                "no-prefix", f"{text}* was searched without its *: that takes a word of {SHORTEST_PREFIX} letters"
            )
        return Term(text.lower() if text in {"OR", "AND", "NOT"} else text, field)

    def _no_words(self, text: str) -> None:
        self._warn("no-words", f"{text} holds no word and was left out")

    def _warn(self, code: str, detail: str) -> None:
        self.warnings.append(Notice(code, detail))

    def _peek(self) -> _Kind:
        return self._lexemes[self._at].kind

    def _next(self) -> _Lexeme:
        lexeme = self._lexemes[self._at]
        self._at += 1
        return lexeme


def letters(word: str) -> int:
    """How many letters a word has; a syllable of hangul is two or three."""
    return len(unicodedata.normalize("NFD", fold(word)))


def _gathered(parts: Iterable[Query | None], join: Callable[[Iterable[Query]], Query]) -> Query | None:
    asked = [part for part in parts if part is not None]
    return join(asked) if asked else None
