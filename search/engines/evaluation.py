"""Working out plans: as posting lists to go through, as sets of documents, or as marks on all of them.

`groups_in` turns terms into what kernels take of a segment. `Evaluation.found` works any plan out in a segment, with
scores; `Evaluation.marks` a silent one, without. `Scratch` is what a thread's kernels write to.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Final, assert_never

import numpy as np

from index.codec.packing import BLOCK
from index.compiled import F64, I64, U8, U32
from index.fields import KEYWORD_FIELDS, TEXT_FIELDS
from search.engines.kernels import ListRow
from search.engines.kernels_lists import search_groups
from search.engines.kernels_matching import Tally, begin
from search.engines.kernels_placed import search_placed
from search.engines.kernels_sets import intersect, mark, unite
from search.engines.plans import Accepted, AllOf, AnyOf, AnyTerm, NoneOf, Placed, Plan, conjunction_of, is_silent
from search.engines.segments import DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from search.engine import Ranking
    from search.engines.kernels_matching import Into
    from search.engines.kernels_sets import Found
    from search.engines.mapped import LiveSegment, MappedIndex

HEAP: Final = 1024
"""Matches of a page that a thread always has room for."""

LISTS: Final = 16
"""Lists that a thread always has room for."""

NO_DOCS: Final[U32] = np.zeros(0, np.uint32)
NO_SCORES: Final[F64] = np.zeros(0, np.float64)
NO_MASK: Final[U8] = np.zeros(0, np.uint8)
NO_TESTS: Final[I64] = np.zeros((0, 3), np.int64)
NO_FACETS: Final[I64] = np.zeros((0, 2), np.int64)
NOT_GIVEN: Final = (NO_DOCS, NO_SCORES)


class Scratch:
    """What the kernels of one thread write to.

    `starts` int64: where each column's ordinals begin in `counts` and `touched` (uint32), which with `state`
    (int64, see `Tally`) hold what was counted last. `tally` int64 (names), always 0 between searches, and `out`.
    """

    def __init__(self, index: MappedIndex) -> None:
        sizes = [*(len(index.values[field]) for field in KEYWORD_FIELDS), len(index.days)]
        names = max(len(sets.names) for sets in index.values.values())
        self.starts: I64 = np.cumsum([0, *sizes[:-1]], dtype=np.int64)
        self.counts: U32 = np.zeros(sum(sizes), np.uint32)
        self.touched: U32 = np.empty(sum(sizes), np.uint32)
        self.state: I64 = np.zeros(int(Tally.TOUCHED) + DAYS + 1, np.int64)
        self.tally: I64 = np.zeros(names, np.int64)
        self.out: I64 = np.empty(names, np.int64)
        self._heap = _heap(HEAP)
        self._cursors = _cursors(LISTS)

    def begin(self) -> None:
        """Forget the last search, however it ended."""
        begin(self.starts, self.counts, self.touched, self.state)

    def heap(self, size: int) -> tuple[I64, I64, F64]:
        """Keys, serials and scores of so many matches."""
        return self._heap if size <= HEAP else _heap(size)

    def cursors(self, lists: int) -> tuple[I64, U32, U32]:
        """What kernels keep of so many lists: where they stand, and a block's documents and frequencies."""
        if lists > len(self._cursors[0]):
            self._cursors = _cursors(2 * lists)
        return self._cursors


def _heap(size: int) -> tuple[I64, I64, F64]:
    return np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.float64)


def _cursors(lists: int) -> tuple[I64, U32, U32]:
    return np.empty((lists, 4), np.int64), np.empty((lists, BLOCK), np.uint32), np.empty((lists, BLOCK), np.uint32)


class Scratches(threading.local):
    """Each thread's scratch: `own`."""

    def __init__(self, index: MappedIndex) -> None:
        self.own = Scratch(index)


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Terms of one segment, group after group, as `search_groups` takes them."""

    rows: I64
    terms: I64
    idfs: F64
    starts: list[int]


def groups_in(groups: Sequence[AnyTerm], segment: LiveSegment) -> Groups | None:
    """The terms of a segment; None if a group has none there, and so nothing matches."""
    rows: list[I64] = []
    idfs: list[float] = []
    starts = [0]
    for group in groups:
        for term in group.terms:
            if term.starts[segment.number] < term.starts[segment.number + 1]:  # a prefix has many that are in few
                rows.append(term.rows_in(segment.number))
                idfs.append(term.idf)
        if len(rows) == starts[-1]:
            return None
        starts.append(len(rows))
    terms = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return Groups(np.concatenate(rows), terms, np.array(idfs), starts)


def weighted_norms(index: MappedIndex, ranking: Ranking) -> F64:
    """The index's norms with the fields' weights in them; a field outside the ranking has 1."""
    weights = dict(ranking.weights)
    norms: F64 = index.norms * np.array([[weights.get(field, 1.0)] for field in TEXT_FIELDS])
    return norms


class Evaluation:
    """Works out the plans of one request. For one thread. `norms`: those of the request's ranking."""

    def __init__(self, scratch: Scratch, norms: F64) -> None:
        self._scratch = scratch
        self._norms = norms

    def found(self, plan: Plan, segment: LiveSegment) -> Found:
        """The documents of a segment that match a plan, deleted ones too, and their scores."""
        match plan:
            case Placed():
                return self._placed(plan, segment)
            case AnyOf(parts):
                return reduce(
                    lambda one, other: unite(*one, *other), [self.found(part, segment) for part in parts], NOT_GIVEN
                )
            case AnyTerm() | AllOf() | Accepted() | NoneOf():
                return self._conjunction(plan, segment)
            case _:
                assert_never(plan)

    def all_found(self, plans: Sequence[Plan], segment: LiveSegment) -> Found:
        """The documents of a segment that match each of some plans, one at least, and the sums of their scores."""
        first, *rest = [self.found(plan, segment) for plan in plans]
        return reduce(lambda one, other: intersect(*one, *other), rest, first)

    def marks(self, plan: Plan, segment: LiveSegment) -> U8:
        """For each document of a segment, deleted or not, 1 where a silent plan matches."""
        size = segment.mapped.size
        match plan:
            case Accepted(column, accepted):
                return accepted[segment.bases[column] :][segment.mapped.columns[:, column]]
            case NoneOf(part):
                return 1 - (self.marks(part, segment) if is_silent(part) else self._marks_of_found(part, segment))
            case AllOf(parts):
                marks = [self.marks(part, segment) for part in parts]
                return reduce(np.bitwise_and, marks, np.ones(size, np.uint8))
            case AnyOf(parts):
                marks = [self.marks(part, segment) for part in parts]
                return reduce(np.bitwise_or, marks, np.zeros(size, np.uint8))
            case AnyTerm() | Placed():
                return self._marks_of_found(plan, segment)
            case _:
                assert_never(plan)

    def search_groups(self, groups: Groups, segment: LiveSegment, given: Found | None, k: int, into: Into) -> None:
        """Collect the documents that are in all groups, and in `given` if it is given."""
        self._run(groups, segment, given, k, into, NOT_GIVEN)

    def _marks_of_found(self, plan: Plan, segment: LiveSegment) -> U8:
        marks = np.zeros(segment.mapped.size, np.uint8)
        mark(self.found(plan, segment)[0], marks)
        return marks

    def _conjunction(self, plan: Plan, segment: LiveSegment) -> Found:
        conjunction = conjunction_of(plan)
        size = segment.mapped.size
        silent = [self.marks(part, segment) for part in (*conjunction.tests, *conjunction.masks)]
        mask = reduce(np.bitwise_and, silent) if silent else None
        if conjunction.groups:
            docs, scores = self._emitted(conjunction.groups, conjunction.found, segment)
        elif conjunction.found:
            docs, scores = self.all_found(conjunction.found, segment)
        else:
            docs = np.flatnonzero(mask).astype(np.uint32) if mask is not None else np.arange(size, dtype=np.uint32)
            return docs, np.zeros(len(docs), np.float64)
        if mask is None:
            return docs, scores
        kept = mask[docs] != 0
        return docs[kept], scores[kept]

    def _emitted(self, lists: Sequence[AnyTerm], found: Sequence[Plan], segment: LiveSegment) -> Found:
        groups = groups_in(lists, segment)
        if groups is None:
            return NOT_GIVEN
        given = self.all_found(found, segment) if found else None
        first = groups.rows[: groups.terms[groups.starts[1]], 0]
        most = len(given[0]) if given is not None else min(int(first.sum()), segment.mapped.size)
        # With no room at all, matches would be collected
        emit = np.empty(most + 1, np.uint32), np.empty(most + 1, np.float64)
        count = self._run(groups, segment, given, 0, self._nowhere(segment), emit)
        return emit[0][:count], emit[1][:count]

    def _nowhere(self, segment: LiveSegment) -> Into:
        """Where matches would go that are emitted instead."""
        mapped, none = segment.mapped, self._scratch.state[:0]
        return (
            NO_MASK, mapped.columns, mapped.serials, segment.bases, NO_TESTS, NO_MASK, NO_FACETS, none,
            NO_SCORES, self._scratch.counts, self._scratch.touched, none, none, NO_SCORES, self._scratch.state,
        )  # fmt: skip

    def _run(  # noqa: PLR0913, PLR0917 - what the kernel takes
        self, groups: Groups, segment: LiveSegment, given: Found | None, k: int, into: Into, emit: Found
    ) -> int:
        starts = np.array(groups.starts if given is None else [-1, *groups.starts], np.int64)
        return search_groups(
            segment.mapped.arrays, groups.rows, groups.terms, groups.idfs, starts, given or NOT_GIVEN, self._norms, k,
            into, emit, self._scratch.cursors(len(groups.rows)),
        )  # fmt: skip

    def _placed(self, plan: Placed, segment: LiveSegment) -> Found:
        rows = np.concatenate([word.rows_in(segment.number) for word in plan.words])
        if len(rows) < len(plan.words):
            return NOT_GIVEN
        docs = np.empty(int(rows[0, ListRow.COUNT]), np.uint32)
        pattern = np.array(plan.pattern, np.int64)
        count = search_placed(segment.mapped.arrays, rows, pattern, plan.distance, docs)
        return docs[:count], np.zeros(count, np.float64)
