"""Which other files hold the text of an article: what saves that text when the file it is filed under is changed.

Files with one text are one article, filed under one of them (`article.file`). Each other place that the text was met
in, a file or a row of one, is a copy, and is kept here with the digest of what it held when it was read last. What that
means for an arrival, `index.archive.recognition` says.

It is a table of the archive's database that is made with the first copy: an archive of before needs none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS copy (place TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS copy_digest ON copy (digest)",
)


class Copies:
    """The copies that an archive knows of. What is written is part of the transaction that its connection is in."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def has(self, place: str, digest: str) -> bool:
        """Whether this place is known to hold a copy of that digest."""
        return self._find("SELECT place FROM copy WHERE place = ? AND digest = ?", place, digest) is not None

    def find_other(self, place: str, digest: str) -> str | None:
        """A place, other than this one, that holds a copy of that digest; the first by name."""
        return self._find(
            "SELECT place FROM copy WHERE place <> ? AND digest = ? ORDER BY place LIMIT 1", place, digest
        )

    def note(self, place: str, digest: str) -> None:
        """Take note that a place holds a copy, and no other."""
        for statement in _TABLE:
            self._connection.execute(statement)
        self._connection.execute("INSERT OR REPLACE INTO copy VALUES (?, ?)", (place, digest))

    def forget(self, place: str) -> None:
        """Take note that a place holds no copy."""
        if self._is_there():
            self._connection.execute("DELETE FROM copy WHERE place = ?", (place,))

    def _find(self, query: str, *values: str) -> str | None:
        found = self._connection.execute(query, values).fetchone() if self._is_there() else None
        return None if found is None else str(found[0])

    def _is_there(self) -> bool:
        return self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'copy'").fetchone() is not None
