"""The machine that measures, and its clocks.

`this_machine()` is recorded with every result: a figure without its machine says nothing. `timed` takes the time of one
piece of work, `bytes_of` the size of what it left on disk, `memory_mb` what a process holds.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

ROOT: Final = Path(__file__).parents[1]
ALWAYS: Final = ("dateline", "numpy", "numba")
"""Packages of ours whose versions are recorded whatever is measured."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine, what ran on it, and when. `commit` is Dateline's, with a `+` if files differed from it."""

    cores: int
    model: str
    memory_gb: int
    python: str
    system: str
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""
    commit: str = ""

    def __str__(self) -> str:
        return f"{self.cores} core{'s' * (self.cores != 1)}, {self.model}, Python {self.python}"


def this_machine(versions: Mapping[str, str] | None = None) -> Machine:
    """The machine this runs on, with these versions beside our own."""
    models = [line for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")]
    return Machine(
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        model=models[0].partition(":")[2].strip() if models else platform.processor() or platform.machine(),
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        python=platform.python_version(),
        system=platform.system(),
        versions={**{name: version(name) for name in ALWAYS}, **(versions or {})},
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        commit=_commit(),
    )


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of wall clock, and what came of it."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def cpu_seconds() -> float:
    """Processor seconds that this process and its finished children have spent, all threads."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def bytes_of(folder: Path) -> int:
    """The size of all files under a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def memory_mb(kind: str, process: int | str = "self") -> float:
    """Megabytes of one kind of a process's memory, by its name in Linux's /proc: RssAnon, say. 0 without a /proc."""
    lines = _read(f"/proc/{process}/status").splitlines()
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{kind}:")), 0.0)


def free_bytes() -> int:
    """Memory that processes can have without anything being put out of it; what is idle, where nobody says."""
    lines = _read("/proc/meminfo").splitlines()
    idle = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), idle)


def say(line: str) -> None:
    """Print at once, so that a long run can be watched."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _commit() -> str:
    """The commit measured, as git names it; empty outside a clone."""
    command = ("git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*")
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - our own words
    except (OSError, subprocess.CalledProcessError):
        return ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
