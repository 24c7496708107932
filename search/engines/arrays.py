"""The default engine: compiled loops over the arrays that the index is made of.

`ArraysEngine` answers requests. `plans` says what is to be done with a query; `_Search` does it, segment by segment:
posting lists go through `kernels_lists`, phrases through `kernels_placed`, anything else is worked out as sets of
documents (`kernels_sets`), and every match is handed to `kernels_matching.collect`, which filters, counts and keeps the
best. What is counted is made readable by `counting`. Nothing is decoded or counted that the answer doesn't need.

Kernels let other threads run; what they write to is a `Scratch` of the calling thread's own.
"""

from __future__ import annotations

from functools import lru_cache, partial, reduce
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from index.compiled import F64, I64, U8
from search.budget import spend
from search.engine import ALL_BUT_CAPTION, DateFacet, Match, Matches, SearchRequest, Statistics
from search.engines.counting import column_of, count_days, count_values
from search.engines.evaluation import (
    NO_FACETS,
    NO_MASK,
    NO_SCORES,
    NO_TESTS,
    Evaluation,
    Scratches,
    groups_in,
    weighted_norms,
)
from search.engines.kernels_lists import search_list
from search.engines.kernels_matching import STRICT, Tally, collect_all, collect_found, sort_heap
from search.engines.mapped import MappedIndex
from search.engines.plans import COLUMN_OF, NAME, NOTHING, Planner, conjunction_of
from search.engines.refusing import refuse_unknown_fields
from search.engines.segments import DAYS
from search.errors import EngineClosed
from search.query import Everything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from search.engine import Facet, FacetCounts, Ranking
    from search.engines.evaluation import Groups
    from search.engines.kernels_matching import Into
    from search.engines.mapped import LiveSegment
    from search.engines.plans import Accepted, Conjunction
    from search.query import Query

WITHIN_REMEMBERED: Final = 16
"""Restrictions whose documents are remembered: a byte for each article and restriction."""

RANKINGS_REMEMBERED: Final = 16
"""Choices of weights whose norms are remembered: 8 kB each."""

Asked: TypeAlias = tuple[I64, U8, I64, I64, F64]
"""What `Into` says of the request: `tests`, `passes`, `facets`, `order`, `decay`."""


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
        opened = self._open()
        refuse_unknown_fields(NAME, request)
        return _Search(opened, request).run(self._generation)

    def statistics(self) -> Statistics:
        """What scores are made of. Raises `EngineClosed`."""
        index = self._open().index
        return Statistics(index.articles, index.average_lengths)

    def close(self) -> None:
        """Let go of files and memory; searches under way hold them until they are done."""
        self._opened = None

    def _open(self) -> _Opened:
        opened = self._opened
        if opened is None:
            raise EngineClosed(f"generation {self._generation} is closed")
        return opened


class _Opened:
    """An open index, and what threads share to search it."""

    def __init__(self, index: MappedIndex) -> None:
        self.index = index
        self.scratches = Scratches(index)
        # Not methods that are remembered: those would hold this object, and it them
        marked = partial(_marked, index, self.scratches)
        self.norms: Callable[[Ranking], F64] = lru_cache(maxsize=RANKINGS_REMEMBERED)(partial(weighted_norms, index))
        self.within: Callable[[Query], tuple[U8, ...]] = lru_cache(maxsize=WITHIN_REMEMBERED)(marked)


def _marked(index: MappedIndex, scratches: Scratches, within: Query) -> tuple[U8, ...]:
    """For each document of each segment, deleted or not, 1 where it is one of those that a request is restricted to."""
    sets = index.values | {"region": index.regions.in_roles(ALL_BUT_CAPTION)}
    plan = Planner(index, SearchRequest(), sets).plan(within)
    evaluation = Evaluation(scratches.own, index.norms)
    return tuple(evaluation.marks(plan, segment) for segment in index.segments)


class _Search:
    """One request on its way through the segments."""

    def __init__(self, opened: _Opened, request: SearchRequest) -> None:
        self._opened = opened
        self._index = opened.index
        self._request = request
        self._scratch = opened.scratches.own
        self._sets = opened.index.values | {"region": opened.index.regions.in_roles(request.roles)}
        self._norms = opened.norms(request.ranking)
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
        """Hand every match to `collect`, segment by segment."""
        evaluation = Evaluation(self._scratch, self._norms)
        asked = self._asked(conjunction.tests)
        for segment in self._index.segments:
            spend()
            groups = groups_in(conjunction.groups, segment) if conjunction.groups else None
            if conjunction.groups and groups is None:
                continue
            into = self._into(conjunction, evaluation, segment, asked, heap)
            if groups is not None:
                self._collect_groups(groups, conjunction, segment, evaluation, into)
            elif conjunction.found:
                collect_found(*evaluation.all_found(conjunction.found, segment), self._k, into)
            else:
                collect_all(segment.mapped.size, self._k, into)
        if self._is_counted(conjunction):
            [term] = conjunction.groups[0].terms
            self._scratch.state[Tally.TOTAL] = term.articles

    def _is_counted(self, conjunction: Conjunction) -> bool:
        """Whether matches are the articles of one term, whose number is known, and nothing else is asked of them."""
        request = self._request
        is_bare = not (conjunction.tests or conjunction.masks or request.filters or request.dates or request.facets)
        return conjunction.is_one_term and is_bare and request.within == Everything() and not request.after

    def _collect_groups(
        self, groups: Groups, conjunction: Conjunction, segment: LiveSegment, evaluation: Evaluation, into: Into
    ) -> None:
        if conjunction.is_one_term and len(groups.rows) == 1:
            is_counted = self._is_counted(conjunction)
            search_list(segment.mapped.arrays, groups.rows[0], groups.idfs[0], self._norms, is_counted, self._k, into)
            return
        given = evaluation.all_found(conjunction.found, segment) if conjunction.found else None
        evaluation.search_groups(groups, segment, given, self._k, into)

    def _into(
        self,
        conjunction: Conjunction,
        evaluation: Evaluation,
        segment: LiveSegment,
        asked: Asked,
        heap: tuple[I64, I64, F64],
    ) -> Into:
        scratch, mapped = self._scratch, segment.mapped
        masks = [evaluation.marks(part, segment) for part in conjunction.masks]
        if len(segment.live):
            masks.append(segment.live)
        if self._request.within != Everything():
            masks.append(self._opened.within(self._request.within)[segment.number])
        if self._request.after:
            masks.append((mapped.serials > self._request.after).astype(np.uint8))
        return (
            reduce(np.bitwise_and, masks) if masks else NO_MASK, mapped.columns, mapped.serials, segment.bases, *asked,
            scratch.counts, scratch.touched, *heap, scratch.state,
        )  # fmt: skip

    def _asked(self, strict: Iterable[Accepted]) -> Asked:
        """The request's filters and facets, the query's tests and the order, as `collect` takes them."""
        request = self._request
        tests = [(test.column, test.accepted, STRICT) for test in strict]
        for wanted in request.filters:
            column = COLUMN_OF[wanted.field]
            tests.append((column, self._sets[wanted.field].accepting(wanted.any_of, wanted.none_of), 1 << column))
        if request.dates is not None:
            tests.append((DAYS, self._index.days.accepting(request.dates), 1 << DAYS))
        rows, start = [], 0
        for column, accepted, bit in tests:
            rows.append((column, start, bit))
            start += len(accepted)
        columns = dict.fromkeys(map(column_of, request.facets))
        facets = [(column, self._scratch.starts[column]) for column in columns]
        return (
            np.array(rows, np.int64) if rows else NO_TESTS,
            np.concatenate([accepted for _, accepted, _ in tests]) if tests else NO_MASK,
            np.array(facets, np.int64) if facets else NO_FACETS,
            self._index.days.order(request.sort),
            self._index.days.decay(request.recency) if request.recency else NO_SCORES,
        )
