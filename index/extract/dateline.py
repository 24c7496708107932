"""The dateline: the line that opens a dispatch and says when and where it was written.

`find_dateline` tells `SINUIJU, Mar. 27 (KCNA) --`, `DUBAI, April 8 -`, `SEOUL (Reuters) -` and, in Korean,
`(평양 3월 1일발 조선중앙통신)` at the start of a body, and says where in the text its places, its day and its agency
stand. What they mean is for `region`, `date` and `source` to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.document import Span

_MONTH = (  # datelines have it in capitals too
    r"(?i:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|Jun\.|Jul\.|Aug(?:ust|\.)?"
    r"|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_LATIN = re.compile(  # blanks are doubled where a line ended in one
    r"(?P<place>[A-ZÀ-Þ][\w.'’-]*(?:[ ,/][ ]?(?!" + _MONTH + r"\b)[A-ZÀ-Þ][\w.'’-]*){0,7}?)"
    r"(?:,? {1,2}(?P<day>" + _MONTH + r" {1,2}\d{1,2}(?:, {0,2}\d{4})?"
    r"|\d{1,2} {1,2}" + _MONTH + r"(?:,? {1,2}\d{4})?),?)?"
    r"(?: {0,2}\((?P<agency>[^()\n]{2,40})\))?"
    r" {0,2}(?:--+|[–—]| -(?= |$)|-(?=\s))"
)
_KOREAN = re.compile(
    r"[(\[](?P<place>[가-힣]{2,8})(?: (?P<day>(?:\d{4}년 ?)?\d{1,2}월 ?\d{1,2}일)발?)?(?: |=|ㆍ)"
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
    return Dateline(
        span=Span(*match.span()),
        places=Span(*match.span("place")),
        day=Span(*match.span("day")) if match["day"] else None,
        agency=Span(*match.span("agency")) if match["agency"] else None,
    )
