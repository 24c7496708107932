"""Metadata that came with an article, as values: what is declared beats what is extracted.

Each function turns what was declared into a `Found` with the evidence rule "declared" (no place in the text, the
value as declared). Nothing declared is lost: a place the gazetteer does not know becomes a region of its own, and a
name that several places share stays a name. A value that cannot be true (a 31 February) is an `ImpossibleValue`.
"""

from __future__ import annotations

import datetime as dt
import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from index.analysis import slug
from index.document import Basis, Evidence, Found, Label, Precision, PublishedOn, Region
from index.extract.calendar import last_day
from index.extract.text import normalised

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.document import DeclaredRegion
    from index.extract.source import SourceTable
    from index.gazetteer import Gazetteer, Place

DECLARED: Final = "declared"
DECEMBER: Final = 12
LAST_YEAR: Final = 9998
"""The last year whose every month has a month after it in `datetime`."""

_TIME = r"(?:(?:[01]?\d|2[0-3]):|[01]\d|2[0-3])[0-5]\d(?::?(?:[0-5]\d|60)(?:[.,]\d+)?)?|24:?00(?::?00(?:[.,]0+)?)?"
_ZONE = r" ?(?:[Zz]|(?:UTC|GMT)?[+-]\d{1,2}(?::?[0-5]\d)?|[A-Z]{2,5})(?: ?\([A-Z]{2,5}\)|\[[\w/+-]+\])?"
_ISO = re.compile(rf"(\d{{4}})(?:-(\d{{1,2}})(?:-(\d{{1,2}})(?:[Tt ] ?(?:{_TIME})(?: ?[AaPp][Mm])?(?:{_ZONE})?)?)?)?")
_URL_DAY = re.compile(r"/((?:19|20)\d\d)[/-](0[1-9]|1[0-2])[/-](0[1-9]|[12]\d|3[01])(?=\D|$)")
_LANGUAGES = {
    "english": "en",
    "korean": "ko",
    "chinese": "zh",
    "japanese": "ja",
    "russian": "ru",
    "한국어": "ko",
    "조선어": "ko",
}
_LANGUAGE_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_].*)?")


class ImpossibleValue(ValueError):
    """A declared value that cannot be true. The message says which, and why."""


def declared(value: str, rule: str = DECLARED) -> tuple[Evidence, ...]:
    """The evidence for a declared value."""
    return (Evidence(rule, None, value),)


def published_from_declared(date: str) -> Found[PublishedOn]:
    """A declared date as the days it names: a year, a month, a day, an ISO 8601 time or an RFC 2822 date.

    The day is the one written, in whatever zone it was written. Raises `ImpossibleValue` for anything else.
    """
    written = date.strip()
    match = _ISO.fullmatch(written)
    if match is None:
        return Found(_from_mail_date(written), declared(date))
    year, month, day = (int(part) if part else None for part in match.groups())
    if year is None or not _is_possible(year, month, day):
        raise ImpossibleValue(f"the date {date!r} does not exist")
    return Found(_interval(year, month, day), declared(date))


def _is_possible(year: int, month: int | None, day: int | None) -> bool:
    if not 1 <= year <= LAST_YEAR or not 1 <= (month or 1) <= DECEMBER or month == 0:
        return False
    return day is None or 1 <= day <= last_day(year, month or 1)


def _interval(year: int, month: int | None, day: int | None) -> PublishedOn:
    start = dt.date(year, month or 1, day or 1)
    if month is None:
        return PublishedOn(start, dt.date(year, 12, 31), Precision.YEAR, Basis.DECLARED)
    if day is None:
        return PublishedOn(start, dt.date(year, month, last_day(year, month)), Precision.MONTH, Basis.DECLARED)
    return PublishedOn(start, start, Precision.DAY, Basis.DECLARED)


def _from_mail_date(date: str) -> PublishedOn:
    try:
        day = parsedate_to_datetime(date).date()
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise ImpossibleValue(
            f"the date {date!r} is none of YYYY, YYYY-MM, YYYY-MM-DD, ISO 8601 or RFC 2822"
        ) from error
    return PublishedOn(day, day, Precision.DAY, Basis.DECLARED)


def find_day_in_url(url: str) -> Found[PublishedOn] | None:
    """The day that an article's address gives, as in `/2018/10/05/`."""
    match = _URL_DAY.search(url)
    if match is None:
        return None
    year, month, day = map(int, match.groups())
    if day > last_day(year, month):
        return None
    return Found(_interval(year, month, day), declared(url, "url-path"))


def regions_from_declared(
    places: Iterable[DeclaredRegion], gazetteer: Gazetteer, covered: str | None = None
) -> tuple[Found[Region], ...]:
    """Declared places with their paths; each place and role once. `covered` is the country reported on.

    Raises `ImpossibleValue` for a name without letters or digits.
    """
    found: dict[Region, list[Evidence]] = {}
    for place in places:
        path, rule = _path_from_name(place.name, gazetteer, covered)
        found.setdefault(Region(path, place.role), []).extend(declared(place.name, rule))
    return tuple(Found(region, tuple(dict.fromkeys(evidence))) for region, evidence in found.items())


def _path_from_name(name: str, gazetteer: Gazetteer, covered: str | None) -> tuple[tuple[Label, ...], str]:
    named = gazetteer.find(name) or _find_within(name, gazetteer)
    places = named
    if len(named) > 1:
        places = tuple(place for place in named if gazetteer.path(place.id)[0].id == covered)
    if len(places) == 1:
        return gazetteer.path(places[0].id), DECLARED
    return (label_from_name(name, "place"),), "declared-shared-name" if len(named) > 1 else DECLARED


def _find_within(name: str, gazetteer: Gazetteer) -> tuple[Place, ...]:
    """The places of "Hyesan, Ryanggang": a place, then what it lies in. None if the one does not lie in the other."""
    if "," not in name or ">" in name:
        return ()
    return gazetteer.find(" > ".join(reversed(name.split(","))))


def label_from_name(name: str, what: str) -> Label:
    """A declared name as a label. Raises `ImpossibleValue` if no id can be made of it."""
    if not slug(name):
        raise ImpossibleValue(f"the {what} {name!r} holds no letter or digit")
    return Label(slug(name), one_line(name))


def one_line(name: str) -> str:
    r"""A declared name as it is kept: NFC, without control characters, one blank for any white space.

    >>> one_line(" Jang\x07  Seul\tgi\n")
    'Jang Seul gi'
    """
    return " ".join(normalised(name).split())


def topics_from_declared(topics: Iterable[str]) -> tuple[Found[Label], ...]:
    """Declared topics, each once. Raises `ImpossibleValue` for a name without letters or digits."""
    found: dict[str, Found[Label]] = {}
    for topic in topics:
        label = label_from_name(topic, "topic")
        found.setdefault(label.id, Found(label, declared(topic)))
    return tuple(found.values())


def source_from_declared(source: str, sources: SourceTable) -> Found[Label]:
    """A declared publisher. Raises `ImpossibleValue` for a name without letters or digits."""
    return Found(sources.find_label(source) or label_from_name(source, "source"), declared(source))


def authors_from_declared(authors: Iterable[str]) -> tuple[Found[str], ...]:
    """Declared authors as one line each, each once."""
    names = {one_line(author): author for author in authors}
    return tuple(Found(name, declared(author)) for name, author in names.items() if name)


def language_from_declared(language: str) -> Found[str]:
    """A declared language by its primary subtag: `en-GB` is "en". Raises `ImpossibleValue` for no language."""
    written = language.strip()
    if code := _LANGUAGES.get(written.casefold()):
        return Found(code, declared(language))
    match = _LANGUAGE_TAG.fullmatch(written)
    if match is None:
        raise ImpossibleValue(f"the language {language!r} is no language tag such as en or ko-KP")
    return Found(match[1].lower(), declared(language))
