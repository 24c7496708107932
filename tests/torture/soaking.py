"""A service under mixed load for a long time: what its processes hold, and how long its answers take.

`Service` runs `dateline serve` with its children; `Reader` threads ask it questions at a steady pace and note how long
each took; `samples` of the processes say how much memory and how many files each of them has. `Course` is what all of
that came to, and says whether anything grew.
"""

from __future__ import annotations

import http.client
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote, urlsplit

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

STARTS_WITHIN_S: Final = 180
"""The service may have to compile first."""

QUESTIONS_A_VISIT: Final = 100
"""What a reader asks over one connection: visitors come and go, so every worker has some."""

EXPORT: Final = "/v1/export"
BUSY: Final = 503

_SERVING: Final = re.compile(r"Dateline is serving on (http://\S+)")
_KB: Final = re.compile(r"^(VmRSS|RssAnon|RssShmem):\s+(\d+) kB", re.MULTILINE)


class Service:
    """A running `dateline serve`. Use it as a context manager: at the end it is told to finish, and must."""

    def __init__(self, data: Path, log: Path, settings: Mapping[str, str]) -> None:
        self._log = log
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DATELINE_")}
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "service", "serve", "--data", str(data), "--port", "0"],
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**environment, **settings},
                start_new_session=True,
            )
        try:
            self.url = self._wait_for_address()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise

    def said(self) -> str:
        """What it wrote to its log so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def processes(self) -> tuple[int, ...]:
        """The ids of its processes, the supervisor first, then in order of their start."""
        children = _children_by_parent()
        found = [self.process.pid]
        for pid in found:
            found.extend(children[pid])
        return tuple(found)

    def _wait_for_address(self) -> str:
        until = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < until:
            if match := _SERVING.search(self.said()):
                return match[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"the service did not start:\n{self.said()}")


def _children_by_parent() -> dict[int, list[int]]:
    children = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children[parent].append(int(entry.name))
    return children


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process holds: seconds since the start; memory of its own and in all, in bytes; open files."""

    at: float
    pid: int
    own_bytes: int
    resident_bytes: int
    files: int


def sampled(pids: Iterable[int], at: float) -> list[Sample]:
    """What processes hold now. One that is gone is left out."""
    found = []
    for pid in pids:
        folder = Path("/proc") / str(pid)
        try:
            kilobytes = {name: int(value) for name, value in _KB.findall((folder / "status").read_text())}
            files = len(list((folder / "fd").iterdir()))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if kilobytes:  # a process that has just ended has none
            own = (kilobytes["RssAnon"] + kilobytes["RssShmem"]) * 1024
            found.append(Sample(at, pid, own, kilobytes["VmRSS"] * 1024, files))
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked: seconds since the start, how long its answer took in milliseconds, its status."""

    at: float
    took_ms: float
    status: int
    path: str


def _may_be_refused(asked: Asked) -> bool:
    return asked.status == BUSY and asked.path.startswith(EXPORT)


class Reader:
    """Asks random questions, `per_second`, one visit after the other, in a thread of its own, until told to stop."""

    def __init__(self, url: str, paths: Sequence[str], *, per_second: float, seed: int, started: float) -> None:
        self._address = urlsplit(url)
        self._paths = paths
        self._pause = 1 / per_second
        self._rng = random.Random(seed)  # noqa: S311 - chance that can be had again
        self._started = started
        self._stop_asking = threading.Event()
        self.asked: list[Asked] = []
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        """Ask. A connection that is closed while idle is opened again, as every client does."""
        connection = http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=30)
        try:
            due = time.monotonic()
            while not self._stop_asking.wait(max(0.0, due - time.monotonic())):
                due = max(due + self._pause, time.monotonic() - 1)
                if len(self.asked) % QUESTIONS_A_VISIT == 0:
                    connection.close()
                self.asked.append(self._ask(connection, self._rng.choice(self._paths)))
        except (OSError, http.client.HTTPException) as failure:
            self.failure = failure
        finally:
            connection.close()

    def stop(self) -> None:
        """Have it stop, and wait until it has."""
        self._stop_asking.set()
        self._thread.join()

    def _ask(self, connection: http.client.HTTPConnection, path: str) -> Asked:
        began = time.monotonic()
        try:
            status = _status(connection, path)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            connection.close()
            status = _status(connection, path)
        return Asked(began - self._started, (time.monotonic() - began) * 1000, status, path)


def _status(connection: http.client.HTTPConnection, path: str) -> int:
    connection.request("GET", path)
    with connection.getresponse() as response:
        response.read()
        return response.status


def ask_json(url: str, path: str) -> dict[str, Any]:
    """The JSON answer to a GET, whatever its status."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    try:
        connection.request("GET", path)
        with connection.getresponse() as response:
            answer: dict[str, Any] = msgspec.json.decode(response.read())
            return answer
    finally:
        connection.close()


def questions(words: Sequence[str], names: Sequence[str], rng: random.Random, count: int) -> list[str]:
    """Addresses of questions of every kind, some asked more often than others."""
    made = []
    for _ in range(count):
        one, two = (quote(words[int(len(words) * rng.random() ** 2)]) for _ in range(2))
        kinds = (
            f"/v1/search?q={one}",
            f"/v1/search?q={one}%20{two}&facet=source&facet=region&per_page=20",
            f"/v1/search?q={one}%20OR%20{two}&sort=newest",
            f"/v1/search?q=%22{one}%20{two}%22",
            f"/v1/search?q={one}*&per_page=5",
            f"/v1/articles/{rng.choice(names)}",
            f"/v1/suggest?q={one[:4]}",
            f"/?q={one}",
            f"/v1/feed.atom?q={one}",
            "/readyz",
            f"{EXPORT}?q={one}",
        )
        made.append(rng.choices(kinds, [20] * (len(kinds) - 1) + [1])[0])
    return made


@dataclass(slots=True)
class Course:
    """What happened: samples of processes and questions asked, in order of time."""

    seconds: float
    samples: list[Sample] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def memory_slope(self, pid: int, *, after: float) -> float:
        """How fast a process's own memory grew, in bytes an hour, by least squares, from a moment on."""
        points = [(sample.at, sample.own_bytes) for sample in self.samples if sample.pid == pid and sample.at >= after]
        slope, _ = statistics.linear_regression([at for at, _ in points], [size for _, size in points])
        return slope * 3600

    def files(self, pid: int, begin: float, end: float) -> list[int]:
        """How many files a process had open at each sample between two moments."""
        return [sample.files for sample in self.samples if sample.pid == pid and begin <= sample.at <= end]

    def quantile_ms(self, percent: int, begin: float, end: float) -> float:
        """What so many of 100 answers took at most between two moments, in milliseconds."""
        took = [asked.took_ms for asked in self.asked if begin <= asked.at <= end]
        return statistics.quantiles(took, n=100)[percent - 1]

    def last(self, pid: int) -> Sample:
        """The last sample of a process."""
        return max((sample for sample in self.samples if sample.pid == pid), key=lambda sample: sample.at)

    def refused(self) -> list[Asked]:
        """Questions that should have been answered, and were not.

        An article may be deleted, and of exports only some are made at a time.
        """
        return [asked for asked in self.asked if asked.status not in {200, 404} and not _may_be_refused(asked)]

    def pids(self) -> tuple[int, ...]:
        """The processes that were there all the time, but for the first quarter and the last sample."""
        late = {sample.pid for sample in self.samples if sample.at > self.seconds * 0.9}
        early = {sample.pid for sample in self.samples if sample.at < self.seconds * 0.25}
        return tuple(sorted(late & early))
