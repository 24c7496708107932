"""One client's connection, as gunicorn's worker and its parser use one, on which no thread waits for the client.

What has come is in `received` before a thread sees the request; what a thread answers goes to the system as far as it
takes it and stays in `unsent` for the worker's event loop. Two things can make a thread wait after all, and both are
bounded: a body too long to have been waited for (`BodyWaits` says how many threads may do that at once), and an answer
that is made piece by piece, such as an export. Either way the client must keep a pace: `PACE_BYTES` in each
`patience_s`.
"""

from __future__ import annotations

import errno
import select
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from service.limiting.arriving import Arrival
from service.problems import Overloaded, TooSlow

if TYPE_CHECKING:
    from collections.abc import Callable

PACE_BYTES: Final = 16_384
"""What must be sent, or taken, in each span of patience: 1.6 kB/s with the patience that is set at first."""

ENOUGH_BYTES: Final = 262_144
"""How much of an answer made piece by piece may be unsent before another piece is made."""

_AT_ONCE: Final = 65_536
_WORTH_SENDING: Final = 16_384


class BodyWaits:
    """How many threads may wait for bodies at a time: half of them, so that the others are always there to answer."""

    def __init__(self, threads: int) -> None:
        self._turns = threading.BoundedSemaphore(max(1, threads // 2))

    def begin(self) -> None:
        """Take a turn. Raises `Overloaded` if there is none."""
        if not self._turns.acquire(blocking=False):
            raise Overloaded("too many long or unfinished request bodies are being received; send it again soon")

    def end(self) -> None:
        """Give it back."""
        self._turns.release()


class Connection:
    """A connection. Event loop and thread use it in turn, never at once.

    It stands for both the connection and the socket that gunicorn's code expects, whose attributes `client`, `server`,
    `timeout`, `parser`, `initialized`, `data_ready` and `is_http2` are gunicorn's. `clock` gives seconds.
    """

    def __init__(  # noqa: PLR0913 - what a connection is made of, by name
        self,
        raw: socket.socket,
        *,
        client: Any,  # noqa: ANN401 - an address of whatever family
        server: Any,  # noqa: ANN401 - likewise
        short_bytes: int,
        patience_s: float,
        waits: BodyWaits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        raw.setblocking(False)
        self.sock = self
        self.client, self.server = client, server
        self.timeout = 0.0
        self.parser: Any = None
        self.initialized = self.data_ready = True
        self.is_http2 = False
        self.received = bytearray()
        self.unsent = bytearray()
        self.is_broken = self.is_closed = False
        self.keeps = False
        self.queued_at = 0.0
        self._raw = raw
        self._short_bytes = short_bytes
        self._patience_s = patience_s
        self._waits = waits
        self._has_turn = False
        self._owed = 0
        self._may_wait = True
        self._clock = clock
        self._arrival = Arrival(short_bytes)
        self.begin()

    # For the event loop.

    def begin(self) -> None:
        """Expect a request: what was read too much of the last one is the beginning of the next."""
        if self.parser is not None:
            self.received[:0] = self.parser.unreader.take_buffered()
        self._arrival = Arrival(self._short_bytes)
        self._may_wait = True
        self.expires_at = self._clock() + self._patience_s

    def receive(self) -> bool:
        """Take what has come; False if nothing more will. Raises `BlockingIOError` if nothing has come."""
        data = self._raw.recv(_AT_ONCE)
        self.received += data
        return bool(data)

    def is_whole(self) -> bool:
        """Whether the request has come as far as a thread needs it. Raises `HeadTooLong`."""
        return self._arrival.takes_all(self.received)

    def send_more(self) -> bool:
        """Send what the system takes; whether all is sent."""
        before = len(self.unsent)
        self._push()
        if before - len(self.unsent) >= min(PACE_BYTES, before):
            self.expires_at = self._clock() + self._patience_s
        return not self.unsent

    def half_close(self) -> bool:
        """Say that nothing more will be sent, lest what was be lost with what was never read; False if broken."""
        try:
            self._raw.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True

    # For gunicorn's code, in a thread or in the event loop.

    def set_timeout(self, keepalive_s: float) -> None:
        """Note until when the connection may be idle."""
        self.timeout = self._clock() + keepalive_s

    def init(self) -> None:
        """Nothing: it is ready from the start."""

    def close(self, graceful: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - gunicorn's signature
        """Close it at once."""
        self.is_closed = True
        self._raw.close()

    def fileno(self) -> int:
        """The socket's number, for the event loop."""
        return self._raw.fileno()

    def getsockname(self) -> Any:  # noqa: ANN401 - an address of whatever family
        """The address that was connected to."""
        return self.server

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - a socket's signature
        """Nothing: it never blocks, whatever gunicorn would like."""

    # For gunicorn's parser and answer, in a thread.

    def recv(self, size: int) -> bytes:
        """What has come, at most `size` bytes; waits only for bodies that are too long to have come."""
        if not self.received:
            self._wait_for_body()
        data = bytes(self.received[:size])
        del self.received[:size]
        return data

    def send(self, data: bytes) -> int:
        """Send at once: "100 Continue" is waited for."""
        self.sendall(data)
        self.flush()
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Send as far as the system takes it and keep the rest; waits only if there is plenty of an earlier piece."""
        if self.is_broken:
            raise BrokenPipeError(errno.EPIPE, "the client is gone")
        if len(self.unsent) > ENOUGH_BYTES:
            self._wait_until_taken()
        self.unsent += data
        if len(self.unsent) >= _WORTH_SENDING:
            self.flush()

    def flush(self) -> None:
        """Send as far as the system takes it. Raises `BrokenPipeError` if the client is gone."""
        self._push()
        if self.is_broken:
            raise BrokenPipeError(errno.EPIPE, "the client is gone")

    def finish(self) -> None:
        """A thread is done with a request: it sends what it can, waits for nothing any more, gives its turn back."""
        self._may_wait = False
        self._push()
        if self._has_turn:
            self._has_turn = False
            self._waits.end()
        self.expires_at = self._clock() + self._patience_s

    def stop_waiting(self) -> None:
        """What has not come of a body by now will not be read."""
        self._may_wait = False

    def _push(self) -> None:
        try:
            while self.unsent:
                del self.unsent[: self._raw.send(self.unsent[:_AT_ONCE])]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.is_broken = True
            self.unsent.clear()

    def _wait_for_body(self) -> None:
        if not self._may_wait:
            raise TimeoutError(errno.ETIMEDOUT, "no more of the request has come")
        if not self._has_turn:
            self._waits.begin()
            self._has_turn = True
            self.expires_at = self._clock() + self._patience_s
            self._owed = PACE_BYTES
        self._wait(select.POLLIN)
        try:
            data = self._raw.recv(_AT_ONCE)
        except OSError:
            return  # who went away sends no more, which the parser finds
        self.received += data
        self._owed -= len(data)
        if self._owed <= 0:
            self._owed, self.expires_at = PACE_BYTES, self._clock() + self._patience_s

    def _wait_until_taken(self) -> None:
        """Wait until there is room for another piece."""
        self.expires_at = self._clock() + self._patience_s
        while len(self.unsent) > ENOUGH_BYTES // 2:
            owed = len(self.unsent) - PACE_BYTES
            while len(self.unsent) > owed:
                self._wait(select.POLLOUT)
                self.flush()
            self.expires_at = self._clock() + self._patience_s

    def _wait(self, event: int) -> None:
        """Wait for the client. Raises `TooSlow`, or `BrokenPipeError` where an answer cannot be told so any more."""
        poll = select.poll()
        poll.register(self._raw, event)
        left = self.expires_at - self._clock()
        if left > 0 and poll.poll(left * 1000):
            return
        self._may_wait = False
        if event == select.POLLIN:
            raise TooSlow(self._patience_s)
        self.is_broken = True
        raise BrokenPipeError(errno.EPIPE, "the client does not take its answer")
