"""What one question may cost: an engine that gives up on a question when it has taken too much processor time.

`Budgeted` wraps an engine and starts the count; engines call `spend` between their steps, and it raises `OverBudget`.
What is counted is the time of the thread that answers, not the clock's: whether a question is refused depends on the
question and the machine, never on how much else is being asked. A step that has begun is finished.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from search.errors import OverBudget

if TYPE_CHECKING:
    from collections.abc import Callable

    from search.engine import Engine, Matches, SearchRequest, Statistics


class _Allowance(threading.local):
    """What a thread may still spend."""

    def __init__(self) -> None:
        self.ends_s: float | None = None
        self.budget_ms = 0
        self.timer: Callable[[], float] = time.thread_time


_allowance = _Allowance()


def spend() -> None:
    """Between two steps: raise `OverBudget` if the question under way in this thread has cost what it may."""
    ends_s = _allowance.ends_s
    if ends_s is not None and _allowance.timer() > ends_s:
        raise OverBudget(_allowance.budget_ms)


class Budgeted:
    """An engine whose every search may take `budget_ms` of processor time. `timer` gives this thread's seconds."""

    def __init__(self, engine: Engine, budget_ms: int, timer: Callable[[], float] = time.thread_time) -> None:
        self._engine, self._budget_ms, self._timer = engine, budget_ms, timer

    @property
    def generation(self) -> str:
        """The id of the generation it answers from."""
        return self._engine.generation

    def search(self, request: SearchRequest) -> Matches:
        """Answer a request. Raises `OverBudget`, and whatever the engine does."""
        _allowance.timer, _allowance.budget_ms = self._timer, self._budget_ms
        _allowance.ends_s = self._timer() + self._budget_ms / 1000
        try:
            return self._engine.search(request)
        finally:
            _allowance.ends_s = None

    def statistics(self) -> Statistics:
        """The engine's. They were counted when it was opened."""
        return self._engine.statistics()

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()
