"""Following what is published: requests always get the newest, and keep what they got until they are done.

`Reloading` answers "what may I search right now?". `lease()` lends the current resource for the length of a `with`
block. When the stamp of what is published changes, `open_current` is asked for what is to be lent from now on, an
`Opening`; what was lent before is closed after its last user. At most two are open: while the one before has a user,
what is published waits, and then the newest is opened. A user who takes longer than a minute is not waited for: the
resource is withdrawn, that is closed under it, and whatever it reads next says so.

By itself it opens when it is asked for a lease and it is time to look. After `start()` a thread does that, so no
request waits for an opening once there was one.

It knows nothing of generations or files: what to open and how to tell that it changed are parameters. You do not need
it where one generation is enough: a command that asks one question opens a `Searcher` itself.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from search.errors import EngineClosed, StillOpening, Withdrawn

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator


class Closable(Protocol):
    """What can be lent: anything to be closed in the end. Who has it when it is closed gets an error, and no harm."""

    def close(self) -> None:
        """Let go of files and memory."""
        ...


C = TypeVar("C", bound=Closable)


@dataclass(frozen=True, slots=True)
class Opening(Generic[C]):
    """What is to be lent from now on, None if nothing can be; and, if that isn't what is published, why."""

    resource: C | None
    failure: Exception | None = None


class _Holder(Generic[C]):
    """A resource and how many leases it has. Guarded by the owner's lock."""

    __slots__ = ("is_retired", "is_withdrawn", "leases", "resource", "withdraw_at")

    def __init__(self, resource: C) -> None:
        self.resource = resource
        self.leases = 0
        self.is_retired = False
        self.is_withdrawn = False
        self.withdraw_at = float("inf")

    @property
    def is_to_be_closed(self) -> bool:
        return self.is_retired and not self.leases and not self.is_withdrawn


class Reloading(Generic[C]):
    """Lends the current resource to many threads and replaces it when another is published.

    `stamp()` is cheap and changes when something else is published; it is looked at every `check_every_s` seconds.
    `open_current` is given what is lent now, None if nothing is, and may return that: then it is lent on. If it raises,
    what is lent is lent on, too. After a failure it is called again when the stamp changes or `retry_after_s` seconds
    have passed. `report` is told of each failure once, and of each resource that was withdrawn from its users
    `withdraw_after_s` seconds after another took its place. A lease waits `patience_s` seconds for a first opening.
    `after_open` is called with what is lent from now on; `after_close` when a resource was closed, soon but not by who
    gave it back.
    """

    def __init__(  # noqa: PLR0913 - all by name, most with a default
        self,
        *,
        open_current: Callable[[C | None], Opening[C]],
        stamp: Callable[[], Hashable],
        check_every_s: float = 0.2,
        retry_after_s: float = 5.0,
        withdraw_after_s: float = 60.0,
        patience_s: float = 20.0,
        report: Callable[[Exception], None] = lambda _failure: None,
        after_open: Callable[[C], object] = lambda _resource: None,
        after_close: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_current = open_current
        self._stamp = stamp
        self._check_every_s = check_every_s
        self._retry_after_s = retry_after_s
        self._withdraw_after_s = withdraw_after_s
        self._patience_s = patience_s
        self._report = report
        self._after_open = after_open
        self._after_close = after_close
        self._clock = clock
        self._lock = threading.Lock()
        self._following = threading.Lock()
        self._follower: threading.Thread | None = None
        self._has_tried, self._is_stopped = threading.Event(), threading.Event()
        self._holder: _Holder[C] | None = None
        self._retired: _Holder[C] | None = None
        self._failure: Exception | None = None
        self._tried: Hashable = None
        self._check_at = float("-inf")
        self._retry_at = float("-inf")
        self._is_closed = False
        self._has_closed_some = False

    @property
    def failure(self) -> Exception | None:
        """Why what is published now is not what is lent; None if it is."""
        return self._failure

    @property
    def open_count(self) -> int:
        """How many resources are open: what is lent, and what was lent before and still has a user."""
        with self._lock:
            return (self._holder is not None) + (self._retired is not None)

    def start(self, *, wait_s: float = 0.0) -> None:
        """Follow in a thread of its own from now on, until `close`. To be called in the process that lends.

        Returns when the first opening is over, or after `wait_s` seconds.
        """
        if self._follower is None:
            self._follower = threading.Thread(target=self._keep_following, name="following", daemon=True)
            self._follower.start()
        self._has_tried.wait(wait_s)

    @contextmanager
    def lease(self) -> Iterator[C]:
        """Lend the current resource.

        Raises why if there is none, `StillOpening` if that isn't known yet, and `EngineClosed` after `close`.
        """
        if self._follower is None:
            self._follow_if_due()
        elif not self._has_tried.is_set():
            self._has_tried.wait(self._patience_s)
        holder = self._take()
        try:
            yield holder.resource
        finally:
            self._give_back(holder)

    def close(self) -> None:
        """Lend nothing more; the current resource is closed after its last user. May be called twice."""
        self._is_stopped.set()
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
            raise StillOpening
        raise failure.with_traceback(None)

    def _give_back(self, holder: _Holder[C]) -> None:
        with self._lock:
            holder.leases -= 1
            is_done = holder.is_to_be_closed
            if is_done and holder is self._retired:
                self._retired = None
        if is_done:
            self._close(holder)

    def _keep_following(self) -> None:
        while not self._is_stopped.is_set():
            with self._following:
                self._follow()
            self._has_tried.set()
            self._is_stopped.wait(self._check_every_s)

    def _follow_if_due(self) -> None:
        """Open what is published if it changed. One thread does; others use the old one, or wait if there is none."""
        if self._clock() < self._check_at:
            return
        if not self._following.acquire(blocking=self._holder is None):
            return
        try:
            if self._clock() >= self._check_at:
                self._follow()
                self._check_at = self._clock() + self._check_every_s
        finally:
            self._following.release()

    def _follow(self) -> None:
        """Look what is published, and open it if it is another. Called by one thread at a time."""
        now = self._clock()
        self._withdraw(now)
        if self._has_closed_some:
            self._has_closed_some = False
            self._after_close()
        if self._is_closed or self._retired is not None:
            return
        try:
            stamp = self._stamp()
            if stamp == self._tried and (self._failure is None or now < self._retry_at):
                return
            self._tried = stamp
            lent = self._holder.resource if self._holder else None
            opening = self._open_current(lent)
        except Exception as failure:  # noqa: BLE001 - whatever is wrong with the new one, the old one still answers
            self._note(failure, now)
        else:
            if opening.resource is not lent:
                self._replace(None if opening.resource is None else _Holder(opening.resource))
                if opening.resource is not None:
                    self._after_open(opening.resource)
            self._note(opening.failure, now)

    def _note(self, failure: Exception | None, now: float) -> None:
        is_news = failure is not None and repr(failure) != repr(self._failure)
        self._failure = failure
        self._retry_at = now + self._retry_after_s
        if failure is not None and is_news:
            self._report(failure)

    def _replace(self, holder: _Holder[C] | None) -> None:
        with self._lock:
            old, self._holder = self._holder, holder
            if old is None:
                return
            old.is_retired = True
            old.withdraw_at = self._clock() + self._withdraw_after_s
            is_done = old.is_to_be_closed
            if not is_done:
                self._retired = old
        if is_done:
            self._close(old)

    def _withdraw(self, now: float) -> None:
        """Close what has been replaced for so long that its users are not waited for any more."""
        with self._lock:
            late = self._retired
            if late is None or now < late.withdraw_at:
                return
            late.is_withdrawn, self._retired = True, None
        self._close(late)
        self._report(Withdrawn(self._withdraw_after_s))

    def _close(self, holder: _Holder[C]) -> None:
        holder.resource.close()
        self._has_closed_some = True
