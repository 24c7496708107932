"""From results to the figures that are shown: pure functions over `benchmarks.results`.

`asked_of` picks the timings of one library and class. A class's cost is the median over its questions; a ratio is the
median over its questions of (theirs / ours), each question compared with itself. `growth` compares archives of
different sizes, `disagreements` says where libraries answer differently.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.peers import DATELINE
from benchmarks.questions import COMPARED, KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from benchmarks.results import Asked, Comparison, Footprint, Written

TANTIVY: Final = "tantivy"
WHOOSH: Final = "whoosh_stock"
GROWTH_NOISE: Final = 1.25
"""A class grows faster than its postings if its cost does by more than this factor: less is noise."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as long a library takes as Dateline, by this thread's processor time and by the wall clock."""

    cpu: float
    wall: float


def asked_of(comparison: Comparison, peer: str, kind: str, *, is_faceted: bool) -> tuple[Asked, ...]:
    """The timings of a library for the questions of a class."""
    return tuple(
        asked
        for asked in comparison.asked
        if asked.peer == peer and asked.kind == kind and asked.is_faceted == is_faceted
    )


def find_cost(comparison: Comparison, peer: str, kind: str, *, is_faceted: bool) -> float | None:
    """Milliseconds of processor time that a question of a class costs: the median over its questions."""
    found = asked_of(comparison, peer, kind, is_faceted=is_faceted)
    return statistics.median(asked.cpu_ms for asked in found) if found else None


def find_ratio(comparison: Comparison, peer: str, kind: str, *, is_faceted: bool) -> Ratio | None:
    """How a library compares with Dateline on the questions of a class."""
    ours = {asked.number: asked for asked in asked_of(comparison, DATELINE, kind, is_faceted=is_faceted)}
    theirs = asked_of(comparison, peer, kind, is_faceted=is_faceted)
    pairs = [(ours[asked.number], asked) for asked in theirs if asked.number in ours]
    if not pairs:
        return None
    return Ratio(
        statistics.median(their.cpu_ms / our.cpu_ms for our, their in pairs),
        statistics.median(their.wall_ms / our.wall_ms for our, their in pairs),
    )


def ratios(comparison: Comparison, peer: str, *, is_faceted: bool) -> Mapping[str, Ratio]:
    """The ratio of each class that goals are about and that both answered."""
    found = {kind: find_ratio(comparison, peer, kind, is_faceted=is_faceted) for kind in COMPARED}
    return {kind: ratio for kind, ratio in found.items() if ratio}


def find_written(comparison: Comparison, peer: str, *, is_alone: bool = True) -> Written | None:
    """How a library wrote its index."""
    return next((row for row in comparison.written if row.peer == peer and row.is_alone == is_alone), None)


def find_footprint(comparison: Comparison, peer: str) -> Footprint | None:
    """What a library's open index costs a process."""
    return next((row for row in comparison.footprints if row.peer == peer), None)


@dataclass(frozen=True, slots=True)
class Growth:
    """How a class grows from one archive to a larger one: its cost, and the postings its questions go through."""

    kind: str
    cost: float
    postings: float

    @property
    def is_within_postings(self) -> bool:
        """Whether the cost grows no faster than the postings, but for noise."""
        return self.cost <= self.postings * GROWTH_NOISE


def growth(smaller: Comparison, larger: Comparison, *, is_faceted: bool = True) -> tuple[Growth, ...]:
    """How each class grows between two archives of which one begins the other, so that the questions are the same."""
    found = []
    for kind in KINDS:
        before, after = (asked_of(at, DATELINE, kind, is_faceted=is_faceted) for at in (smaller, larger))
        same = [(a, b) for a in before for b in after if a.query == b.query]
        if same:
            cost = statistics.median(b.cpu_ms / a.cpu_ms for a, b in same)
            found.append(Growth(kind, cost, statistics.median(b.postings / max(a.postings, 1) for a, b in same)))
    return tuple(found)


def synthetic(comparisons: Iterable[Comparison]) -> tuple[Comparison, ...]:
    """The synthetic archives, smaller ones first: each begins the next."""
    return tuple(comparison for comparison in comparisons if comparison.corpus.startswith("synthetic-"))


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where a library's answers differ from tantivy's, or its facets from Dateline's, by class."""

    corpus: str
    peer: str
    kind: str
    questions: int
    totals: int
    largest: float
    """The largest difference of a total, as a share of tantivy's."""
    facets: int


def disagreements(comparison: Comparison) -> Iterator[Disagreement]:
    """Every class in which a library finds other totals than tantivy, or counts facets otherwise than Dateline."""
    reference = {(asked.number, asked.is_faceted): asked.total for asked in comparison.asked if asked.peer == TANTIVY}
    for peer in dict.fromkeys(asked.peer for asked in comparison.asked):
        for kind in KINDS:
            asked = [row for row in comparison.asked if row.peer == peer and row.kind == kind]
            known = [(row.total, reference[key]) for row in asked if (key := (row.number, row.is_faceted)) in reference]
            other = [abs(total - theirs) / max(theirs, 1) for total, theirs in known if total != theirs]
            facets = sum(row.agrees_on_facets is False for row in asked)
            if other or facets:
                yield Disagreement(
                    comparison.corpus, peer, kind, len(known), len(other), max(other, default=0.0), facets
                )
