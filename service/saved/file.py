"""The file of saved searches, `searches.json` in the data folder: read, replaced as a whole, followed.

`Searches` is what it says; `read_searches` reads it, `changing_searches` lets a command change it, one at a time;
`KeptSearches` is what a process of the service knows of it. A file that cannot be understood is an error
(`SearchesError`), never an empty one. One search that cannot be understood any more is no error: see
`service.saved.searches`.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from service.kept_file import LOOK_EVERY_S, Followed, replace_privately, take_lock
from service.saved.searches import SavedSearch  # noqa: TC001 - msgspec reads the types of fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

VERSION: Final = 1
FILE: Final = "searches.json"
LOCK: Final = "searches.lock"
MOST: Final = 1000
"""Saved searches of an archive."""

_REMEDY: Final = (
    "Until that is mended there are no saved searches. Put back the file of a backup, or move it away and add the "
    "searches anew: dateline searches add"
)


class SearchesError(Exception):
    """The file of saved searches cannot be used: which file, what is wrong, what to do."""


class Searches(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every saved search of an archive, in the order they were added."""

    version: Literal[1] = VERSION
    searches: tuple[SavedSearch, ...] = ()

    def find(self, search_id: str) -> SavedSearch | None:
        """The search of that id."""
        return next((search for search in self.searches if search.id == search_id), None)


_SEARCHES: Final = msgspec.json.Decoder(Searches)

NO_SEARCHES: Final = Searches()


def read_searches(data: Path) -> Searches:
    """The saved searches of a data folder; none where there is no file. Raises `SearchesError`."""
    path = data / FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return NO_SEARCHES
    except OSError as error:
        raise SearchesError(f"{path} cannot be read: {error.strerror}. {_REMEDY}") from error
    try:
        searches = _SEARCHES.decode(content)
        _check(searches)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors, and so is text that is not UTF-8
        raise SearchesError(f"{path} cannot be used: {error}. {_REMEDY}") from error
    return searches


class SearchesChange:
    """Saved searches on their way from `before` to `searches`, which whoever changes them sets."""

    def __init__(self, before: Searches) -> None:
        self.before = before.searches
        self.searches = before.searches


@contextmanager
def changing_searches(data: Path) -> Iterator[SearchesChange]:
    """Read the searches, and write what the block makes of them once the block ends well.

    Others who would change them wait; readers see the old file or the new one. Raises `SearchesError`.
    """
    try:
        lock = take_lock(data / LOCK)
    except OSError as error:
        reason = f"{data} cannot be written: {error.strerror}. Say with --data where the archive is"
        raise SearchesError(reason) from error
    try:
        change = SearchesChange(read_searches(data))
        yield change
        if change.searches is not change.before:
            _write(data / FILE, Searches(searches=change.searches))
    finally:
        os.close(lock)


def _check(searches: Searches) -> None:
    """See to what types cannot say. Raises `ValueError`."""
    if len({search.id for search in searches.searches}) < len(searches.searches):
        raise ValueError("it has two searches of one id")
    if len(searches.searches) > MOST:
        raise ValueError(f"it has {len(searches.searches)} searches; at most {MOST} are allowed")


def _write(path: Path, searches: Searches) -> None:
    _check(searches)
    try:
        replace_privately(path, msgspec.json.format(msgspec.json.encode(searches), indent=2) + b"\n")
    except OSError as error:
        raise SearchesError(f"{path} cannot be written: {error.strerror}. Nothing was changed") from error


class KeptSearches:
    """Follows the saved searches of a data folder; there are none without one. Safe to use from many threads.

    `report` is told once when the file cannot be used, `clock` is in seconds.
    """

    def __init__(
        self,
        data: Path | None = None,
        *,
        look_every_s: float = LOOK_EVERY_S,
        report: Callable[[SearchesError], None] = lambda _error: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._followed = data and Followed(
            data / FILE, partial(read_searches, data), SearchesError, look_every_s=look_every_s, report=report,
            clock=clock,
        )  # fmt: skip

    @property
    def current(self) -> Searches:
        """The searches there are now. Raises `SearchesError` while their file cannot be used."""
        return self._followed.current if self._followed else NO_SEARCHES
