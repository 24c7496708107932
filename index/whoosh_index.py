"""All of Whoosh's write side and the opening of its indexes, behind one door.

`write_index` fills an empty folder with one segment; `update_index` adds, replaces and deletes articles of an index;
`open_index` opens one for reading, without writing a byte. `index.codec.schema` says what is in an index, the other
modules of `index.codec` how its files are made. `search.engines` ask the questions.

The table of contents is a pickle, as all of Whoosh's are, so an index is as trusted as code, and its manifest is
verified before it is opened (`index.layout`).
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from whoosh.filedb.filestore import FileStorage
from whoosh.index import LockError, create_in, exists_in

from index.codec.bulk_writer import BulkWriter
from index.codec.container import FORMAT_VERSION, DamagedFile, FileVersion
from index.codec.schema import (
    SERIAL,
    Analyser,
    find_difference,
    first_day_column,
    last_day_column,
    schema_from_fields,
)
from index.codec.segment import ArrayIndex, check_segment
from index.errors import BusyError, DamagedGeneration, GenerationError, GenerationVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
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

OPEN_ATTEMPTS: Final = 10
OPEN_PAUSE_S: Final = 0.05


def write_index(folder: Path, records: Iterable[Record]) -> int:
    """Make an index of the records in a folder that has none yet, and return how many there are.

    Raises `ValueError` for two records of one serial and `GenerationError` where there is an index already; whatever
    is raised, by the records too, leaves an index of no articles behind.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if exists_in(str(folder)):
        raise GenerationError(f"{folder} has an index already; an index is only ever written into a folder of its own")
    create_in(str(folder), schema_from_fields())
    count = 0
    with _writing(folder, into_one=True) as writer:
        for count, record in enumerate(records, start=1):  # noqa: B007 - the number of the last is how many there are
            writer.add(record)
    return count


def update_index(folder: Path, upserts: Iterable[Record] = (), deletes: Iterable[int] = ()) -> int:
    """Delete some articles of an index, then add or replace others, in one commit; return how many were written.

    Files of segments are never changed, only added and unlinked, so the folder may be hard-linked from a published one.
    Deleted articles may stay in the files until segments are merged; engines leave them out of every count.
    Raises `ValueError` for two upserts of one serial, `BusyError` if the index is being written, `DamagedGeneration`
    as `open_index` does.
    """
    open_index(folder)
    count = 0
    with _writing(folder, into_one=False) as writer:
        writer.delete(deletes)
        for count, record in enumerate(upserts, start=1):  # noqa: B007 - as above
            writer.delete((record.serial,))
            writer.add(record)
    return count


@contextmanager
def _writing(folder: Path, *, into_one: bool) -> Iterator[BulkWriter]:
    """The one writer of an index: commits at the end, cancels on an error, and leaves no lock file."""
    try:
        writer = BulkWriter(ArrayIndex(FileStorage(str(folder))), into_one=into_one)
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
        index = _opened(folder)
        strange = find_difference(index.schema)
    if strange is not None:
        raise DamagedGeneration(folder, f"not an index of Dateline's fields (they differ in {strange})")
    return index


def _opened(folder: Path) -> ArrayIndex:
    for _ in range(OPEN_ATTEMPTS - 1):
        try:
            return ArrayIndex(FileStorage(str(folder), readonly=True))
        except FileNotFoundError:
            time.sleep(OPEN_PAUSE_S)
    return ArrayIndex(FileStorage(str(folder), readonly=True))


def check_index(folder: Path) -> None:
    """Open an index, and see that every byte of its segments is as written, and every article in it once.

    Raises `DamagedGeneration` or `GenerationVersion`. A published index is checked by its manifest (`index.layout`).
    """
    index = open_index(folder)
    with damage_named(folder), index.reader() as reader:
        for segment in index.segments():
            check_segment(index.storage, segment)
        serials = [
            segment.column_reader(SERIAL, translate=False)[number]
            for segment, _ in (reader.leaf_readers() if reader.doc_count_all() else ())
            for number in segment.all_doc_ids()
        ]
    if len(serials) != len(set(serials)):
        raise DamagedGeneration(
            folder, f"only {len(set(serials))} of its {len(serials)} articles have a serial of their own"
        )


@contextmanager
def damage_named(folder: Path) -> Iterator[None]:
    """Whatever Whoosh and our codec raise while an index is read, as `DamagedGeneration` or `GenerationVersion`."""
    try:
        yield
    except (GenerationError, MemoryError):
        raise
    except FileVersion as error:
        expected, found = f"segments {FORMAT_VERSION}", f"segments {error.found}"
        raise GenerationVersion(folder, expected=expected, found=found) from error
    except DamagedFile as error:
        raise DamagedGeneration(folder, str(error)) from error
    except Exception as error:
        # Bytes that are not what Whoosh wrote make it, and pickle under it, raise anything
        raise DamagedGeneration(folder, f"no readable Whoosh index ({type(error).__name__}: {error})") from error
