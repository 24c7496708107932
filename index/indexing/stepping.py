"""What every indexer does alike: follow the store and the rules, and try again and again.

`FollowedStore` and `FollowedRules` are opened and loaded when they are there, and again when they are others.
`keep_stepping` does an indexer's steps until it is told to stop, whatever fails. What happens is `Published`, `Failed`
or `Looked`. `index.indexing.indexer` publishes generations so, `index.opensearch.indexing` indexes on a cluster.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from index.archive.store import Store
from index.errors import BusyError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Hashable

    from index.indexing.build import BuildProgress
    from index.ingest.ingestion import Understanding
    from index.layout import DataFolder

POLL_S: Final = 0.05
"""Seconds between two looks at the store."""

RETRY_S: Final = (0.5, 30.0)
"""Seconds to wait after a first failure, doubled after each that follows, up to the second number."""


R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Published(Generic[R]):
    """A generation was published, in so many seconds. `report` says what was done."""

    report: R
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing could be published; it is tried again after so many seconds. What was published still answers."""

    error: Exception
    retry_s: float


@dataclass(frozen=True, slots=True)
class Looked:
    """The archive was looked at: its newest change, and the generation that shows it, None if none does yet."""

    change: int
    generation_id: str | None


class _Stopped(Exception):
    """The indexer is to stop, and leaves what it was making."""


def keep_stepping(
    step: Callable[[], object], stop: threading.Event, *, poll_s: float, failed: Callable[[Exception, float], None]
) -> None:
    """Do steps until `stop` is set. A step that did something, which it says by not giving None, is followed at once.

    `failed` is told of each that failed, and in how many seconds it is tried again. That somebody else is publishing is
    no failure.
    """
    failures = 0
    while not stop.is_set():
        try:
            done = step()
        except _Stopped:
            break
        except BusyError:
            done, failures = None, 0
        except Exception as error:  # noqa: BLE001 - whatever it is, what is published answers, and may be mended
            retry_s = min(RETRY_S[0] * 2**failures, RETRY_S[1])
            failures += 1
            failed(error, retry_s)
            stop.wait(retry_s)
            continue
        failures = 0
        if done is None:
            stop.wait(poll_s)


def hear_or_stop(hear: Callable[[BuildProgress], None], stop: threading.Event) -> Callable[[BuildProgress], None]:
    """What hears of progress within `keep_stepping`, and breaks off what progresses when it is to stop."""

    def heard(progress: BuildProgress) -> None:
        if stop.is_set():
            raise _Stopped
        hear(progress)

    return heard


class FollowedStore:
    """The store of a data folder, opened when it is there, and again when another takes its place."""

    def __init__(self, data: DataFolder) -> None:
        self._path = data.archive
        self._store: Store | None = None
        self._file: tuple[int, int] | None = None

    def find(self) -> Store | None:
        """The store; None if there is no archive yet."""
        try:
            status = os.stat(self._path)  # noqa: PTH116 - asked twenty times a second
        except FileNotFoundError:
            self.close()
            return None
        file = status.st_dev, status.st_ino
        if self._store is None or file != self._file:
            self.close()
            self._store, self._file = Store.open(self._path, must_exist=True), file
        return self._store

    def close(self) -> None:
        """Let go of it. May be called twice."""
        if self._store is not None:
            self._store.close()
            self._store = None


class FollowedRules:
    """What understands articles, loaded when it is first asked for and when its stamp changes.

    `failed` is told if it cannot be loaded again.
    """

    def __init__(
        self, load: Callable[[], Understanding], stamp: Callable[[], Hashable], failed: Callable[[Exception], None]
    ) -> None:
        self._load = load
        self._stamp = stamp
        self._failed = failed
        self._loaded: Understanding | None = None
        self._of: Hashable = None

    def get(self) -> Understanding:
        """What understands articles by the present rules; by those before, if the present ones cannot be loaded.

        Raises what loading raises if none were loaded before.
        """
        stamp = self._stamp()
        if self._loaded is None or stamp != self._of:
            try:
                self._loaded = self._load()
            except Exception as error:
                if self._loaded is None:
                    raise
                self._failed(error)
            self._of = stamp
        return self._loaded
