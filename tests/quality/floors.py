"""A ratchet: the scores that must not be fallen below, kept in floors.toml, and raised only when asked.

`check_floors` compares one section of scores with its floors. With DATELINE_FLOORS=raise in the environment it writes
the scores reached wherever they are higher; with DATELINE_FLOORS=reset it writes them all, lower ones too (for the day
that a label turns out wrong: say so in the commit).
"""

from __future__ import annotations

import math
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FLOORS_FILE: Final = Path(__file__).with_name("floors.toml")
ASKED_BY: Final = "DATELINE_FLOORS"
DIGITS: Final = 3
_HEAD: Final = (
    "# Scores of extraction that must not be fallen below (see README.md). Written by the tests: they only rise, with\n"
    "# DATELINE_FLOORS=raise in the environment.\n"
)


def check_floors(section: str, scores: Mapping[str, float], path: Path = FLOORS_FILE) -> tuple[str, ...]:
    """What fell below its floor, as sentences; empty if nothing did. Raises or resets the floors first, if asked to."""
    floors = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    asked = os.environ.get(ASKED_BY, "")
    if asked in ("raise", "reset"):
        floors[section] = moved_floors(floors.get(section, {}), scores, only_up=asked == "raise")
        path.write_text(floors_text(floors), encoding="utf-8")
    floor_of = floors.get(section, {})
    missing = [f"{name} has no floor: run with {ASKED_BY}=raise" for name in scores if name not in floor_of]
    return (*missing, *fallen(floor_of, scores, section))


def fallen(floors: Mapping[str, float], scores: Mapping[str, float], section: str) -> tuple[str, ...]:
    """A sentence for every floor whose score is lower, or is no longer measured."""
    return tuple(
        f"{section} {name} is {scores.get(name, 0.0):.4f}, below its floor {floor}"
        for name, floor in floors.items()
        if scores.get(name, 0.0) < floor
    )


def moved_floors(floors: Mapping[str, float], scores: Mapping[str, float], *, only_up: bool) -> dict[str, float]:
    """The floors after these scores, rounded down."""
    reached = {name: math.floor(score * 10**DIGITS) / 10**DIGITS for name, score in scores.items()}
    if not only_up:
        return reached
    return {**floors, **{name: max(score, floors.get(name, 0.0)) for name, score in reached.items()}}


def floors_text(floors: Mapping[str, Mapping[str, float]]) -> str:
    """The file's text."""
    sections = (
        f'\n["{section}"]\n' + "".join(f"{name} = {floor}\n" for name, floor in values.items())
        for section, values in floors.items()
    )
    return _HEAD + "".join(sections)
