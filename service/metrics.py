"""What the service counts of itself, at `/metrics` in Prometheus' text format (version 0.0.4).

`Metrics` counts requests, how long they took, and how often an answer that was kept could be given again. The workers
of one server count on one `Board` of shared memory (`service.tally`), so whichever of them is asked tells the sums of
all. `join` gives a worker its part before it makes its application. `MetricsResource` is the route.

For the safety of readers nothing here comes from a request but its route's template and its status.
"""

from __future__ import annotations

from bisect import bisect_left
from contextvars import ContextVar
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from index.errors import GenerationError
from service.caching import NO_STORE
from service.tally import Board

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import falcon

    from service.resources import Serving

PATH: Final = "/metrics"
MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

BOUNDS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds of the histogram's buckets, in seconds; a last one has no bound."""

_BUCKETS: Final = (*map(str, BOUNDS_S), "+Inf")
_HITS, _MISSES, _BYTES = "hits", "misses", "bytes"


class Metrics:
    """What one process counts, in its part of the board."""

    def __init__(self, board: Board | None = None, part: int = 0) -> None:
        self._board = board or Board()
        self._tally = self._board.tally(part)
        for name in (_HITS, _MISSES):
            self._tally.add(name, 0)
        self.keeps_bytes(0)  # whoever had this part before has left, and kept answers with it

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request by the template of its route."""
        self._tally.add(f"requests {route} {status}")
        self._tally.add(f"bucket {route} {_BUCKETS[bisect_left(BOUNDS_S, seconds)]}")
        self._tally.add(f"seconds {route}", seconds)

    def looked_up(self, *, found: bool) -> None:
        """Count a look for an answer that was kept."""
        self._tally.add(_HITS if found else _MISSES)

    def keeps_bytes(self, size_bytes: int) -> None:
        """Note how many bytes of answers are kept."""
        self._tally.put(_BYTES, size_bytes)

    def lines(self) -> Iterator[str]:
        """What all processes counted, as lines of the text format."""
        totals = self._board.totals()
        yield from _described("dateline_requests_total", "counter", "Requests answered, by route and status.")
        for route, status in sorted(_of(totals, "requests")):
            yield _line("dateline_requests_total", totals[f"requests {route} {status}"], route=route, status=status)
        name = "dateline_request_duration_seconds"
        yield from _described(name, "histogram", "How long answering took, from the request's head to the answer.")
        for (route,) in sorted(_of(totals, "seconds")):
            yield from _histogram(name, route, totals)
        for outcome, meaning in (
            (_HITS, "Answers that had been kept and were given again."),
            (_MISSES, "Answers that were looked for among those kept, and had to be worked out."),
        ):
            yield from _described(f"dateline_answer_cache_{outcome}_total", "counter", meaning)
            yield _line(f"dateline_answer_cache_{outcome}_total", totals[outcome])
        yield from _described("dateline_answer_cache_bytes", "gauge", "Memory of the answers kept, in all processes.")
        yield _line("dateline_answer_cache_bytes", totals[_BYTES])


_of_this_worker: ContextVar[Metrics] = ContextVar("metrics of this worker")


def join(board: Board, part: int) -> None:
    """Make this process count in a part of a board that was made before it forked. Called once, in the main thread."""
    _of_this_worker.set(Metrics(board, part))


def metrics_of_worker() -> Metrics:
    """What this process counts: on the board it joined, or by itself."""
    return _of_this_worker.get(None) or Metrics()


class MetricsResource:
    """`/metrics`: what was counted, and which generation this process answers from."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Tell it. Before anything is built there is less to tell."""
        resp.text = "".join(f"{line}\n" for line in (*self._serving.metrics.lines(), *self._archive_lines()))
        resp.content_type = MEDIA_TYPE
        resp.cache_control = (NO_STORE,)

    on_head = on_get

    def _archive_lines(self) -> Iterator[str]:
        yield from _described("dateline_ready", "gauge", "1 if what was published last is what is served.")
        try:
            with self._serving.archives.lease() as archive:
                yield _line("dateline_ready", float(self._serving.archives.failure is None))
                yield from _described("dateline_generation_info", "gauge", "The generation that is served.")
                yield _line("dateline_generation_info", 1, generation=archive.generation)
                yield from _described("dateline_generation_created_seconds", "gauge", "When it was built, Unix time.")
                yield _line("dateline_generation_created_seconds", archive.created.timestamp())
                yield from _described("dateline_articles", "gauge", "Articles in it.")
                yield _line("dateline_articles", archive.articles)
        except GenerationError:
            yield _line("dateline_ready", 0)


def _of(totals: Mapping[str, float], kind: str) -> Iterator[tuple[str, ...]]:
    """What follows the kind in each name of that kind."""
    for name in totals:
        first, *rest = name.split(" ")
        if first == kind:
            yield tuple(rest)


def _histogram(name: str, route: str, totals: Mapping[str, float]) -> Iterator[str]:
    below = list(accumulate(totals.get(f"bucket {route} {bound}", 0) for bound in _BUCKETS))
    for bound, count in zip(_BUCKETS, below, strict=True):
        yield _line(f"{name}_bucket", count, route=route, le=bound)
    yield _line(f"{name}_sum", totals[f"seconds {route}"], route=route)
    yield _line(f"{name}_count", below[-1], route=route)


def _described(name: str, kind: str, meaning: str) -> tuple[str, str]:
    return f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"


def _line(name: str, value: float, **labels: str) -> str:
    """A sample. Labels are templates of routes, statuses, bounds, ids of generations: nothing that needs escaping."""
    told = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{told}}} {value:.15g}" if told else f"{name} {value:.15g}"
