"""The dateline: the line that opens a dispatch and says when and where it was written.

`find_dateline` tells `SINUIJU, Mar. 27 (KCNA) --`, `DUBAI, April 8 -`, `SEOUL (Reuters) -` and, in Korean,
`(평양 3월 1일발 조선중앙통신)` at the start of a body, and says where in the text its places, its day and its agency
stand. A year may be of Juche (`January 5, Juche 108 (2019)`). What they mean is for `region`, `date` and `source` to
say. `find_opening` looks for it where an article begins: also below a headline, a kicker or a deck that are body, and
alone on a line (`SINUIJU, Mar. 27, 2020`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from index.document import BlockKind, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from index.document import Block

LINES: Final = 5
"""Lines of body at whose start a dateline is looked for."""

HEAD: Final = 600
"""Characters from the beginning of the body within which they begin."""

LONGEST_ALONE: Final = 100
"""Characters of a line that may be a dateline alone."""

MOST_WORDS: Final = 4
"""Words for the places of a dateline alone on its line."""

_LINE = re.compile(r"\S[^\n]*")
_BLANK_LINE = re.compile(r"\n\s*\n")
_MONTH = (  # datelines have it in capitals too
    r"(?i:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|Jun\.|Jul\.|Aug(?:ust|\.)?"
    r"|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
# Blanks are doubled where a line ended in one.
_PLACE = r"(?P<place>[A-ZÀ-Þ][\w.'’-]*(?:[ ,/][ ]?(?!" + _MONTH + r"\b)[A-ZÀ-Þ][\w.'’-]*){0,7}?)"
_JUCHE = r"\d{2,3}(?: ?\(\d{4}\))?"
_JUCHE_BEHIND = r"|,? {1,2}(?i:juche) ?" + _JUCHE
_DAY = (
    r"(?P<day>" + _MONTH + r" {1,2}\d{1,2}(?:, {0,2}\d{4}" + _JUCHE_BEHIND + r")?"
    r"|\d{1,2} {1,2}" + _MONTH + r"(?:,? {1,2}\d{4}" + _JUCHE_BEHIND + r")?)"
)
_AGENCY = r"(?: {0,2}\((?P<agency>[^()\n]{2,40})\))?"
_LATIN = re.compile(_PLACE + r"(?:,? {1,2}" + _DAY + r",?)?" + _AGENCY + r" {0,2}(?:--+|[–—]| -(?= |$)|-(?=\s))")
_ALONE = re.compile(_PLACE + r", {1,2}" + _DAY + _AGENCY + r" {0,2}(?:--+|[–—-])?[.:]?")
_YEAR = re.compile(r"(?:\d{4}\)?|(?i:juche) ?\d{2,3})$")
_KOREAN_DAY = r"(?P<day>(?:(?:\d{4}|주체 ?" + _JUCHE + r")년 ?)?\d{1,2}월 ?\d{1,2}일)"
_KOREAN = re.compile(
    r"[(\[](?P<place>[가-힣]{2,8})(?: " + _KOREAN_DAY + r"발?)?(?: |=|ㆍ)"
    r"(?P<agency>[가-힣\w]{2,20})(?:[)\]=]| [^)\]\n]{0,30}[)\]])"
)


@dataclass(frozen=True, slots=True)
class Dateline:
    """Where the parts of a dateline stand in the text."""

    span: Span
    places: Span
    day: Span | None
    agency: Span | None


def find_dateline(text: str, start: int) -> Dateline | None:
    """The dateline of a body that begins at `start`.

    A place alone before a dash is a dateline only in capitals; otherwise a day or an agency must stand with it.
    """
    match = _LATIN.match(text, start, start + 160) or _KOREAN.match(text, start, start + 80)
    if match is None or not (match["day"] or match["agency"] or match["place"].isupper()):
        return None
    return _dateline_from_match(match)


def find_opening(text: str, flat: str, blocks: Iterable[Block], is_agency: Callable[[str], bool]) -> Dateline | None:
    """The dateline at the start of one of the first lines of body. `flat` is the text unwrapped.

    Below the first line a place alone is none, nor is a name before any bracket, or a line that only goes on.
    """
    for place, line in enumerate(_lines(text, blocks)):
        found = find_dateline(flat, line.start)
        if found is not None and _crosses_lines(text, found):
            found = None
        if found is not None and (place == 0 or _is_certain(text, found, is_agency)):
            return found
        if alone := _match_alone(flat[line.start : line.end]):
            return _dateline_from_match(alone, line.start)
    return None


def stands_alone(words: str) -> bool:
    """Whether a line is a dateline and no more."""
    found = find_dateline(words, 0)
    is_whole = found is not None and found.span.end == len(words)
    return _match_alone(words) is not None or bool(is_whole and found and _names_few(words, found))


def opens_dispatch(words: str) -> bool:
    """Whether a line begins with a dateline of a place in capitals with its day or agency."""
    found = find_dateline(words, 0)
    return bool(found and (found.day or found.agency) and words[found.places.start : found.places.end].isupper())


def _match_alone(words: str) -> re.Match[str] | None:
    """A dateline without anything behind it. Whoever writes no year or agency writes the place in capitals.

    More than a few words before the day are a headline: "BANKS ARE TO OPEN, MARCH 17".
    """
    match = _ALONE.fullmatch(words) if len(words) <= LONGEST_ALONE else None
    if match is None or not _names_few(words, _dateline_from_match(match)):
        return None
    return match if match["agency"] or match["place"].isupper() or _YEAR.search(match["day"]) else None


def _names_few(text: str, found: Dateline) -> bool:
    """Whether no more words stand before the day than places have: fewer where neither year nor agency is given."""
    is_full = found.agency is not None or (found.day and _YEAR.search(text[found.day.start : found.day.end]))
    return len(text[found.places.start : found.places.end].split()) <= (MOST_WORDS if is_full else MOST_WORDS - 1)


def _crosses_lines(text: str, found: Dateline) -> bool:
    """Whether it was read across a blank line, or its places across the end of a line, as of a headline in capitals."""
    is_parted = _BLANK_LINE.search(text, found.span.start, found.span.end) is not None
    return is_parted or "\n" in text[found.places.start : found.places.end]


def _is_certain(text: str, found: Dateline, is_agency: Callable[[str], bool]) -> bool:
    in_capitals = text[found.places.start : found.places.end].isupper()
    if found.agency is not None and (in_capitals or is_agency(text[found.agency.start : found.agency.end])):
        return True
    begins_paragraph = re.search(r"\n\s+$", text[max(0, found.span.start - 10) : found.span.start]) is not None
    return found.day is not None and (in_capitals or begins_paragraph)


def _lines(text: str, blocks: Iterable[Block]) -> Iterator[Span]:
    """The first lines of body, without the blanks about them."""
    bodies = [block for block in blocks if block.kind is BlockKind.BODY]
    lines = (match for block in bodies for match in _LINE.finditer(text, block.start, block.end))
    for match in islice(lines, LINES):
        if match.start() - bodies[0].start > HEAD:
            return
        yield Span(match.start(), match.start() + len(match.group().rstrip()))


def _dateline_from_match(match: re.Match[str], offset: int = 0) -> Dateline:
    def span(group: str | int) -> Span:
        return Span(match.start(group) + offset, match.end(group) + offset)

    return Dateline(
        span=span(0),
        places=span("place"),
        day=span("day") if match["day"] else None,
        agency=span("agency") if match["agency"] else None,
    )
