"""Places: which there are, what lies in what, and every name each goes by.

`Gazetteer` answers "which places go by this name?" (`find`) and "where does this place lie?" (`path`). It knows
nothing of articles: finding names in running text is `index.extract.region`'s work. The facts are in
`extract/data/places.toml`, with their sources and licences.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from index.analysis import slug
from index.document import Label
from index.errors import DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_KIND = re.compile(
    r"(?:\s+(?:province|city|county|district|prefecture)|-(?:si|gun|do|up|ŭp|eup|guyok))$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place, what it lies in (`parent`, an id) and every spelling it goes by. `kind` is its level (country, city).

    `name` is what readers are shown and is not repeated in `names`. `adjectives` are words made from the name that
    are not the place ("South Korean goods"). `weak` are those of its spellings that are also a person, a word or
    another thing (Jordan, Chad, 개성): in running text they need company that speaks for the place.
    """

    id: str
    name: str
    kind: str
    parent: str | None = None
    names: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    adjectives: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None


class Gazetteer:
    """An immutable set of places. Raises `DataFileError` for ids used twice, missing parents and circles."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.places: Mapping[str, Place] = {}
        by_id: dict[str, Place] = {}
        by_name: dict[str, dict[str, None]] = defaultdict(dict)
        for place in places:
            if place.id in by_id:
                raise DataFileError("places", place.id, "this id is used twice")
            by_id[place.id] = place
            for name in (place.id, place.name, *place.names):
                by_name[slug(name)].setdefault(place.id)
        self.places = by_id
        self._by_name = {name: tuple(ids) for name, ids in by_name.items()}
        self._paths = {place.id: self._path_of(place) for place in by_id.values()}

    def _path_of(self, place: Place) -> tuple[Label, ...]:
        labels = [Label(place.id, place.name)]
        seen = {place.id}
        while place.parent is not None:
            if place.parent not in self.places:
                raise DataFileError("places", place.id, f"lies in {place.parent!r}, which is not listed")
            if place.parent in seen:
                raise DataFileError("places", place.id, "lies in itself")
            place = self.places[place.parent]
            seen.add(place.id)
            labels.append(Label(place.id, place.name))
        return tuple(reversed(labels))

    def path(self, place_id: str) -> tuple[Label, ...]:
        """The labels from the widest place to this one. Raises `KeyError` for an unknown id."""
        return self._paths[place_id]

    def find(self, name: str) -> tuple[Place, ...]:
        """The places that go by a name: an id, any spelling in any script, or a path (`North Korea > Sinuiju`).

        A word for the kind of place after it is no part of the name (`Ryanggang Province`, `Hyesan-si`).
        Several when the name is ambiguous (Kangwon is a province on both sides of the border), none when unknown.
        """
        *wider, last = (part.strip() for part in name.split(">"))
        within = [{place.id for place in self.find(part)} for part in wider]
        ids = self._by_name.get(slug(last)) or self._by_name.get(slug(_KIND.sub("", last)), ())
        found = (self.places[place_id] for place_id in ids)
        return tuple(place for place in found if self._lies_in_all(place, within))

    def _lies_in_all(self, place: Place, within: list[set[str]]) -> bool:
        ids = {label.id for label in self.path(place.id)}
        return all(ids & wider for wider in within)


def load_gazetteer() -> Gazetteer:
    """The gazetteer that comes with Dateline."""
    with resources.files("index.extract").joinpath("data/places.toml").open("rb") as file:
        rows = tomllib.load(file)["place"]
    return Gazetteer(
        Place(
            id=row["id"],
            name=row["name"],
            kind=row["kind"],
            parent=row.get("in"),
            names=tuple(row.get("names", ())),
            weak=tuple(row.get("weak", ())),
            adjectives=tuple(row.get("adjectives", ())),
            latitude=row.get("lat"),
            longitude=row.get("lon"),
        )
        for row in rows
    )
