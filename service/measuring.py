"""What answering costs the engine, and how many generations a process has open.

`MeasuredEngine` is an engine that answers as the one it wraps does, and counts the seconds that takes for the thread
that asked; `take_spent` gives them to whoever wants to know what a request cost. `engines_open` counts the engines that
were opened and not closed yet: one, or two while a newer generation takes over.
"""

from __future__ import annotations

import threading
import time
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from search.engine import Engine, Matches, SearchRequest, Statistics

_of_thread = threading.local()
_opened: weakref.WeakSet[MeasuredEngine] = weakref.WeakSet()


class MeasuredEngine:
    """An engine whose work is measured. `timer` gives seconds."""

    def __init__(self, engine: Engine, timer: Callable[[], float] = time.perf_counter) -> None:
        self._engine = engine
        self._timer = timer
        _opened.add(self)

    @property
    def generation(self) -> str:
        """The id of the generation it answers from."""
        return self._engine.generation

    def search(self, request: SearchRequest) -> Matches:
        """Answer as the engine does, and raise what it raises; either takes time that is counted."""
        started = self._timer()
        try:
            return self._engine.search(request)
        finally:
            _of_thread.spent = (getattr(_of_thread, "spent", None) or 0.0) + self._timer() - started

    def statistics(self) -> Statistics:
        """The engine's."""
        return self._engine.statistics()

    def close(self) -> None:
        """Close the engine."""
        _opened.discard(self)
        self._engine.close()


def take_spent() -> float | None:
    """Seconds that engines worked for this thread since this was asked last; None if none was asked anything."""
    spent: float | None = getattr(_of_thread, "spent", None)
    _of_thread.spent = None
    return spent


def engines_open() -> int:
    """How many engines of this process are open."""
    return len(_opened)
