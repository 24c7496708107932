"""InstantSearch's three filter languages, each read into a `Query` whose values are still texts.

`facetFilters`: `"source:Daily NK"`, lists are AND, lists in them OR, a minus before the value negates.
`numericFilters`: `"date.year>=2018"`, `"date.year:2018 TO 2020"`, in the same lists. `filters`: one text with AND, OR,
NOT and parentheses over both; there a minus before a value without quotation marks negates, too. What cannot be read
raises `ValueError`, to be said of the parameter.

Dates are intervals: a numeric filter asks for the articles that were possibly published so.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING, Final

from search.query import Dates, Everything, Nothing, Query, Value, all_of, any_of, negated
from service.instantsearch.attributes import ATTRIBUTES, NUMBERS, VALUES, YEAR, field_of

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CONDITIONS: Final = 200
LONGEST: Final = 4096
DEEPEST: Final = 8

_QUOTED: Final = 40
_OPERATORS: Final = ("<=", ">=", "!=", "=", "<", ">")
_NUMBER: Final = r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?"
_COMPARISON: Final = re.compile(rf"\s*([\w.]+)\s*({'|'.join(_OPERATORS)})\s*({_NUMBER})\s*")
_RANGE: Final = re.compile(rf"\s*([\w.]+)\s*:\s*({_NUMBER})\s+TO\s+({_NUMBER})\s*", re.IGNORECASE)
_SECONDS_A_DAY: Final = 86_400
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()


def query_from_facet_filters(value: object) -> Query:
    """The query of `facetFilters`."""
    return _from_lists(value, _facet_condition)


def query_from_numeric_filters(value: object) -> Query:
    """The query of `numericFilters`."""
    return _from_lists(value, _numeric_condition)


def query_from_filters(value: object) -> Query:
    """The query of `filters`."""
    if not isinstance(value, str):
        raise ValueError("must be a string")  # noqa: TRY004 - what was sent is wrong, not what was called
    if len(value) > LONGEST:
        raise ValueError(f"is {len(value)} characters long; at most {LONGEST} are allowed")
    return _Parser(value).query()


def _from_lists(value: object, condition: Callable[[str], Query]) -> Query:
    """A condition, a list of conditions that all hold, or of lists of which one holds."""
    outer = value if isinstance(value, list) else [value]
    inner = [[_text(item) for item in (part if isinstance(part, list) else [part])] for part in outer]
    if sum(map(len, inner)) > MOST_CONDITIONS:
        raise ValueError(f"has more than {MOST_CONDITIONS} conditions")
    return all_of(any_of(condition(item) for item in part if item) for part in inner if any(part))


def _text(item: object) -> str:
    if not isinstance(item, str):
        raise ValueError("must be a string, or a list of strings or of lists of strings")  # noqa: TRY004 - likewise
    if len(item) > LONGEST:
        raise ValueError(f"has a condition of {len(item)} characters; at most {LONGEST} are allowed")
    return item


def _facet_condition(text: str) -> Query:
    attribute, colon, value = text.partition(":")
    if not colon or not value.strip():
        raise ValueError(f"must be like attribute:value; not {_quoted(text)}")
    if value.startswith("-"):
        return negated(_equals(attribute, value[1:]))
    return _equals(attribute, value.removeprefix("\\") if value.startswith("\\-") else value)


def _numeric_condition(text: str) -> Query:
    if compared := _COMPARISON.fullmatch(text):
        return _compared(compared[1], compared[2], float(compared[3]))
    if ranged := _RANGE.fullmatch(text):
        return _between(ranged[1], float(ranged[2]), float(ranged[3]))
    raise ValueError(f"must be like date.year>=2018 or date.year:2018 TO 2020; not {_quoted(text)}")


def _equals(attribute: str, text: str) -> Query:
    name = attribute.strip()
    if name in VALUES:
        return Value(field_of(name), text.strip())
    if name not in NUMBERS:
        raise ValueError(f"names {_quoted(name)}, which is no facet; there are {', '.join(ATTRIBUTES)}")
    if not re.fullmatch(_NUMBER, text.strip()):
        raise ValueError(f"asks for the {name} {_quoted(text)}, which is no number")
    return _compared(name, "=", float(text))


def _between(attribute: str, least: float, most: float) -> Query:
    return all_of([_compared(attribute, ">=", least), _compared(attribute, "<=", most)])


def _compared(attribute: str, operator: str, number: float) -> Query:
    """Articles of which some possible value of a numeric attribute compares so."""
    if attribute not in NUMBERS:
        raise ValueError(f"compares {_quoted(attribute)}, which is no number; there are {' and '.join(NUMBERS)}")
    match operator:
        case ">=":
            return _from(attribute, math.ceil(number))
        case ">":
            return _from(attribute, math.floor(number) + 1)
        case "<=":
            return _until(attribute, math.floor(number))
        case "<":
            return _until(attribute, math.ceil(number) - 1)
        case "!=":
            return negated(_compared(attribute, "=", number))
        case _:
            return _between(attribute, number, number) if number.is_integer() else Nothing()


def _from(attribute: str, number: int) -> Query:
    """Articles possibly published in or after a year, at or after a second."""
    if attribute == YEAR:
        return Nothing() if number > dt.MAXYEAR else Dates(dt.date(max(number, dt.MINYEAR), 1, 1), None)
    day = _EPOCH + number // _SECONDS_A_DAY
    return Nothing() if day > dt.date.max.toordinal() else Dates(dt.date.fromordinal(max(day, 1)), None)


def _until(attribute: str, number: int) -> Query:
    """Articles possibly published in or before a year, at or before a second."""
    if attribute == YEAR:
        return Nothing() if number < dt.MINYEAR else Dates(None, dt.date(min(number, dt.MAXYEAR), 12, 31))
    day = _EPOCH + number // _SECONDS_A_DAY
    return Nothing() if day < 1 else Dates(None, dt.date.fromordinal(min(day, dt.date.max.toordinal())))


_LEXEME: Final = re.compile(
    rf"""\s*(?:
      (?P<symbol>[()]) | (?P<word>(?:AND|OR|NOT)(?=[\s(]|$))
    | (?P<number>[\w.]+\s*(?:{"|".join(_OPERATORS)})\s*{_NUMBER} | [\w.]+\s*:\s*{_NUMBER}\s+TO\s+{_NUMBER})
    | (?P<attribute>[\w.]+)\s*:\s*(?: "(?P<double>[^"]*)" | '(?P<single>[^']*)' | (?P<bare>[^\s()"']+))
    )\s*""",
    re.VERBOSE,
)


class _Parser:
    """Recursive descent over a filter: OR binds least, then AND, then NOT."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._conditions = 0

    def query(self) -> Query:
        if not self._text.strip():
            return Everything()
        query = self._any(0)
        if self._at < len(self._text):
            raise ValueError(f"cannot be read from {_quoted(self._text[self._at :])} on")
        return query

    def _any(self, depth: int) -> Query:
        parts = [self._all(depth)]
        while self._take("OR"):
            parts.append(self._all(depth))
        return any_of(parts)

    def _all(self, depth: int) -> Query:
        parts = [self._one(depth)]
        while self._take("AND"):
            parts.append(self._one(depth))
        return all_of(parts)

    def _one(self, depth: int) -> Query:
        if depth > DEEPEST:
            raise ValueError(f"is nested more than {DEEPEST} deep")
        if self._take("NOT"):
            return negated(self._one(depth + 1))
        if self._take("("):
            inner = self._any(depth + 1)
            if not self._take(")"):
                raise ValueError("has a ( without its )")
            return inner
        return self._condition()

    def _take(self, wanted: str) -> bool:
        lexeme = _LEXEME.match(self._text, self._at)
        if lexeme is None or wanted not in {lexeme["symbol"], lexeme["word"]}:
            return False
        self._at = lexeme.end()
        return True

    def _condition(self) -> Query:
        lexeme = _LEXEME.match(self._text, self._at)
        if lexeme is None or lexeme["symbol"] or lexeme["word"]:
            rest = self._text[self._at :].strip()
            raise ValueError(f'wants a condition like source:"Daily NK" or date.year>=2018 at {_quoted(rest)}')
        self._at = lexeme.end()
        self._conditions += 1
        if self._conditions > MOST_CONDITIONS:
            raise ValueError(f"has more than {MOST_CONDITIONS} conditions")
        if lexeme["number"]:
            return _numeric_condition(lexeme["number"])
        if lexeme["bare"]:
            return _facet_condition(f"{lexeme['attribute']}:{lexeme['bare']}")
        return _equals(lexeme["attribute"], lexeme["double"] or lexeme["single"] or "")


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _QUOTED else text[:_QUOTED] + "…")
