"""A process that runs for months holds no more memory than it needs.

What was freed, the C library keeps for later, in pieces; work of another size then takes more beside them, and a
process grows for days though it holds no more than before. glibc moreover gives each thread a heap of its own, and what
lies free in one is of no use to another. So a process that stays calls `share_one_heap` before it has threads,
`give_back` whenever it has let go of much, and where it goes on answering, `keep_giving_back`. Of another C library
nothing is asked.
"""

from __future__ import annotations

import ctypes
import threading
import time
from typing import Final

_ARENA_MAX: Final = -8
"""glibc's `M_ARENA_MAX`: how many heaps there may be."""

GIVEN_BACK_EVERY_S: Final = 10.0
"""As often as other allocators do it by themselves: jemalloc's decay time."""


def share_one_heap() -> None:
    """Have all threads that are yet to come take memory from one heap, and those of processes forked from this one.

    They don't wait for each other there: what they do at the same time, kernels in machine code, takes next to none.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)


def give_back() -> None:
    """Give the system what is free, where the C library can: glibc does. Takes about a millisecond."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def keep_giving_back(every_s: float = GIVEN_BACK_EVERY_S) -> None:
    """Start a thread that gives back what is free every so many seconds, for as long as the process lasts."""

    def keep_on() -> None:
        while True:
            time.sleep(every_s)
            give_back()

    threading.Thread(target=keep_on, name="memory", daemon=True).start()
