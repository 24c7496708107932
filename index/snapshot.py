"""The articles of one generation, by serial or by id.

`write_snapshot` passes (serial, document) pairs through while it writes them into an SQLite file; `Snapshot` reads that
file. It is written once and never changed, so it is opened as immutable: no lock, no journal, and the folder may be
mounted read-only. Beside the articles it holds the label of every region, source, topic and language that occurs in
them. It answers by key only; what articles are about is the index's to say.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Final, Self

import msgspec

from index.document import Document, Label
from index.errors import DamagedGeneration, GenerationError
from index.fields import KEYWORD_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

LANGUAGES: Final[Mapping[str, str]] = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "ja": "Japanese",
    "ko": "Korean",
    "ru": "Russian",
    "zh": "Chinese",
}
"""English names of ISO 639-1 codes that archives of Korean news meet; a language not listed goes by its code."""

_SCHEMA: Final = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    BEGIN;
    CREATE TABLE article (serial INTEGER PRIMARY KEY, id TEXT NOT NULL, document TEXT NOT NULL);
    CREATE TABLE label (field TEXT NOT NULL, id TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (field, id));
"""
# No journal and no sync: a snapshot is synced whole when its generation is published, and thrown away if that fails.

_MOST_MAPPED_BYTES: Final = 2**40
"""More than SQLite maps of any file: what it allows at most is what we want."""

_Labels = dict[tuple[str, str], tuple[Label, ...]]


def write_snapshot(path: Path, rows: Iterable[tuple[int, Document]]) -> Iterator[tuple[int, Document]]:
    """Write a snapshot of `rows` (serials and ids unique) to a new file at `path`, passing each on once it is written.

    So whoever consumes the iterator, to the end, indexes the very rows the snapshot holds. Raises `GenerationError` if
    the file cannot be written.
    """
    labels: _Labels = {}
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.executescript(_SCHEMA)
            for serial, document in rows:
                text = msgspec.json.encode(document).decode()
                connection.execute("INSERT INTO article VALUES (?, ?, ?)", (serial, document.id, text))
                _note_labels(labels, document)
                yield serial, document
            _write_labels(connection, labels)
            connection.execute("CREATE UNIQUE INDEX article_id ON article (id)")
            connection.execute("COMMIT")
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise GenerationError(f"{path} cannot be written: {error}") from error


def _note_labels(labels: _Labels, document: Document) -> None:
    """Add the labels of one document. Where documents disagree about a name, the earliest article's stands."""
    for place in document.regions:
        path = place.value.path
        for depth, label in enumerate(path, start=1):
            labels.setdefault(("region", label.id), path[:depth])
    for topic in document.topics:
        labels.setdefault(("topic", topic.value.id), (topic.value,))
    if document.source:
        labels.setdefault(("source", document.source.value.id), (document.source.value,))
    if document.language:
        code = document.language.value
        labels.setdefault(("language", code), (Label(code, LANGUAGES.get(code, code)),))


def _write_labels(connection: sqlite3.Connection, labels: _Labels) -> None:
    connection.executemany(
        "INSERT INTO label VALUES (?, ?, ?)",
        ((field, value, msgspec.json.encode(path).decode()) for (field, value), path in labels.items()),
    )


class Snapshot:
    """An open snapshot. Make one with `Snapshot.open`; it is a context manager, and safe to use from many threads."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, labels: Mapping[str, Mapping[str, tuple[Label, ...]]]
    ) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = connection
        self._lock = threading.Lock()
        self._labels = labels

    @classmethod
    def open(cls, path: Path) -> Snapshot:
        """Open a snapshot and read its labels. Raises `DamagedGeneration` if it is not one."""
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
            connection.execute(f"PRAGMA mmap_size = {_MOST_MAPPED_BYTES}")  # pages are then read without a call or copy
            try:
                labels = _read_labels(connection)
            except BaseException:
                connection.close()
                raise
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise DamagedGeneration(path, str(error)) from error
        return cls(path, connection, labels)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. May be called twice; reading afterwards raises `GenerationError`."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @property
    def count(self) -> int:
        """How many articles there are."""
        return int(self._texts("SELECT count(*) FROM article", [()])[0] or 0)

    def documents(self, serials: Sequence[int]) -> tuple[Document, ...]:
        """The documents of these serials, in this order. Raises `DamagedGeneration` if one is not there."""
        texts = self._texts("SELECT document FROM article WHERE serial = ?", [(serial,) for serial in serials])
        return tuple(self._document(text, serial) for text, serial in zip(texts, serials, strict=True))

    def find(self, article_id: str) -> Document | None:
        """The article of that id."""
        (text,) = self._texts("SELECT document FROM article WHERE id = ?", [(article_id,)])
        return None if text is None else self._document(text, article_id)

    def labels(self, field: str) -> Mapping[str, tuple[Label, ...]]:
        """By id, the path of labels of every value that occurs in a keyword field; of regions, also what they lie in.

        Paths run from the widest place to the value itself; those of other fields have one label.
        """
        return self._labels[field]

    def _texts(self, query: str, keys: Sequence[tuple[int | str, ...]]) -> list[str | None]:
        """The one column of the one row of each key; None where there is no row. Decoded by the caller, unlocked."""
        with self._lock:
            if self._connection is None:
                raise GenerationError(f"{self.path} was closed")
            try:
                rows = [self._connection.execute(query, key).fetchone() for key in keys]
            except sqlite3.Error as error:
                raise DamagedGeneration(self.path, str(error)) from error
        return [row and row[0] for row in rows]

    def _document(self, text: str | None, key: int | str) -> Document:
        if text is None:
            raise DamagedGeneration(self.path, f"has no article {key}, but the index has")
        try:
            return msgspec.json.decode(text, type=Document)
        except msgspec.MsgspecError as error:
            raise DamagedGeneration(self.path, f"article {key}: {error}") from error


def _read_labels(connection: sqlite3.Connection) -> Mapping[str, Mapping[str, tuple[Label, ...]]]:
    labels: dict[str, dict[str, tuple[Label, ...]]] = {field: {} for field in KEYWORD_FIELDS}
    for field, value, path in connection.execute("SELECT field, id, path FROM label ORDER BY field, id"):
        labels[field][value] = msgspec.json.decode(path, type=tuple[Label, ...])
    return labels
