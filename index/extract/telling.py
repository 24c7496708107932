"""On which days the sources of a report told it: "told Daily NK on June 17", "소식통은 6월 17일 …".

`TellingReader.find` gives the places, with the day as a group. A day of what was told is none of them, and no day of a
past year ("on Dec. 5 last year"). What such a day says of the publication is `index.extract.date`'s business. Who it
was that told is no matter here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from index.document import Span
from index.extract.calendar import MONTH, WEEKDAY
from index.extract.rules import any_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from index.document import Block
    from index.extract.retrospect import RetrospectReader

WRITTEN_DAY: Final = (
    rf"(?:{WEEKDAY},? {{1,2}})?"
    rf"(?P<day>{MONTH} {{1,2}}\d{{1,2}}(?:,? {{1,2}}\d{{4}})?|\d{{1,2}} {{1,2}}{MONTH}(?:,? {{1,2}}\d{{4}})?)"
)
"""A pattern for a day of a month in English, its year if it has one; a day of the week is not in the group `day`."""

_KOREAN_DAY = r"(?:\d{4}년 ?)?(?:1[0-2]|0?[1-9])월 ?(?:3[01]|[12]\d|0?[1-9])일"


class TellingReader:
    """Reads who told something on which day, by the words of `data/anchors.toml`, `[saying]`."""

    def __init__(self, saying: Mapping[str, Any], retrospect: RetrospectReader) -> None:
        self._retrospect = retrospect
        verbs, tellers = any_of(saying["verbs"]), any_of(saying["tellers"])
        step = rf"(?:(?!\b{any_of(saying['stops'])}\b)[^.\n“”\"]){{0,80}}?"
        self._told_on = re.compile(rf"\b{verbs}\b{step} on {{1,2}}{WRITTEN_DAY}")
        self._on_told = re.compile(rf"\b[Oo]n {{1,2}}{WRITTEN_DAY},?{step}\b{verbs}\b")
        self._tellers = re.compile(rf"\b{tellers}\b")
        korean_tellers, korean_verbs = any_of(saying["korean_tellers"]), any_of(saying["korean_verbs"])
        self._told_in_korean = re.compile(
            rf"{korean_tellers}(?:은|는|이|가) (?:지난 )?(?P<day>{_KOREAN_DAY})"
            rf"[^.\n“”\"]{{0,60}}?(?:{korean_verbs}|[“\"])"
        )

    def find(self, text: str, bodies: Iterable[Block]) -> Iterator[re.Match[str]]:
        """Where the text says on which day somebody told it; the group `day` is the day."""
        is_english = self._tellers.search(text) is not None
        for block in bodies:
            # Between a Korean source and the day stands no word for a year, and behind the day what was told.
            yield from self._told_in_korean.finditer(text, block.start, block.end)
            for pattern in (self._told_on, self._on_told) if is_english else ():
                for match in pattern.finditer(text, block.start, block.end):
                    is_telling = self._tellers.search(match.group()) is not None
                    if is_telling and not self._retrospect.is_of_past_year(text, Span(*match.span()), block):
                        yield match
