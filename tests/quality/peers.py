"""Public packages that find countries in texts, to compare with. None is a dependency: what isn't installed is not run.

A `Peer` gives the ids of the countries a text names. Its package decides what counts: geotext knows countries,
their adjectives and 20,000 cities, each leading to its country; flashgeotext knows countries and their synonyms alone.
Both look for capitalised words only, so words in capitals are offered to them capitalised too.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from index.gazetteer import Gazetteer

_SHOUTED: Final = re.compile(r"\b[A-Z]{4,}\b")


@dataclass(frozen=True, slots=True)
class Peer:
    """A package's name and what it makes of a text: ids of countries."""

    name: str
    countries: Callable[[str], frozenset[str]]


def installed_peers(gazetteer: Gazetteer) -> tuple[Peer, ...]:
    """The peers that are installed here."""
    makers = {"geotext": _geotext, "flashgeotext": _flashgeotext}
    return tuple(
        Peer(name, make(gazetteer)) for name, make in makers.items() if importlib.util.find_spec(name) is not None
    )


def _geotext(_: Gazetteer) -> Callable[[str], frozenset[str]]:
    reader: Any = importlib.import_module("geotext").GeoText

    def countries(text: str) -> frozenset[str]:
        return frozenset(code.lower() for code in reader(_spoken(text)).country_mentions)

    return countries


def _flashgeotext(gazetteer: Gazetteer) -> Callable[[str], frozenset[str]]:
    reader: Any = importlib.import_module("flashgeotext.geotext").GeoText()

    def countries(text: str) -> frozenset[str]:
        names = reader.extract(input_text=_spoken(text))["countries"]
        return frozenset(place.id for name in names for place in gazetteer.find(name) if place.parent is None)

    return countries


def _spoken(text: str) -> str:
    return _SHOUTED.sub(lambda match: match.group().capitalize(), text)
