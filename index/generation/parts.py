"""A part of a generation's articles: an SQLite file that is written once, never changed, and shared by generations.

A part holds articles by serial and id, and `covers`: the serials it speaks of. Those are its articles and, beyond them,
the ones that were deleted: of a serial, the newest part that covers it says what is so. `PartWriter` makes one, `Part`
reads it, `Overlay` says which of several parts to ask.

Opened as immutable: no lock, no journal, and the folder may be mounted read-only. Not for use from several threads at
once; `index.generation.snapshot` sees to that.
"""

from __future__ import annotations

import sqlite3
from array import array
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from index.errors import DamagedGeneration, GenerationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    Serials = NDArray[np.int64]

Row = tuple[int, str, str]
"""An article of a part: its serial, its id, its document as JSON."""

_SCHEMA: Final = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    BEGIN;
    CREATE TABLE article (serial INTEGER PRIMARY KEY, id TEXT NOT NULL, document TEXT NOT NULL);
    CREATE TABLE covers (serials BLOB NOT NULL);
"""
# No journal and no sync: a part is synced whole when its generation is published, and thrown away if that fails.

_MOST_MAPPED_BYTES: Final = 2**40
"""More than SQLite maps of any file: what it allows at most is what we want."""

_SERIAL: Final = np.dtype("<i8")


class PartWriter:
    """Writes a part to a new file. Use it as a context manager: without `finish` there is no part.

    Raises `GenerationError` if the file cannot be written, two serials or ids being the same among the reasons.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._serials = array("q")
        with _explained(path):
            path.touch(exist_ok=False)  # SQLite would not say why it can't be made: no room, or too many files
            self._connection = sqlite3.connect(path, isolation_level=None)
            try:
                self._connection.executescript(_SCHEMA)
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()

    def add(self, serial: int, article_id: str, text: str) -> None:
        """Add an article, its document as JSON."""
        with _explained(self.path):
            self._connection.execute("INSERT INTO article VALUES (?, ?, ?)", (serial, article_id, text))
        self._serials.append(serial)

    def finish(self, gone: Iterable[int] = ()) -> int:
        """Make it a part, which also says that the articles of these serials are gone; the number of its articles."""
        covers = np.unique(np.array([*self._serials, *gone], _SERIAL))
        with _explained(self.path):
            self._connection.execute("INSERT INTO covers VALUES (?)", (covers.tobytes(),))
            self._connection.execute("CREATE UNIQUE INDEX article_id ON article (id)")
            self._connection.execute("COMMIT")
        return len(self._serials)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise GenerationError(f"{path} cannot be written: {error}") from error
    except OSError as error:
        raise GenerationError(f"{path} cannot be written: {error.strerror}") from error


class Part:
    """An open part. Raises `DamagedGeneration` from every method if the file is not one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise DamagedGeneration(path, str(error)) from error
        try:
            self._connection.execute(f"PRAGMA mmap_size = {_MOST_MAPPED_BYTES}")  # pages are read without call or copy
            self._connection.execute("SELECT 1 FROM article LIMIT 1").fetchone()
        except sqlite3.Error as error:
            self._connection.close()
            raise DamagedGeneration(path, str(error)) from error

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._connection.close()

    def covers(self) -> Serials:
        """The serials it speaks of, ascending."""
        ((serials,),) = self._rows("SELECT serials FROM covers")
        return np.frombuffer(serials, _SERIAL)

    def count(self) -> int:
        """How many articles it has. Counts them."""
        return int(next(self._rows("SELECT count(*) FROM article"))[0])

    def last_serial(self) -> int:
        """The highest serial of its articles; 0 if it has none."""
        return int(next(self._rows("SELECT coalesce(max(serial), 0) FROM article"))[0])

    def text(self, serial: int) -> str | None:
        """The document of a serial, as JSON."""
        row = self._first("SELECT document FROM article WHERE serial = ?", serial)
        return None if row is None else row[0]

    def find(self, article_id: str) -> tuple[int, str] | None:
        """The serial and the document, as JSON, of an id."""
        row = self._first("SELECT serial, document FROM article WHERE id = ?", article_id)
        return None if row is None else (row[0], row[1])

    def rows(self) -> Iterator[Row]:
        """Its articles by serial."""
        yield from self._rows("SELECT serial, id, document FROM article ORDER BY serial")

    def rows_with(self, words: str, *, after: int) -> Iterator[Row]:
        """Its articles whose JSON has these words in it, by serial, from the first above `after` on."""
        query = "SELECT serial, id, document FROM article WHERE serial > ? AND instr(document, ?) ORDER BY serial"
        yield from self._rows(query, after, words)

    def _first(self, query: str, key: int | str) -> tuple[Any, ...] | None:
        return next(self._rows(query, key), None)

    def _rows(self, query: str, *keys: int | str) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(query, keys)
        except sqlite3.Error as error:
            raise DamagedGeneration(self.path, str(error)) from error


class Overlay:
    """Which part of several, oldest first, says what is so of a serial: the newest that covers it.

    The oldest is asked for all that no other covers, so what it covers needs not be known.
    """

    def __init__(self, covers: Sequence[Serials]) -> None:
        """`covers` of each part but the oldest, oldest first."""
        every = np.concatenate([np.empty(0, np.int64), *covers])
        parts = np.repeat(np.arange(1, len(covers) + 1, dtype=np.int32), [len(serials) for serials in covers])
        order = np.argsort(every, kind="stable")  # of one serial, the newest part comes last
        every, parts = every[order], parts[order]
        is_newest = np.append(every[1:] != every[:-1], True)[: len(every)]
        self._serials: Serials = every[is_newest]
        self._parts: NDArray[np.int32] = parts[is_newest]

    def parts_of(self, serials: Sequence[int]) -> list[int]:
        """The number of the part to ask for each of these, from 0."""
        if not len(self._serials):
            return [0] * len(serials)
        wanted = np.asarray(serials, np.int64)
        places = np.minimum(np.searchsorted(self._serials, wanted), len(self._serials) - 1)
        return np.where(self._serials[places] == wanted, self._parts[places], 0).tolist()  # type: ignore[no-any-return]  # of int32
