"""What the service counts of itself, in Prometheus' text format (version 0.0.4); `service.exposition` tells it.

`Metrics` counts requests, how long they took and what they cost the engine, how often an answer that was kept could be
given again, and what was refused. The workers of one server count on one `Board` of shared memory (`service.tally`), so
whichever of them is asked tells the sums of all, and up to which change all of them show the archive. `join` gives a
worker its part before it makes its application, `leave` forgets what went with it.
`described`, `line` and `single` make lines of the format.

For the safety of readers nothing here comes from a request but its route's template and its status.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from contextvars import ContextVar
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from service.measuring import engines_open
from service.problems import TurnedAway
from service.tally import Board

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BOUNDS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds of the histograms' buckets, in seconds; a last one has no bound."""

NOTE_EVERY_S: Final = 1.0
"""How often a process notes its own size, at most."""

_BUCKETS: Final = (*map(str, BOUNDS_S), "+Inf")
_HITS, _MISSES, _BYTES = "hits", "misses", "bytes"
_ANSWERING, _WAITING, _RESIDENT, _OPEN = "answering", "waiting", "resident", "open"
_SHOWN: Final = "shown"
"""The last change that a process shows, and 2; 1 if it answers and shows nothing yet; 0 if it answers nobody."""

_GONE_WITH_THE_PROCESS: Final = (_BYTES, _ANSWERING, _WAITING, _RESIDENT, _OPEN, _SHOWN)

_HISTOGRAMS: Final = (
    ("requests", "dateline_request_duration_seconds", "How long answering took, from head to answer."),
    ("engine", "dateline_engine_seconds", "How long the engine worked for a request that asked it anything."),
)


class Metrics:
    """What one process counts, in its part of the board. `clock` gives seconds."""

    def __init__(self, board: Board | None = None, part: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._board = board or Board()
        leave(self._board, part)  # whoever had it before
        self._tally = self._board.tally(part)
        self._clock = clock
        self._note_at = float("-inf")
        for name in (_HITS, _MISSES):
            self._tally.add(name, 0)

    def began(self) -> None:
        """Count a request that is being answered."""
        self._tally.add(_ANSWERING)

    def answered(self, route: str, status: int, seconds: float, engine_seconds: float | None = None) -> None:
        """Count a request by the template of its route, with the time that engines worked for it if any did."""
        self._tally.add(f"requests {route} {status}")
        self._took("requests", route, seconds)
        if engine_seconds is not None:
            self._took("engine", route, engine_seconds)

    def ended(self) -> None:
        """A request that `began` has been answered."""
        self._tally.add(_ANSWERING, -1)
        if self._clock() >= self._note_at:
            self._note_at = self._clock() + NOTE_EVERY_S
            self._tally.put(_RESIDENT, resident_bytes())
            self._tally.put(_OPEN, engines_open())

    def waiting(self, number: int) -> None:
        """Note how many requests wait for a thread."""
        self._tally.put(_WAITING, number)

    def refused(self, reason: TurnedAway) -> None:
        """Count a request that was turned away."""
        self._tally.add(f"refused {reason}")

    def looked_up(self, *, found: bool) -> None:
        """Count a look for an answer that was kept."""
        self._tally.add(_HITS if found else _MISSES)

    def keeps_bytes(self, size_bytes: int) -> None:
        """Note how many bytes of answers are kept."""
        self._tally.put(_BYTES, size_bytes)

    def shows(self, change: int) -> None:
        """Note up to which change this process shows the archive."""
        self._tally.put(_SHOWN, change + 2)

    def answers(self) -> None:
        """Note that this process takes requests from now on, be there something to show or not."""
        self._tally.put_at_least(_SHOWN, 1)

    def shown_by_all(self) -> int | None:
        """Up to which change every process that answers shows the archive; None if none answers.

        It is 0 if one of them shows nothing yet.
        """
        shown = [count for count in self._board.values(_SHOWN) if count]
        return max(0, int(min(shown)) - 2) if shown else None

    def lines(self) -> Iterator[str]:
        """What all processes counted, as lines of the text format."""
        totals = self._board.totals()
        yield from described("dateline_requests_total", "counter", "Requests answered, by route and status.")
        for route, status in sorted(_of(totals, "requests")):
            yield line("dateline_requests_total", totals[f"requests {route} {status}"], route=route, status=status)
        for kind, name, meaning in _HISTOGRAMS:
            yield from described(name, "histogram", meaning)
            for (route,) in sorted(_of(totals, f"{kind}-seconds")):
                yield from _histogram(name, kind, route, totals)
        yield from described("dateline_refused_total", "counter", "Requests turned away for their number, by why.")
        for reason in get_args(TurnedAway):
            yield line("dateline_refused_total", totals.get(f"refused {reason}", 0), reason=reason)
        for counted, name, kind, meaning in _NUMBERS:
            yield from single(name, kind, meaning, totals[counted])

    def _took(self, kind: str, route: str, seconds: float) -> None:
        self._tally.add(f"{kind}-bucket {route} {_BUCKETS[bisect_left(BOUNDS_S, seconds)]}")
        self._tally.add(f"{kind}-seconds {route}", seconds)


_NUMBERS: Final = (
    (_HITS, "dateline_answer_cache_hits_total", "counter", "Answers that had been kept and were given again."),
    (
        _MISSES,
        "dateline_answer_cache_misses_total",
        "counter",
        "Answers that were looked for among those kept, and had to be worked out.",
    ),
    (_BYTES, "dateline_answer_cache_bytes", "gauge", "Memory of the answers kept, in all processes."),
    (_ANSWERING, "dateline_requests_in_progress", "gauge", "Requests that are being answered, in all processes."),
    (_WAITING, "dateline_requests_waiting", "gauge", "Requests that wait for a thread, in all processes."),
    (_RESIDENT, "dateline_resident_bytes", "gauge", "Memory of all processes; what they share is in it for each."),
    (_OPEN, "dateline_open_generations", "gauge", "Generations that are open, in all processes."),
)


def resident_bytes() -> int:
    """Memory of this process, shared memory included; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


_of_this_worker: ContextVar[Metrics] = ContextVar("metrics of this worker")


def join(board: Board, part: int) -> None:
    """Make this process count in a part of a board that was made before it forked. Called once, in the main thread."""
    _of_this_worker.set(Metrics(board, part))


def leave(board: Board, part: int) -> None:
    """Forget what went with the process that had a part, by whoever forked it or has the part next."""
    tally = board.tally(part)
    for name in _GONE_WITH_THE_PROCESS:
        tally.put(name, 0)


def metrics_of_worker() -> Metrics:
    """What this process counts: on the board it joined, or by itself."""
    return _of_this_worker.get(None) or Metrics()


def _of(totals: Mapping[str, float], kind: str) -> Iterator[tuple[str, ...]]:
    """What follows the kind in each name of that kind."""
    for name in totals:
        first, *rest = name.split(" ")
        if first == kind:
            yield tuple(rest)


def _histogram(name: str, kind: str, route: str, totals: Mapping[str, float]) -> Iterator[str]:
    below = list(accumulate(totals.get(f"{kind}-bucket {route} {bound}", 0) for bound in _BUCKETS))
    for bound, count in zip(_BUCKETS, below, strict=True):
        yield line(f"{name}_bucket", count, route=route, le=bound)
    yield line(f"{name}_sum", totals[f"{kind}-seconds {route}"], route=route)
    yield line(f"{name}_count", below[-1], route=route)


def described(name: str, kind: str, meaning: str) -> tuple[str, str]:
    """The two lines before a metric's samples."""
    return f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"


def single(name: str, kind: str, meaning: str, value: float) -> Iterator[str]:
    """A metric that is one number."""
    yield from described(name, kind, meaning)
    yield line(name, value)


def line(name: str, value: float, **labels: str) -> str:
    """A sample. Labels are templates of routes, statuses, bounds, ids of generations: nothing that needs escaping."""
    told = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{told}}} {value:.15g}" if told else f"{name} {value:.15g}"
