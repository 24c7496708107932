"""What was counted of each ordinal as the counts of the contract: of values, and of calendar units."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

import numpy as np

from search.engine import MAX_BUCKETS, DateCounts, DateFacet, DateMatch, ValueCounts, ValueFacet
from search.engines.kernels_matching import Tally, span_of_days, tally_days, tally_values
from search.engines.plans import COLUMN_OF
from search.engines.segments import DAYS
from search.errors import TooManyBuckets

if TYPE_CHECKING:
    from index.compiled import I64
    from search.engine import Facet
    from search.engines.days import DayIntervals
    from search.engines.evaluation import Scratch
    from search.engines.values import ValueSets

_LOW_HALF = 0xFFFFFFFF
_MOST = 0x7FFFFFFF


def column_of(facet: Facet) -> int:
    """The column that a facet counts."""
    match facet:
        case ValueFacet(field):
            return COLUMN_OF[field]
        case DateFacet():
            return DAYS
        case _:
            assert_never(facet)


def count_values(sets: ValueSets, column: int, scratch: Scratch) -> ValueCounts:
    """The counts of values, from what a search has counted of their sets."""
    start, many = int(scratch.starts[column]), int(scratch.state[Tally.TOUCHED + column])
    found, missing = tally_values(
        scratch.counts, scratch.touched, start, many, sets.at, sets.values, scratch.tally, scratch.out
    )
    ordered = scratch.out[:found]
    ordered.sort()
    values = map(sets.names.__getitem__, (ordered & _LOW_HALF).tolist())
    return ValueCounts(tuple(zip(values, (_MOST - (ordered >> 32)).tolist(), strict=True)), missing)


def count_days(facet: DateFacet, days: DayIntervals, scratch: Scratch) -> DateCounts:
    """The counts of calendar units. Raises `TooManyBuckets`."""
    start, many = int(scratch.starts[DAYS]), int(scratch.state[Tally.TOUCHED + DAYS])
    units, certain = days.units(facet.interval), facet.match is DateMatch.CERTAIN
    first, last = span_of_days(scratch.touched, start, many, units, certain)
    buckets = last - first + 1
    if buckets > MAX_BUCKETS:
        raise TooManyBuckets(facet.interval, allowed=MAX_BUCKETS, found=buckets)
    totals: I64 = np.zeros(buckets + 1, np.int64)
    missing = tally_days(scratch.counts, scratch.touched, start, many, units, certain, first, totals)
    first_of_each = days.first_days_from(facet.interval, first, buckets)
    return DateCounts(tuple(zip(first_of_each, totals[:buckets].tolist(), strict=True)), missing)
