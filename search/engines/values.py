"""Keyword fields as ordinals: every document has one for the exact set of values it has, `ValueSets` says which.

To count values, sets are counted, and then the values of the sets that occurred; to filter by values, sets are accepted
or refused (`accepting`). Regions are kept with their roles; `in_roles` is what is left of them for the roles of one
request.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from index.compiled import I64, U8
from index.fields import region_from_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from index.codec.inverted import InvertedArrays
    from index.document import Role

ROLES_REMEMBERED: Final = 8
"""Choices of roles whose sets are remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class ValueSets:
    """The sets of values of one field. `names`: the values, sorted; set i has those from `at[i]` to `at[i + 1]`.

    `at` int64 (sets + 1), `values` int64: places in `names`, ascending in each set. Sets may be equal. The first is
    empty. `by_value` int64, `by_value_at` int64 (names + 1): the inverse, the sets that have each value.
    """

    names: tuple[str, ...]
    numbers: dict[str, int]
    at: I64
    values: I64
    by_value: I64
    by_value_at: I64

    def __len__(self) -> int:
        return len(self.at) - 1

    def accepting(self, any_of: Iterable[str], none_of: Iterable[str] = ()) -> U8:
        """For each set: whether it has at least one of `any_of`, unless that is empty, and none of `none_of`."""
        wanted = tuple(any_of)
        accepted = np.zeros(len(self), np.uint8) if wanted else np.ones(len(self), np.uint8)
        for name in wanted:
            accepted[self._having(name)] = 1
        for name in none_of:
            accepted[self._having(name)] = 0
        return accepted

    def _having(self, name: str) -> I64:
        number = self.numbers.get(name)
        return (
            self.by_value[:0]
            if number is None
            else self.by_value[self.by_value_at[number] : self.by_value_at[number + 1]]
        )


def sets_from_members(names: Sequence[str], owners: I64, values: I64, sets: int) -> ValueSets:
    """Sets from pairs: `owners` int64 the number of a set, `values` int64 a place in `names`; pairs may repeat."""
    pairs = np.unique(owners * max(len(names), 1) + values)
    owners, values = pairs // max(len(names), 1), pairs % max(len(names), 1)
    order = np.argsort(values, kind="stable")
    return ValueSets(
        names=tuple(names),
        numbers={name: number for number, name in enumerate(names)},
        at=np.searchsorted(owners, np.arange(sets + 1)).astype(np.int64),
        values=values,
        by_value=owners[order],
        by_value_at=np.searchsorted(values[order], np.arange(len(names) + 1)).astype(np.int64),
    )


def sets_from_segments(segments: Iterable[tuple[int, InvertedArrays, str]], ordinals: NDArray[np.uint32]) -> ValueSets:
    """The sets of a field of every segment (documents, fields, name), one after the other behind the empty set.

    Fills in `ordinals` uint32 (documents), the set of each document.
    """
    names: list[str] = []
    owners: list[I64] = [np.zeros(0, np.int64)]
    values: list[I64] = [np.zeros(0, np.int64)]
    sets, offset = 1, 0
    for size, inverted, field in segments:
        found = inverted.sets(field) if field in inverted.fields else None
        if found is not None:
            of_document, at, members = found
            ordinals[offset : offset + size] = np.where(of_document == 0, 0, of_document.astype(np.uint32) + (sets - 1))
            ends = at.astype(np.int64)
            counts: I64 = ends[1:] - ends[:-1]
            owners.append(np.repeat(np.arange(len(counts), dtype=np.int64), counts) + (sets - 1))
            values.append(members.astype(np.int64) + len(names))
            arrays = inverted.fields[field]
            names.extend(arrays.term(number).decode() for number in range(arrays.size))
            sets += len(counts) - 1
        offset += size
    distinct = sorted(set(names))
    places = {name: place for place, name in enumerate(distinct)}
    place_of = np.array([places[name] for name in names], np.int64)
    own = np.concatenate(values)
    return sets_from_members(distinct, np.concatenate(owners), place_of[own] if len(own) else own, sets)


class RegionSets:
    """The sets of regions for each choice of roles. Remembers a few."""

    def __init__(self, tagged: ValueSets) -> None:
        self._tagged = tagged
        self._regions = [region_from_value(name) for name in tagged.names]
        self.in_roles = lru_cache(maxsize=ROLES_REMEMBERED)(self._in_roles)

    def _in_roles(self, roles: frozenset[Role]) -> ValueSets:
        names = sorted({region for region, role in self._regions if role in roles})
        places = {name: place for place, name in enumerate(names)}
        place_of = np.array([places[region] if role in roles else -1 for region, role in self._regions], np.int64)
        numbers = np.arange(len(self._tagged.values))
        owners: I64 = np.searchsorted(self._tagged.at, numbers, side="right").astype(np.int64) - 1
        values = place_of[self._tagged.values] if len(place_of) else self._tagged.values
        return sets_from_members(names, owners[values >= 0], values[values >= 0], len(self._tagged))
