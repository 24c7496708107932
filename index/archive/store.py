"""The archive itself: every article as received and as understood, in one SQLite file. The source of truth.

`Store.put` takes articles in batches; a batch is one transaction and is on disk when the call returns (write-ahead log,
`synchronous=FULL`). Every article has a `serial`, its place in the order of insertion, never given twice. Every
difference gets a number in the change log, so a reader that knows the archive up to change n asks for `changes(n)`.
What arrives again unaltered changes nothing. `identify` says which article an arrival is (`index.archive.recognition`).
A `Store` belongs to the thread that opened it, unless it was opened to be shared; any number of processes may have one
open.

Web workers do not need this file: what they show is in `index.generation.snapshot`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, TypeVar

import msgspec

from index.archive.database import connect, explained, interruptible
from index.archive.identity import content_digest, file_of
from index.archive.recognition import Identity, Recognition
from index.document import Document, RawDocument
from index.errors import StoreError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

T = TypeVar("T")

_RAW: Final = msgspec.json.Decoder(RawDocument)
_DOCUMENT: Final = msgspec.json.Decoder(Document)


class Effect(StrEnum):
    """What an arrival did to the archive. The change log holds all but `UNCHANGED`."""

    ADDED = "added"
    UPDATED = "updated"
    DELETED = "deleted"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an arrival. `change` is the number of the article's last change: this one, if it was one."""

    effect: Effect
    serial: int
    id: str
    change: int


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the change log. `at` is in UTC."""

    number: int
    serial: int
    id: str
    effect: Effect
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """An article as kept. `rules` is the fingerprint of the rules it was understood by; `change` its last change."""

    serial: int
    raw: RawDocument
    document: Document
    rules: str
    change: int


@dataclass(frozen=True, slots=True)
class Revision:
    """What an article that was read at its `change` says by newer rules; `document` is None if that is the same."""

    serial: int
    change: int
    document: Document | None


Admit: TypeAlias = Callable[[Identity], None]
"""Told, inside the transaction, which article each arrival is; raises what it likes if that may not be."""


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _admit_all(_identity: Identity) -> None:
    pass


class Store:
    """An open archive. Make one with `Store.open`; it is a context manager."""

    def __init__(self, path: Path, connection: sqlite3.Connection, clock: Callable[[], dt.datetime]) -> None:
        self.path = path
        self._connection = connection
        self._clock = clock
        self._recognition = Recognition(connection)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        must_exist: bool = False,
        patience_s: float | None = None,
        is_shared: bool = False,
        clock: Callable[[], dt.datetime] = _now,
    ) -> Store:
        """Open the archive at `path`, or make an empty one unless it `must_exist`.

        A write waits `patience_s` seconds for that of another process (half a minute unless said), then raises
        `BusyError`. A store that `is_shared` may be used by several threads, one at a time. Raises `StoreError` if it
        cannot be used, `StoreVersion` if another version of Dateline made it.
        """
        if must_exist and not path.exists():
            raise StoreError(f"there is no archive at {path}. Make one: dateline ingest PATH --data {path.parent}")
        return cls(path, connect(path, patience_s=patience_s, is_shared=is_shared), clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._connection.close()

    @property
    def id(self) -> str:
        """Names this archive: 16 hex digits, given when it was made."""
        return str(self._value("SELECT id FROM archive"))

    @property
    def change(self) -> int:
        """The number of the last change; 0 in an archive that never had one."""
        return int(self._value("SELECT coalesce(max(number), 0) FROM change"))

    @property
    def last_serial(self) -> int:
        """The highest serial of the articles there are; 0 if there is none."""
        return int(self._value("SELECT coalesce(max(serial), 0) FROM article"))

    @property
    def count(self) -> int:
        """How many articles there are."""
        return int(self._value("SELECT count(*) FROM article"))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Within this, everything read is of one moment, whatever other processes write. Nothing can be written."""
        with explained(self.path):
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def identify(self, raw: RawDocument) -> Identity:
        """Which article an arrival is. Raises `StoreError` for an impossible declared id."""
        with explained(self.path):
            return self._recognition.identify(raw, content_digest(raw))

    def put(
        self, articles: Iterable[tuple[RawDocument, Document]], *, rules: str, admit: Admit = _admit_all
    ) -> tuple[Outcome, ...]:
        """Keep articles, each with what it was understood as by `rules`; all of them or, on any error, none.

        They are on disk when this returns. Identity is decided here, inside the transaction, so an article that another
        process (or an earlier pair of the same batch) brought meanwhile is found; a document's id is made to agree.
        `admit` is told each identity before the article is written.
        """
        with self._writing():
            return tuple(self._put(raw, document, rules, admit) for raw, document in articles)

    def delete(self, article_id: str) -> int | None:
        """Remove an article; the number of that change, or None if there is no article of that id."""
        with self._writing():
            row = self._connection.execute("SELECT serial FROM article WHERE id = ?", (article_id,)).fetchone()
            if row is None:
                return None
            self._connection.execute("DELETE FROM article WHERE serial = ?", row)
            return self._log(row[0], article_id, Effect.DELETED)

    def find(self, article_id: str) -> StoredArticle | None:
        """The article of that id."""
        with explained(self.path):
            row = self._connection.execute(
                "SELECT serial, raw, document, rules, change FROM article WHERE id = ?", (article_id,)
            ).fetchone()
        return None if row is None else self._article(*row)

    def documents(self, *, after: int = 0) -> Iterator[tuple[int, Document]]:
        """Every (serial, document) of a serial above `after`, in the order of insertion, one at a time."""
        for serial, document in self._rows(
            "SELECT serial, document FROM article WHERE serial > ? ORDER BY serial", after
        ):
            yield serial, self._decoded(document, _DOCUMENT, serial)

    def changes(self, since: int = 0) -> Iterator[Change]:
        """The changes numbered above `since`, in order."""
        rows = self._rows("SELECT number, serial, id, effect, at FROM change WHERE number > ? ORDER BY number", since)
        for number, serial, article_id, effect, at in rows:
            yield Change(number, serial, article_id, Effect(effect), dt.datetime.fromisoformat(at))

    def changed(self, since: int) -> Iterator[tuple[int, Document | None]]:
        """Every article changed after that number, by serial: (serial, document), None where it is gone."""
        rows = self._rows(
            "SELECT changed.serial, document FROM (SELECT DISTINCT serial FROM change WHERE number > ?) AS changed"
            " LEFT JOIN article ON article.serial = changed.serial ORDER BY changed.serial",
            since,
        )
        for serial, document in rows:
            yield serial, None if document is None else self._decoded(document, _DOCUMENT, serial)

    def count_changed(self, since: int) -> int:
        """How many articles changed after that number."""
        return int(self._value("SELECT count(DISTINCT serial) FROM change WHERE number > ?", since))

    def gone(self, since: int) -> tuple[int, ...]:
        """The serials of articles that were deleted after that number."""
        query = (
            "SELECT DISTINCT change.serial FROM change LEFT JOIN article ON article.serial = change.serial"
            " WHERE number > ? AND article.serial IS NULL"
        )
        return tuple(row[0] for row in self._rows(query, since))

    def count_outdated(self, rules: str, *, since: int = 0) -> int:
        """How many articles, of those changed after the number `since`, were understood by other rules than these.

        Looks at all of the archive if `since` is 0.
        """
        query = f"SELECT count(*) FROM article WHERE rules <> ? {_changed(since)}"  # noqa: S608 - constant but for a number
        return int(self._value(query, rules))

    def outdated(self, rules: str, *, after: int, limit: int, since: int = 0) -> tuple[StoredArticle, ...]:
        """The first `limit` articles of those with a serial above `after`."""
        condition = f"serial > ? AND rules <> ? {_changed(since)} ORDER BY serial LIMIT ?"
        query = f"SELECT serial, raw, document, rules, change FROM article WHERE {condition}"  # noqa: S608 - constant but for a number
        return tuple(self._article(*row) for row in self._rows(query, after, rules, limit))

    def revise(self, revisions: Iterable[Revision], *, rules: str) -> int:
        """Keep what articles are understood as by newer `rules`, in one transaction; the number that differ.

        An article that changed since it was read is passed over: whoever changed it understood it anew. One whose
        document is the same as before gets no change number.
        """
        with self._writing():
            return sum(self._revise(revision, rules) for revision in revisions)

    def problems(self) -> tuple[str, ...]:
        """What SQLite finds wrong with the file; empty if it is sound. Reads all of it, and may be interrupted."""
        with explained(self.path), interruptible(self._connection):
            found = self._connection.execute("PRAGMA integrity_check").fetchall()
        return tuple(problem for (problem,) in found if problem != "ok")

    def _put(self, raw: RawDocument, document: Document, rules: str, admit: Admit) -> Outcome:
        digest = content_digest(raw)
        identity = self._recognition.identify(raw, digest)
        admit(identity)
        if identity.is_new_copy or not identity.is_unchanged:
            self._recognition.note_place(raw.origin, digest, identity)
        if identity.serial is not None and identity.is_unchanged:
            return Outcome(Effect.UNCHANGED, identity.serial, identity.id, identity.change)
        if document.id != identity.id:
            document = replace(document, id=identity.id)
        kept = (raw.url, file_of(raw.origin), digest, _encoded(raw), _encoded(document), rules)
        if identity.serial is None:
            return self._add(identity.id, kept)
        change = self._log(identity.serial, identity.id, Effect.UPDATED)
        self._connection.execute(
            "UPDATE article SET url = ?, file = coalesce(?, file), digest = ?, raw = ?, document = ?, rules = ?,"
            " change = ? WHERE serial = ?",
            (*kept, change, identity.serial),
        )
        return Outcome(Effect.UPDATED, identity.serial, identity.id, change)

    def _add(self, article_id: str, kept: tuple[str | None, ...]) -> Outcome:
        cursor = self._connection.execute(
            "INSERT INTO article (id, url, file, digest, raw, document, rules, change) VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
            (article_id, *kept),
        )
        serial = cursor.lastrowid
        if serial is None:
            raise StoreError(f"{self.path}: SQLite gave the article {article_id} no serial")
        change = self._log(serial, article_id, Effect.ADDED)
        self._connection.execute("UPDATE article SET change = ? WHERE serial = ?", (change, serial))
        return Outcome(Effect.ADDED, serial, article_id, change)

    def _revise(self, revision: Revision, rules: str) -> bool:
        serial, document = revision.serial, revision.document
        found = self._connection.execute(
            "UPDATE article SET rules = ? WHERE serial = ? AND change = ?", (rules, serial, revision.change)
        )
        if not found.rowcount or document is None:
            return False
        values = (_encoded(document), self._log(serial, document.id, Effect.UPDATED), serial)
        self._connection.execute("UPDATE article SET document = ?, change = ? WHERE serial = ?", values)
        return True

    def _log(self, serial: int, article_id: str, effect: Effect) -> int:
        cursor = self._connection.execute(
            "INSERT INTO change (serial, id, effect, at) VALUES (?, ?, ?, ?)",
            (serial, article_id, effect, self._clock().isoformat()),
        )
        return int(cursor.lastrowid or 0)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction: all of what is done in it is kept when it ends, or nothing."""
        with explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite itself rolls back on a full disk
                    self._connection.execute("ROLLBACK")
                raise

    def _value(self, query: str, *values: str | int) -> int | str:
        with explained(self.path):
            value: int | str = self._connection.execute(query, values).fetchone()[0]
        return value

    def _rows(self, query: str, *values: str | int) -> Iterator[tuple[Any, ...]]:
        with explained(self.path):
            yield from self._connection.execute(query, values)

    def _article(self, serial: int, raw: str, document: str, rules: str, change: int) -> StoredArticle:
        return StoredArticle(
            serial=serial,
            raw=self._decoded(raw, _RAW, serial),
            document=self._decoded(document, _DOCUMENT, serial),
            rules=rules,
            change=change,
        )

    def _decoded(self, text: str, kind: msgspec.json.Decoder[T], serial: int) -> T:
        try:
            return kind.decode(text)
        except msgspec.MsgspecError as error:
            raise StoreError(f"{self.path}: the article of serial {serial} is damaged: {error}") from error


def _changed(since: int) -> str:
    """The condition that an article changed after a number."""
    return f"AND serial IN (SELECT serial FROM change WHERE number > {since:d})" if since else ""  # noqa: S608 - a number


def _encoded(value: RawDocument | Document) -> str:
    return msgspec.json.encode(value).decode()
