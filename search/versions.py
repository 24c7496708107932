"""Whether two articles are one report: in two versions, or in two languages.

`find_version` says so only where the texts prove it, for a wrong "also in Korean" is worse than none. In one language
the proof is in the words: nearly all stretches of words of the shorter article are in the other, and no number of it
is missing there. In two languages it is in what survives translation: the same publisher, days that overlap, the same
places, and the same telling numbers. What is alike without that is a related article (`search.related`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from index.analysis import terms
from index.document import Document, Role
from search.telling import beginning_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

SHINGLE: Final = 4
"""Words of a stretch that two texts may have in common."""

ALIKE: Final = 0.8
"""Part of the shorter text's stretches that the other must have; without dates that agree, `ALIKE_UNDATED`."""
ALIKE_UNDATED: Final = 0.95
ALIKE_BY_ITSELF: Final = 0.95
"""The same, from which on the headlines need not be alike: who arrives one day may return home in the same words."""

HEADLINES_ALIKE: Final = 0.6
"""Part of the shorter headline's words that the other must have."""

SHORTER: Final = 0.5
"""How much of the longer text, in stretches, the shorter must at least be: else it is an excerpt."""

FEWEST_SHINGLES: Final = 24
FEWEST_IF_EDITED: Final = 40
"""Stretches that a text must have for their being the same to mean anything; of a text that was edited, more."""

DAYS_APART: Final = 3
"""Days that may lie between two versions. What is published again much later is a new article with old words."""

FEWEST_NUMBERS: Final = 3
NUMBERS_ALIKE: Final = 0.6
"""Telling numbers that articles in two languages must share: how many, and which part of those that either has."""

PLACES_ALIKE: Final = 0.5

SHOWN_NUMBERS: Final = 4


class VersionKind(StrEnum):
    """How two articles are one report."""

    VERSION = "version"
    """The same words, or nearly."""
    TRANSLATION = "translation"
    """The same in another language."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """That two articles are one report, and what proves it, in words."""

    kind: VersionKind
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What of an article is compared: terms, stretches of `SHINGLE` terms, numbers, and places below countries."""

    document: Document
    terms: frozenset[str]
    shingles: frozenset[tuple[str, ...]]
    numbers: frozenset[float]
    places: dict[str, str]

    @property
    def language(self) -> str | None:
        """The language, if it is known."""
        return self.document.language.value if self.document.language else None


def reading_of(document: Document) -> Reading:
    """An article, ready to be compared."""
    text = beginning_of(document)
    found = terms(text)
    return Reading(
        document=document,
        terms=frozenset(found),
        shingles=frozenset(zip(*(found[start:] for start in range(SHINGLE)), strict=False)),
        numbers=frozenset(numbers_in(text)),
        places={
            place.value.id: place.value.name
            for place in document.regions
            if len(place.value.path) > 1 and place.value.role is not Role.CAPTION
        },
    )


def find_likeness(one: Reading, other: Reading) -> Likeness | None:
    """How two articles are one report; None if nothing proves that they are."""
    if one.language and other.language and one.language != other.language:
        return _find_translation(one, other)
    return _find_same_words(one, other)


def _find_same_words(one: Reading, other: Reading) -> Likeness | None:
    shorter, longer = sorted((one, other), key=lambda reading: len(reading.shingles))
    if len(shorter.shingles) < max(FEWEST_SHINGLES, SHORTER * len(longer.shingles)):
        return None
    alike = len(shorter.shingles & longer.shingles) / len(shorter.shingles)
    apart = _days_apart(one.document, other.document)
    if alike < (ALIKE if apart is not None else ALIKE_UNDATED) or not shorter.numbers <= longer.numbers:
        return None
    if apart is not None and apart > DAYS_APART:
        return None
    is_short = len(shorter.shingles) < FEWEST_IF_EDITED
    if alike < ALIKE_BY_ITSELF and (is_short or not _have_alike_headlines(one, other)):
        return None
    return Likeness(
        VersionKind.VERSION, (f"{int(alike * 100)}% of the shorter text is in the other, word for word", _when(apart))
    )


def _have_alike_headlines(one: Reading, other: Reading) -> bool:
    """Whether headlines share most of their words, and not each names something that the other article never does."""
    if not (one.document.has_title and other.document.has_title):
        return False
    mine, theirs = (set(terms(each.document.title.value)) for each in (one, other))
    shorter = min(len(mine), len(theirs))
    if not shorter or len(mine & theirs) < HEADLINES_ALIKE * shorter:
        return False
    return mine <= other.terms or theirs <= one.terms


def _find_translation(one: Reading, other: Reading) -> Likeness | None:
    """The same report in another language: every one of these must be so."""
    source, its_source = one.document.source, other.document.source
    if source is None or its_source is None or source.value.id != its_source.value.id:
        return None
    if _days_apart(one.document, other.document) != 0:
        return None
    places = one.places.keys() & other.places.keys()
    mine, theirs = (frozenset(filter(_is_telling, reading.numbers)) for reading in (one, other))
    numbers = mine & theirs
    if len(places) < max(1, PLACES_ALIKE * len(one.places.keys() | other.places.keys())):
        return None
    if len(numbers) < max(FEWEST_NUMBERS, NUMBERS_ALIKE * len(mine | theirs)):
        return None
    said = ", ".join(f"{number:,.10g}" for number in sorted(numbers, reverse=True)[:SHOWN_NUMBERS])
    return Likeness(
        VersionKind.TRANSLATION,
        (
            f"both are from {source.value.name} and of days that overlap",
            f"both tell of {', '.join(sorted(one.places[place] for place in places))}",
            f"both say {said}",
        ),
    )


_NUMBER: Final = re.compile(
    r"(?<![A-Za-z_\d.])(\d{1,3}(?:,\d{3})+(?!\d)|\d+)(\.\d+)?(?:\s?(천|백|십)?(조|억|만)|\s?(천|백)"
    r"|\s(hundred|thousand|million|billion|trillion)\b)?",
    re.IGNORECASE,
)
_WORTH: Final = {
    "십": 10, "백": 100, "천": 1000, "만": 10**4, "억": 10**8, "조": 10**12,
    "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12,
}  # fmt: skip
_LAST_OF_MONTH: Final = 31
_YEARS: Final = range(1900, 2100)


def numbers_in(text: str) -> Iterator[float]:
    """The numbers a text writes in figures, with the words that multiply them.

    >>> list(numbers_in("35,000 of 2.5 million on day 3; 3만 5천 명, 1억2천만, 2020년"))
    [35000.0, 2500000.0, 3.0, 35000.0, 120000000.0, 2020.0]
    """
    value, unit, after = 0.0, 0, -1
    for match in _NUMBER.finditer(text):
        whole, decimals, *units = match.groups()
        worth = 1
        for each in units:
            worth *= _WORTH[each.lower()] if each else 1
        number = float(whole.replace(",", "") + (decimals or "")) * worth
        goes_on = worth < unit and not text[after : match.start()].strip(" ") and _is_korean(text[after - 1])
        if unit and not goes_on:
            yield value
            value = 0.0
        value, unit, after = value + number if goes_on else number, worth, match.end()
    if unit:
        yield value


def _is_korean(letter: str) -> bool:
    return letter in _WORTH


def _is_telling(number: float) -> bool:
    """Whether a number says something: neither a day, a month or a handful, nor a year."""
    return number > _LAST_OF_MONTH and number not in _YEARS


def _days_apart(one: Document, other: Document) -> int | None:
    """Days between those that two articles may be from; 0 if some are the same, None if either has no date."""
    if one.published is None or other.published is None:
        return None
    mine, theirs = one.published.value, other.published.value
    gap: dt.timedelta = max(mine.start, theirs.start) - min(mine.end, theirs.end)
    return max(0, gap.days)


def _when(apart: int | None) -> str:
    if apart is None:
        return "nothing says that they are from different days"
    return (
        "the days they may be from overlap"
        if apart == 0
        else f"they are {'a day' if apart == 1 else f'{apart} days'} apart"
    )
