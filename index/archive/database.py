"""The SQLite file of an archive: its tables, its version, its durability. What they mean, `index.archive.store` says.

A commit is on disk when it returns: it is appended to the write-ahead log beside the file, and that is synced. About
every four megabytes, and when the last connection is closed, the log is copied into the file and begun again. While
somebody reads one moment of the archive (a build, a backup) the log can only grow; afterwards it is cut back.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from index.durable import sync
from index.errors import BusyError, DamagedStore, DiskFailed, DiskFull, ReadOnlyStore, StoreError, StoreVersion

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STORE_FORMAT: Final = 1
APPLICATION_ID: Final = 0x444C4E45
"""Marks the file as Dateline's ("DLNE"), so that no other program's database is written to."""

BUSY_TIMEOUT_S: Final = 30.0
"""How long a write waits for another process's batch."""

LOG_BYTES_KEPT: Final = 16 * 1024 * 1024
"""What the write-ahead log is cut back to when it was begun again after it had to grow beyond this."""

_STEPS_A_LOOK: Final = 1000
"""Of SQLite's machine, between two looks for signals: some milliseconds."""

_PRIMARY: Final = 0xFF
"""The part of SQLite's error codes that says what kind of error it is."""

_LITTLE_SPACE: Final = 1024 * 1024
"""With fewer bytes than this left, an error of the disk is taken for a full one, which is what it then is."""

_SCHEMA: Final = (
    """CREATE TABLE article (
        serial INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        url TEXT,
        file TEXT,
        digest TEXT NOT NULL,
        raw TEXT NOT NULL,
        document TEXT NOT NULL,
        rules TEXT NOT NULL,
        change INTEGER NOT NULL)""",
    "CREATE INDEX article_url ON article (url) WHERE url IS NOT NULL",
    "CREATE INDEX article_file ON article (file) WHERE file IS NOT NULL",
    "CREATE INDEX article_digest ON article (digest)",
    """CREATE TABLE change (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        serial INTEGER NOT NULL,
        id TEXT NOT NULL,
        effect TEXT NOT NULL,
        at TEXT NOT NULL)""",
    "CREATE TABLE archive (id TEXT NOT NULL)",
    "INSERT INTO archive VALUES (lower(hex(randomblob(8))))",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {STORE_FORMAT}",
)


def connect(path: Path, *, patience_s: float | None = None, is_shared: bool = False) -> sqlite3.Connection:
    """Open the archive's file, or make an empty one. Transactions are begun and ended by the caller's own statements.

    A write waits `patience_s` for that of another process, or `BUSY_TIMEOUT_S`. One that `is_shared` may be used by
    several threads, one at a time. Raises `StoreError` if the file cannot be used, `StoreVersion` if another version of
    Dateline made it.
    """
    timeout = BUSY_TIMEOUT_S if patience_s is None else patience_s
    with explained(path):
        connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=not is_shared)
        try:
            if _prepare(connection, path):
                _sync_name(path)
        except BaseException:
            connection.close()
            raise
    return connection


def _sync_name(path: Path) -> None:
    """Have it on disk that there is such a file; SQLite sees only to what is in it."""
    try:
        sync(path.parent)
    except OSError as error:
        raise DiskFailed(path, error.strerror or str(error)) from error


def _prepare(connection: sqlite3.Connection, path: Path) -> bool:
    """Make the connection durable, and the file an archive if it is new; True if it was."""
    connection.execute(
        "BEGIN"
    )  # to see all of the file at one moment: another process may just be making it an archive
    is_archive = _is_archive(connection, path)  # before anything is written to what may be another program's file
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # on macOS, fsync alone leaves bytes in the drive's cache
    connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES_KEPT}")
    if is_archive:
        return False
    connection.execute("BEGIN IMMEDIATE")  # two processes may meet an empty file at once
    if not _is_archive(connection, path):
        for statement in _SCHEMA:
            connection.execute(statement)
    connection.execute("COMMIT")
    return True


def _is_archive(connection: sqlite3.Connection, path: Path) -> bool:
    """False for an empty file. Raises for the file of another program or version."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application == 0 and version == 0 and tables == 0:
        return False
    if application != APPLICATION_ID:
        raise StoreError(f"{path} is the database of another program; name another data folder")
    if version != STORE_FORMAT:
        raise StoreVersion(path, expected=STORE_FORMAT, found=version)
    return True


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says into what the archive's keeper can act on. Raises `StoreError` or `BusyError`."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explanation(path, error) from error


@contextmanager
def interruptible(connection: sqlite3.Connection) -> Iterator[None]:
    """Let signals be heard while SQLite does what may take minutes. Raises `KeyboardInterrupt` if one interrupts it."""
    connection.set_progress_handler(lambda: 0, _STEPS_A_LOOK)  # where Python hears them
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:  # the handler's own exception is lost in SQLite
            raise KeyboardInterrupt from error
        raise
    finally:
        connection.set_progress_handler(None, 0)


def _explanation(path: Path, error: sqlite3.Error) -> StoreError | BusyError:
    match getattr(error, "sqlite_errorcode", 0) & _PRIMARY:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return BusyError(path.parent)
        case sqlite3.SQLITE_FULL:
            return DiskFull(path)
        case sqlite3.SQLITE_READONLY:
            return ReadOnlyStore(path)
        case sqlite3.SQLITE_CANTOPEN if path.parent.is_dir() and not os.access(path.parent, os.W_OK):
            return ReadOnlyStore(path)
        case sqlite3.SQLITE_IOERR:
            return DiskFull(path) if _is_full(path) else DiskFailed(path, f"{error} ({error.sqlite_errorname})")
        case sqlite3.SQLITE_CORRUPT:
            return DamagedStore(path, str(error))
        case _:
            return StoreError(f"{path} cannot be used: {error}")


def _is_full(path: Path) -> bool:
    """Whether the disk is: SQLite calls it an error of the disk where its smaller files find no space."""
    try:
        free = os.statvfs(path.parent)
    except OSError:
        return False
    return free.f_bavail * free.f_frsize < _LITTLE_SPACE
