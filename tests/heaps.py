"""How many heaps glibc has given to threads of a process."""

from __future__ import annotations

import ctypes
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

_HEAP: Final = 64 << 20
"""The address space of a thread's heap, in bytes. It begins at a multiple of that, and what it has not used yet is kept
from use."""

CAN_BE_TOLD: Final = pytest.mark.skipif(
    not Path("/proc/self/maps").exists() or not hasattr(ctypes.CDLL(None), "malloc_trim"),
    reason="needs glibc, which gives heaps to threads, and /proc, which tells where they are",
)


def heaps_of_threads(pid: int | str) -> int:
    """Of a process, besides the one that all threads may use."""
    lines = [line.split() for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()]
    return sum(_is_heap(used, unused) for used, unused in pairwise(lines))


def _is_heap(used: list[str], unused: list[str]) -> bool:
    start, end = (int(address, 16) for address in used[0].split("-"))
    follows, last = (int(address, 16) for address in unused[0].split("-"))
    return (used[1], unused[1]) == ("rw-p", "---p") and start % _HEAP == 0 and end == follows and last == start + _HEAP
