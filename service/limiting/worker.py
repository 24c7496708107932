"""gunicorn's threaded worker, with no thread that waits for a client and no queue without an end.

gunicorn's own (`gthread`) gives a connection to a thread as soon as its first byte is there; a thread then waits for
the rest of the request, and for whoever takes the answer, for as long as that lasts: sixteen clients that send a byte a
second stop a service with sixteen threads. And what comes while all threads are busy waits without bound. Here the
event loop receives requests and sends what clients have not taken yet, so a thread is busy only while it works:

- a connection may send its request for `client_timeout_seconds` (then 408, or nothing if it never began one), its
  answer must be taken at a pace (`connections`); there may be `worker_connections` of them, and when there are, the
  one that has kept us waiting longest makes room for the next;
- `queue` requests may wait for a thread; one more is told 503 and `Retry-After` before any work. So is one that waited
  longer than `queue_ms`, if others wait behind it: after a moment in which nothing went on at all, those few who waited
  are answered.

`worker_of` makes the class that gunicorn is told to use. It replaces methods of `gunicorn.workers.gthread` and keeps
its main loop and its way to stop; gunicorn's version is pinned to the minor for that.
"""

from __future__ import annotations

import errno
import resource
import selectors
import time
from contextlib import suppress
from threading import Barrier
from typing import TYPE_CHECKING, Any, ClassVar, Final

from gunicorn import http
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from service.access.register import AccessError
from service.access.rules import Rules
from service.limiting.arriving import HeadTooLong
from service.limiting.connections import BodyWaits, Connection
from service.metrics import Metrics, metrics_of_worker
from service.origins import EVERY, EarlyOrigins
from service.refusals import OVERLOADED, refusal

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

    from service.settings import Settings

REQUEST_TIMEOUT, HEAD_TOO_LONG = 408, 431
OTHER_FILES: Final = 1_000
"""Open files that are no connections: the index, the archive, logs."""

START_S: Final = 10.0
"""How long threads wait for each other at the start."""

LINGER_S: Final = 2.0
"""How long a client may take to notice that its connection is over."""

_HEALTH: Final = (b"GET /healthz ", b"GET /readyz ")
_NO_ROOM: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_NOT_THERE: Final = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EINTR, errno.EPROTO}


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn is untyped
    """See the module. `worker_of` sets the limits."""

    queue: ClassVar[int] = 64
    queue_s: ClassVar[float] = 1.0
    patience_s: ClassVar[float] = 10.0
    short_bytes: ClassVar[int] = 65_536
    origins: ClassVar[EarlyOrigins] = EarlyOrigins(EVERY)

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - gunicorn's
        super().__init__(*args, **options)
        self._waiting: dict[Connection, None] = {}
        self._busy = 0
        self._body_waits = BodyWaits(self.cfg.threads)
        self._clock = time.monotonic
        self._metrics = Metrics()  # until it is known which part is ours

    def init_process(self) -> None:
        """Allow for as many open files as there may be connections."""
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = self.worker_connections + OTHER_FILES
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most)
        )
        self._metrics = metrics_of_worker()
        super().init_process()

    def get_thread_pool(self) -> Executor:
        """The threads that answer, all of them from the start.

        Else one would be started whenever so many requests come at once as never before, hours later, too, and what it
        works with, a megabyte or two, would look like memory that is lost. Each waits for the others, so that none is
        idle before all are there; not for long, in case that the system gives us no more.
        """
        pool: Executor = super().get_thread_pool()
        together = Barrier(self.cfg.threads, timeout=START_S)
        for _ in range(self.cfg.threads):
            pool.submit(together.wait)
        return pool

    def is_parent_alive(self) -> bool:
        """Whether the server is there that started this worker; if not, it stops as if it had been told to."""
        if not super().is_parent_alive():
            self.alive = False
        return bool(self.alive)

    # Connections come.

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection, and see whether it has said anything yet."""
        try:
            raw, client = listener.accept()
        except OSError as error:
            if error.errno in _NO_ROOM:
                self._make_room()
            elif error.errno not in _NOT_THERE:
                raise
            return
        self.nr_conns += 1
        connection = Connection(
            raw,
            client=client,
            server=listener.getsockname(),
            short_bytes=self.short_bytes,
            patience_s=self.patience_s,
            waits=self._body_waits,
        )
        connection.parser = http.get_parser(self.cfg, connection, client)
        self._receive(connection)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's signature
        """Stop accepting only if nobody can be made to make room."""
        if not enabled and self.alive and self._make_room():
            return
        super().set_accept_enabled(enabled)

    def _make_room(self) -> bool:
        """Close the connection that has been idle longest, or else kept us waiting longest; whether there was one."""
        if self.keepalived_conns:
            connection = self.keepalived_conns.popleft()
        elif self._waiting:
            connection = min(self._waiting, key=lambda each: each.expires_at)
        else:
            return False
        self._drop(connection)
        return True

    # Requests come.

    def _wake(self, connection: Connection) -> None:
        """An idle connection says something."""
        self.keepalived_conns.remove(connection)
        self._release(connection)
        connection.begin()
        self._receive(connection)

    def _receive(self, connection: Connection) -> None:
        """Take what has come, and hand the request over if that is all of it."""
        try:
            goes_on = connection.receive()
        except BlockingIOError:
            self._hold(connection, selectors.EVENT_READ, self._receive)
            return
        except OSError:
            self._drop(connection)
            return
        if goes_on:
            self._look_at(connection)
        else:
            self._drop(connection)  # it ended within a request, or before one

    def _look_at(self, connection: Connection) -> None:
        try:
            is_whole = connection.is_whole()
        except HeadTooLong:
            self._refuse(connection, HEAD_TOO_LONG)
            return
        if not is_whole:
            self._hold(connection, selectors.EVENT_READ, self._receive)
        elif self._busy < self.cfg.threads + self._room_for(connection):
            self._release(connection)
            self._busy += 1
            self._note_queue()
            connection.queued_at = self._clock()
            self.enqueue_req(connection)
        else:
            self._metrics.refused("busy")
            self._refuse(connection, OVERLOADED)

    def _note_queue(self) -> None:
        self._metrics.waiting(max(0, self._busy - self.cfg.threads))

    def _room_for(self, connection: Connection) -> int:
        """How many may wait before this one: twice as many before those who ask how we are."""
        return self.queue * (1 + connection.received.startswith(_HEALTH))

    # Requests are answered.

    def handle(self, conn: Connection) -> bool:
        """Answer a request, in a thread; whether the connection may be kept. If late, make way for who waits behind."""
        try:
            is_late = self._clock() - conn.queued_at > self.queue_s
            if is_late and self._busy > self.cfg.threads:
                self._metrics.refused("busy")
                conn.unsent += refusal(OVERLOADED, self.origins.headers_for(bytes(conn.received)))
                return False
            return bool(super().handle(conn))
        finally:
            conn.finish()

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:  # noqa: FBT001 - gunicorn's signature
        """Whether the connection can be used again: not if a body that nobody read has still to come."""
        conn.stop_waiting()
        return bool(super()._keepalive_after(conn, keepalive))

    def finish_request(self, conn: Connection, fs: Future[bool]) -> None:
        """A thread is done: send what is left, then wait for the next request, or close."""
        self._busy -= 1
        self._note_queue()
        conn.keeps = not fs.cancelled() and fs.exception() is None and fs.result()
        self._send(conn)

    def _send(self, connection: Connection) -> None:
        is_sent = connection.send_more()
        if connection.is_broken:
            self._drop(connection)
        elif not is_sent:
            self._hold(connection, selectors.EVENT_WRITE, self._send)
        elif not connection.keeps:
            self._part(connection)
        else:
            self._release(connection)
            connection.begin()
            if connection.received:
                self._look_at(connection)
            else:
                self._keep(connection)

    def _keep(self, connection: Connection) -> None:
        """Wait for another request."""
        connection.set_timeout(self.cfg.keepalive)
        if not self.alive:
            connection.timeout = min(connection.timeout, self._clock() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(connection)
        self.poller.register(connection, selectors.EVENT_READ, _Waited(connection, self._wake))

    # Connections go.

    def _refuse(self, connection: Connection, status: int) -> None:
        """Say why not, and that it is over."""
        connection.keeps = False
        connection.unsent += refusal(status, self.origins.headers_for(bytes(connection.received)))
        connection.received.clear()
        self._send(connection)

    def _part(self, connection: Connection) -> None:
        """Say that it is over, and wait a little for the client to have read so: what it still sends goes nowhere."""
        connection.expires_at = self._clock() + LINGER_S
        if connection.half_close():
            self._hold(connection, selectors.EVENT_READ, self._discard)
        else:
            self._drop(connection)

    def _discard(self, connection: Connection) -> None:
        try:
            goes_on = connection.receive()
        except BlockingIOError:
            return
        except OSError:
            goes_on = False
        connection.received.clear()
        if not goes_on:
            self._drop(connection)

    def murder_pending(self) -> None:
        """Close what kept us waiting for too long, saying so to those who had begun a request."""
        now = self._clock()
        for connection in [each for each in self._waiting if each.expires_at <= now]:
            if connection.received and self._waiting_for(connection) == self._receive:
                self._refuse(connection, REQUEST_TIMEOUT)
            else:
                self._drop(connection)

    def _cap_keepalive(self, deadline: float) -> None:
        """About to stop: who has not begun a request must do so soon."""
        super()._cap_keepalive(deadline)
        for connection in self._waiting:
            if not connection.received and self._waiting_for(connection) == self._receive:
                connection.expires_at = min(connection.expires_at, deadline)

    def _drop(self, connection: Connection) -> None:
        if connection.is_closed:
            return
        self._release(connection)
        self.nr_conns -= 1
        connection.close()

    # What the event loop waits for.

    def _hold(self, connection: Connection, event: int, then: Callable[[Connection], None]) -> None:
        """Have `then` called when a connection can be read or written."""
        if connection in self._waiting:
            self.poller.modify(connection, event, _Waited(connection, then))
        else:
            self._waiting[connection] = None
            self.poller.register(connection, event, _Waited(connection, then))

    def _release(self, connection: Connection) -> None:
        """Wait for it no more."""
        self._waiting.pop(connection, None)
        with suppress(KeyError, ValueError):  # where it was not waited for
            self.poller.unregister(connection)

    def _waiting_for(self, connection: Connection) -> Callable[[Connection], None]:
        waited: _Waited = self.poller.get_key(connection).data
        return waited.then


class _Waited:
    """What to do when a connection can be read or written, as gunicorn's event loop calls it."""

    __slots__ = ("connection", "then")

    def __init__(self, connection: Connection, then: Callable[[Connection], None]) -> None:
        self.connection, self.then = connection, then

    def __call__(self, _fileobj: object) -> None:
        if not self.connection.is_closed:  # for another, a moment ago
            self.then(self.connection)


def worker_of(settings: Settings) -> type[Worker]:
    """The class of workers with the limits that settings ask for."""
    rules = Rules(settings.data)

    def origins_of_sites() -> frozenset[str]:
        try:
            return frozenset(origin for site in rules.register.sites for origin in site.origins)
        except AccessError:  # the application logs it
            return frozenset()

    class Limited(Worker):
        queue = settings.queue
        queue_s = settings.queue_ms / 1000
        patience_s = float(settings.client_timeout_seconds)
        short_bytes = settings.max_body_bytes
        origins = EarlyOrigins(settings.allowed_origins, origins_of_sites)

    return Limited
