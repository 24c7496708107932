"""Which article of the archive an arrival is, by the strongest name it came with, and what of it is new.

`Recognition.identify` asks for id, url, file and text, in that order (rules: `index.archive.identity`), and gives an
`Identity`. Files of one text are one article; `note_place` keeps account of them (`index.archive.copies`). Both work on
a connection of `index.archive.store`, in whatever transaction it is in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from index.archive.copies import Copies
from index.archive.identity import candidate_ids, file_of, id_problem, place_of
from index.errors import StoreError

if TYPE_CHECKING:
    import sqlite3

    from index.document import RawDocument

_Known: TypeAlias = tuple[int, str, str | None, str, int, str | None]
"""The serial, id, url, digest, last change and file of an article of the archive."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which article an arrival is: one of the archive's, or (`serial` None) a new one that would be called `id`.

    `change` is the number of the article's last change; 0 for a new one. One that `is_new_copy` is unchanged, but in a
    place where the archive has not met it yet: it is to be put, or that place's next text may cost this one.
    """

    serial: int | None
    id: str
    is_unchanged: bool
    change: int = 0
    is_new_copy: bool = False


class Recognition:
    """Knows the articles of an archive by what they are called."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._copies = Copies(connection)

    def identify(self, raw: RawDocument, digest: str) -> Identity:
        """Which article an arrival with that content is. Raises `StoreError` for an impossible declared id."""
        if raw.id is not None and (problem := id_problem(raw.id)):
            raise StoreError(problem)
        row = self._find_same(raw, digest)
        if row is None:
            free = (candidate for candidate in candidate_ids(raw, digest) if not self._is_taken(candidate))
            return Identity(None, next(free), is_unchanged=False)
        serial, article_id, url, known_digest, change, file = row
        is_named = raw.id is not None or raw.url is not None
        is_unchanged = known_digest == digest and (raw.url == url or not is_named)
        is_new_copy = is_unchanged and file != file_of(raw.origin) and self._is_new_place(raw.origin, digest)
        return Identity(serial, article_id, is_unchanged, change, is_new_copy)

    def note_place(self, origin: str, digest: str, identity: Identity) -> None:
        """Take note of what a place holds now. What it held before is filed under another that holds it, if any."""
        place = place_of(origin)
        if place is None:
            return
        self._copies.forget(place)
        before = self._connection.execute(
            "SELECT serial, digest FROM article WHERE file = ? AND serial IS NOT ?", (place, identity.serial)
        ).fetchall()
        for serial, known_digest in before:
            if other := self._copies.find_other(place, known_digest):
                self._connection.execute("UPDATE article SET file = ? WHERE serial = ?", (file_of(other), serial))
                self._copies.forget(other)
        if identity.is_new_copy:
            self._copies.note(place, digest)

    def _is_new_place(self, origin: str, digest: str) -> bool:
        place = place_of(origin)
        return place is not None and not self._copies.has(place, digest)

    def _find_same(self, raw: RawDocument, digest: str) -> _Known | None:
        """The article that `raw` is, by the strongest name it came with."""
        select = "SELECT serial, id, url, digest, change, file FROM article WHERE"
        if raw.id is not None:
            return self._first(f"{select} id = ?", raw.id)
        if raw.url is not None:
            # A page may hold several articles, told apart by declared ids: none of them is overwritten by a guess.
            sharing: list[_Known] = self._connection.execute(f"{select} url = ? ORDER BY serial", (raw.url,)).fetchall()
            same = [known for known in sharing if known[3] == digest]
            return next(iter(same or (sharing if len(sharing) == 1 else ())), None)
        by_file = self._first(f"{select} file = ? ORDER BY serial DESC LIMIT 1", file_of(raw.origin))
        if by_file and (by_file[3] == digest or self._copies.find_other(raw.origin, by_file[3]) is None):
            return by_file
        return self._first(f"{select} digest = ? ORDER BY serial LIMIT 1", digest)

    def _first(self, query: str, value: str | None) -> _Known | None:
        row: _Known | None = self._connection.execute(query, (value,)).fetchone()
        return row

    def _is_taken(self, article_id: str) -> bool:
        return self._connection.execute("SELECT 1 FROM article WHERE id = ?", (article_id,)).fetchone() is not None
