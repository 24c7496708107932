"""Following what is published: requests always get the newest, and keep what they got until they are done.

`Reloading` answers "what may I search right now?". `lease()` lends the current resource for the length of a `with`
block. When the stamp of what is published changes, the next lease opens the new resource; the old one is closed after
its last user. If the new one cannot be opened, the old one keeps answering, `failure` says why, and opening is tried
again later.

It knows nothing of generations or files: what to open and how to tell that it changed are parameters. You do not need
it where one generation is enough: a command that asks one question opens a `Searcher` itself.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from search.errors import EngineClosed

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator


class Closable(Protocol):
    """What can be lent: anything to be closed in the end."""

    def close(self) -> None:
        """Let go of files and memory."""
        ...


C = TypeVar("C", bound=Closable)


class _Holder(Generic[C]):
    """A resource and how many leases it has. Guarded by the owner's lock."""

    __slots__ = ("is_retired", "leases", "resource")

    def __init__(self, resource: C) -> None:
        self.resource = resource
        self.leases = 0
        self.is_retired = False

    @property
    def is_done(self) -> bool:
        return self.is_retired and self.leases == 0


class Reloading(Generic[C]):
    """Lends the current resource to many threads and replaces it when another is published.

    `stamp()` is cheap and changes when something else is published; it is looked at every `check_every_s` seconds at
    most. `open_current()` opens what is published now. After a failure, opening is tried again when the stamp changes
    or `retry_after_s` seconds have passed. `report` is told of each failure, once.
    """

    def __init__(  # noqa: PLR0913 - all by name, most with a default
        self,
        *,
        open_current: Callable[[], C],
        stamp: Callable[[], Hashable],
        check_every_s: float = 0.2,
        retry_after_s: float = 5.0,
        report: Callable[[Exception], None] = lambda _failure: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_current = open_current
        self._stamp = stamp
        self._check_every_s = check_every_s
        self._retry_after_s = retry_after_s
        self._report = report
        self._clock = clock
        self._lock = threading.Lock()
        self._following = threading.Lock()
        self._holder: _Holder[C] | None = None
        self._failure: Exception | None = None
        self._tried: Hashable = None
        self._opened: Hashable = None
        self._check_at = float("-inf")
        self._retry_at = float("-inf")
        self._is_closed = False

    @property
    def failure(self) -> Exception | None:
        """Why what is published now is not what is lent; None if it is."""
        return self._failure

    @contextmanager
    def lease(self) -> Iterator[C]:
        """Lend the current resource.

        Raises what opening raised if none could be opened yet, and `EngineClosed` after `close`.
        """
        self._follow()
        holder = self._take()
        try:
            yield holder.resource
        finally:
            self._give_back(holder)

    def close(self) -> None:
        """Lend nothing more; the current resource is closed after its last user. May be called twice."""
        with self._following, self._lock:
            self._is_closed = True
        self._replace(None)

    def _take(self) -> _Holder[C]:
        with self._lock:
            if self._is_closed:
                raise EngineClosed("closed: nothing can be searched any more")
            if self._holder is not None:
                self._holder.leases += 1
                return self._holder
            failure = self._failure
        if failure is None:
            raise EngineClosed("nothing has been opened")
        raise failure.with_traceback(None)

    def _give_back(self, holder: _Holder[C]) -> None:
        with self._lock:
            holder.leases -= 1
            is_done = holder.is_done
        if is_done:
            holder.resource.close()

    def _follow(self) -> None:
        """Open what is published if it changed. One thread does; others use the old one, or wait if there is none."""
        if self._clock() < self._check_at:
            return
        if not self._following.acquire(blocking=self._holder is None):
            return
        try:
            now = self._clock()
            if now >= self._check_at and not self._is_closed:
                self._open_if_changed(now)
                self._check_at = self._clock() + self._check_every_s
        finally:
            self._following.release()

    def _open_if_changed(self, now: float) -> None:
        try:
            stamp = self._stamp()
            if self._holder is not None and stamp == self._opened:
                self._failure = None
                return
            if self._failure is not None and stamp == self._tried and now < self._retry_at:
                return
            self._tried = stamp
            resource = self._open_current()
        except Exception as failure:  # noqa: BLE001 - whatever is wrong with the new one, the old one still answers
            self._fail(failure, now)
        else:
            self._failure, self._opened = None, stamp
            self._replace(_Holder(resource))

    def _fail(self, failure: Exception, now: float) -> None:
        is_news = repr(failure) != repr(self._failure)
        self._failure = failure
        self._retry_at = now + self._retry_after_s
        if is_news:
            self._report(failure)

    def _replace(self, holder: _Holder[C] | None) -> None:
        with self._lock:
            old, self._holder = self._holder, holder
            if old is None:
                return
            old.is_retired = True
            is_done = old.is_done
        if is_done:
            old.resource.close()
