"""Memory that was freed goes back to the system."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from index.memory import give_back

OWN = "RssAnon:"
PIECES = 60_000
PIECE = 1000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="what a process holds is read from /proc")
@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library cannot give memory back")
def test_what_lies_free_between_other_things_goes_back() -> None:
    """Of 60 MB taken in small pieces and freed but for one in a thousand, most goes back."""
    held = [bytes(PIECE) for _ in range(PIECES)]
    with_all = own_bytes()
    kept = held[::1000]
    del held
    give_back()
    assert own_bytes() < with_all - PIECES * PIECE // 2
    assert len(kept) == PIECES // 1000


def own_bytes() -> int:
    """The memory that is this process's own."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(OWN)) * 1024
