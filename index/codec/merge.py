"""Segments into one, array by array, leaving deleted documents out; and which segments to merge when.

`merge_segments` keeps the order of documents: those of the first segment, then those of the second. A field's terms are
merged some thousand at a time, so memory doesn't grow with the segments, but for the longest list of one term. The
result is byte for byte the segment that the same articles make when they are written at once.

`find_merge` is the policy: tiers. A segment's tier is the logarithm of its size; when there are `TIER` of a tier and
none of a higher one between them, they become one, and smaller ones among them with them. So an archive that grows one
by one to a million articles is rewritten some four times in all, and has some thirty segments at most. A segment with
many deletions is rewritten by itself.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from index.codec import inverted, per_document
from index.codec.field import PostingKind, Postings
from index.codec.inversion import count_kept, place_kept, terms_within
from index.codec.inverted import InvertedWriter
from index.codec.per_document import STORED, DocumentsWriter, Form, numbers_from_values
from index.codec.readers import open_documents, open_inverted
from index.codec.schema import SERIAL
from index.compiled import I64

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from whoosh.fields import Schema
    from whoosh.filedb.filestore import FileStorage

    from index.codec.field import FieldArrays
    from index.codec.inverted import InvertedArrays
    from index.codec.per_document import DocumentArrays
    from index.codec.segment import ArraySegment
    from index.compiled import U8

TIER: Final = 8
"""Neighbours of a tier that are merged. Fewer would mean fewer segments to search, and more rewriting: each article is
rewritten once a tier, and there are log(archive) / log(`TIER`) of those."""

SMALLEST_TIER: Final = 1000
"""Articles up to which segments are of the lowest tier: rewriting so few takes some milliseconds."""

DELETED_SHARE: Final = 1 / 3
"""A segment with more than this share of its documents deleted is rewritten."""

LARGEST_BYTES: Final = 3 << 30
"""Segments are not merged into larger ones: arrays of a field end at 4 GiB."""

CHUNK: Final = 1 << 17
"""Postings that are merged at a time, unless a single term has more."""

TERMS: Final = 1 << 14
"""Terms, of all segments together, that are merged at a time."""


class Unmergeable(Exception):
    """A segment with what the array merge doesn't know: only Whoosh's own writer can merge it."""

    def __init__(self, segment: ArraySegment, what: str) -> None:
        super().__init__(f"segment {segment.segment_id()} has {what}, which only Whoosh's own writer can merge")


@dataclass(frozen=True, slots=True)
class SegmentSize:
    """What `find_merge` goes by: documents, how many of them are deleted, and bytes of both files."""

    documents: int
    deleted: int
    bytes: int

    @property
    def live(self) -> int:
        """How many documents are not deleted."""
        return self.documents - self.deleted

    @property
    def tier(self) -> int:
        """The tier, from 0: that of up to `SMALLEST_TIER` articles."""
        if self.live <= SMALLEST_TIER:
            return 0
        return 1 + int(math.log(self.live / SMALLEST_TIER, TIER) + 1e-9)


def find_merge(sizes: Sequence[SegmentSize], *, into_one: bool = False, most: float = math.inf) -> slice | None:
    """Which neighbouring segments should become one now, or `None`.

    `into_one`: as few segments as can be. `most`: nothing that makes a segment of more documents than so many.
    """
    if into_one:
        return next((run for run in _runs(sizes, math.inf) if run.stop - run.start > 1), None)
    for number, size in enumerate(sizes):
        if size.deleted > DELETED_SHARE * size.documents and size.live <= most:
            return slice(number, number + 1)
    for tier in sorted({size.tier for size in sizes}):
        for run in _runs(sizes, tier):
            of_tier = sum(size.tier == tier for size in sizes[run])
            if of_tier >= TIER and sum(size.live for size in sizes[run]) <= most:
                return run
    return None


def _runs(sizes: Sequence[SegmentSize], tier: float) -> Iterator[slice]:
    """Neighbours of that tier or lower ones, as many as make no segment that is too large."""
    start = total = 0
    for number, size in enumerate(sizes):
        if size.tier > tier or total + size.bytes > LARGEST_BYTES:
            yield slice(start, number)
            start, total = number, 0
        total += size.bytes
        if size.tier > tier:
            start, total = number + 1, 0
    yield slice(start, len(sizes))


class _Source:
    """A segment that is merged: its files, and the new number of each of its documents, from `base` on."""

    def __init__(self, storage: FileStorage, segment: ArraySegment, base: int) -> None:
        self.segment = segment
        self.documents: DocumentArrays = open_documents(storage, segment)
        self.inverted: InvertedArrays = open_inverted(storage, segment, self.documents)
        self.kept = np.ones(segment.doc_count_all(), np.bool_)
        self.kept[list(segment.deleted_docs())] = False
        self.size = int(self.kept.sum())
        self.new_of: I64 = np.where(self.kept, np.cumsum(self.kept) - 1 + base, -1).astype(np.int64)
        self._require_mergeable()

    def _require_mergeable(self) -> None:
        if any(name == STORED or name.endswith("/vectors") for name in self.documents.file.names):
            raise Unmergeable(self.segment, "stored fields or vectors")
        for name, column in self.documents.columns.items():
            if column.form is Form.WHOOSH:
                raise Unmergeable(self.segment, f"a column that is not of numbers, {name}")
        for name, field in self.inverted.fields.items():
            if field.kind is PostingKind.VALUES:
                raise Unmergeable(self.segment, f"weights or characters in the field {name}")

    def lengths(self, field: str) -> U8:
        """The length byte of each document that is kept."""
        lengths = self.documents.lengths(field)
        return lengths[self.kept] if len(lengths) else np.zeros(self.size, np.uint8)

    def total_length(self, field: str) -> int:
        """The exact length of a field over all documents that are kept."""
        if self.size == len(self.kept) or field not in self.inverted.fields:
            return self.documents.total_length(field)
        total, cursor = 0, _Cursor(self, field)
        while not cursor.at_end:
            part = cursor.take(cursor.window_end(1))
            one_term = np.zeros(len(part.postings.terms), np.int64)
            total += int(part.count_kept(one_term, 1)[1][0])
        return total

    def numbers(self, field: str, dtype: np.dtype[Any], default: int) -> NDArray[Any]:
        """A column's number for each document that is kept."""
        if field not in self.documents.columns:
            return np.full(self.size, default, dtype)
        return self.documents.numbers(field).values(dtype)[self.kept]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Some consecutive terms of a source with their postings, and the new number of each of its documents."""

    postings: Postings
    new_of: I64

    def count_kept(self, ranks: I64, terms: int) -> tuple[I64, I64]:
        """How many postings and positions each merged term has of this. `ranks` as in `count_kept`."""
        postings, positions = np.zeros(terms, np.int64), np.zeros(terms, np.int64)
        own = self.postings
        count_kept(own.starts, own.docs, own.frequencies, self.new_of, ranks, postings, positions)
        return postings, positions


class _Cursor:
    """Goes through a source's terms of a field, some at a time."""

    def __init__(self, source: _Source, field: str) -> None:
        self._new_of = source.new_of
        self.field: FieldArrays = source.inverted.fields[field]
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at == self.field.size

    def window_end(self, cursors: int) -> int:
        """The end of the terms that can be merged next, when so many cursors share the memory for it."""
        end = min(self._at + TERMS // cursors + 1, self.field.size)
        return terms_within(self.field.lists, self.field.list_at, self._at, end, CHUNK // cursors)

    def end_of(self, last: bytes) -> int:
        """The end of the terms up to this one."""
        end = self.field.bisect(last)
        return end + (end < self.field.size and self.field.term(end) == last)

    def take(self, end: int) -> _Part:
        """The terms up to there."""
        part = _Part(self.field.postings(self._at, end), self._new_of)
        self._at = end
        return part


def size_of(storage: FileStorage, segment: ArraySegment) -> SegmentSize:
    """The size of a segment whose files are in a folder."""
    size = sum(storage.file_length(name) for name in segment.list_files(storage))
    return SegmentSize(segment.doc_count_all(), segment.deleted_count(), size)


def merge_segments(
    storage: FileStorage, schema: Schema, segments: Sequence[ArraySegment], merged: ArraySegment
) -> None:
    """Write the documents of segments that are not deleted as one segment; there must be some.

    Its files go into the folder of the others. Raises `DamagedFile`, `FileVersion` or `OSError`
    where files cannot be read or written, `Unmergeable`, `SegmentTooLarge`.
    """
    sources: list[_Source] = []
    size = 0
    for segment in segments:
        sources.append(_Source(storage, segment, size))
        size += sources[-1].size
    merged.set_doc_count(size)
    folder = Path(storage.folder)
    with (folder / merged.make_filename(per_document.EXTENSION)).open("wb") as file:
        documents = DocumentsWriter(file, size)
        lengths = _write_lengths(documents, sources)
        _write_columns(documents, sources, schema)
        stamp = documents.close()
    with (folder / merged.make_filename(inverted.EXTENSION)).open("wb") as file:
        writer = InvertedWriter(file, stamp, spill_to=folder)
        for field in sorted({name for source in sources for name in source.inverted.fields}):
            _write_field(writer, field, sources, lengths.get(field, np.zeros(0, np.uint8)), size)
        merged.stamp = writer.close()


def _write_lengths(documents: DocumentsWriter, sources: Sequence[_Source]) -> dict[str, U8]:
    """Write and return the length bytes of every field that has any length left."""
    written = {}
    names = {name.removesuffix("/lengths") for source in sources for name in source.documents.file.names}
    for field in sorted(name for name in names if "/" not in name):
        lengths = np.concatenate([source.lengths(field) for source in sources])
        if lengths.any():
            documents.add_lengths(field, lengths, sum(source.total_length(field) for source in sources))
            written[field] = lengths
    return written


def _write_columns(documents: DocumentsWriter, sources: Sequence[_Source], schema: Schema) -> None:
    for field in sorted({name for source in sources for name in source.documents.columns}):
        column = schema[field].column_type
        dtype, default = np.dtype("=" + column._typecode), column.default_value()  # noqa: SLF001 - as in `writers`
        values = np.concatenate([source.numbers(field, dtype, default) for source in sources])
        if field == SERIAL or (values != default).any():
            documents.add_numbers(field, numbers_from_values(values, default))


def _write_field(writer: InvertedWriter, field: str, sources: Sequence[_Source], lengths: U8, documents: int) -> None:
    having = [source for source in sources if field in source.inverted.fields]
    kinds = {source.inverted.fields[field].kind for source in having}
    if len(kinds) > 1:
        raise Unmergeable(having[0].segment, f"another kind of postings than its neighbour in the field {field}")
    parts = (merged for run in _runs_of_terms(having, field) if (merged := _merged(run)).terms)
    first = next(parts, None)
    if first is not None:
        sets_of = documents if having[0].inverted.sets(field) is not None else None
        writer.add_field(field, kinds.pop(), itertools.chain([first], parts), lengths, sets_of=sets_of)


def _runs_of_terms(sources: Sequence[_Source], field: str) -> Iterator[list[_Part]]:
    """The postings of a field, some consecutive terms of all sources at a time."""
    cursors = [_Cursor(source, field) for source in sources]
    while cursors := [cursor for cursor in cursors if not cursor.at_end]:
        ends = [cursor.window_end(len(cursors)) for cursor in cursors]
        lasts = [
            cursor.field.term(end - 1) for cursor, end in zip(cursors, ends, strict=True) if end < cursor.field.size
        ]
        if lasts:
            ends = [cursor.end_of(min(lasts)) for cursor in cursors]
        yield [cursor.take(end) for cursor, end in zip(cursors, ends, strict=True)]


def _merged(parts: Sequence[_Part]) -> Postings:
    """The postings of the same terms in several segments, of documents that are kept."""
    terms = sorted({term for part in parts for term in part.postings.terms})
    rank_of = {term: rank for rank, term in enumerate(terms)}
    ranks = [np.array([rank_of[term] for term in part.postings.terms], np.int64) for part in parts]
    postings, positions = np.zeros(len(terms), np.int64), np.zeros(len(terms), np.int64)
    for part, of_part in zip(parts, ranks, strict=True):
        counts = part.count_kept(of_part, len(terms))
        postings += counts[0]
        positions += counts[1]
    posting_at, position_at = _starts(postings), _starts(positions)
    docs, frequencies = np.empty(posting_at[-1], np.uint32), np.empty(posting_at[-1], np.uint32)
    has_positions = any(len(part.postings.positions) for part in parts)
    merged_positions = np.empty(position_at[-1] if has_positions else 0, np.uint32)
    going_on = posting_at[:-1].copy(), position_at[:-1].copy()
    for part, of_part in zip(parts, ranks, strict=True):
        own = part.postings
        place_kept(
            own.starts, own.docs, own.frequencies, own.positions, part.new_of, of_part, *going_on,
            docs, frequencies, merged_positions,
        )  # fmt: skip
    kept = postings > 0
    starts = np.append(posting_at[:-1][kept], posting_at[-1])
    return Postings([terms[rank] for rank in np.flatnonzero(kept)], starts, docs, frequencies, merged_positions)


def _starts(counts: I64) -> I64:
    """Where each of the things counted begins, and all of them end."""
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts
