"""Our Whoosh codec: a segment is two files of arrays that are mapped into memory.

`ArrayIndex` is an index whose writer uses the codec; `ArrayCodec` makes the writers (`writers`) and readers (`readers`)
that Whoosh's own writer and searcher run over; `ArraySegment` is what the index's table of contents keeps of a segment.
Each part says which other it belongs to: the segment keeps the stamp of its `.inv`, and that the stamp of its `.doc`.

The table of contents is a pickle: the name of this module, that of `ArraySegment`, and what `__getstate__` returns are
part of the format on disk. See docs/index-format.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from whoosh.codec.base import Codec, Segment
from whoosh.index import FileIndex
from whoosh.writing import SegmentWriter

from index.codec.container import FORMAT_VERSION, DamagedFile, FileVersion
from index.codec.readers import ArrayPerDocumentReader, ArrayTermsReader, open_documents, open_inverted
from index.codec.writers import ArrayFieldWriter, ArrayPerDocumentWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whoosh.filedb.filestore import Storage


class ArraySegment(Segment):  # type: ignore[misc]  # Whoosh is untyped
    """A segment as the table of contents keeps it: its name, its number of documents, which are deleted, its stamp.

    `stamp` is what `InvertedWriter.close` returned, `None` until the segment is written.
    """

    def __init__(self, indexname: str) -> None:
        super().__init__(indexname)
        self.stamp: int | None = None
        self._documents = 0
        self._deleted: set[int] = set()

    def __getstate__(self) -> dict[str, Any]:
        return {
            "version": FORMAT_VERSION,
            "indexname": self.indexname,
            "segid": self.segid,
            "documents": self._documents,
            "deleted": np.array(sorted(self._deleted), "<u4").tobytes(),
            "stamp": self.stamp,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state.get("version") != FORMAT_VERSION:
            raise FileVersion("the table of contents", int(state.get("version", 0)))
        self.indexname, self.segid, self.compound = state["indexname"], state["segid"], False
        self._documents, self.stamp = state["documents"], state["stamp"]
        self._deleted = set(np.frombuffer(state["deleted"], "<u4").tolist())

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
        return len(self._deleted)

    def deleted_docs(self) -> Iterator[int]:
        """The numbers of those, in no order."""
        return iter(self._deleted)

    def is_deleted(self, docnum: int) -> bool:
        """Whether a document is deleted."""
        return docnum in self._deleted

    def delete_document(self, docnum: int, delete: bool = True) -> None:  # noqa: FBT001, FBT002 - Whoosh's signature
        """Delete a document, or take its deletion back. Raises `IndexError` if there is none of that number."""
        if not 0 <= docnum < self._documents:
            raise IndexError(f"segment {self.segid} has no document {docnum}")
        (self._deleted.add if delete else self._deleted.discard)(docnum)


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


class ArrayWriter(SegmentWriter):  # type: ignore[misc]  # Whoosh is untyped
    """Whoosh's own writer over the codec, which leaves nothing behind when it is cancelled."""

    def __init__(self, index: FileIndex, **options: Any) -> None:  # noqa: ANN401 - handed on to Whoosh
        super().__init__(index, **(options | {"codec": ArrayCodec()}))

    def cancel(self) -> None:
        """Undo everything since the last commit."""
        super().cancel()
        for name in self.newsegment.list_files(self.storage):
            self.storage.delete_file(name)


class ArrayIndex(FileIndex):  # type: ignore[misc]  # Whoosh is untyped
    """An index of our segments. Whoosh's own would write those that are added later in its own format.

    Make one with `storage.create_index(schema, indexclass=ArrayIndex)`, open it with `open_index` likewise.
    """

    def segments(self) -> list[Segment]:
        """Its segments, as the newest table of contents has them; not ours if somebody else wrote there."""
        return list(self._segments())

    def writer(self, procs: int = 1, **options: Any) -> ArrayWriter:  # noqa: ANN401 - handed on to Whoosh
        """The one writer. Raises `ValueError` for more than one process: that is the bulk writer's business."""
        if procs != 1:
            raise ValueError("Whoosh's writer of many processes knows its own format only")
        return ArrayWriter(self, **options)


def check_segment(storage: Storage, segment: Segment) -> None:
    """See that a segment's files are its own and every byte in them is as written. Reads them whole.

    Raises `DamagedFile`, `FileVersion`, or `OSError` if one is missing.
    """
    if not isinstance(segment, ArraySegment):
        raise DamagedFile(str(segment.segment_id()), "is not a segment of arrays")
    documents = open_documents(storage, segment)
    documents.file.check()
    open_inverted(storage, segment, documents).file.check()
