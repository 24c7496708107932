"""Folders that articles keep coming to: what is new there is taken in, again and again, until it is told to stop.

`Watcher.run` looks (`index.ingest.at_rest`), ingests what is ready, remembers what it read
(`index.ingest.file_memory`), and tells of it: `Took` for each batch, `Trouble` once when the archive cannot be written,
and `Look`s with something to tell. After trouble it tries again, ever less often, and nothing is lost: a file counts as
read when its articles are kept. Files that were deleted change nothing; articles are deleted by name only.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from index.archive.store import Store
from index.durable import key_of
from index.errors import (
    BusyError,
    DamagedStore,
    DataFileError,
    IndexingError,
    StoreError,
    StoreVersion,
    UnreadableInput,
)
from index.ingest.at_rest import FileWatch, Look, Ready
from index.ingest.file_memory import FileMemory
from index.ingest.ingestion import NO_MAPPING, IngestProgress, IngestReport, ingest_files
from index.read.files import Inputs
from index.read.reading import Refused

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from index.durable import FileKey
    from index.ingest.file_memory import FileRead
    from index.ingest.ingestion import Understanding

FILES_AT_ONCE: Final = 200

LOOK_EVERY_S: Final = 1.0
LOOKING_SHARE: Final = 20
"""Between two looks passes at least this many times what a look worked: many files must not keep a processor busy."""

FIRST_RETRY_S: Final = 1.0
LAST_RETRY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Took:
    """A batch of files that was read: how many, what became of their articles, and the archive's last change."""

    files: int
    report: IngestReport
    change: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing can be taken in at the moment, and in how many seconds it is tried again."""

    error: IndexingError
    retry_s: float


Told: TypeAlias = Took | Trouble | Look


class _Stopped(Exception):
    """It was told to stop while it read."""


class Watcher:
    """Takes in what comes to some folders.

    `archive` is the database's path; `watch` makes the `FileWatch` of files that are known; `rules` gives what
    understands articles now; `tell` is told of all that happens.
    """

    def __init__(  # noqa: PLR0913 - what to watch, where it goes, and by which rules
        self,
        archive: Path,
        watch: Callable[[Mapping[str, FileRead]], FileWatch],
        *,
        rules: Callable[[], Understanding],
        fields: Mapping[str, str] = NO_MAPPING,
        tell: Callable[[Told], None],
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._archive = archive
        self._make_watch = watch
        self._rules = rules
        self._fields = fields
        self._tell = tell
        self._look_every_s = look_every_s
        self._memory: FileMemory | None = None
        self._watch: FileWatch | None = None
        self._file: FileKey | None = None

    def run(self, stop: threading.Event) -> None:
        """Do so until `stop` is set. Raises `StoreVersion` or `DamagedStore`, which waiting does not mend."""
        retry_s = FIRST_RETRY_S
        with closing(self):
            while not stop.is_set():
                try:
                    pause_s = self.step(stop)
                except (StoreVersion, DamagedStore):
                    raise
                except (StoreError, BusyError, DataFileError) as error:
                    self._tell(Trouble(error, retry_s))
                    stop.wait(retry_s)
                    retry_s = min(2 * retry_s, LAST_RETRY_S)
                    continue
                except _Stopped:
                    return
                retry_s = FIRST_RETRY_S
                stop.wait(pause_s)

    def close(self) -> None:
        """Let go of the archive. May be called twice."""
        if self._memory:
            self._memory.close()

    def step(self, stop: threading.Event) -> float:
        """Look once and take in what is ready; how many seconds to wait then. Raises `IndexingError`."""
        watch = self._current()
        started_s, worked_s = time.monotonic(), time.thread_time()
        look = watch.look()
        pause_s = max(LOOKING_SHARE * (time.thread_time() - worked_s), time.monotonic() - started_s)
        if look.long_written or look.problems or look.passed:
            self._tell(look)
        for start in range(0, len(look.ready), FILES_AT_ONCE):
            self._take(watch, look.ready[start : start + FILES_AT_ONCE], stop)
        return max(self._look_every_s, pause_s)

    def _current(self) -> FileWatch:
        """What looks for the archive that is there: one that took the place of another has not read what that had."""
        if self._watch is None or _find_file(self._archive) not in {self._file, None}:
            self.close()
            self._memory = FileMemory.open(self._archive)  # while it is open, no other file can have its inode
            self._watch = self._make_watch(self._memory.files())
            self._file = _find_file(self._archive)
        return self._watch

    def _take(self, watch: FileWatch, files: Sequence[Ready], stop: threading.Event) -> None:
        started = time.monotonic()
        digests = dict(_digests(watch, files))
        new = {origin: ready for origin, (ready, digest) in digests.items() if not watch.is_known(ready, digest)}
        with Store.open(self._archive) as store:
            report = self._ingest(store, tuple(new.values()), stop)
            change = store.change
        unread = report.unread | {origin for origin, (_, digest) in digests.items() if not digest}
        for origin in unread & new.keys():
            watch.refused(new[origin])
        with FileMemory.open(self._archive) as memory:
            memory.note(watch.read({origin: read for origin, read in digests.items() if origin not in unread}))
        report = _news(report, watch)
        if report.read or report.problems:
            self._tell(Took(len(new), report, change, time.monotonic() - started))

    def _ingest(self, store: Store, files: Sequence[Ready], stop: threading.Event) -> IngestReport:
        def hear(_progress: IngestProgress) -> None:
            if stop.is_set():
                raise _Stopped

        inputs = Inputs(tuple(ready.file for ready in files), (), ())
        return ingest_files(inputs, store, self._rules(), fields=self._fields, progress=hear)


def _find_file(path: Path) -> FileKey | None:
    try:
        return key_of(path)
    except OSError:
        return None


def _digests(watch: FileWatch, files: Sequence[Ready]) -> Iterator[tuple[str, tuple[Ready, str]]]:
    """By origin, files and their digests; one that cannot be read has a digest that no file has, and so is told of."""
    for ready in files:
        try:
            yield ready.file.origin, (ready, watch.digest_of(ready))
        except (OSError, Refused):
            yield ready.file.origin, (ready, "")


def _news(report: IngestReport, watch: FileWatch) -> IngestReport:
    """A report without what has been told already of files that were tried again."""
    problems = tuple(problem for problem in report.problems if _is_news(problem, watch))
    return replace(report, problems=problems)


def _is_news(problem: UnreadableInput, watch: FileWatch) -> bool:
    return problem.line is not None or watch.is_news(problem)
