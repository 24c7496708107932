"""The SQLite file of an archive: its tables, its version, its durability. What they mean is `index.store`'s to say."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from index.errors import BusyError, StoreError, StoreVersion

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STORE_FORMAT: Final = 1
APPLICATION_ID: Final = 0x444C4E45
"""Marks the file as Dateline's ("DLNE"), so that no other program's database is written to."""

BUSY_TIMEOUT_S: Final = 30.0
"""How long a write waits for another process's batch."""

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


def connect(path: Path) -> sqlite3.Connection:
    """Open the archive's file, or make an empty one. Transactions are begun and ended by the caller's own statements.

    Raises `StoreError` if it cannot be used, `StoreVersion` if another version of Dateline made it.
    """
    with explained(path):
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the connection durable, and the file an archive if it is new."""
    is_archive = _is_archive(connection, path)  # before anything is written to what may be another program's file
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    if is_archive:
        return
    connection.execute("BEGIN IMMEDIATE")  # two processes may meet an empty file at once
    if not _is_archive(connection, path):
        for statement in _SCHEMA:
            connection.execute(statement)
    connection.execute("COMMIT")


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
    """Turn what SQLite says into what the archive's keeper can act on."""
    try:
        yield
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise BusyError(path.parent) from error
        raise StoreError(f"{path} cannot be used: {error}") from error
