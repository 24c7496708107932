"""Clients that ask without pause, over connections that they keep, and count everything that is not a whole answer.

A `Client` does what RFC 9112 asks of one and no more: it opens another connection after an answer that says
`Connection: close`. An answer of another status, a connection that is refused or breaks off, an answer cut short: each
is a `fault`, told with what happened. Nothing is asked twice.
"""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PATIENCE_S: Final = 120
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSES: Final = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class _BrokenError(Exception):
    """The connection ended where it should not."""


class Seen:
    """What clients saw so far: how many whole answers of status 200, and what else, by what happened."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self._clients = clients

    @property
    def answered(self) -> int:
        """Whole answers of status 200."""
        return sum(client.answered for client in self._clients)

    @property
    def faults(self) -> Counter[str]:
        """All else."""
        return sum((client.faults for client in self._clients), Counter())


class Client:
    """Asks for paths in turn until it is told to stop."""

    def __init__(self, port: int, paths: Sequence[str], stop: threading.Event) -> None:
        self._port, self._paths, self._stop = port, paths, stop
        self._connection: socket.socket | None = None
        self.answered = 0
        self.faults: Counter[str] = Counter()

    def run(self) -> None:
        """Ask."""
        asked = 0
        while not self._stop.is_set():
            path = self._paths[asked % len(self._paths)]
            asked += 1
            try:
                status = self._ask(path)
            except (OSError, _BrokenError) as error:
                self._close()
                self.faults[f"{type(error).__name__}: {error}"] += 1
            else:
                self.answered += status == "200"
                if status != "200":
                    self.faults[status] += 1
        self._close()

    def _ask(self, path: str) -> str:
        age = "a new connection" if self._connection is None else "a kept connection"
        if self._connection is None:
            self._connection = socket.create_connection(("127.0.0.1", self._port), PATIENCE_S)
        self._connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._received(f"{age}, {len(received)} bytes of a head received")
        head, _, body = received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not length:
            message = "an answer without a length"
            raise _BrokenError(message)
        missing = int(length[1]) - len(body)
        while missing > 0:
            missing -= len(self._received(f"{age}, {missing} bytes of a body missing"))
        if _CLOSES.search(head):
            self._close()
        return head.split(b" ", 2)[1].decode()

    def _received(self, when: str) -> bytes:
        assert self._connection is not None
        received = self._connection.recv(65536)
        if not received:
            raise _BrokenError(when)
        return received

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextmanager
def load(port: int, paths: Sequence[str], *, clients: int = 4) -> Iterator[Seen]:
    """Have so many clients ask for the length of the block."""
    stop = threading.Event()
    asking = [Client(port, paths, stop) for _ in range(clients)]
    threads = [threading.Thread(target=client.run) for client in asking]
    for thread in threads:
        thread.start()
    try:
        yield Seen(asking)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
