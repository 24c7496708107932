"""Days as ordinals: every document has one for its exact interval of days, `DayIntervals` says which it is.

Filters, orders and histograms look at the intervals that occur, of which there are far fewer than documents.
Ordinal 0 is no date at all.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING, Final, assert_never

import numpy as np

from search.engine import MAX_BUCKETS, DateFilter, DateMatch, Interval, Sort

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from index.compiled import I64, U8, U32

DENSE: Final = 2**24
"""Up to so many possible intervals they are found by a table rather than by sorting."""


class DayIntervals:
    """The distinct intervals of days. `first`, `last` int64: days as ordinals of the calendar; 0 for no date."""

    def __init__(self, first: I64, last: I64) -> None:
        self.first = first
        self.last = last
        self.first_days = lru_cache(maxsize=None)(self._first_days)
        self.units = lru_cache(maxsize=None)(self._units)
        self.order = lru_cache(maxsize=None)(self._order)
        self.accepting = lru_cache(maxsize=64)(self._accepting)

    def __len__(self) -> int:
        return len(self.first)

    def _accepting(self, wanted: DateFilter) -> U8:
        """For each interval, whether a filter lets it through. One without a date never is."""
        start = wanted.start.toordinal() if wanted.start else 1
        end = wanted.end.toordinal() if wanted.end else dt.date.max.toordinal()
        match wanted.match:
            case DateMatch.POSSIBLE:
                accepted = (self.first <= end) & (start <= self.last)
            case DateMatch.CERTAIN:
                accepted = (start <= self.first) & (self.last <= end)
            case _:
                assert_never(wanted.match)
        accepted[0] = False
        return accepted.astype(np.uint8)

    def _order(self, sort: Sort) -> I64:
        """For each interval the key to sort by, larger first; empty for relevance."""
        match sort:
            case Sort.RELEVANCE:
                return np.zeros(0, np.int64)
            case Sort.NEWEST:
                ranked = np.lexsort((self.first, self.last))
            case Sort.OLDEST:
                ranked = np.lexsort((-self.last, -self.first))
            case _:
                assert_never(sort)
        keys = np.empty(len(self), np.int64)
        keys[ranked] = np.arange(1, len(self) + 1)
        keys[0] = 0
        return keys

    def _units(self, interval: Interval) -> I64:
        """The numbers of the calendar units of each interval's first and last day: int64 (intervals, 2)."""
        days = np.stack([self.first, self.last], axis=1)
        if interval is Interval.DAY:
            return days
        # Years and months of NumPy count from 1970
        dates = (np.maximum(days, 1) - _EPOCH).astype("datetime64[D]")
        if interval is Interval.YEAR:
            return dates.astype("datetime64[Y]").astype(np.int64) + _EPOCH_YEAR
        return dates.astype("datetime64[M]").astype(np.int64) + _EPOCH_YEAR * 12

    def _first_days(self, interval: Interval) -> tuple[int, tuple[dt.date, ...]]:
        """The first days of the calendar units of the archive, as far as a facet counts them, and the first unit."""
        units = self.units(interval)[1:]
        first = int(units.min(initial=2**40)) if len(units) else 0
        last = min(int(units.max(initial=0)), first + MAX_BUCKETS) if len(units) else -1
        return first, tuple(interval.first_day(unit) for unit in range(first, last + 1))

    def first_days_from(self, interval: Interval, unit: int, count: int) -> tuple[dt.date, ...]:
        """The first days of so many calendar units from a unit on."""
        first, days = self.first_days(interval)
        if unit + count - first <= len(days):
            return days[unit - first : unit - first + count]
        return tuple(interval.first_day(number) for number in range(unit, unit + count))


_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_EPOCH_YEAR: Final = 1970


def intervals_from_days(first: I64, last: I64, ordinals: NDArray[np.uint32]) -> DayIntervals:
    """The intervals that occur. Fills in `ordinals` uint32 (documents), the interval of each document."""
    dated = first != 0
    lowest = int(first.min(where=dated, initial=2**40)) if dated.any() else 0
    longest = int((last - first).max(where=dated, initial=0)) + 1
    shortest = int((last - first).min(where=dated, initial=0))
    width = longest - shortest + 1
    keys: I64 = np.where(dated, (first - lowest) * width + (last - first - shortest) + 1, 0)
    highest = int(keys.max(initial=0))
    if highest < DENSE:
        occurs = np.zeros(highest + 1, np.bool_)
        occurs[keys] = True
        occurs[0] = True
        numbers: U32 = (np.cumsum(occurs) - 1).astype(np.uint32)
        ordinals[:] = numbers[keys]
        distinct: I64 = np.flatnonzero(occurs)
    else:
        distinct, inverse = np.unique(np.concatenate([np.zeros(1, np.int64), keys]), return_inverse=True)
        ordinals[:] = inverse[1:]
    starts = (distinct - 1) // width + lowest
    ends = starts + (distinct - 1) % width + shortest
    starts[0] = ends[0] = 0
    return DayIntervals(starts, ends)
