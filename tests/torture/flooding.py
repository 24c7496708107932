"""Clients that ask as fast as they can, many at once, and what came of it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.torture.serving import Served

BROKEN = 0
"""The status of a request that got no answer."""


@dataclass(slots=True)
class Outcome:
    """What was answered: how often each status, and after how many seconds each time."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """The seconds that this share of the answers took no longer than."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def __str__(self) -> str:
        told = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        return (
            f"{len(self.seconds)} answers ({told}); p50 {self.percentile(0.5) * 1000:.1f} ms, "
            f"p99 {self.percentile(0.99) * 1000:.1f} ms, longest {max(self.seconds) * 1000:.1f} ms"
        )


def flood(served: Served, heads: Callable[[], Iterator[bytes]], *, at_once: int) -> Outcome:
    """Send requests, so many at once, each client one after the other of its own `heads()`."""
    outcome = Outcome()

    async def run() -> None:
        await asyncio.gather(*(_client(served, heads(), outcome) for _ in range(at_once)))

    # In a thread of its own: in that of the tests, a browser's loop may be running
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(run())).result()
    return outcome


async def _client(served: Served, heads: Iterator[bytes], outcome: Outcome) -> None:
    streams = None
    for head in heads:
        started = time.perf_counter()
        try:
            streams = streams or await asyncio.open_connection(served.host, served.port)
            status, keeps = await _exchange(*streams, head)
        except (OSError, EOFError, ValueError):
            status, keeps = BROKEN, False
        outcome.statuses[status] += 1
        outcome.seconds.append(time.perf_counter() - started)
        if not keeps and streams:
            streams[1].close()
            streams = None
    if streams:
        streams[1].close()


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> tuple[int, bool]:
    writer.write(head)
    answer = await reader.readuntil(b"\r\n\r\n")
    lines = answer.lower().split(b"\r\n")
    if not head.startswith(b"HEAD"):
        await _skip_body(reader, lines)
    return int(lines[0].split()[1]), b"connection: close" not in lines


async def _skip_body(reader: asyncio.StreamReader, lines: list[bytes]) -> None:
    for line in lines:
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.partition(b":")[2]))
            return
    if b"transfer-encoding: chunked" in lines:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()


def tell(text: str) -> None:
    """Say what was measured, where the full form of a test shows it."""
    sys.stdout.write(f"\n{text}\n")


def get(path: str, *headers: str) -> bytes:
    """The head of a GET."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: archive.example", *headers, "", ""]).encode()
