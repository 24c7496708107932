"""A segment as the arrays engine sees it, mapped once however many generations have it.

`map_segment` gives the `MappedSegment` of a segment's files: its posting lists stay where they are, in the mapped
files, and what the engine asks of every match is beside them: `columns`, an ordinal for each keyword field and one for
the days, `serials`, and what the ordinals stand for. None of this depends on what else is in the index or on what was
deleted, so generations that share a segment's files (they are hard links) share all of it; it goes when the last index
that has it is closed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

import numpy as np

from index.codec import inverted, per_document
from index.codec.container import DamagedFile
from index.codec.field import PostingKind
from index.codec.matcher import LENGTHS
from index.codec.per_document import DocumentArrays, Form
from index.codec.readers import open_documents, open_inverted
from index.compiled import I64, U8, U32
from index.document import Role
from index.fields import FIELDS, KEYWORD_FIELDS, TEXT_FIELDS, FieldKind
from index.whoosh_index import SERIAL, first_day_column, last_day_column
from search.engines.days import intervals_from_days
from search.engines.kernels import FieldTable, ListRow, find_list
from search.engines.kernels_lists import Segment
from search.engines.values import ROLES_REMEMBERED, SegmentSets, sets_from_segment, sets_in_roles

if TYPE_CHECKING:
    from collections.abc import Hashable

    from whoosh.filedb.filestore import FileStorage

    from index.codec.inverted import InvertedArrays
    from index.codec.segment import ArraySegment

REMEMBERED: Final = 1024
"""Terms of a segment whose posting lists are remembered, found or not: about 300 bytes each."""

DAYS: Final = len(KEYWORD_FIELDS)
"""The column of the days; those of the keyword fields come before it, in order."""

[_DAYS_FIELD] = [field.name for field in FIELDS if field.kind is FieldKind.DAYS]

_WORD_ARRAYS: Final = (
    FieldTable.TERM_AT, FieldTable.LIST_AT, FieldTable.LAST, FieldTable.PACKED_AT, FieldTable.PACKED,
    FieldTable.POSITIONS_AT, FieldTable.POSITIONS,
)  # fmt: skip
_BYTE_ARRAYS: Final = (FieldTable.TERMS, FieldTable.LISTS, FieldTable.BITS, FieldTable.MOST)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class MappedSegment:
    """A segment's mapped files, and what is made of them once. Immutable, so safe to share between threads.

    `arrays` is what kernels take, `table` int64 (text fields, `FieldTable`) says where. For all documents: `columns`
    uint32 (size, `DAYS` + 1), `serials` int64. What the ordinals stand for: `sets`, for each keyword field, with
    `regions_in` those of the regions in some roles; `first` and `last`, int64, of the days. `lengths` int64 (text
    fields, 256): how many documents have each length byte. `find_row` gives the row of a posting list (int64,
    `ListRow.WIDTH`), by a field's number and a term's bytes.
    """

    arrays: Segment
    table: I64
    size: int
    columns: U32
    serials: I64
    sets: Mapping[str, SegmentSets]
    regions_in: Callable[[frozenset[Role]], SegmentSets]
    first: I64
    last: I64
    lengths: I64
    find_row: Callable[[int, bytes], I64 | None]


_mapped: WeakValueDictionary[Hashable, MappedSegment] = WeakValueDictionary()
_mapping = threading.Lock()


def map_segment(storage: FileStorage, segment: ArraySegment) -> MappedSegment:
    """The segment whose files are in a folder: mapped now, or the one that another index has open.

    Files are the same if they are the same inodes, unchanged. Raises `DamagedFile`, `FileVersion` or `OSError`.
    """
    extensions = (per_document.EXTENSION, inverted.EXTENSION)
    files = [(Path(storage.folder) / segment.make_filename(extension)).stat() for extension in extensions]
    key = (
        segment.segid, segment.stamp, segment.doc_count_all(),
        *((file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns) for file in files),
    )  # fmt: skip
    with _mapping:
        found = _mapped.get(key)
    if found is None:
        made = _made(storage, segment)
        with _mapping:
            found = _mapped.setdefault(key, made)
    return found


def _made(storage: FileStorage, segment: ArraySegment) -> MappedSegment:
    documents = open_documents(storage, segment)
    fields = open_inverted(storage, segment, documents)
    size = documents.size
    inv, doc = fields.file.content, documents.file.content
    arrays = inv, inv[: len(inv) // 4 * 4].view(np.uint32), doc
    table = _field_table(documents, fields)
    columns: U32 = np.zeros((size, DAYS + 1), np.uint32)
    for column, field in enumerate(KEYWORD_FIELDS):
        found = fields.sets(field) if field in fields.fields else None
        if found is not None:
            columns[:, column] = found[0]
    first, last = (_numbers(documents, name(_DAYS_FIELD)) for name in (first_day_column, last_day_column))
    first, last = intervals_from_days(first, last, columns[:, DAYS])
    sets = {field: sets_from_segment(fields, field) for field in KEYWORD_FIELDS}
    return MappedSegment(
        arrays=arrays,
        table=table,
        size=size,
        columns=columns,
        serials=_numbers(documents, SERIAL),
        sets=sets,
        # Not methods that are remembered: those would hold the segment, and it them
        regions_in=lru_cache(maxsize=ROLES_REMEMBERED)(partial(sets_in_roles, sets["region"])),
        first=first,
        last=last,
        lengths=np.array([_counted_lengths(documents, field) for field in TEXT_FIELDS]),
        find_row=lru_cache(maxsize=REMEMBERED)(partial(_find_row, arrays, table)),
    )


def _field_table(documents: DocumentArrays, fields: InvertedArrays) -> I64:
    """Where the arrays of the text fields begin. A field that the segment lacks has no terms."""
    table = np.zeros((len(TEXT_FIELDS), len(FieldTable)), np.int64)
    for number, field in enumerate(TEXT_FIELDS):
        arrays = fields.fields.get(field)
        if arrays is None:
            continue
        if arrays.kind is not PostingKind.POSITIONS:
            raise DamagedFile(fields.file.name, f"its field {field} has no positions; build the index anew")
        start = fields.file.start
        for column in _BYTE_ARRAYS:
            table[number, column] = start(f"{field}/{column.name.lower()}")
        for column in _WORD_ARRAYS:
            table[number, column] = start(f"{field}/{column.name.lower()}") // 4
        table[number, FieldTable.TERM_COUNT] = arrays.size
        table[number, FieldTable.LENGTHS] = documents.file.start(f"{field}/lengths")
    return table


def _numbers(documents: DocumentArrays, name: str) -> I64:
    """A column of numbers of all documents, 0 where there is no such column: no document has a number."""
    if name not in documents.columns:
        return np.zeros(documents.size, np.int64)
    found = documents.numbers(name)
    if found.column.form is Form.WHOOSH:
        raise DamagedFile(documents.file.name, f"its column {name} is not of numbers; build the index anew")
    return found.values(np.dtype(np.int64))


def _counted_lengths(documents: DocumentArrays, field: str) -> I64:
    return np.bincount(documents.lengths(field), minlength=len(LENGTHS)).astype(np.int64)


def _find_row(arrays: Segment, table: I64, field: int, term: bytes) -> I64 | None:
    row = np.empty(ListRow.WIDTH, np.int64)
    key: U8 = np.frombuffer(term, np.uint8)
    inv, words, _ = arrays
    return row if find_list(inv, words, table, field, key, row) else None


def lengths_of(segment: MappedSegment, field: int, documents: U32) -> I64:
    """How many of some documents have each length byte of a text field: int64 (256)."""
    start = int(segment.table[field, FieldTable.LENGTHS])
    if not segment.table[field, FieldTable.TERM_COUNT] or not len(documents):
        return np.zeros(len(LENGTHS), np.int64)
    return np.bincount(segment.arrays[2][start + documents.astype(np.int64)], minlength=len(LENGTHS)).astype(np.int64)
