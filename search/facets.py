"""From exact counts to what readers are shown: names, the tree of places, the largest first, selected ones always.

`facet_from_counts` takes an engine's `ValueCounts` and the labels of the generation and gives a `ValueFacetView`: a
forest of `FacetValue`s, at most `size` of them besides their ancestors and the selected ones. Counts pass through
untouched: a parent's count is the engine's number of distinct articles, never a sum. A selected value that no match has
is there with 0, so that it can be deselected.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from search.engine import Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from index.document import Label
    from search.engine import DateCounts, ValueCounts


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value with its exact count. `path` runs from the widest place to itself; a value that is no place is alone."""

    id: str
    path: tuple[str, ...]
    count: int
    selected: bool
    children: tuple[FacetValue, ...] = ()

    @property
    def name(self) -> str:
        """What readers are shown."""
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class ValueFacetView:
    """A facet of values. `total_values` counts all values that any match has, shown or not."""

    values: tuple[FacetValue, ...]
    total_values: int
    missing: int


@dataclass(frozen=True, slots=True)
class DateFacetView:
    """A date histogram: (first day of the unit, count)."""

    interval: Interval
    buckets: tuple[tuple[dt.date, int], ...]
    missing: int


def facet_from_counts(
    counts: ValueCounts,
    labels: Mapping[str, tuple[Label, ...]],
    *,
    selected: Collection[str],
    size: int,
    accepted: Collection[str] | None = None,
) -> ValueFacetView:
    """The `size` largest accepted values and every selected one, as a forest, each under its ancestors.

    `accepted` are ids of values; without it all are accepted. What is selected and has no label is none of the archive.
    """
    counted = dict(counts.values)
    kept = counted if accepted is None else {value: count for value, count in counted.items() if value in accepted}
    chosen = {value for value in selected if value in labels and (accepted is None or value in accepted)}
    none_have = sorted(label.id for value in chosen - counted.keys() for label in labels[value])
    known = counted | {value: 0 for value in none_have if value not in counted}
    shown = {*islice(kept, size), *chosen}
    with_ancestors = {label.id for value in shown for label in labels[value] if label.id in known}
    ordered = [value for value in known if value in with_ancestors]
    return ValueFacetView(
        values=_forest(ordered, known, labels, selected),
        total_values=len(kept),
        missing=counts.missing,
    )


def _forest(
    ordered: Sequence[str],
    counts: Mapping[str, int],
    paths: Mapping[str, tuple[Label, ...]],
    selected: Collection[str],
) -> tuple[FacetValue, ...]:
    """The values as trees, siblings in the given order."""
    children: dict[str | None, list[str]] = {}
    for value in ordered:
        ancestors = [label.id for label in paths[value][:-1] if label.id in counts]
        children.setdefault(ancestors[-1] if ancestors else None, []).append(value)

    def found(value: str, below: tuple[FacetValue, ...]) -> FacetValue:
        return FacetValue(
            id=value, path=_names(paths[value]), count=counts[value], selected=value in selected, children=below
        )

    return _grown(None, children, found)


def _grown(
    parent: str | None,
    children: Mapping[str | None, Sequence[str]],
    found: Callable[[str, tuple[FacetValue, ...]], FacetValue],
) -> tuple[FacetValue, ...]:
    """The trees below a value. A function within another, if it calls itself, is a cycle with all that it refers to."""
    return tuple([found(value, _grown(value, children, found)) for value in children.get(parent, ())])


def _names(path: tuple[Label, ...]) -> tuple[str, ...]:
    return tuple([label.name for label in path])


def date_facet_from_counts(counts: DateCounts, interval: Interval) -> DateFacetView:
    """A histogram, as counted."""
    return DateFacetView(interval=interval, buckets=counts.buckets, missing=counts.missing)
