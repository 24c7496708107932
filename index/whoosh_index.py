"""All of Whoosh's write side and the opening of its indexes, behind one door.

`schema_from_fields` makes the schema from `FIELDS`; `write_index` fills an empty folder with one segment;
`update_index` adds, replaces and deletes articles of an index; `open_index` opens one for reading, without writing a
byte. `search.engines.whoosh` asks the questions.

What Whoosh stores of an article: for text fields the terms of `index.analysis` with their positions; for keyword
fields the exact values; for days two columns, 0 where nothing is known; and the serial, which is term and column. No
text and no Python objects: bodies are the store's. Whoosh's own files hold pickles all the same, so an index is as
trusted as code, and its manifest is verified before it is opened (`index.layout`).
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, assert_never

from whoosh import fields
from whoosh.analysis import Analyzer, Token
from whoosh.columns import NumericColumn
from whoosh.index import LockError, create_in, exists_in, open_dir
from whoosh.query import Term

from index.analysis import tokens
from index.errors import BusyError, DamagedGeneration, GenerationError
from index.fields import FIELDS, FieldKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from whoosh.index import FileIndex
    from whoosh.searching import Searcher
    from whoosh.writing import SegmentWriter

    from index.fields import Field, Record

SERIAL: Final = "serial"
"""The field of an article's key."""

MEMORY_MB: Final = 128
"""Postings that Whoosh may hold in memory, by its own estimate, before it sorts them on disk."""

OPEN_ATTEMPTS: Final = 10
OPEN_PAUSE_S: Final = 0.05


class Analyser(Analyzer):  # type: ignore[misc]  # Whoosh is untyped
    """`index.analysis` as Whoosh wants to call it. Its name and module are part of the index on disk."""

    def __call__(self, value: str, **options: Any) -> Iterator[Token]:  # noqa: ANN401 - Whoosh's many flags
        """Whoosh's tokens of a text: one object, yielded again and again, as Whoosh expects."""
        first = options.pop("start_pos", 0)
        token = Token(**options)
        for position, found in enumerate(tokens(value), first):
            token.text, token.boost, token.pos = found.term, 1.0, position
            token.startchar, token.endchar = found.start, found.end
            yield token


def first_day_column(field: str) -> str:
    """The column of the first day of a field of days."""
    return f"{field}_start"


def last_day_column(field: str) -> str:
    """The column of the last day of a field of days."""
    return f"{field}_end"


def schema_from_fields() -> fields.Schema:
    """Whoosh's schema for the fields of `FIELDS` and the serial."""
    schema = fields.Schema()
    schema.add(SERIAL, fields.NUMERIC(int, bits=64, signed=False, shift_step=0, unique=True, sortable=True))
    for field in FIELDS:
        _declare(schema, field)
    return schema


def _declare(schema: fields.Schema, field: Field) -> None:
    match field.kind:
        case FieldKind.TEXT:
            schema.add(field.name, fields.TEXT(analyzer=Analyser()))
        case FieldKind.KEYWORD:
            schema.add(field.name, fields.ID())
        case FieldKind.DAYS:
            schema.add(first_day_column(field.name), fields.COLUMN(NumericColumn("i", default=0)))
            schema.add(last_day_column(field.name), fields.COLUMN(NumericColumn("i", default=0)))
        case _:
            assert_never(field.kind)


def write_index(folder: Path, records: Iterable[Record]) -> int:
    """Make an index of the records in a folder that has none yet, and return how many there are.

    Raises `ValueError` for two records of one serial and `GenerationError` where there is an index already; whatever
    is raised, by the records too, leaves an index of no articles behind.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if exists_in(str(folder)):
        raise GenerationError(f"{folder} has an index already; an index is only ever written into a folder of its own")
    with _writing(folder, create_in(str(folder), schema_from_fields())) as writer:
        return _add(writer, records)


def update_index(folder: Path, upserts: Iterable[Record] = (), deletes: Iterable[int] = ()) -> int:
    """Delete some articles of an index, then add or replace others, in one commit; return how many were written.

    Files of segments are never changed, only added and unlinked, so the folder may be hard-linked from a published one.
    Deleted articles may stay in Whoosh's files until it merges them away; engines leave them out of every count.
    Raises `ValueError` for two upserts of one serial, `BusyError` if the index is being written, `DamagedGeneration`
    as `open_index` does.
    """
    open_index(folder)
    with _writing(folder, open_dir(str(folder))) as writer, writer.searcher() as searcher:
        for serial in deletes:
            writer.delete_by_query(Term(SERIAL, serial), searcher=searcher)
        return _add(writer, _replacing(upserts, writer, searcher))


def _replacing(records: Iterable[Record], writer: SegmentWriter, searcher: Searcher) -> Iterator[Record]:
    """The records, the earlier version of each deleted on the way. Only committed versions can be seen and deleted."""
    for record in records:
        writer.delete_by_query(Term(SERIAL, record.serial), searcher=searcher)
        yield record


def _add(writer: SegmentWriter, records: Iterable[Record]) -> int:
    seen: set[int] = set()
    for record in records:
        if record.serial in seen:
            raise ValueError(f"two records have the serial {record.serial}")
        seen.add(record.serial)
        writer.add_document(**_entry_from_record(record))
    return len(seen)


def _entry_from_record(record: Record) -> dict[str, Any]:
    """What Whoosh is given. Lists are indexed as they are: Whoosh would split strings at spaces and commas."""
    entry: dict[str, Any] = {SERIAL: record.serial}
    for field in FIELDS:
        value = getattr(record, field.name)
        match field.kind:
            case FieldKind.TEXT:
                entry[field.name] = value
            case FieldKind.KEYWORD:
                entry[field.name] = list(value)
            case FieldKind.DAYS:
                if value is not None:
                    entry[first_day_column(field.name)], entry[last_day_column(field.name)] = value
            case _:
                assert_never(field.kind)
    return entry


@contextmanager
def _writing(folder: Path, index: FileIndex) -> Iterator[SegmentWriter]:
    """The one writer of an index: commits at the end, cancels on an error, and leaves no lock file.

    Not compound: Whoosh reads a compound file into memory whole, in every process.
    """
    try:
        writer = index.writer(limitmb=MEMORY_MB, compound=False)
    except LockError:
        raise BusyError(folder) from None
    try:
        with writer:
            yield writer
    finally:
        (folder / f"{index.indexname}_WRITELOCK").unlink(missing_ok=True)


def open_index(folder: Path) -> FileIndex:
    """Open an index for reading. Nothing is written, created or repaired.

    Raises `DamagedGeneration` if there is none, it cannot be read, or it is not one of ours. A file may vanish under a
    reader while a commit replaces it, so that is tried again, for half a second in all.
    """
    with damage_named(folder):
        index = _opened(folder)
        expected, found = set(schema_from_fields().names()), set(index.schema.names())
    if found != expected:
        strange = ", ".join(sorted(found ^ expected))
        raise DamagedGeneration(folder, f"not an index of Dateline's fields (they differ in {strange})")
    return index


def _opened(folder: Path) -> FileIndex:
    for _ in range(OPEN_ATTEMPTS - 1):
        try:
            return open_dir(str(folder), readonly=True)
        except FileNotFoundError:
            time.sleep(OPEN_PAUSE_S)
    return open_dir(str(folder), readonly=True)


def check_index(folder: Path) -> None:
    """Open an index with all its segments and see that every article is in it once. Raises `DamagedGeneration`.

    That each byte is as it was written is the manifest's to say (`index.layout.verify`).
    """
    index = open_index(folder)
    with damage_named(folder), index.reader() as reader:
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
    """Whatever Whoosh raises while it reads an index, as `DamagedGeneration`."""
    try:
        yield
    except (GenerationError, MemoryError):
        raise
    except Exception as error:
        # Bytes that are not what Whoosh wrote make it, and pickle under it, raise anything
        raise DamagedGeneration(folder, f"no readable Whoosh index ({type(error).__name__}: {error})") from error
