"""The store of one process of the service: opened when it is first written to, and shared by the threads that write.

They take turns; there is nothing to win by more than one connection, as SQLite lets only one write at a time. After any
failure the file is opened anew, and so it is when another file has taken its place: what was acknowledged must be in
the file that everybody else sees.
"""

from __future__ import annotations

import errno
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

from index.archive.store import Store
from index.errors import BusyError, DiskFull, GenerationError, ReadOnlyStore, StoreError
from index.generation.publish import create_data_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.layout import DataFolder

PATIENCE_S: Final = 4.0
"""How long a request waits for other threads, and then for other processes, that write."""

_Place: TypeAlias = tuple[int, int]
"""The device and inode of a file."""

_MAY_NOT: Final = {errno.EROFS, errno.EACCES, errno.EPERM}
_FULL: Final = {errno.ENOSPC, errno.EDQUOT}


class Keeper:
    """Lends the store of a data folder. Safe to use from many threads; the file is made if it is not there."""

    def __init__(self, data: DataFolder, *, patience_s: float = PATIENCE_S) -> None:
        self._data = data
        self._patience_s = patience_s
        self._turn = threading.Lock()
        self._opened: tuple[Store, _Place | None] | None = None

    @property
    def is_there(self) -> bool:
        """Whether there is an archive already."""
        return self._data.archive.exists()

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The store, for this thread alone until it is given back.

        Raises `BusyError` if others take too long, `StoreError` where the file cannot be used.
        """
        if not self._turn.acquire(timeout=self._patience_s):
            raise BusyError(self._data.path)
        try:
            yield self._current()
        except StoreError:
            self._let_go()
            raise
        finally:
            self._turn.release()

    def close(self) -> None:
        """Let go of the file. May be called twice, and used again afterwards."""
        with self._turn:
            self._let_go()

    def _current(self) -> Store:
        """The store, opened anew if its file is not the one in the folder any more."""
        if self._opened and self._opened[1] != _find_place(self._data.archive):
            self._let_go()
        if self._opened is None:
            self._make_folder()
            store = Store.open(self._data.archive, patience_s=self._patience_s, is_shared=True)
            self._opened = (store, _find_place(self._data.archive))
        return self._opened[0]

    def _make_folder(self) -> None:
        if self.is_there:
            return
        try:
            create_data_folder(self._data)
        except GenerationError as error:
            cause = error.__cause__
            number = cause.errno if isinstance(cause, OSError) else None
            if number in _MAY_NOT:
                raise ReadOnlyStore(self._data.archive) from error
            raise (DiskFull(self._data.archive) if number in _FULL else StoreError(str(error))) from error

    def _let_go(self) -> None:
        if self._opened:
            self._opened[0].close()
            self._opened = None


def _find_place(path: Path) -> _Place | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - called for each request
    except OSError:
        return None
    return status.st_dev, status.st_ino
