"""Dates as texts write them: `find_date_phrases` finds "Mar. 27", "1 October 2018", "August 2019", "2022", "10월 1일".

A `DatePhrase` is what stands there and no more: its parts are `None` where the text leaves them out. What a phrase
says of the day of publication is `index.extract.date`'s business. Years count only in a company that makes them a
year in the past or present ("in 2022"), not a plan's, a model's or a number ("by 2030", "2022-2026 plan", "3404"). A
Juche year may have its own behind it ("Juche 108 (2019)"); where the two are not the same, the date is passed over.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from index.document import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from index.document import Block

FIRST_YEAR: Final = 1800
LAST_YEAR: Final = 2199

MONTH = (
    r"(?:Jan(?:uary\b|\b\.?)|Feb(?:ruary\b|\b\.?)|Mar(?:ch\b|\b\.?)|Apr(?:il\b|\b\.?)|May\b|June?\b\.?|July?\b\.?"
    r"|Aug(?:ust\b|\b\.?)|Sept?(?:ember\b|\b\.?)|Oct(?:ober\b|\b\.?)|Nov(?:ember\b|\b\.?)|Dec(?:ember\b|\b\.?))"
)
WEEKDAY = r"(?i:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b)\.?"
_YEAR = r"(?:1[89]|2[01])\d\d(?![\d,.]*\d)"
_JUCHE = r"(?:1\d\d|[1-9]\d)"


def _juche(name: str) -> str:
    """A Juche year as the group `j` and its name, and the year that may stand in brackets behind it as `same`."""
    return rf"(?P<j{name}>{_JUCHE})\b(?: ?\((?P<same{name}>(?:19|20)\d\d)\))?"


_PART = r"(?:[Ee]arly|[Mm]id|[Ll]ate|[Ee]nd of|[Bb]eginning of)"
_DAY = r"(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?\b"
_BLANK = " {1,2}"  # doubled where a line ended in one
_PHRASE = re.compile(
    # Most places in a text are within words or before letters that no phrase begins with: they are passed over first.
    r"(?<![A-Za-z])(?=[0-9JFMASONDEBIWbdefijlmos주])(?:"
    rf"\b(?P<iso>(?P<iy>{_YEAR})-(?P<im>[01]\d)-(?P<id>[0-3]\d))\b"
    rf"|\b(?P<m1>{MONTH}){_BLANK}(?P<d1>{_DAY})(?![-–]\d| ?%)"
    rf"(?:,?{_BLANK}(?P<y1>{_YEAR})\b|,?{_BLANK}[Jj]uche ?{_juche('1')})?"
    rf"|\b(?P<d2>{_DAY}){_BLANK}(?P<m2>{MONTH})(?:,?{_BLANK}(?P<y2>{_YEAR})\b|,?{_BLANK}[Jj]uche ?{_juche('2')})?"
    rf"|(?P<part>\b{_PART}[- ])?\b(?P<m3>{MONTH})"
    rf"(?:(?:,| of)?{_BLANK}(?P<y3>{_YEAR})\b|,?{_BLANK}[Jj]uche ?{_juche('3')})"
    rf"|(?P<part2>\b{_PART}[- ])(?P<m4>{MONTH})"
    rf"|(?:(?:주체 ?(?P<j4>{_JUCHE})(?: ?\((?P<same4>(?:19|20)\d\d)\))?|(?P<ky>{_YEAR}))년 ?)?"
    r"(?P<km>1[0-2]|0?[1-9])월(?: ?(?P<kd>[12]\d|3[01]|0?[1-9])일)?"
    rf"|(?:\b[Jj]uche ?|주체 ?)(?:{_juche('5')}|(?P<j6>{_JUCHE})(?=년))"
    rf"|\b(?:[Ii]n|[Ss]ince|[Dd]uring|[Ee]arly|[Ll]ate|[Mm]id|[Oo]f|[Ff]rom) (?P<y4>{_YEAR})\b"
    r"(?![-–/]\d| ?%| plan| Olympics)"
    r")"
)
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}


@dataclass(frozen=True, slots=True)
class DatePhrase:
    """A date as written: `text[span.start:span.end]`. `part` is "early", "mid" or "late" before a month."""

    span: Span
    year: int | None = None
    month: int | None = None
    day: int | None = None
    part: str | None = None

    @property
    def first_day(self) -> dt.date | None:
        """The first day it may mean, if the year is written."""
        return dt.date(self.year, self.month or 1, self.day or 1) if self.year is not None else None


def find_date_phrases(text: str) -> Iterator[DatePhrase]:
    """Every date phrase of a text, in order. Days that no calendar has, and two years at once, are passed over."""
    for match in _PHRASE.finditer(text):
        phrase = _phrase_from_match(match)
        if phrase is not None and _is_possible(phrase):
            yield phrase


def find_phrases_in(text: str, blocks: Iterable[Block]) -> Iterator[DatePhrase]:
    """The date phrases of some blocks, at their places in the text."""
    for block in blocks:
        for phrase in find_date_phrases(text[block.start : block.end]):
            yield replace(phrase, span=Span(phrase.span.start + block.start, phrase.span.end + block.start))


def _phrase_from_match(match: re.Match[str]) -> DatePhrase | None:
    """What was matched; None if it gives a Juche year and another."""
    found = match.groupdict()

    def number(*names: str) -> int | None:
        written = next((found[name] for name in names if found[name]), None)
        return int(re.sub(r"\D", "", written)) if written else None

    month_name = found["m1"] or found["m2"] or found["m3"] or found["m4"]
    year = number("iy", "y1", "y2", "y3", "y4", "ky")
    if (juche := number("j1", "j2", "j3", "j4", "j5", "j6")) is not None:
        year = juche + JUCHE_EPOCH
        if number("same1", "same2", "same3", "same4", "same5") not in (None, year):
            return None
    return DatePhrase(
        span=Span(*match.span()),
        year=year,
        month=_MONTHS[month_name[:3].lower()] if month_name else number("im", "km"),
        day=number("id", "d1", "d2", "kd"),
        part=_part(found["part"] or found["part2"]),
    )


JUCHE_EPOCH: Final = 1911
"""North Korea counts years from Kim Il Sung's birth: Juche 1 is 1912 (Central People's Committee, 8 July 1997)."""


def _part(words: str | None) -> str | None:
    if not words:
        return None
    word = words.strip(" -").lower()
    return {"end of": "late", "beginning of": "early"}.get(word, word)


def _is_possible(phrase: DatePhrase) -> bool:
    if phrase.month is None:
        return phrase.year is not None
    if not 1 <= phrase.month <= 12:  # noqa: PLR2004 - months of a year
        return False
    # A leap year stands in for an unwritten one.
    return phrase.day is None or 1 <= phrase.day <= last_day(phrase.year or 2000, phrase.month)


def last_day(year: int, month: int) -> int:
    """The number of days of a month.

    >>> last_day(2020, 2), last_day(2019, 12)
    (29, 31)
    """
    after = dt.date(year + month // 12, month % 12 + 1, 1)
    return (after - dt.timedelta(days=1)).day
