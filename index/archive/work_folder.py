"""A folder to make something in, beside where it is to be: a backup, a restore or a merge before it counts.

It has a fixed name, so what a killed process left in one is found and removed by the next; a lock on it keeps two
processes from making the same thing at once.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from index.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def work_folder(path: Path) -> Iterator[Path]:
    """An empty folder at `path`, for this process alone, which is gone with all that is in it afterwards.

    Raises `BusyError` if another process is at work there, `OSError` where there can be none.
    """
    with suppress(FileExistsError):  # not exist_ok, which looks again: it may just have been removed
        path.mkdir(mode=0o700)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError as error:  # another process was at work there, and has just removed it
        raise BusyError(path.parent) from error
    try:
        if not _take_lock(handle, path):
            raise BusyError(path.parent)
        _empty(path)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(handle)


def remove_left(path: Path) -> None:
    """Remove a work folder that a killed process left, if there is one. One that somebody is at work in stays."""
    with suppress(BusyError, OSError):
        if path.is_dir():
            with work_folder(path):
                pass  # all that is in it goes


def _take_lock(handle: int, path: Path) -> bool:
    """Lock a folder; False if another has, or has removed it since it was opened, and the lock is of nothing."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle), path.stat(follow_symlinks=False))
    except (BlockingIOError, FileNotFoundError):
        return False


def _empty(folder: Path) -> None:
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)  # noqa: PTH108 - an entry, not a path
