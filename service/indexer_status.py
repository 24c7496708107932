"""What the indexer says of itself, in the small file `indexer.json` of the data folder: for `/metrics` and `doctor`.

`Reporting` is the indexer's side: it is told what happens and keeps the file up to date, replaced in one step, and
written again every few seconds so that its age tells whether the indexer lives. It is never in the indexer's way: where
the file cannot be written (a full disk, say) nothing is told, and that shows in its age. `find_status` reads it.
Nothing depends on it but what people are told.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from index.layout import DataFolder

HEARTBEAT_S: Final = 5.0
"""How often the file is written again though nothing happened."""

SILENT_AFTER_S: Final = 30.0
"""An indexer that has written nothing for longer is not running, or is stopped."""

_LONGEST_FAILURE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexerStatus:
    """The content of the file. Times are in UTC.

    `change` is the newest change of the archive it knows, `published_change` the last that is in `generation`;
    `publishes`, `publish_seconds` and `failures` count from its start; `failure` says what keeps it from publishing.
    """

    pid: int
    started: dt.datetime
    written: dt.datetime
    change: int = 0
    published_change: int = 0
    generation: str | None = None
    publishes: int = 0
    publish_seconds: float = 0.0
    failures: int = 0
    failure: str | None = None

    def is_silent(self, now: dt.datetime) -> bool:
        """Whether it has written nothing for too long."""
        return (now - self.written).total_seconds() > SILENT_AFTER_S

    @property
    def changes_behind(self) -> int:
        """Changes of the archive that are not published yet."""
        return max(0, self.change - self.published_change)


_STATUS: Final = msgspec.json.Decoder(IndexerStatus)


def status_path(data: DataFolder) -> Path:
    """Where the file is."""
    return data.path / "indexer.json"


def find_status(data: DataFolder) -> IndexerStatus | None:
    """What the indexer said last; None if it never said anything, or that cannot be read."""
    try:
        return _STATUS.decode(status_path(data).read_bytes())
    except (OSError, msgspec.MsgspecError):
        return None


class Reporting:
    """Keeps the file of an indexer, which tells what happens; from one thread, `beating` writes it from another."""

    def __init__(self, data: DataFolder, *, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        self._path = status_path(data)
        self._now = now
        self._status = IndexerStatus(pid=os.getpid(), started=now(), written=now())
        self._lock = threading.Lock()

    @contextmanager
    def beating(self, every_s: float = HEARTBEAT_S) -> Iterator[None]:
        """Write the file every so often while the block runs, whatever takes long in it."""
        ended = threading.Event()

        def beat() -> None:
            self._write()
            while not ended.wait(every_s):
                self._write()

        thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def saw(self, change: int) -> None:
        """This is the archive's newest change."""
        if change != self._status.change:
            self._status = replace(self._status, change=change)
            self._write()

    def published(self, generation: str, change: int, seconds: float) -> None:
        """A generation was published in so many seconds, with everything up to that change."""
        status = self._status
        self._status = replace(
            status,
            generation=generation,
            change=max(status.change, change),
            published_change=change,
            publishes=status.publishes + 1,
            publish_seconds=status.publish_seconds + seconds,
            failure=None,
        )
        self._write()

    def stands(self, generation: str, change: int) -> None:
        """There is nothing to publish: this generation has everything up to that change."""
        if (self._status.generation, self._status.published_change) != (generation, change) or self._status.failure:
            self._status = replace(self._status, generation=generation, published_change=change, failure=None)
            self._write()

    def failed(self, reason: str) -> None:
        """Publishing did not succeed; it will be tried again."""
        failures = self._status.failures + 1
        self._status = replace(self._status, failures=failures, failure=reason[:_LONGEST_FAILURE])
        self._write()

    def ended(self) -> None:
        """The indexer ends, as it was told to: it says nothing more."""
        with self._lock, suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        beside = self._path.with_suffix(".json.new")
        with self._lock, suppress(OSError):
            beside.write_bytes(msgspec.json.encode(replace(self._status, written=self._now())))
            beside.replace(self._path)
