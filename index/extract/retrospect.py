"""What a text looks back on: a date later than it was thought to be, a year before its own, a thing of such a year.

`RetrospectReader` holds the guesses of `index.extract.date` against the text. Is it younger than was found
(`names_later_day`)? Is what was news on some day none any more (`is_past`)? Does a day belong to a past year
(`is_of_past_year`)? Is a picture an old one (`is_from_archive`)? Words are data, in `data/anchors.toml`. Whoever wants
to know what happened, and not when it was told, asks `index.extract.happening`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from index.document import BlockKind, Span
from index.extract.calendar import find_phrases_in
from index.extract.happening import sentence_around
from index.extract.rules import any_of, compiled

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from index.document import Block

_HEAD: Final = 80
"""Characters before a date that are looked at for what announces it."""

_SINCE_THEN = re.compile(r"\b[Ss]ince (?:[\w'’-]+ ){0,6}$")


class RetrospectReader:
    """Reads what is looked back on by the words of `data/anchors.toml`."""

    def __init__(self, rules: Mapping[str, Any]) -> None:
        announced = rules["announced"]
        self._announcing = re.compile(rf"\b{any_of(announced['words'])}\b|{any_of(announced['korean'])}")
        self._announced = re.compile(rf"\b{any_of(announced['before'])} (?:the )?(?:(?:early|mid|late|end of)[ -])?$")
        english, korean = ("|".join(rules["past_year"][language]) for language in ("english", "korean"))
        past_year = rf"\b(?i:{english.replace(' ', ' {1,2}')})\b|{korean}"
        self._hints = tuple(rules["past_year"]["hints"])
        self._past_year = compiled("anchors.toml", "past_year", past_year)
        self._behind = compiled("anchors.toml", "past_year", rf",? {{1,2}}(?:(?:of|in) {{1,2}})?(?:{past_year})")
        self._before = compiled("anchors.toml", "past_year", rf"(?:{past_year}),? {{1,2}}$")
        self._archive = compiled("anchors.toml", "archive_picture", rules["archive_picture"]["match"])

    def names_later_day(self, text: str, bodies: Iterable[Block], end: dt.date) -> bool:
        """Whether the body writes a date after that day, and does not announce it."""
        for block in bodies:
            for phrase in find_phrases_in(text, (block,)):
                if phrase.first_day is not None and phrase.first_day > end:
                    head = text[max(block.start, phrase.span.start - _HEAD) : phrase.span.start]
                    sentence = sentence_around(text, phrase.span, block.start, block.end)
                    is_announced = self._announced.search(head) or self._announcing.search(sentence)
                    if not is_announced or _SINCE_THEN.search(head):
                        return True
        return False

    def is_past(self, text: str, blocks: Iterable[Block], thing: re.Pattern[str], year: int) -> bool:
        """Whether a text speaks of a thing, in the news in that year, as one of a past year.

        It does in a sentence that has words for one, or that writes the year: nobody does so of the present one, unless
        under a picture or of a day to come.
        """
        for block in blocks:
            if thing.search(text, block.start, block.end) is None:
                continue
            # A text may name its thing a hundred times, but has few words for the past.
            words = text[block.start : block.end]
            is_hinted = any(hint in words for hint in self._hints)
            for match in self._past_year.finditer(text, block.start, block.end) if is_hinted else ():
                if thing.search(sentence_around(text, Span(*match.span()), block.start, block.end)):
                    return True
            may_write_year = str(year) in words and block.kind is not BlockKind.CAPTION
            for phrase in find_phrases_in(text, (block,)) if may_write_year else ():
                if phrase.year == year:
                    sentence = sentence_around(text, phrase.span, block.start, block.end)
                    if thing.search(sentence) and not self._announcing.search(sentence):
                        return True
        return False

    def is_of_past_year(self, text: str, where: Span, block: Block) -> bool:
        """Whether words that hold a day hold words for a past year too, or have them right before or behind."""
        head = text[max(block.start, where.start - _HEAD) : where.start]
        return (
            self._past_year.search(text, where.start, where.end) is not None
            or self._behind.match(text, where.end, block.end) is not None
            or self._before.search(head) is not None
        )

    def is_from_archive(self, text: str, block: Block) -> bool:
        """Whether a block is the caption of a picture that says it is an old one."""
        return block.kind is BlockKind.CAPTION and self._archive.search(text, block.start, block.end) is not None
