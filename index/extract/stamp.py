"""A line that holds nothing but a full date, as sites put one over or under an article: "Published: March 27, 2020".

`StampReader.read` gives a line's `Stamp`, `find_stamp` the one among several that says when the article was published.
A label before the date, a day of the week, a time and a zone may stand with it (words in `data/page.toml`, `[stamp]`),
and behind it the name of one of the North's daily papers. A year may be of Juche: "주체108(2019)년 3월 4일 월요일", and
"www.kcna.kp (Juche108.3.4.)" under what the North's agency publishes. Dates of numbers alone begin with the year:
"03/04/2020" is a day in March or in April.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from index.document import Span
from index.extract.calendar import JUCHE_EPOCH, MONTH, WEEKDAY, find_date_phrases, last_day
from index.extract.rules import any_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST: Final = 120
"""Characters of a line that may be a stamp."""

_YEAR = re.compile(r"(?:1[89]|2[01])\d\d|(?i:juche|주체) ?\d\d")
_ORDINAL = r"(?:st|nd|rd|th)?"
_NUMBERS = r"(?P<year>(?:1[89]|2[01])\d\d)(?P<sep>[-/]|\. ?)(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})(?!\d)\.?"
_JUCHE = r"\d{2,3}(?: ?\(\d{4}\))?"
_JUCHE_NUMBERS = (
    r"(?P<site>(?:www\.)?kcna\.kp ?\()?"
    r"(?i:juche|주체) ?(?P<juche>\d{2,3})\. ?(?P<jm>\d{1,2})\. ?(?P<jd>\d{1,2})(?!\d)\.?"
)
_WORDS = (
    rf"(?P<words>(?i:{MONTH}) {{1,2}}\d{{1,2}}{_ORDINAL},? {{1,2}}(?:\d{{4}}|(?i:juche) ?{_JUCHE})"
    rf"|\d{{1,2}}{_ORDINAL} {{1,2}}(?i:{MONTH}),? {{1,2}}(?:\d{{4}}|(?i:juche) ?{_JUCHE})"
    rf"|(?:\d{{4}}|주체 ?{_JUCHE})년 ?\d{{1,2}}월 ?\d{{1,2}}일)"
)
_TIME = (
    r"(?:[T,]? ?(?:at |[-–|] )?(?:(?:오전|오후) ?)?\d{1,2}[:.]\d\d(?:[:.]\d\d(?:\.\d+)?)?(?: ?[AaPp]\.?[Mm]\b\.?)?"
    r"(?: ?(?:Z\b|\(?(?:[A-Z]{2,4})\)?|(?:GMT|UTC)?[+-]\d\d:?\d\d))?|[T,]? ?(?:오전|오후) ?\d{1,2}시(?: ?\d{1,2}분)?)"
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A day alone on a line. `says_published` or `says_updated` if a label does; neither if it has none."""

    day: dt.date
    where: Span
    says_published: bool = False
    says_updated: bool = False

    @property
    def has_label(self) -> bool:
        """Whether a label says of what it is the date."""
        return self.says_published or self.says_updated


class StampReader:
    """Reads stamps by the labels of `data/page.toml`."""

    def __init__(self, rules: Mapping[str, Any]) -> None:
        published, updated = any_of(rules["published"]), any_of(rules["updated"])
        self._line = re.compile(
            rf"[(\[]?(?:(?i:(?P<published>{published})|(?P<updated>{updated}))(?: (?:on|at))?\s*[:：|]?\s*)?"
            rf"(?:{WEEKDAY},? )?(?:{_NUMBERS}|{_JUCHE_NUMBERS}|{_WORDS})"
            rf"(?: ?\(?(?:{WEEKDAY}|[월화수목금토일](?:요일)?)\)?)?"
            rf"{_TIME}?(?: (?:로동신문|민주조선))?[)\]]?(?:[\s,;|·/–-]+(?i:{updated})(?![^\W\d_]).{{0,60}})?"
        )

    def read(self, words: str, start: int) -> Stamp | None:
        """The stamp that a line is, its blanks all of one kind. `start` is where it stands in the text."""
        may_be_one = len(words) <= LONGEST and _YEAR.search(words)  # spares most lines the rest
        match = self._line.fullmatch(words) if may_be_one else None
        day = _day(match) if match else None
        if match is None or day is None:
            return None
        # The site puts its own name under nothing but the day on which it published.
        says_published = match["published"] is not None or match["site"] is not None
        return Stamp(day, Span(start, start + len(words)), says_published, match["updated"] is not None)


def find_stamp(stamps: Iterable[Stamp]) -> Stamp | None:
    """The stamp of the publication: one that says so, else one without a label, else one of a change.

    None if those that say as much give several days, as the headings of a chronicle do.
    """
    given = list(stamps)
    for chosen in (
        [stamp for stamp in given if stamp.says_published],
        [stamp for stamp in given if not stamp.says_updated],
        given,
    ):
        if chosen:
            return chosen[0] if len({stamp.day for stamp in chosen}) == 1 else None
    return None


def _day(match: re.Match[str]) -> dt.date | None:
    if match["words"]:
        phrase = next(find_date_phrases(" ".join(map(str.capitalize, match["words"].split()))), None)
        return phrase.first_day if phrase and phrase.day else None
    if match["juche"]:
        year, month, day = int(match["juche"]) + JUCHE_EPOCH, int(match["jm"]), int(match["jd"])
    else:
        year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    is_possible = 1 <= month <= 12 and 1 <= day <= last_day(year, month)  # noqa: PLR2004 - months of a year
    return dt.date(year, month, day) if is_possible else None
