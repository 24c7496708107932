"""From exact counts to what readers are shown: names, the tree of places, the largest first, selected ones always.

`facet_from_counts` takes an engine's `ValueCounts` and the labels of the generation and gives a `ValueFacetView`: a
forest of `FacetValue`s, at most `size` of them besides their ancestors and the selected ones. Counts pass through
untouched: a parent's count is the engine's number of distinct articles, never a sum.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.analysis import terms
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
    """A facet of values. `total_values` counts all values that any article has, shown or not."""

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
    accept: Callable[[tuple[str, ...]], bool] = lambda _path: True,
) -> ValueFacetView:
    """The `size` largest accepted values and every selected one, as a forest, each under its ancestors."""
    known = dict(counts.values)
    paths = {value: labels[value] for value in known}
    accepted = [value for value in known if accept(tuple(label.name for label in paths[value]))]
    shown = dict.fromkeys((*accepted[:size], *(value for value in accepted if value in selected)))
    with_ancestors = {label.id for value in shown for label in paths[value] if label.id in known}
    ordered = [value for value in known if value in with_ancestors]
    return ValueFacetView(
        values=_forest(ordered, known, paths, selected),
        total_values=len(accepted),
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

    def grow(parent: str | None) -> tuple[FacetValue, ...]:
        return tuple(
            FacetValue(
                id=value,
                path=tuple(label.name for label in paths[value]),
                count=counts[value],
                selected=value in selected,
                children=grow(value),
            )
            for value in children.get(parent, ())
        )

    return grow(None)


def named_like(words: str) -> Callable[[tuple[str, ...]], bool]:
    """Accepts values whose own name has a word beginning with each of the words. Nothing asked accepts all."""
    wanted = terms(words)

    def accept(path: tuple[str, ...]) -> bool:
        have = terms(path[-1])
        return all(any(term.startswith(want) for term in have) for want in wanted)

    return accept


def date_facet_from_counts(counts: DateCounts, interval: Interval) -> DateFacetView:
    """A histogram, as counted."""
    return DateFacetView(interval=interval, buckets=counts.buckets, missing=counts.missing)
