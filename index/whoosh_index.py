"""All of Whoosh's write side and the opening of its indexes, behind one door.

`write_index` fills an empty folder with one segment; `update_index` adds, replaces and deletes articles of an index;
`open_index` opens one for reading, without writing a byte; `check_index` reads it all. `index.codec.schema` says what
is in an index, the other modules of `index.codec` how its files are made. `search.engines` ask the questions.

No file of an index is ever changed: a commit adds files and unlinks others, so a folder may be hard-linked from a
published one. Nothing in them can be run, either: Whoosh's own pickles are replaced by `index.codec.contents`.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from whoosh.filedb.filestore import FileStorage
from whoosh.index import LockError

from index.codec.bulk_writer import BulkWriter
from index.codec.container import FORMAT_VERSION, DamagedFile, FileVersion
from index.codec.contents import ArrayIndex
from index.codec.schema import (
    SERIAL,
    Analyser,
    first_day_column,
    last_day_column,
    schema_from_fields,
)
from index.codec.segment import check_segment
from index.errors import BusyError, DamagedGeneration, GenerationError, GenerationVersion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from index.fields import Record

__all__ = [
    "SERIAL",
    "Analyser",
    "check_index",
    "damage_named",
    "first_day_column",
    "last_day_column",
    "open_index",
    "schema_from_fields",
    "update_index",
    "write_index",
]

MERGED_AT_ONCE: Final = 10_000
"""Articles that a commit merges into one segment on the way: more would keep others waiting for it."""

OPEN_ATTEMPTS: Final = 10
OPEN_PAUSE_S: Final = 0.05


def write_index(folder: Path, records: Iterable[Record]) -> int:
    """Make an index of the records in a folder that has none yet, and return how many there are.

    Raises `ValueError` for two records of one serial and `GenerationError` where there is an index already; whatever
    is raised, by the records too, leaves an index of no articles behind.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob("*.toc")):
        raise GenerationError(f"{folder} has an index already; an index is only ever written into a folder of its own")
    ArrayIndex.create(FileStorage(str(folder)), schema_from_fields())
    count = 0
    with _writing(folder, into_one=True) as writer:
        for count, record in enumerate(records, start=1):  # noqa: B007 - the number of the last is how many there are
            writer.add(record)
    return count


def update_index(
    folder: Path,
    upserts: Iterable[Record] = (),
    deletes: Iterable[int] = (),
    *,
    most_merged: float = MERGED_AT_ONCE,
) -> int:
    """Delete some articles of an index, then add or replace others, in one commit; return how many were written.

    Files are never changed, only added and unlinked, so the folder may be hard-linked from a published one. Deleted
    articles may stay in the files until segments are merged; engines leave them out of every count. Merges that are due
    are done on the way, but for those that make a segment of more than `most_merged` articles. Raises `ValueError` for
    two upserts of one serial, `BusyError` if the index is being written, `DamagedGeneration` as `open_index` does,
    `OSError`.
    """
    open_index(folder)
    count = 0
    with _writing(folder, most_merged=most_merged) as writer:
        writer.delete(deletes)
        for count, record in enumerate(upserts, start=1):  # noqa: B007 - as above
            writer.delete((record.serial,))
            writer.add(record)
    return count


@contextmanager
def _writing(folder: Path, **options: Any) -> Iterator[BulkWriter]:  # noqa: ANN401 - those of the writer
    """The one writer of an index: commits at the end, cancels on an error, and leaves no lock file."""
    with _damaged_files_named(folder):
        try:
            writer = BulkWriter(ArrayIndex(FileStorage(str(folder))), **options)
        except LockError:
            raise BusyError(folder) from None
        with writer:
            yield writer


def open_index(folder: Path) -> ArrayIndex:
    """Open an index for reading. Nothing is written, created or repaired.

    Raises `DamagedGeneration` if there is none, it cannot be read, or it is not one of ours. A file may vanish under a
    reader while a commit replaces it, so that is tried again, for half a second in all.
    """
    with damage_named(folder):
        return _opened(folder)


def _opened(folder: Path) -> ArrayIndex:
    for _ in range(OPEN_ATTEMPTS - 1):
        try:
            return ArrayIndex(FileStorage(str(folder), readonly=True))
        except FileNotFoundError:
            time.sleep(OPEN_PAUSE_S)
    return ArrayIndex(FileStorage(str(folder), readonly=True))


def check_index(folder: Path, unchanged: Collection[str] = frozenset()) -> None:
    """Open an index, and see that every byte of its segments is as written, and every article in it once.

    The bytes of files named in `unchanged` are not read: they are known to be right, being linked from a generation
    that was checked. Raises `DamagedGeneration` or `GenerationVersion`. A published index is checked by its manifest
    (`index.layout`).
    """
    index = open_index(folder)
    with damage_named(folder):
        serials = np.concatenate(
            [
                np.zeros(0, np.uint64),
                *(check_segment(index.storage, segment, unchanged) for segment in index.segments()),
            ]
        )
    serials.sort(kind="stable")  # far faster than the default where most are in order already, and they are
    distinct = len(serials) - np.count_nonzero(serials[1:] == serials[:-1])
    if distinct != len(serials):
        raise DamagedGeneration(folder, f"only {distinct} of its {len(serials)} articles have a serial of their own")


@contextmanager
def damage_named(folder: Path) -> Iterator[None]:
    """Whatever Whoosh and our codec raise while an index is read, as `DamagedGeneration` or `GenerationVersion`."""
    try:
        with _damaged_files_named(folder):
            yield
    except (GenerationError, MemoryError):
        raise
    except Exception as error:
        # Bytes that are not what was written can make Whoosh, and our readers under it, raise anything
        raise DamagedGeneration(folder, f"no readable Whoosh index ({type(error).__name__}: {error})") from error


@contextmanager
def _damaged_files_named(folder: Path) -> Iterator[None]:
    """The same of what our codec says of its files, while an index is written: a full disk is no damage."""
    try:
        yield
    except FileVersion as error:
        expected, found = f"segments {FORMAT_VERSION}", f"segments {error.found}"
        raise GenerationVersion(folder, expected=expected, found=found) from error
    except DamagedFile as error:
        raise DamagedGeneration(folder, str(error)) from error
