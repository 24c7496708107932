"""Which files were read already, and what was in them: what `index.ingest.watching` knows after a restart.

It is a table of the archive's own database, so it is backed up, restored and moved with the articles it tells of. It is
made when it is first written to; who does not watch folders has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from index.archive.database import connect, explained

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

_TABLE = """CREATE TABLE IF NOT EXISTS file_read (
    path TEXT PRIMARY KEY,
    stamp TEXT NOT NULL,
    digest TEXT NOT NULL) WITHOUT ROWID"""


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file as it was read: `stamp` tells at a glance whether it has been touched since, `digest` what was in it."""

    stamp: str
    digest: str


class FileMemory:
    """An open memory. Make one with `FileMemory.open`; it is a context manager, and belongs to its thread."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> FileMemory:
        """Open the memory in the archive at `path`. Raises `StoreError` as `Store.open` does."""
        return cls(path, connect(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._connection.close()

    def files(self) -> dict[str, FileRead]:
        """Every file that was read, by its path."""
        with explained(self._path):
            is_there = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'file_read'").fetchone()
            # Earlier versions could note a file that they could not open, without a digest: it was not read.
            query = "SELECT path, stamp, digest FROM file_read WHERE digest <> ''"
            rows = self._connection.execute(query).fetchall() if is_there else ()
        return {path: FileRead(stamp, digest) for path, stamp, digest in rows}

    def note(self, files: Mapping[str, FileRead]) -> None:
        """Remember files as they were read, by their paths. On disk when this returns."""
        if not files:
            return
        rows = [(path, file.stamp, file.digest) for path, file in files.items()]
        with explained(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.execute(_TABLE)
                self._connection.executemany("INSERT OR REPLACE INTO file_read VALUES (?, ?, ?)", rows)
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
