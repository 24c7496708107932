"""Which files of some folders are new, or changed, and at rest: nobody is in the middle of writing them.

A file is at rest when a while has passed in which it did not change, and, where the system can tell (Linux does, of
one's own files), when nobody has it open to write. What is renamed into place is whole at once, and only waits that
while. `FileWatch.look` walks the folders anew each time: with ten thousand files that takes a quarter of a second, and
works alike on every system and every kind of mount.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from index.errors import UnreadableInput
from index.ingest.file_memory import FileRead
from index.read.files import InputFile, Inputs, find_inputs
from index.read.reading import Passed
from index.read.streams import open_plain_file

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping


LONG_WRITING_S: Final = 60.0
"""A file that is open for writing for longer than this is told of."""

RETRY_S: Final = 300.0
"""When a file that could not be read is tried again."""

_PIECE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Status:
    """By what a change of a file is noticed: size in bytes, times in nanoseconds, inode."""

    size: int
    modified: int
    changed: int
    inode: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that is new or changed, and at rest; where it is, and its status when that was seen."""

    file: InputFile
    path: Path
    status: Status


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found: files to read, those still written after a long while, and what was not told of before."""

    ready: tuple[Ready, ...]
    long_written: tuple[str, ...]
    problems: tuple[UnreadableInput, ...]
    passed: tuple[Passed, ...]


@dataclass(frozen=True, slots=True)
class _Resting:
    status: Status
    since: float


class FileWatch:
    """Looks at folders again and again.

    `paths` and `format_name` are as for `find_inputs`; `options` tell how files are read, as a file read otherwise is
    another one. `settle_s` is how long a file must not have changed; `clock` gives seconds, `is_written` tells whether
    somebody has a file open to write.
    """

    def __init__(  # noqa: PLR0913 - where to look, what is known, and options by name
        self,
        paths: Iterable[Path],
        known: Mapping[str, FileRead],
        *,
        format_name: str | None = None,
        options: str = "",
        settle_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
        is_written: Callable[[Path], bool] | None = None,
    ) -> None:
        self._paths = tuple(paths)
        self._known = dict(known)
        self._format_name = format_name
        self._options = options
        self._settle_s = settle_s
        self._clock = clock
        self._is_written = is_written or is_open_for_writing
        self._resting: dict[str, _Resting] = {}
        self._retry: dict[str, _Resting] = {}
        self._told: set[tuple[str, str]] = set()
        self._refusals: set[tuple[str, str]] = set()

    def look(self) -> Look:
        """What there is to read now."""
        inputs = find_inputs(self._paths, self._format_name)
        self._forget_refused({file.origin for file in inputs.files})
        now = self._clock()
        resting: dict[str, _Resting] = {}
        ready, long_written = [], []
        for file in inputs.files:
            status = self._find_news(file, now)
            if status is None or file.path is None:
                continue
            before = self._resting.get(file.origin)
            here = before if before and before.status == status else _Resting(status, now)
            resting[file.origin] = here
            if now - here.since < self._settle_s:
                continue
            if not self._is_written(file.path):
                ready.append(Ready(file, file.path, status))
            elif now - here.since >= LONG_WRITING_S:
                long_written.append(file.origin)
        self._resting = resting
        return Look(tuple(ready), *self._untold(long_written, inputs))

    def digest_of(self, ready: Ready) -> str:
        """SHA-256 (64 hex digits) of a file and how it is read. Raises `OSError`, or `Refused` as `open_plain_file`."""
        digest = hashlib.sha256(self._options.encode() + b"\0")
        with open_plain_file(ready.path) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
        return digest.hexdigest()

    def is_known(self, ready: Ready, digest: str) -> bool:
        """Whether a file holds what it did when it was read last: it was only touched."""
        known = self._known.get(ready.file.origin)
        return known is not None and known.digest == digest

    def read(self, files: Mapping[str, tuple[Ready, str]]) -> dict[str, FileRead]:
        """Take note that files were read, each with its digest; what to remember of those that did not change."""
        noted = {
            origin: FileRead(self._stamp(ready.status), digest)
            for origin, (ready, digest) in files.items()
            if find_status(ready.path) == ready.status
        }
        self._known |= noted
        return noted

    def refused(self, ready: Ready) -> None:
        """Take note that a file could not be read; it is tried again after a while, or when it changes."""
        self._retry[ready.file.origin] = _Resting(ready.status, self._clock())

    def is_news(self, refusal: UnreadableInput) -> bool:
        """Whether this was not told of a file before; from now on it was."""
        is_news = (refusal.path, refusal.reason) not in self._refusals
        self._refusals.add((refusal.path, refusal.reason))
        return is_news

    def _forget_refused(self, there: Container[str]) -> None:
        """Forget what could not be read and is gone. What was read is remembered: its folder may only be away."""
        self._retry = {origin: tried for origin, tried in self._retry.items() if origin in there}
        self._refusals = {
            (path, reason) for path, reason in self._refusals if path in there or path.rpartition(":")[0] in there
        }

    def _find_news(self, file: InputFile, now: float) -> Status | None:
        """The status of a file, if there may be something new in it."""
        status = find_status(file.path) if file.path else None
        if status is None:
            return None
        known = self._known.get(file.origin)
        if known and known.stamp == self._stamp(status):
            return None
        refused = self._retry.get(file.origin)
        if refused and refused.status == status and now - refused.since < RETRY_S:
            return None
        return status

    def _stamp(self, status: Status) -> str:
        """What of a status stays the same when a disk is moved to another machine, and how the file is read."""
        return f"{status.size}.{status.modified}.{self._options}"

    def _untold(
        self, long_written: Iterable[str], inputs: Inputs
    ) -> tuple[tuple[str, ...], tuple[UnreadableInput, ...], tuple[Passed, ...]]:
        """What was not told before. What is well again is told anew when it happens again."""
        written = {("written", origin): origin for origin in long_written}
        problems = {(problem.path, problem.reason): problem for problem in inputs.problems}
        passed = {("passed", item.path): item for item in inputs.passed}
        before, self._told = self._told, {*written, *problems, *passed}
        return (
            tuple(item for key, item in written.items() if key not in before),
            tuple(item for key, item in problems.items() if key not in before),
            tuple(item for key, item in passed.items() if key not in before),
        )


def find_status(path: Path) -> Status | None:
    """The status of the file a path leads to; None if there is none, or it cannot be told."""
    try:
        found = path.stat()
    except OSError:
        return None
    return Status(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def is_open_for_writing(path: Path) -> bool:
    """Whether some process has a file open to write; False where that cannot be told.

    Asks for a lease, which Linux refuses for such a file, and gives it back at once.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)  # whoever opens it just now must not end us by SIGIO
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(handle)
    return False
