"""How values are said to people: datelines, dates, counts. The same words on a terminal and on a page.

`dateline_of` gives the parts of the line that opens every result: `Sinuiju, North Pyongan`, `October 2018, inferred`,
`Daily NK`. What is unknown is left out; nothing is made up to fill the line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from index.document import Basis, Precision, Role

if TYPE_CHECKING:
    import datetime as dt

    from index.document import Document, PublishedOn

_PLACE_SHOWN: Final = (Role.DATELINE, Role.EVENT, Role.SENDER)
"""The roles that put a place into the dateline, the most telling first."""

_COUNTRY: Final = 1
"""The length of a country's path."""


def dateline_of(document: Document) -> tuple[str, ...]:
    """The parts of a document's dateline: where, when, from whom, as far as they are known."""
    published = in_words(document.published.value) if document.published else None
    source = document.source.value.name if document.source else None
    return tuple(part for part in (_place_of(document), published, source) if part)


def _place_of(document: Document) -> str | None:
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


def counted(number: int, thing: str) -> str:
    """A number of things in words: `no articles`, `1 article`, `21,578 articles`."""
    return f"{number:,} {thing}" if number == 1 else f"{number or 'no':{',' if number else ''}} {thing}s"
