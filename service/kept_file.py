"""Small files in the data folder that commands change while the service runs: keys and sites, saved searches.

`take_lock` has one command at a time change a file; `replace_privately` puts the new one in its place as a whole, on
disk before it counts and readable by its owner alone; `Followed` is what a process of the service knows of it, never
older than a second, by its `file_stamp`. What is in a file, and what is wrong with it, is for the modules that keep
something in one.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from pathlib import Path

T = TypeVar("T")
E = TypeVar("E", bound=Exception)

LOOK_EVERY_S: Final = 0.25
_OWNER_ONLY: Final = 0o600


def take_lock(lock: Path) -> int:
    """Wait until nobody else holds a lock file; its handle, and closing that lets go of it.

    Raises `OSError` if its folder cannot be written.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def replace_privately(path: Path, content: bytes) -> None:
    """Have a file hold this, in one step, and nobody but its owner read it. Raises `OSError`; nothing is changed then.

    The owner stays the one there was, or is the folder's: the service must be able to read what root wrote.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.unlink(missing_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
        with open(handle, "wb") as file:  # noqa: PTH123 - a file that only its owner can open
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _keep_owner(path, beside)
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _keep_owner(path: Path, beside: Path) -> None:
    owner = (path if path.exists() else path.parent).stat()
    if owner.st_uid == os.geteuid():
        return
    if os.geteuid() != 0:
        reason = f"the archive's owner could not read it; run this as user {owner.st_uid}, or root"
        raise PermissionError(errno.EPERM, reason)
    os.chown(beside, owner.st_uid, owner.st_gid)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Followed(Generic[T, E]):
    """What a file says now: read again when it was replaced. Safe to use from many threads.

    `read` reads it, and raises a `failure` while it cannot be used, of which `report` is told once. `clock` is in
    seconds.
    """

    def __init__(  # noqa: PLR0913 - most by name, with a default
        self,
        path: Path,
        read: Callable[[], T],
        failure: type[E],
        *,
        look_every_s: float = LOOK_EVERY_S,
        report: Callable[[E], None] = lambda _error: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._read = read
        self._failure = failure
        self._look_every_s = look_every_s
        self._report = report
        self._clock = clock
        self._lock = threading.Lock()
        self._look_at = float("-inf")
        self._seen: object = None
        self._known: T | None = None
        self._error: E | None = None

    @property
    def current(self) -> T:
        """What it says. Raises what `read` raised while it cannot be used."""
        if self._clock() >= self._look_at:
            with self._lock:
                self._look()
        known, error = self._known, self._error
        if error is not None:
            raise error.with_traceback(None)
        return known  # type: ignore[return-value]  # looked at by now, so read, or there is an error

    def _look(self) -> None:
        """Read the file if it is not the one read last."""
        now = self._clock()
        if now < self._look_at:
            return
        seen = file_stamp(self._path)
        if seen != self._seen:
            try:
                self._known, self._error = self._read(), None
            except self._failure as error:
                self._error = error
                self._report(error)
            self._seen = seen
        self._look_at = now + self._look_every_s


def file_stamp(path: Path) -> Hashable:
    """What changes when a file is replaced or written to, or others may read it. Quick."""
    try:
        found = path.stat()
    except OSError as error:
        return error.errno
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
