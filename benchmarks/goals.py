"""The goals that were set before anything was measured, each against what was reached.

`goals` gives every one of them in order; one that was missed says so, and so does one that was not measured.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from benchmarks.figures import TANTIVY, WHOOSH, find_footprint, find_written, growth, ratios, synthetic
from benchmarks.peers import DATELINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.results import Comparison, Load, Service

REUTERS: Final = "reuters"
MIDDLE: Final = "synthetic-100000"
LARGE: Final = "synthetic-1000000"
NAMED: Final = 4
"""Classes that are named where a goal is missed; of more, only the number is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure that was to be at least, or at most, so much. `reached` is None where it was not measured."""

    figure: str
    least: float | None = None
    most: float | None = None
    unit: str = "x"
    reached: float | None = None
    remark: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether it was reached; None where it was not measured."""
        if self.reached is None:
            return None
        return (self.least is None or self.reached >= self.least) and (self.most is None or self.reached <= self.most)


def goals(comparisons: Sequence[Comparison], service: Service | None) -> Iterator[Goal]:
    """Every goal against what was measured."""
    named = {comparison.corpus: comparison for comparison in comparisons}
    for corpus in (MIDDLE, LARGE):
        for is_faceted, each, middle in ((True, 2, 6), (False, 1, 2)):
            yield from _of_classes(named.get(corpus), corpus, TANTIVY, each, middle, is_faceted=is_faceted)
    for corpus in (REUTERS, MIDDLE):
        yield _of_rate(named.get(corpus), corpus, TANTIVY, 1)
    for corpus in (REUTERS, MIDDLE):
        yield _of_size(named.get(corpus), corpus)
    largest = next((found for found in reversed(comparisons) if find_written(found, WHOOSH)), None)
    corpus = largest.corpus if largest else REUTERS
    yield from _of_classes(largest, corpus, WHOOSH, 100, None, is_faceted=True)
    yield _of_rate(largest, corpus, WHOOSH, 20)
    yield from _of_service(service)
    yield _of_memory(named.get(LARGE))
    yield _of_growth(synthetic(comparisons))


def _of_classes(  # noqa: PLR0913 - where, against whom, and the two bounds
    found: Comparison | None, corpus: str, peer: str, each: float, middle: float | None, *, is_faceted: bool
) -> Iterator[Goal]:
    """The slowest class and, if it has a goal, the median class."""
    by_class = {kind: ratio.cpu for kind, ratio in ratios(found, peer, is_faceted=is_faceted).items()} if found else {}
    figure = f"{corpus}, {'with' if is_faceted else 'without'} facets, against {_TITLES[peer]}"
    missed = [f"{kind} {ratio:.2f}x" for kind, ratio in by_class.items() if ratio < each]
    named = ", ".join(missed[:NAMED]) + (f" and {len(missed) - NAMED} more" if len(missed) > NAMED else "")
    yield Goal(figure=f"{figure}: every class", least=each, reached=min(by_class.values(), default=None), remark=named)
    if middle is not None:
        reached = statistics.median(by_class.values()) if by_class else None
        yield Goal(figure=f"{figure}: median class", least=middle, reached=reached)


_TITLES: Final = {TANTIVY: "tantivy", WHOOSH: "Whoosh"}


def _of_rate(found: Comparison | None, corpus: str, peer: str, wanted: float) -> Goal:
    ours, theirs = (find_written(found, name) if found else None for name in (DATELINE, peer))
    reached = theirs.seconds / ours.seconds if ours and theirs else None
    return Goal(figure=f"{corpus}, articles indexed a second, against {_TITLES[peer]}", least=wanted, reached=reached)


def _of_size(found: Comparison | None, corpus: str) -> Goal:
    ours, theirs = (find_written(found, name) if found else None for name in (DATELINE, TANTIVY))
    reached = ours.bytes / theirs.bytes if ours and theirs else None
    return Goal(figure=f"{corpus}, bytes on disk, against tantivy", most=1, reached=reached)


def _of_service(service: Service | None) -> Iterator[Goal]:
    load: Load | None = service.loads[0] if service and service.loads else None
    figure = f"HTTP, {service.articles:,} articles" if service else "HTTP"
    half, most, rate = (load.p50_ms, load.p99_ms, load.requests_per_cpu_second) if load else (None, None, None)
    yield Goal(figure=f"{figure}: half of the answers within", most=3, unit=" ms", reached=half)
    yield Goal(figure=f"{figure}: 99 of 100 within", most=15, unit=" ms", reached=most)
    yield Goal(figure=f"{figure}: answers a second of a worker's core", least=400, unit="/s", reached=rate)


def _of_memory(found: Comparison | None) -> Goal:
    footprint = find_footprint(found, DATELINE) if found else None
    reached = footprint.private_mb if footprint else None
    return Goal(figure=f"{LARGE}, private memory of a process", most=300, unit=" MB", reached=reached)


def _of_growth(archives: Sequence[Comparison]) -> Goal:
    """How many classes grow faster than their postings, between any archive and the next."""
    steps = [step for pair in pairwise(archives) for step in growth(*pair)]
    faster = {step.kind: step for step in steps if not step.is_within_postings}
    return Goal(
        figure="classes whose cost grows faster than their postings",
        most=0,
        unit="",
        reached=len(faster) if steps else None,
        remark=", ".join(f"{kind}: {step.cost:.0f}x for {step.postings:.0f}x" for kind, step in faster.items()),
    )
