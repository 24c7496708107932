"""Our Whoosh codec: a segment is two files of arrays that are mapped into memory.

`ArrayCodec` makes the writers (`writers`) and readers (`readers`) that Whoosh's own writer and searcher run over;
`ArraySegment` is what the index's table of contents (`contents`) keeps of a segment. Each part says which other it
belongs to: the segment keeps the stamp of its `.inv`, and that the stamp of its `.doc`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from whoosh.codec.base import Codec, Segment

from index.codec.readers import ArrayPerDocumentReader, ArrayTermsReader, open_documents, open_inverted
from index.codec.schema import SERIAL
from index.codec.writers import ArrayFieldWriter, ArrayPerDocumentWriter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray
    from whoosh.filedb.filestore import Storage

    from index.compiled import U32


class ArraySegment(Segment):  # type: ignore[misc]  # Whoosh is untyped
    """A segment as the table of contents keeps it: its name, its number of documents, which are deleted, its stamp.

    `stamp` is what `InvertedWriter.close` returned, `None` until the segment is written.
    """

    def __init__(self, indexname: str) -> None:
        super().__init__(indexname)
        self.stamp: int | None = None
        self._documents = 0
        self._is_deleted: NDArray[np.bool_] | None = None

    @classmethod
    def read(cls, indexname: str, segid: str, *, documents: int, stamp: int, deleted: U32) -> ArraySegment:
        """A segment that was written. `deleted` uint32: the numbers of its deleted documents."""
        segment = cls(indexname)
        segment.segid, segment.stamp = segid, stamp
        segment.set_doc_count(documents)
        segment.delete_documents(deleted)
        return segment

    @property
    def deleted(self) -> U32:
        """The numbers of the deleted documents, ascending."""
        if self._is_deleted is None:
            return np.zeros(0, np.uint32)
        return np.flatnonzero(self._is_deleted).astype(np.uint32)

    def delete_documents(self, numbers: NDArray[Any]) -> None:
        """Delete documents. Raises `IndexError` if there is none of some number."""
        if len(numbers):
            self._marks()[numbers] = True

    def _marks(self) -> NDArray[np.bool_]:
        if self._is_deleted is None:
            self._is_deleted = np.zeros(self._documents, np.bool_)
        return self._is_deleted

    def codec(self) -> ArrayCodec:
        """What reads it."""
        return ArrayCodec()

    def should_assemble(self) -> bool:
        """No: Whoosh would read a compound file into memory whole, in every process."""
        return False

    def set_doc_count(self, documents: int) -> None:
        """Say how many documents it has."""
        self._documents = documents

    def doc_count_all(self) -> int:
        """How many documents it has, deleted ones too."""
        return self._documents

    def deleted_count(self) -> int:
        """How many of them are deleted."""
        return 0 if self._is_deleted is None else int(np.count_nonzero(self._is_deleted))

    def deleted_docs(self) -> Iterator[int]:
        """The numbers of those, ascending."""
        return iter(self.deleted.tolist())

    def is_deleted(self, docnum: int) -> bool:
        """Whether a document is deleted. Whoosh asks of one behind the last, too, which is not."""
        return self._is_deleted is not None and docnum < self._documents and bool(self._is_deleted[docnum])

    def delete_document(self, docnum: int, delete: bool = True) -> None:  # noqa: FBT001, FBT002 - Whoosh's signature
        """Delete a document, or take its deletion back. Raises `IndexError` if there is none of that number."""
        if not 0 <= docnum < self._documents:
            raise IndexError(f"segment {self.segid} has no document {docnum}")
        self._marks()[docnum] = delete


class ArrayCodec(Codec):  # type: ignore[misc]  # Whoosh is untyped
    """Makes what Whoosh writes and reads segments with."""

    length_stats = True  # the field writer is told the lengths, which the blocks' statistics are made of

    def per_document_writer(self, storage: Storage, segment: ArraySegment) -> ArrayPerDocumentWriter:
        """What writes lengths, columns and stored fields."""
        return ArrayPerDocumentWriter(storage, segment)

    def field_writer(self, storage: Storage, segment: ArraySegment) -> ArrayFieldWriter:
        """What writes terms and postings."""
        return ArrayFieldWriter(storage, segment)

    def per_document_reader(self, storage: Storage, segment: ArraySegment) -> ArrayPerDocumentReader:
        """What reads lengths, columns and stored fields."""
        return ArrayPerDocumentReader(storage, segment)

    def terms_reader(self, storage: Storage, segment: ArraySegment) -> ArrayTermsReader:
        """What reads terms and postings."""
        return ArrayTermsReader(storage, segment)

    def new_segment(self, storage: Storage, indexname: str) -> ArraySegment:  # noqa: ARG002 - Whoosh's signature
        """A segment that is yet to be written."""
        return ArraySegment(indexname)

    def supports_columns(self) -> bool:
        """Yes."""
        return True


def check_segment(
    storage: Storage, segment: ArraySegment, unchanged: Collection[str] = frozenset()
) -> NDArray[np.uint64]:
    """See that a segment's files are its own and every byte in them is as written. Reads them whole.

    But for files named in `unchanged`, which are known to be as written. Returns the serials of its documents that are
    not deleted, none if it has no such column. Raises `DamagedFile`, `FileVersion`, or `OSError` if a file is missing.
    """
    documents = open_documents(storage, segment)
    for file in (documents.file, open_inverted(storage, segment, documents).file):
        if file.name not in unchanged:
            file.check()
    if SERIAL not in documents.columns:
        return np.zeros(0, np.uint64)
    serials: NDArray[np.uint64] = documents.numbers(SERIAL).values(np.dtype(np.uint64))
    return np.delete(serials, segment.deleted)
