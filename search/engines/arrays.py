"""The default engine: compiled loops over the arrays that the index is made of.

`ArraysEngine` answers requests. `plans` says what is to be done with a query; `_Search` does it, segment by segment:
posting lists go through `kernels_lists`, phrases through `kernels_placed`, anything else is worked out as sets of
documents (`kernels_sets`), and every match is handed to `kernels_matching.collect`, which filters, counts and keeps the
best. What is counted is made readable by `counting`. Nothing is decoded or counted that the answer doesn't need.

Kernels let other threads run; what they write to is a `Scratch` of the calling thread's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from search.engine import DateFacet, Match, Matches
from search.engines.counting import column_of, count_days, count_values
from search.engines.evaluation import NO_FACETS, NO_MASK, NO_TESTS, Evaluation, Scratches, groups_in
from search.engines.kernels_lists import search_list
from search.engines.kernels_matching import STRICT, Tally, collect_all, collect_found, sort_heap
from search.engines.mapped import DAYS, MappedIndex
from search.engines.plans import COLUMN_OF, NAME, NOTHING, Planner, conjunction_of
from search.engines.refusing import refuse_unknown_fields
from search.engines.values import RegionSets
from search.errors import EngineClosed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from index.compiled import F64, I64, U8
    from search.engine import Facet, FacetCounts, SearchRequest
    from search.engines.kernels_matching import Into
    from search.engines.mapped import MappedSegment
    from search.engines.plans import Accepted, Conjunction


class ArraysEngine:
    """Answers from the index in a folder. Safe to use from many threads, and from processes forked after opening.

    Raises `DamagedGeneration` if the folder holds no index that can be read.
    """

    def __init__(self, folder: Path, generation: str) -> None:
        self._generation = generation
        self._opened: _Opened | None = _Opened(MappedIndex(folder))

    @property
    def generation(self) -> str:
        """The id of the generation it answers from."""
        return self._generation

    def search(self, request: SearchRequest) -> Matches:
        """Answer a request. Raises `TooManyExpansions`, `TooManyBuckets`, `UnsupportedQuery` or `EngineClosed`."""
        opened = self._opened
        if opened is None:
            raise EngineClosed(f"generation {self._generation} is closed")
        refuse_unknown_fields(NAME, request)
        return _Search(opened, request).run(self._generation)

    def close(self) -> None:
        """Let go of files and memory; searches under way hold them until they are done."""
        self._opened = None


class _Opened:
    """An open index, and what threads share to search it."""

    def __init__(self, index: MappedIndex) -> None:
        self.index = index
        self.regions = RegionSets(index.values["region"])
        self.scratches = Scratches(index)


class _Search:
    """One request on its way through the segments."""

    def __init__(self, opened: _Opened, request: SearchRequest) -> None:
        self._index = opened.index
        self._request = request
        self._scratch = opened.scratches.own
        self._sets = opened.index.values | {"region": opened.regions.in_roles(request.roles)}
        self._k = min(request.offset + request.limit, opened.index.size)

    def run(self, generation: str) -> Matches:
        """The answer."""
        request, scratch = self._request, self._scratch
        plan = Planner(self._index, request, self._sets).plan(request.query)
        scratch.begin()
        keys, serials, scores = heap = scratch.heap(self._k)
        if plan is not NOTHING:
            self._collect(conjunction_of(plan), heap)
        held = int(scratch.state[Tally.HELD])
        sort_heap(keys, serials, scores, held)
        page = slice(request.offset, held)
        return Matches(
            total=int(scratch.state[Tally.TOTAL]),
            top=tuple(map(Match, serials[page].tolist(), scores[page].tolist())),
            facets={facet: self._count(facet) for facet in request.facets},
            generation=generation,
        )

    def _count(self, facet: Facet) -> FacetCounts:
        if isinstance(facet, DateFacet):
            return count_days(facet, self._index.days, self._scratch)
        return count_values(self._sets[facet.field], column_of(facet), self._scratch)

    def _collect(self, conjunction: Conjunction, heap: tuple[I64, I64, F64]) -> None:
        """Hand every match to `collect`."""
        evaluation = Evaluation(self._index, self._scratch)
        into = self._into(conjunction, evaluation, heap)
        if not conjunction.groups and not conjunction.found:
            collect_all(0, self._index.size, self._k, into)
            return
        for segment in self._index.segments:
            if conjunction.groups:
                self._collect_groups(conjunction, segment, evaluation, into)
            else:
                docs, scores = evaluation.all_found(conjunction.found, segment)
                collect_found(docs, scores, segment.offset, self._k, into)

    def _collect_groups(
        self, conjunction: Conjunction, segment: MappedSegment, evaluation: Evaluation, into: Into
    ) -> None:
        if conjunction.is_one_list:
            [(listed, weight)] = conjunction.groups[0].lists
            row = listed.rows[segment.number]
            if row is not None:
                search_list(segment.arrays, row, weight, listed.idf, self._index.norms, self._k, into)
            return
        groups = groups_in(conjunction.groups, segment)
        if groups is None:
            return
        given = evaluation.all_found(conjunction.found, segment) if conjunction.found else None
        evaluation.search_groups(groups, segment, given, self._k, into)

    def _into(self, conjunction: Conjunction, evaluation: Evaluation, heap: tuple[I64, I64, F64]) -> Into:
        index, scratch = self._index, self._scratch
        tests, passes = self._tests(conjunction.tests)
        columns = dict.fromkeys(map(column_of, self._request.facets))
        facets = np.array([(column, scratch.starts[column]) for column in columns], np.int64) if columns else NO_FACETS
        masks = [evaluation.marks(part) for part in conjunction.masks]
        if len(index.live):
            masks.append(index.live)
        return (
            np.bitwise_and.reduce(masks) if masks else NO_MASK, index.columns, index.serials, tests, passes, facets,
            index.days.order(self._request.sort), scratch.counts, scratch.touched, *heap, scratch.state,
        )  # fmt: skip

    def _tests(self, strict: Iterable[Accepted]) -> tuple[I64, U8]:
        """The request's filters and the query's tests, as `collect` takes them."""
        request = self._request
        tests = [(test.column, test.accepted, STRICT) for test in strict]
        for wanted in request.filters:
            column = COLUMN_OF[wanted.field]
            tests.append((column, self._sets[wanted.field].accepting(wanted.any_of, wanted.none_of), 1 << column))
        if request.dates is not None:
            tests.append((DAYS, self._index.days.accepting(request.dates), 1 << DAYS))
        if not tests:
            return NO_TESTS, NO_MASK
        rows, start = [], 0
        for column, accepted, bit in tests:
            rows.append((column, start, bit))
            start += len(accepted)
        return np.array(rows, np.int64), np.concatenate([accepted for _, accepted, _ in tests])
