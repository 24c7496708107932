"""The map of North Korea's provinces: the numbers of the facet, drawn.

`province_map` gives a `Province` for each shape of `data/north_korea.json`, shaded on at most five steps by its count.
The steps are even on a logarithmic scale, as counts of news are: a capital has a hundred times what a village has. To
draw the shapes anew, see `draw_map`.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from service.pages.addresses import search_address
from service.pages.choices import toggled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from search.facets import FacetValue
    from service.pages.choices import Names
    from service.params import SearchParams

STEPS: Final = 5
_LABEL_LEFT_OF: Final = 480
"""Labels of points this far right are written to the left of them, so as not to leave the drawing."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A place as drawn: an SVG path (empty for a mere point), its middle, and what lies next to it each way."""

    id: str
    x: int
    y: int
    is_point: bool
    path: str
    near: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Drawing:
    """All shapes, in a box of this size."""

    width: int
    height: int
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Province:
    """A shape with its number. `step` is 0 for none and up to 5; `address` chooses it, or drops it if it is chosen.

    `holds_chosen` if a place within it is chosen.
    """

    shape: Shape
    name: str
    count: int
    step: int
    is_chosen: bool
    holds_chosen: bool
    address: str

    @property
    def label_is_left(self) -> bool:
        """Whether a point's name stands to the left of it."""
        return self.shape.x > _LABEL_LEFT_OF


@dataclass(frozen=True, slots=True)
class Key:
    """What a shade stands for: counts from `low` to `high`."""

    step: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class ProvinceMap:
    """The map: shapes before points, so that points are on top. `most` is the place with the highest count."""

    width: int
    height: int
    provinces: tuple[Province, ...]
    keys: tuple[Key, ...]

    @property
    def by_count(self) -> tuple[Province, ...]:
        """The provinces, largest count first, for the table."""
        return tuple(sorted(self.provinces, key=lambda province: (-province.count, province.name)))


@cache
def load_drawing() -> Drawing:
    """The shapes that come with Dateline."""
    file = resources.files("service.pages").joinpath("data/north_korea.json")
    drawn = json.loads(file.read_text(encoding="utf-8"))
    return Drawing(drawn["width"], drawn["height"], tuple(Shape(**row) for row in drawn["places"]))


def province_map(values: Iterable[FacetValue], params: SearchParams, names: Names) -> ProvinceMap | None:
    """The map of a region facet's values; None if none of them is on it."""
    counts = dict(_counts(values))
    drawing = load_drawing()
    shown = {shape.id: counts.get(shape.id, 0) for shape in drawing.shapes}
    if not any(shown.values()) and not set(params.region) & shown.keys():
        return None
    bounds = step_bounds(max(shown.values()))
    holding = {label.id for chosen in params.region for label in names.path("region", chosen)[:-1]}
    return ProvinceMap(
        width=drawing.width,
        height=drawing.height,
        provinces=tuple(
            Province(
                shape=shape,
                name=names.name("region", shape.id),
                count=shown[shape.id],
                step=step_of(shown[shape.id], bounds),
                is_chosen=shape.id in params.region,
                holds_chosen=shape.id in holding,
                address=search_address(toggled(params, "region", shape.id, names)),
            )
            for shape in sorted(drawing.shapes, key=lambda shape: shape.is_point)
        ),
        keys=tuple(
            Key(step_of(high, bounds), low, high)
            for low, high in zip((1, *(b + 1 for b in bounds)), bounds, strict=False)
        ),
    )


def _counts(values: Iterable[FacetValue]) -> Iterable[tuple[str, int]]:
    for value in values:
        yield value.id, value.count
        yield from _counts(value.children)


def step_bounds(most: int) -> tuple[int, ...]:
    """The highest count of each shade, up to `most`: at most five, evenly spaced by ratio.

    >>> step_bounds(2), step_bounds(1000)
    ((1, 2), (4, 16, 63, 251, 1000))
    """
    return tuple(sorted({max(1, round(most ** (step / STEPS))) for step in range(1, STEPS + 1)})) if most else ()


def step_of(count: int, bounds: tuple[int, ...]) -> int:
    """The shade of a count: 0 for none; the last bound has the darkest, however few bounds there are."""
    return round((bisect_left(bounds, count) + 1) * STEPS / len(bounds)) if count else 0
