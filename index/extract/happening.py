"""When what a text tells of happened, by days it names: "on May 12" in the past tense, "the 17th anniversary of …".

`HappeningReader.find_latest` gives the latest such day, once the year is known; a report follows it within a month.
`find_anniversary` gives the day of an anniversary that a text speaks of, which tells the year as well: it is written of
in the weeks about it. Sentences on the past of years ("last year") or the future ("will", "scheduled") are left
out. Words and anniversaries are data, in `data/anchors.toml`; the measures behind `REPORTED_WITHIN` and
`ANNIVERSARY_WITHIN` are in docs/decisions/0008.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from index.document import BlockKind, Evidence, Span
from index.extract.calendar import MONTH, find_date_phrases, last_day
from index.extract.rules import any_of, compiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from index.document import Block

REPORTED_WITHIN: Final = dt.timedelta(days=31)
"""The latest day named near the head of a report is at most so long before its publication (99 in 100)."""

ANNIVERSARY_WITHIN: Final = dt.timedelta(days=40)
"""Anniversaries are written of so long before and after (98 in 100)."""

HEAD: Final = 600
"""Characters at the beginning of an article's body whose days are looked at; days further down are older history."""

DECEMBER: Final = 12
_DAY = rf"(?:{MONTH} \d{{1,2}}|\d{{1,2}} {MONTH})(?:st|nd|rd|th)?"
_ON = re.compile(
    rf"\b[Oo]n (?P<day>{_DAY})\b"
    r"(?! ?[-–,]? ?(?:1[89]|20)\d\d| ?[A-Z(]|, (?:Juche|19|20)| last year|[^.]{0,12}? Juche)"
)
_SENTENCE = re.compile(
    r"(?<!\bJan)(?<!\bFeb)(?<!\bMar)(?<!\bApr)(?<!\bAug)(?<!Sept)(?<!\bSep)(?<!\bOct)(?<!\bNov)(?<!\bDec)(?<!\bNo)"
    r"(?<!\bMr)(?<!\bC\.C)[.!?][\"”]? "
)
_COUNTED = r"\b(?P<count>\d{1,3})(?:st|nd|rd|th) (?:birth(?:day)? )?anniversary"
_LONGEST_SENTENCE: Final = 500


@dataclass(frozen=True, slots=True)
class Happening:
    """A day on which something is told to have happened, and the words that say so."""

    day: dt.date
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class _Anniversary:
    """A row of `anchors.toml`: the day that is remembered every year."""

    pattern: re.Pattern[str]
    first: dt.date


class HappeningReader:
    """Reads days of happenings by the words of `data/anchors.toml`."""

    def __init__(self, rules: Mapping[str, Any]) -> None:
        words = rules["happening"]
        self._elsewhen = re.compile(rf"\b(?:{'|'.join(words['elsewhen'])})\b", re.IGNORECASE)
        self._recalled = re.compile(rf"\b(?:{'|'.join([*words['elsewhen'], *words['recalled']])})\b", re.IGNORECASE)
        self._past = re.compile(rf"\b(?:[a-z]+ed|{any_of(words['past'])})\b")
        self._anniversaries = tuple(
            _Anniversary(
                compiled("anchors.toml", row["rule"], rf"{_COUNTED} of (?:the )?(?:{row['match']})"),
                row["first"],
            )
            for row in rules["anniversary"]
        )

    def find_latest(self, text: str, blocks: Iterable[Block], year: int) -> Happening | None:
        """The latest day near the head of the body on which something happened in that year.

        None for a day in December: in an article of early January it would be one of the year before.
        """
        found = [
            Happening(day, Evidence("date-happened", Span(*match.span()), match.group()))
            for start, end in _head(blocks)
            for match in _ON.finditer(text, start, end)
            if (day := _day_in(match["day"], year)) and self._is_past(text, Span(*match.span()), start, end)
        ]
        latest = max(found, key=lambda one: one.day, default=None)
        return latest if latest and latest.day.month != DECEMBER else None

    def find_anniversary(self, text: str, blocks: Sequence[Block]) -> Happening | None:
        """The day of the anniversary that the head of the body speaks of; none if it speaks of several years'."""
        if "anniversary of" not in text:
            return None
        found: dict[int, Happening] = {}
        for start, end in _head(blocks):
            for one in self._anniversaries:
                for match in one.pattern.finditer(text, start, end):
                    year = one.first.year + int(match["count"])
                    if self._recalled.search(sentence_around(text, Span(*match.span()), start, end)) is None:
                        evidence = Evidence("date-anniversary", Span(*match.span()), match.group())
                        found.setdefault(year, Happening(one.first.replace(year=year), evidence))
        return next(iter(found.values())) if len(found) == 1 else None

    def _is_past(self, text: str, span: Span, start: int, end: int) -> bool:
        sentence = sentence_around(text, span, start, end)
        return self._elsewhen.search(sentence) is None and self._past.search(sentence) is not None


def sentence_around(text: str, span: Span, start: int, end: int) -> str:
    """The sentence around some words, within a stretch of the text."""
    first = max(start, span.start - _LONGEST_SENTENCE)
    for stop in _SENTENCE.finditer(text, first, span.start):
        first = stop.end()
    last = _SENTENCE.search(text, span.end, end)
    return text[first : last.start() if last else end]


def _head(blocks: Iterable[Block]) -> Iterable[tuple[int, int]]:
    """The stretches of body within the first `HEAD` characters of it."""
    left = HEAD
    for block in blocks:
        if block.kind is BlockKind.BODY and left > 0:
            yield block.start, min(block.end, block.start + left)
            left -= block.end - block.start


def _day_in(words: str, year: int) -> dt.date | None:
    phrase = next(find_date_phrases(words), None)
    if phrase is None or phrase.month is None or phrase.day is None or phrase.day > last_day(year, phrase.month):
        return None
    return dt.date(year, phrase.month, phrase.day)
