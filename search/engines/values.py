"""Keyword fields as ordinals: every document has one for the exact set of values it has.

`SegmentSets` says which sets there are in one segment, and stays with the segment as long as it is open. `ValueSets` is
all of them, segment after segment, with one numbering of values; it is put together anew for each index. To count
values, sets are counted, and then the values of the sets that occurred; to filter by values, sets are accepted or
refused (`accepting`). Regions are kept with their roles; `in_roles` is what is left of them for the roles of a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final

import numpy as np

from index.compiled import I64, U8
from index.fields import region_from_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from index.codec.inverted import InvertedArrays
    from index.document import Role

ROLES_REMEMBERED: Final = 8
"""Choices of roles whose sets are remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class SegmentSets:
    """The sets of values of a field in one segment. `names`: the values, ascending, by their number `numbers`.

    Set i has the values from `at[i]` to `at[i + 1]`: `at` int64 (sets + 1), `values` int64, ascending in each set. Sets
    may be equal. `by_value` int64, `by_value_at` int64 (names + 1): the inverse, the sets that have each value.
    """

    names: tuple[str, ...]
    numbers: Mapping[str, int]
    at: I64
    values: I64
    by_value: I64
    by_value_at: I64

    def __len__(self) -> int:
        return len(self.at) - 1

    def having(self, name: str) -> I64:
        """The sets that have a value."""
        number = self.numbers.get(name)
        if number is None:
            return self.by_value[:0]
        return self.by_value[self.by_value_at[number] : self.by_value_at[number + 1]]


def sets_from_members(names: Sequence[str], owners: I64, values: I64, sets: int) -> SegmentSets:
    """Sets from pairs: `owners` int64 the number of a set, `values` int64 a place in `names`; pairs may repeat."""
    pairs = np.sort(owners * max(len(names), 1) + values)  # far faster than NumPy's `unique`, which hashes
    pairs = pairs[np.diff(pairs, prepend=-1) != 0]
    owners, values = pairs // max(len(names), 1), pairs % max(len(names), 1)
    return _sets(names, owners, values, np.searchsorted(owners, np.arange(sets + 1)).astype(np.int64))


def sets_from_segment(inverted: InvertedArrays, field: str) -> SegmentSets:
    """The sets of a field of a segment; only the empty one if it doesn't have the field."""
    found = inverted.sets(field) if field in inverted.fields else None
    if found is None:
        return sets_from_members((), np.zeros(0, np.int64), np.zeros(0, np.int64), 1)
    _, set_at, members = found
    at: I64 = set_at.astype(np.int64)
    arrays = inverted.fields[field]
    names = [arrays.term(number).decode() for number in range(arrays.size)]
    owners = np.repeat(np.arange(len(at) - 1, dtype=np.int64), np.diff(at))
    return _sets(names, owners, members.astype(np.int64), at)


def _sets(names: Sequence[str], owners: I64, values: I64, at: I64) -> SegmentSets:
    """Sets of the pairs that `sets_from_members` takes, each once and ascending; `at` is where each set's begin."""
    order = np.argsort(values, kind="stable")
    return SegmentSets(
        names=tuple(names),
        numbers={name: number for number, name in enumerate(names)},
        at=at,
        values=values,
        by_value=owners[order],
        by_value_at=np.searchsorted(values[order], np.arange(len(names) + 1)).astype(np.int64),
    )


def sets_in_roles(tagged: SegmentSets, roles: frozenset[Role]) -> SegmentSets:
    """The same sets of the regions alone that have one of some roles."""
    regions = [region_from_value(name) for name in tagged.names]
    names = sorted({region for region, role in regions if role in roles})
    places = {name: place for place, name in enumerate(names)}
    place_of = np.array([places[region] if role in roles else -1 for region, role in regions], np.int64)
    owners = np.repeat(np.arange(len(tagged), dtype=np.int64), np.diff(tagged.at))
    values = place_of[tagged.values] if len(place_of) else tagged.values
    return sets_from_members(names, owners[values >= 0], values[values >= 0], len(tagged))


class ValueSets:
    """The sets of values of one field of all segments, one segment's behind the other's.

    `names`: the values, ascending; set i has those from `at[i]` to `at[i + 1]`: `at` int64 (sets + 1), `values` int64,
    places in `names`. `bases`: where the sets of each segment begin.
    """

    def __init__(self, parts: Sequence[SegmentSets]) -> None:
        self._parts = tuple(parts)
        self.names: tuple[str, ...] = tuple(sorted(set().union(*(part.names for part in parts))))
        numbers = {name: number for number, name in enumerate(self.names)}
        self.bases = _starts([len(part) for part in parts])
        ends = _starts([len(part.values) for part in parts])
        self.at: I64 = np.concatenate(
            [*(part.at[:-1] + end for part, end in zip(parts, ends, strict=False)), ends[-1:]]
        )
        places = [np.array([numbers[name] for name in part.names], np.int64) for part in parts]
        own = [place[part.values] if len(place) else part.values for place, part in zip(places, parts, strict=True)]
        self.values: I64 = np.concatenate([np.zeros(0, np.int64), *own])

    def __len__(self) -> int:
        return len(self.at) - 1

    def accepting(self, any_of: Iterable[str], none_of: Iterable[str] = ()) -> U8:
        """For each set: whether it has at least one of `any_of`, unless that is empty, and none of `none_of`."""
        wanted = tuple(any_of)
        accepted = np.zeros(len(self), np.uint8) if wanted else np.ones(len(self), np.uint8)
        for name in wanted:
            self._set(accepted, name, 1)
        for name in none_of:
            self._set(accepted, name, 0)
        return accepted

    def _set(self, accepted: U8, name: str, value: int) -> None:
        for base, part in zip(self.bases.tolist(), self._parts, strict=False):
            having = part.having(name)
            if len(having):
                accepted[base + having] = value


def _starts(counts: Sequence[int]) -> I64:
    """Where each of the things counted begins, and all of them end."""
    return np.cumsum([0, *counts], dtype=np.int64)


class RegionSets:
    """The sets of regions for each choice of roles. Remembers a few. `parts`: of each segment, by roles."""

    def __init__(self, parts: Sequence[Callable[[frozenset[Role]], SegmentSets]]) -> None:
        self.in_roles = lru_cache(maxsize=ROLES_REMEMBERED)(partial(_sets_of_parts, tuple(parts)))


def _sets_of_parts(parts: Iterable[Callable[[frozenset[Role]], SegmentSets]], roles: frozenset[Role]) -> ValueSets:
    return ValueSets([part(roles) for part in parts])
