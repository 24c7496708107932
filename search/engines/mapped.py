"""An index as the arrays engine sees it: `MappedIndex` is everything it opens once and then only reads.

Posting lists stay where they are, in the mapped files of the segments (`MappedSegment`); `find` looks a term up in all
of them and remembers it. What the engine asks of every match is put side by side for the whole index, a row for each
document, segment after segment: `columns`, an ordinal for each keyword field and one for the days; `serials`; `live`.
What the ordinals of keyword fields stand for is in `ValueSets`, those of the days in `DayIntervals`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from index.codec.container import DamagedFile
from index.codec.field import PostingKind
from index.codec.inverted import InvertedArrays
from index.codec.matcher import LENGTHS
from index.codec.per_document import DocumentArrays
from index.codec.readers import open_documents, open_inverted
from index.codec.segment import ArraySegment
from index.compiled import F64, I64, U8, U32
from index.errors import DamagedGeneration
from index.fields import FIELDS, KEYWORD_FIELDS, TEXT_FIELDS, FieldKind
from index.whoosh_index import SERIAL, damage_named, first_day_column, last_day_column, open_index
from search.engines.days import DayIntervals, intervals_from_days
from search.engines.kernels import FieldTable, ListRow, bisect_terms, count_marked, find_list, list_rows
from search.engines.kernels_lists import Segment
from search.engines.values import ValueSets, sets_from_segments

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


K1: Final = 1.2
B: Final = 0.75

REMEMBERED: Final = 4096
"""Terms whose lists are remembered: about 1 kB each."""

DAYS: Final = len(KEYWORD_FIELDS)
"""The column of the days; those of the keyword fields come before it, in order."""

[_DAYS_FIELD] = [field.name for field in FIELDS if field.kind is FieldKind.DAYS]

_WORD_ARRAYS: Final = (
    FieldTable.TERM_AT, FieldTable.LIST_AT, FieldTable.LAST, FieldTable.PACKED_AT, FieldTable.PACKED,
    FieldTable.POSITIONS_AT, FieldTable.POSITIONS,
)  # fmt: skip
_BYTE_ARRAYS: Final = (FieldTable.TERMS, FieldTable.LISTS, FieldTable.BITS, FieldTable.MOST)


@dataclass(frozen=True, slots=True, eq=False)
class MappedSegment:
    """A segment's mapped files. `arrays` is what kernels take, `table` int64 (text fields, `FieldTable`) says where."""

    number: int
    arrays: Segment
    table: I64
    size: int

    @property
    def offset(self) -> int:
        """The number in the index of its first document."""
        return self.arrays[3]


class ListedTerm(NamedTuple):
    """A term of a field that some article has: its idf, how many articles have it, and its list in each segment.

    A tuple, as a prefix makes hundreds. `rows` int64 (`ListRow.WIDTH`), None for a segment without the term.
    """

    idf: float
    articles: int
    rows: tuple[I64 | None, ...]


class MappedIndex:
    """An open index. Immutable, so safe to share between threads.

    `articles` is how many are there; `size` counts deleted documents, too. For all documents: `columns` uint32 (size,
    `DAYS` + 1), `serials` int64, `live` uint8, 0 for a deleted one, empty if none is. `norms` float64 (text fields,
    256): BM25's denominator without the frequency for each length byte.

    Raises `DamagedGeneration` if the folder holds no index that can be read.
    """

    def __init__(self, folder: Path) -> None:
        with damage_named(folder):
            files = list(_open_files(folder))
            self.segments = tuple(_segments(files))
            self.size = sum(segment.size for segment in self.segments)
            documents = [file.documents for file in files]
            self.live = _live(files, self.size)
            self.articles = int(np.count_nonzero(self.live)) if len(self.live) else self.size
            self.serials: I64 = _column(documents, SERIAL)
            self.norms = _norms(documents, self.live)
            self.columns: U32 = np.zeros((self.size, DAYS + 1), np.uint32)
            self.values: dict[str, ValueSets] = {}
            for column, field in enumerate(KEYWORD_FIELDS):
                sets = [(file.documents.size, file.inverted, field) for file in files]
                self.values[field] = sets_from_segments(sets, self.columns[:, column])
            first = _column(documents, first_day_column(_DAYS_FIELD))
            last = _column(documents, last_day_column(_DAYS_FIELD))
            self.days: DayIntervals = intervals_from_days(first, last, self.columns[:, DAYS])
        self._everyone: U8 = self.live if len(self.live) else np.ones(self.size, np.uint8)
        self.find = lru_cache(maxsize=REMEMBERED)(self._find)

    def _find(self, field: int, term: str) -> ListedTerm | None:
        """A term of a text field (its number in `TEXT_FIELDS`), or None if no article has it."""
        key = _key(term)
        rows: list[I64 | None] = []
        for segment in self.segments:
            row = np.empty(ListRow.WIDTH, np.int64)
            inv, words, _, _ = segment.arrays
            rows.append(row if find_list(inv, words, segment.table, field, key, row) else None)
        return self._listed(rows)

    def _listed(self, rows: Sequence[I64 | None]) -> ListedTerm | None:
        articles = sum(
            self._articles_in(segment, row[None])[0]
            for segment, row in zip(self.segments, rows, strict=True)
            if row is not None
        )
        if not articles:
            return None
        return ListedTerm(math.log(self.articles / (articles + 1)) + 1, articles, tuple(rows))

    def _articles_in(self, segment: MappedSegment, rows: I64, most: int = 2**62) -> list[int]:
        """How many articles that are not deleted each list has, counting up to `most`."""
        if not len(self.live):
            return list(map(int, rows[:, ListRow.COUNT]))
        inv, words, _, offset = segment.arrays
        counts = np.empty(len(rows), np.int64)
        count_marked(inv, words, rows, True, self.live[offset : offset + segment.size], most, counts)
        return list(map(int, counts))

    def find_beginning(self, field: int, prefix: str, most: int) -> tuple[int, Sequence[ListedTerm]]:
        """How many terms of a text field begin so, and, if there are at most so many, the terms in their order."""
        key = _key(prefix)
        ranges = [self._range(segment, field, key) for segment in self.segments]
        if len(ranges) == 1 and not len(self.live):
            return self._find_range(self.segments[0], field, ranges[0], most)
        names: dict[str, None] = {}
        for segment, (first, end) in zip(self.segments, ranges, strict=True):
            names.update(dict.fromkeys(self._living(segment, field, first, end)))
        if len(names) > most:
            return len(names), ()
        return len(names), [listed for name in sorted(names) if (listed := self.find(field, name)) is not None]

    def _find_range(
        self, segment: MappedSegment, field: int, within: tuple[int, int], most: int
    ) -> tuple[int, Sequence[ListedTerm]]:
        """The same of an index of one segment in which nothing was deleted."""
        first, end = within
        if end - first > most:
            return end - first, ()
        rows = np.empty((end - first, ListRow.WIDTH), np.int64)
        inv, words, _, _ = segment.arrays
        list_rows(inv, words, segment.table, field, first, rows)
        counts = rows[:, ListRow.COUNT].tolist()
        listed = (
            ListedTerm(math.log(self.articles / (count + 1)) + 1, count, (row,))
            for count, row in zip(counts, rows, strict=True)
        )
        return end - first, tuple(listed)

    def _range(self, segment: MappedSegment, field: int, key: U8) -> tuple[int, int]:
        inv, words, _, _ = segment.arrays
        first, end = (bisect_terms(inv, words, segment.table, field, key, after) for after in (False, True))
        return first, end

    def _living(self, segment: MappedSegment, field: int, first: int, end: int) -> Iterable[str]:
        """The terms from number `first` to before `end` that some article has."""
        rows = np.empty((end - first, ListRow.WIDTH), np.int64)
        inv, words, _, _ = segment.arrays
        list_rows(inv, words, segment.table, field, first, rows)
        begin, at = segment.table[field, FieldTable.TERMS], segment.table[field, FieldTable.TERM_AT]
        ends = (words[at + first : at + end + 1].astype(np.int64) + begin).tolist()
        for number, living in enumerate(self._articles_in(segment, rows, 1)):
            if living:
                yield inv[ends[number] : ends[number + 1]].tobytes().decode()


@dataclass(frozen=True, slots=True, eq=False)
class _Files:
    segment: ArraySegment
    documents: DocumentArrays
    inverted: InvertedArrays


def _open_files(folder: Path) -> Iterable[_Files]:
    index = open_index(folder)
    for segment in index._segments():  # noqa: SLF001 - Whoosh has no other way to tell
        if not isinstance(segment, ArraySegment):
            raise DamagedGeneration(folder, "an index of another format; build it anew from the archive")
        documents = open_documents(index.storage, segment)
        yield _Files(segment, documents, open_inverted(index.storage, segment, documents))


def _segments(files: Iterable[_Files]) -> Iterable[MappedSegment]:
    offset = 0
    for number, file in enumerate(files):
        inv, doc = file.inverted.file.content, file.documents.file.content
        words = inv[: len(inv) // 4 * 4].view(np.uint32)
        size = file.documents.size
        yield MappedSegment(number, (inv, words, doc, offset), _field_table(file), size)
        offset += size


def _field_table(file: _Files) -> I64:
    """Where the arrays of the text fields begin. A field that the segment lacks has no terms."""
    table = np.zeros((len(TEXT_FIELDS), len(FieldTable)), np.int64)
    for number, field in enumerate(TEXT_FIELDS):
        arrays = file.inverted.fields.get(field)
        if arrays is None:
            continue
        if arrays.kind is not PostingKind.POSITIONS:
            raise DamagedFile(file.inverted.file.name, f"its field {field} has no positions; build the index anew")
        start = file.inverted.file.start
        for column in _BYTE_ARRAYS:
            table[number, column] = start(f"{field}/{column.name.lower()}")
        for column in _WORD_ARRAYS:
            table[number, column] = start(f"{field}/{column.name.lower()}") // 4
        table[number, FieldTable.TERM_COUNT] = arrays.size
        table[number, FieldTable.LENGTHS] = file.documents.file.start(f"{field}/lengths")
    return table


def _live(files: Iterable[_Files], size: int) -> U8:
    """1 for each document that is not deleted; empty if none is."""
    deleted: list[int] = []
    offset = 0
    for file in files:
        deleted.extend(offset + number for number in file.segment.deleted_docs())
        offset += file.documents.size
    if not deleted:
        return np.zeros(0, np.uint8)
    live = np.ones(size, np.uint8)
    live[deleted] = 0
    return live


def _column(documents: Iterable[DocumentArrays], name: str) -> I64:
    """A column of numbers of all documents, 0 where a segment has no such column: no document of it has a number."""
    columns = [
        part.numbers(name).values(np.dtype(np.int64)) if name in part.columns else np.zeros(part.size, np.int64)
        for part in documents
    ]
    return np.concatenate([np.zeros(0, np.int64), *columns])


def _norms(documents: Sequence[DocumentArrays], live: U8) -> F64:
    articles = int(np.count_nonzero(live)) if len(live) else sum(part.size for part in documents)
    lengths = np.array(LENGTHS, np.int64)
    norms = np.empty((len(TEXT_FIELDS), len(LENGTHS)), np.float64)
    for number, field in enumerate(TEXT_FIELDS):
        total = offset = 0
        for part in documents:
            found = part.lengths(field)
            if len(found) and len(live):
                found = found[live[offset : offset + part.size] != 0]
            total += int(np.bincount(found, minlength=len(LENGTHS)) @ lengths) if len(found) else 0
            offset += part.size
        average = total / (articles or 1) or 1
        norms[number] = [K1 * ((1 - B) + B * length / average) for length in LENGTHS]
    return norms


def _key(term: str) -> U8:
    """A term's bytes; no term has half a surrogate pair, and nothing is found by one."""
    return np.frombuffer(term.encode("utf-8", "surrogatepass"), np.uint8)
