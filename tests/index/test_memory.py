"""Memory that was freed goes back to the system."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from index.memory import give_back
from tests.heaps import CAN_BE_TOLD

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


_KEPT = """
import time
from index.memory import keep_giving_back
from tests.index.test_memory import PIECE, PIECES, own_bytes
keep_giving_back(0.05)
held = [bytes(PIECE) for _ in range(PIECES)]
with_all = own_bytes()
kept = held[::1000]
del held
until = time.monotonic() + 60
while own_bytes() > with_all - PIECES * PIECE // 2:
    assert time.monotonic() < until
    time.sleep(0.01)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="what a process holds is read from /proc")
@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library cannot give memory back")
def test_a_process_can_keep_giving_back() -> None:
    """What was freed goes without anybody's asking, while the process does other things."""
    subprocess.run([sys.executable, "-c", _KEPT], check=True)


_THREADS = """
import sys, threading
from index.memory import share_one_heap
from tests.heaps import heaps_of_threads
if sys.argv[1] == "shared":
    share_one_heap()
ready = threading.Barrier(5)
held = []
def take():
    held.append(bytes(20_000))
    ready.wait()
for _ in range(4):
    threading.Thread(target=take).start()
ready.wait()
print(heaps_of_threads("self"))
"""


@CAN_BE_TOLD
def test_threads_share_a_heap_where_they_are_told_to() -> None:
    """Else each has one of its own."""
    alone, shared = (
        int(subprocess.run([sys.executable, "-c", _THREADS, how], capture_output=True, check=True).stdout)
        for how in ("alone", "shared")
    )
    assert alone > shared == 0


def own_bytes() -> int:
    """The memory that is this process's own."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(OWN)) * 1024
