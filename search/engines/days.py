"""Days as ordinals: every document has one for its exact interval of days, numbered in each segment from 0, no date.

`intervals_from_days` numbers those of a segment; `DayIntervals` is those of all segments, one segment's behind the
other's. Filters, orders and histograms look at the intervals that occur, of which there are far fewer than documents.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, assert_never

import numpy as np

from search.engine import MAX_BUCKETS, DateFilter, DateMatch, Interval, Sort

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from index.compiled import F64, I64, U8, U32
    from search.engine import Recency

DENSE: Final = 2**24
"""Up to so many possible intervals they are found by a table rather than by sorting."""


class DayIntervals:
    """Intervals of days. `first`, `last` int64: days as ordinals of the calendar; 0 for no date. Some may be equal."""

    def __init__(self, first: I64, last: I64) -> None:
        self.first = first
        self.last = last
        # Not methods that are remembered: those would hold this object, and it them
        self.units = lru_cache(maxsize=None)(partial(_units, first, last))
        self.order = lru_cache(maxsize=None)(partial(_order, first, last))
        self.accepting = lru_cache(maxsize=64)(partial(_accepting, first, last))
        self.decay = lru_cache(maxsize=16)(partial(_decay, first, last))
        self._span = lru_cache(maxsize=None)(partial(_span, self.units))

    def __len__(self) -> int:
        return len(self.first)

    def first_days_from(self, interval: Interval, unit: int, count: int) -> tuple[dt.date, ...]:
        """The first days of so many calendar units from a unit on."""
        first, last = self._span(interval)
        if unit + count - 1 > last:
            return _first_days(interval, unit, unit + count)
        days = _first_days(interval, first, last + 1)
        return days[unit - first : unit - first + count]


def _accepting(first: I64, last: I64, wanted: DateFilter) -> U8:
    """For each interval, whether a filter lets it through. One without a date never is."""
    start = wanted.start.toordinal() if wanted.start else 1
    end = wanted.end.toordinal() if wanted.end else dt.date.max.toordinal()
    match wanted.match:
        case DateMatch.POSSIBLE:
            accepted = (first <= end) & (start <= last)
        case DateMatch.CERTAIN:
            accepted = (start <= first) & (last <= end)
        case _:
            assert_never(wanted.match)
    accepted[first == 0] = False
    return accepted.astype(np.uint8)


def _order(first: I64, last: I64, sort: Sort) -> I64:
    """For each interval the key to sort by, larger first, equal for equal ones; empty for relevance."""
    match sort:
        case Sort.RELEVANCE:
            return np.zeros(0, np.int64)
        case Sort.NEWEST:
            ranked = np.lexsort((first, last))
        case Sort.OLDEST:
            ranked = np.lexsort((-last, -first))
        case _:
            assert_never(sort)
    differs = (np.diff(first[ranked]) != 0) | (np.diff(last[ranked]) != 0)
    keys = np.empty(len(first), np.int64)
    keys[ranked] = np.cumsum(np.concatenate([np.ones(min(len(first), 1), np.bool_), differs]))
    keys[first == 0] = 0
    return keys


def _decay(first: I64, last: I64, recency: Recency) -> F64:
    """For each interval what scores are multiplied by."""
    days, places = np.unique(np.where(first == 0, 0, last), return_inverse=True)
    factors: F64 = np.array([recency.factor(day or None) for day in days.tolist()], np.float64)
    return factors[places]


def _units(first: I64, last: I64, interval: Interval) -> I64:
    """The numbers of the calendar units of each interval's first and last day: int64 (intervals, 2); -1 for no date."""
    days = np.stack([first, last], axis=1)
    undated = first == 0
    if interval is not Interval.DAY:
        # Years and months of NumPy count from 1970
        dates = (np.maximum(days, 1) - _EPOCH).astype("datetime64[D]")
        if interval is Interval.YEAR:
            days = dates.astype("datetime64[Y]").astype(np.int64) + _EPOCH_YEAR
        else:
            days = dates.astype("datetime64[M]").astype(np.int64) + _EPOCH_YEAR * 12
    days[undated] = -1
    return days


def _span(units: Callable[[Interval], I64], interval: Interval) -> tuple[int, int]:
    """The first and the last calendar unit of the archive, as far as a facet counts them."""
    found = units(interval)
    dated = found[found[:, 0] >= 0]
    if not len(dated):
        return 0, -1
    first = int(dated.min())
    return first, min(int(dated.max()), first + MAX_BUCKETS)


@lru_cache(maxsize=16)
def _first_days(interval: Interval, first: int, end: int) -> tuple[dt.date, ...]:
    """The first days of calendar units: remembered beyond an index, as the next one's are mostly the same."""
    return tuple(interval.first_day(unit) for unit in range(first, end))


_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_EPOCH_YEAR: Final = 1970


def intervals_from_days(first: I64, last: I64, ordinals: NDArray[np.uint32]) -> tuple[I64, I64]:
    """The intervals that occur: first and last days, ascending, no date before them.

    Fills in `ordinals` uint32 (documents), the interval of each document.
    """
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
    return starts, ends
