"""Keeping a service busy: requests over some connections, and what became of them.

`load` drives `wrk` with `questions.lua`; where wrk is not installed, threads of this process, which take processor time
from what they measure. `GENERATOR` says which of the two it is.
"""

from __future__ import annotations

import http.client
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

SCRIPT: Final = Path(__file__).with_name("questions.lua")
GENERATOR: Final = "wrk" if shutil.which("wrk") else "threads of Python, on the same cores as the workers"
PATIENCE_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of a load: answers, those among them that were errors, and percentiles of how long they took."""

    requests: int
    errors: int
    seconds: float
    p50_ms: float
    p90_ms: float
    p99_ms: float


def load(address: str, paths: Sequence[str], *, connections: int, seconds: float) -> Answered:
    """Ask for these paths, in turn and over again, for some seconds."""
    by = _by_wrk if shutil.which("wrk") else _by_threads
    return by(address, paths, connections=connections, seconds=seconds)


def status_of(connection: http.client.HTTPConnection, path: str) -> int:
    """Ask for a path, read the answer, give its status."""
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    return response.status


def connected(address: str) -> http.client.HTTPConnection:
    """A connection to an address like http://127.0.0.1:8000."""
    parts = urlsplit(address)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_S)


def _by_wrk(address: str, paths: Sequence[str], *, connections: int, seconds: float) -> Answered:
    options = ("-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(SCRIPT))
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as file:
        file.write("\n".join(paths))
        file.flush()
        command = ("wrk", *options, address, "--", file.name)
        found = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    return msgspec.json.decode(found.stdout.strip().splitlines()[-1], type=Answered)


def _by_threads(address: str, paths: Sequence[str], *, connections: int, seconds: float) -> Answered:
    times: list[float] = []
    errors: list[int] = []
    deadline = time.perf_counter() + seconds

    def ask(at: int) -> None:
        connection = connected(address)
        while (started := time.perf_counter()) < deadline:
            status = status_of(connection, paths[at % len(paths)])
            times.append((time.perf_counter() - started) * 1000)
            errors.extend([status] if status != http.HTTPStatus.OK else [])
            at += 1
        connection.close()

    asking = [threading.Thread(target=ask, args=(number * len(paths) // connections,)) for number in range(connections)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    cuts = statistics.quantiles(times, n=100)
    return Answered(
        requests=len(times), errors=len(errors), seconds=seconds, p50_ms=cuts[49], p90_ms=cuts[89], p99_ms=cuts[98]
    )
