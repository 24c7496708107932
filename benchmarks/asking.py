"""Questions, measured: each goes to all libraries in turn, warm, and the order turns round with each round.

`ask_all` gives what was `Asked`: the median of the rounds, of this thread's processor time and of the wall clock. A
library that is very slow on a question is asked in two rounds only.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from benchmarks.machine import timed
from benchmarks.peers import DATELINE, Opened, Peer, Summary
from benchmarks.questions import Question, Shape
from benchmarks.results import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUND_SECONDS: Final = 0.003
"""Within a round a question is repeated until it has taken about this long, at most `REPEATS` times."""
REPEATS: Final = 50
LEAST_ROUNDS: Final = 2
PATIENCE_S: Final = 0.5
"""A library that has spent so long on one question is not asked it again, after the least number of rounds."""


@dataclass(frozen=True, slots=True)
class _Asking:
    """A question prepared for one library, warm: how long it takes, what the answer says, the times of each round."""

    ask: Callable[[], Any]
    seconds: float
    summary: Summary
    times: list[tuple[float, float]] = field(default_factory=list)

    @classmethod
    def warmed(cls, opened: Opened, question: Question, *, is_faceted: bool) -> _Asking:
        """Ask twice, and believe the second time."""
        ask = opened.prepare(question, is_faceted=is_faceted)
        ask()
        seconds, answer = timed(ask)
        return cls(ask, seconds, opened.summary(question, answer))

    def time_round(self) -> None:
        """Add the (processor, wall) seconds of one asking: the mean of some in a row."""
        ask, repeats = self.ask, max(1, min(REPEATS, int(ROUND_SECONDS / max(self.seconds, 1e-9))))
        wall, cpu = time.perf_counter(), time.thread_time()
        for _ in range(repeats):
            ask()
        self.times.append(((time.thread_time() - cpu) / repeats, (time.perf_counter() - wall) / repeats))

    @property
    def is_too_slow(self) -> bool:
        """Whether it has had its share of time."""
        return len(self.times) >= LEAST_ROUNDS and self.seconds * len(self.times) > PATIENCE_S


def ask_all(
    opened: Mapping[str, tuple[Peer, Opened]], questions: Sequence[Question], rounds: int, *, is_faceted: bool
) -> Iterator[Asked]:
    """Ask every question of all libraries that can answer it."""
    for number, question in enumerate(questions):
        askings = {
            name: _Asking.warmed(opening, question, is_faceted=is_faceted)
            for name, (peer, opening) in opened.items()
            if peer.answers(question, is_faceted=is_faceted)
        }
        for turn in range(rounds):
            for asking in reversed(askings.values()) if turn % 2 else askings.values():
                if not asking.is_too_slow:
                    asking.time_round()
        postings = _postings(opened[DATELINE][1], question) if DATELINE in opened else 0
        yield from _asked(question, number, askings, postings, is_faceted=is_faceted)


def _asked(
    question: Question, number: int, askings: Mapping[str, _Asking], postings: int, *, is_faceted: bool
) -> Iterator[Asked]:
    ours = askings[DATELINE].summary if DATELINE in askings else None
    for name, asking in askings.items():
        yield Asked(
            peer=name,
            kind=question.kind,
            number=number,
            query=str(question),
            is_faceted=is_faceted,
            total=asking.summary.total,
            postings=postings,
            cpu_ms=statistics.median(cpu for cpu, _ in asking.times) * 1000,
            wall_ms=statistics.median(wall for _, wall in asking.times) * 1000,
            agrees_on_facets=None if ours is None or name == DATELINE else _find_agreement(ours, asking.summary),
        )


def _find_agreement(ours: Summary, theirs: Summary) -> bool | None:
    """Whether two answers count the same in every facet that both have; None if there is no such facet."""
    both = ours.facets.keys() & theirs.facets.keys()
    return all(ours.facets[name] == theirs.facets[name] for name in both) if both else None


def _postings(opened: Opened, question: Question) -> int:
    """How many articles the words of a question are in, added up over the words; all of them if it has none."""
    parts = [question]
    if question.words and question.shape is not Shape.PREFIX:
        parts = [replace(question, shape=Shape.ANY, words=(word,), region=None, days=None) for word in question.words]
    return sum(opened.summary(part, opened.prepare(part, is_faceted=False)()).total for part in parts)
