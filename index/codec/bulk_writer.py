"""Fills an index with records, far faster than Whoosh's own writer and to the same bytes.

A `BulkWriter` holds Whoosh's write lock from its making until `commit` or `cancel`. Records gather in a `Batch`; when
that would take more memory than it may, it becomes a segment. `commit` deletes what was to be deleted, merges segments
by the policy of `merge`, and writes Whoosh's table of contents. Only then does anybody see what was written: after an
error, a `cancel` or a crash the index is what it was before, and the next writer removes what is left lying about.
"""

from __future__ import annotations

import contextlib
import math
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from whoosh.index import LockError, clean_files

from index.codec import inverted, per_document
from index.codec.batch import Batch
from index.codec.contents import Contents
from index.codec.merge import find_merge, merge_segments, size_of
from index.codec.readers import open_documents
from index.codec.schema import SERIAL, fields_of, find_difference, schema_from_fields
from index.codec.segment import ArraySegment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

    from index.codec.contents import ArrayIndex
    from index.fields import Record

MEMORY_MB: Final = 128
"""Memory that a batch may take, besides what the process takes anyway."""


_EXTENSIONS: Final = frozenset({per_document.EXTENSION.lstrip("."), inverted.EXTENSION.lstrip(".")})


class UnknownSchema(Exception):
    """An index whose fields the bulk writer doesn't know how to fill. Its message names the first."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"the field {field} of this index is not as Dateline declares it; "
            "build the index anew from the archive, or use Whoosh's own writer"
        )
        self.field = field


class BulkWriter:
    """The one writer of an index. Use it as a context manager: it commits at the end, and cancels on an error.

    `memory_mb` bounds what is gathered before it is written, but for a single article that needs more. `into_one`:
    merge all segments at the end; `most_merged`: put off merges that make a segment of more documents. Raises
    `LockError` if the index is being written, `UnknownSchema` if it has other fields than `FIELDS` says, or as
    `Contents.read` does.
    """

    def __init__(
        self, index: ArrayIndex, *, memory_mb: int = MEMORY_MB, into_one: bool = False, most_merged: float = math.inf
    ) -> None:
        self._index = index
        self._storage, self._name = index.storage, index.indexname
        self._memory = memory_mb << 20
        self._into_one, self._most_merged = into_one, most_merged
        self._lock = index.lock("WRITELOCK")
        if not self._lock.acquire(blocking=False):
            raise LockError(f"{self._storage.folder} is being written")
        try:
            self._begin()
        except BaseException:
            self._unlock()
            raise

    def _begin(self) -> None:
        contents = self._index.contents()
        self._schema, self._generation = contents.schema, contents.generation
        self._segments: list[ArraySegment] = contents.segments
        strange = find_difference(fields_of(self._schema), fields_of(schema_from_fields()))
        if strange is not None:
            raise UnknownSchema(strange)
        self._remove_all_but(self._segments)
        self._committed = len(self._segments)
        self._batch = Batch(words_bytes=self._memory // 4)
        self._serials = array("Q")
        self._deleted = array("Q")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.cancel()

    def add(self, record: Record) -> None:
        """Add an article. Raises `ValueError` or `TypeError` if it is not as `Record` says, `OSError`."""
        if self._batch.add(record) and self._batch.held_bytes > self._memory:
            self._flush()

    def delete(self, serials: Iterable[int]) -> None:
        """Delete articles that were there when the writer was made; those it adds stay. Unknown serials are fine."""
        self._deleted.extend(serials)

    def commit(self) -> None:
        """Make all of it so, and let go of the lock; if that fails, it is as if `cancel` had been called.

        Raises `ValueError` if two articles were added under one serial, `OSError`, or what `merge_segments` does.
        """
        try:
            self._flush()
            self._require_distinct_serials()
            self._apply_deletions()
            self._merge()
            Contents(self._schema, self._segments, self._generation + 1).write(self._storage, self._name)
        except BaseException:
            self.cancel()
            raise
        clean_files(self._storage, self._name, self._generation + 1, self._segments)
        self._unlock()

    def cancel(self) -> None:
        """Leave the index as it was, with nothing of what was written, and let go of the lock."""
        self._remove_all_but(self._index.contents().segments)
        self._unlock()

    def _flush(self) -> None:
        """Write what was gathered as a segment."""
        if self._batch.size:
            segment = ArraySegment(self._name)
            self._serials.extend(self._batch.serials.tolist())
            self._batch.write(Path(self._storage.folder), segment)
            self._segments.append(segment)

    def _require_distinct_serials(self) -> None:
        serials = np.sort(np.array(self._serials, np.uint64))
        repeated = serials[1:][serials[1:] == serials[:-1]]
        if len(repeated):
            raise ValueError(f"two records have the serial {repeated[0]}")

    def _apply_deletions(self) -> None:
        unwanted = np.array(self._deleted, np.uint64)
        if len(unwanted):
            for segment in self._segments[: self._committed]:
                segment.delete_documents(np.flatnonzero(np.isin(self._serials_of(segment), unwanted)))

    def _serials_of(self, segment: ArraySegment) -> NDArray[np.uint64]:
        return open_documents(self._storage, segment).numbers(SERIAL).values(np.dtype(np.uint64))

    def _merge(self) -> None:
        """Merge while the policy finds something to merge; segments of deleted documents alone go."""
        self._segments = [segment for segment in self._segments if segment.doc_count()]
        while (
            run := find_merge(
                [size_of(self._storage, segment) for segment in self._segments],
                into_one=self._into_one,
                most=self._most_merged,
            )
        ) is not None:
            merged = ArraySegment(self._name)
            merge_segments(self._storage, self._schema, self._segments[run], merged)
            self._segments[run] = [merged]

    def _remove_all_but(self, segments: Iterable[ArraySegment]) -> None:
        """Delete the files of segments that nobody knows: what a writer left that was cancelled, or died."""
        known = {segment.segment_id() for segment in segments}
        for name in self._storage.list():
            stem, _, extension = name.rpartition(".")
            is_segment = extension in _EXTENSIONS and stem.startswith(f"{self._name}_") and stem not in known
            is_half_a_toc = name.startswith(f"_{self._name}_") and ".toc." in name
            if is_segment or is_half_a_toc:
                self._storage.delete_file(name)

    def _unlock(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._storage.delete_file(f"{self._name}_WRITELOCK")
        self._lock.release()
