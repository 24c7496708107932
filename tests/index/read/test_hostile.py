"""Hostile input ends in a problem with a reason, in bounded time and memory, and what is sound around it is read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.index.read.hostile import CASES, MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[3]
PATIENCE_S = 120
"""For the slowest case on a slow machine; each takes a few seconds at most. It only ends what hangs."""

MEMORY = 300 * MIB
"""For all cases together, with the libraries loaded: the largest is a gigabyte."""


class Program:
    """The program that reads hostile files, in a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.index.read.hostile"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self, name: str) -> dict[str, Any]:
        """What comes of a case. Ends the process if it hangs."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()
        guard = _guard(self._process.kill)
        try:
            answer = self._process.stdout.readline()
        finally:
            guard.cancel()
        assert answer, f"{name}: the reader died or took more than {PATIENCE_S} s"
        said: dict[str, Any] = json.loads(answer)
        return said

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


def _guard(end: Callable[[], None]) -> Any:
    from threading import Timer  # noqa: PLC0415 - beside its only use

    guard = Timer(PATIENCE_S, end)
    guard.daemon = True
    guard.start()
    return guard


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    """The program, started once: its memory is measured over all cases."""
    started = Program()
    yield started
    started.close()


@pytest.mark.parametrize("name", CASES)
def test_hostile_files_end_in_problems(program: Program, name: str) -> None:
    """Whatever a file is made of, what is sound in it is read, the rest has a reason, and memory is bounded."""
    answer = program.read(name)
    wanted = CASES[name].wanted
    assert len(answer["first"]) >= len(wanted)
    for said, words in zip(answer["first"], wanted, strict=False):
        assert words in said
    assert answer["count"] == len(wanted) or name == "csv: open quote"
    assert answer["peak"] < MEMORY


def test_gzip_bombs_are_not_unpacked(program: Program) -> None:
    """A gzipped gigabyte of nothing is refused by its ratio or by the reader, whichever is first."""
    answer = program.read("bombs")
    assert answer["count"] == 4
    refusals = ("unpacks to more than 200 times its size", "a tag or a comment of more than", "is larger than 10 MiB")
    assert all(any(refusal in said for refusal in refusals) for said in answer["first"])
    assert answer["peak"] < MEMORY


def test_nothing_outside_is_read(program: Program) -> None:
    """An entity that stands for a file of this machine brings nothing of it."""
    host = Path("/etc/hostname")
    secret = host.read_text(encoding="utf-8").strip() if host.exists() else "no such file"
    for name in ("feed: outside entity", "wordpress: outside entity"):
        assert secret not in json.dumps(program.read(name)["first"])
