"""How values are said to people: datelines, dates, counts. The same words on a terminal and on a page.

`dateline_of` gives the parts of the line that opens every result: `Sinuiju, North Pyongan`, `October 2018, inferred`,
`Daily NK`. What is unknown is left out; nothing is made up to fill the line. `showable` leaves no control characters.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from index.document import Basis, Precision, Role

if TYPE_CHECKING:
    from index.document import Document, PublishedOn

_PLACE_SHOWN: Final = (Role.DATELINE, Role.EVENT, Role.SENDER)
"""The roles that put a place into the dateline, the most telling first."""

_THOUSAND: Final = 1000
_COUNTRY: Final = 1
"""The length of a country's path."""

_UNSHOWN: Final = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)} - {9, 10, 13}, "\ufffd")


def showable(text: str) -> str:
    """A text with the replacement character for each control character: no page may hold them, and terminals obey."""
    return text.translate(_UNSHOWN)


def dateline_of(document: Document) -> tuple[str, ...]:
    """The parts of a document's dateline: where, when, from whom, as far as they are known."""
    published = in_words(document.published.value) if document.published else None
    source = document.source.value.name if document.source else None
    return tuple(part for part in (place_of(document), published, source) if part)


def place_of(document: Document) -> str | None:
    """The narrowest place in the most telling role, with its province if it lies in one."""
    for role in _PLACE_SHOWN:
        paths = [found.value.path for found in document.regions if found.value.role is role]
        if paths:
            path = max(paths, key=len)
            return ", ".join(label.name for label in reversed(path[1:])) if len(path) > _COUNTRY else path[0].name
    return None


def in_words(published: PublishedOn) -> str:
    """When an article was published, as certain as it is known and no more: `October 2018, inferred`."""
    inferred = ", inferred" if published.basis is Basis.INFERRED else ""
    match published.precision:
        case Precision.DAY:
            said = _day(published.start)
        case Precision.MONTH:
            said = _month(published.start)
        case Precision.YEAR:
            said = f"{published.start.year}"
        case Precision.RANGE:
            said = f"{_day(published.start)} to {_day(published.end)}"
    return said + inferred


_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _month(day: dt.date) -> str:
    return f"{_MONTHS[day.month - 1]} {day.year}"


def _day(day: dt.date) -> str:
    return f"{day.day} {_month(day)}"


def day_in_words(day: dt.date) -> str:
    """A day: `4 May 2019`."""
    return _day(day)


def days_in_words(start: dt.date | None, end: dt.date | None) -> str:
    """A range of days, both inclusive and None open: `2018 to 2020`, `March 2020`, `from 4 May 2019`."""
    early, late = _ends(start, end)
    if early and late:
        return _said(early) if early == late else f"{_said(early)} to {_said(late)}"
    return f"from {_said(early)}" if early else f"until {_said(late)}" if late else "any time"


def as_typed(start: dt.date | None, end: dt.date | None) -> tuple[str, str]:
    """The shortest text that each end of a range may be typed as: (`2018-01`, `2020-03`); empty where it is open."""
    early, late = _ends(start, end)
    return _typed(early), _typed(late)


def _ends(start: dt.date | None, end: dt.date | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The year, month or day that each end is, the widest that both of them can be."""
    early, late = _as_start(start) if start else (), _as_end(end) if end else ()
    if start and end:
        finest = max(len(early), len(late))
        early, late = start.timetuple()[:finest], end.timetuple()[:finest]
    return early, late


def _as_start(day: dt.date) -> tuple[int, ...]:
    """The year, the month or the day that begins with this day: the widest of them."""
    parts = (day.year, day.month, day.day)
    return parts[:1] if parts[1:] == (1, 1) else parts[:2] if day.day == 1 else parts


def _as_end(day: dt.date) -> tuple[int, ...]:
    """The year, the month or the day that ends with this day: the widest of them."""
    following = _as_start(day + dt.timedelta(days=1)) if day < dt.date.max else (day.year + 1,)
    return (day.year, day.month, day.day)[: len(following)]


def _said(parts: tuple[int, ...]) -> str:
    match parts:
        case (year,):
            return str(year)
        case (year, month):
            return _month(dt.date(year, month, 1))
        case (year, month, day):
            return _day(dt.date(year, month, day))
        case _:
            return ""


def _typed(parts: tuple[int, ...]) -> str:
    return "-".join(f"{part:0{4 if at == 0 else 2}}" for at, part in enumerate(parts))


def counted(number: int, thing: str) -> str:
    """A number of things in words: `no articles`, `1 article`, `21,578 articles`."""
    return f"{number:,} {thing}" if number == 1 else f"{number or 'no':{',' if number else ''}} {thing}s"


def in_bytes(size: int) -> str:
    """A size in bytes with its largest unit: `12.3 MB`."""
    value, units = float(size), iter(("bytes", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while value >= _THOUSAND and (larger := next(units, None)):
        value, unit = value / _THOUSAND, larger
    return f"{size} bytes" if unit == "bytes" else f"{value:.1f} {unit}"
