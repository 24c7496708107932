"""What Whoosh's own writer writes a segment with: the slow way, one posting a call. Our bulk writer doesn't come here.

`ArrayPerDocumentWriter` gathers lengths, columns, stored fields and vectors and hands them to `DocumentsWriter` when it
is closed; `ArrayFieldWriter` gathers a field's postings and hands them to `InvertedWriter`. A field whose postings say
what the packed lists can't (weights that aren't frequencies, equal positions, characters) is kept as Whoosh's bytes.
"""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from whoosh.codec.base import FieldWriter, PerDocWriterWithColumns
from whoosh.columns import NumericColumn
from whoosh.fields import ID, KEYWORD
from whoosh.formats import Existence, Frequency, Positions
from whoosh.util.numeric import length_to_byte

from index.codec import inverted, per_document
from index.codec.columns import STORED_COLUMN, VECTOR_COLUMN, NumbersWriter, WhooshColumnWriter
from index.codec.field import PostingKind, Postings
from index.codec.inverted import InvertedWriter
from index.codec.per_document import DocumentsWriter
from index.codec.readers import open_documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whoosh.columns import Column
    from whoosh.fields import FieldType, Schema
    from whoosh.filedb.filestore import Storage

    from index.codec.per_document import DocumentArrays
    from index.codec.segment import ArraySegment
    from index.compiled import I64, U8

CHUNK: Final = 1 << 20
"""Postings that are packed at a time."""


class _Lengths:
    """Gathers a field's length in each document."""

    def __init__(self) -> None:
        self._documents = array("I")
        self._bytes = bytearray()
        self.total = 0

    def add(self, docnum: int, length: int) -> None:
        self._documents.append(docnum)
        self._bytes.append(length_to_byte(length))
        self.total += length

    def bytes_of(self, documents: int) -> U8:
        lengths = np.zeros(documents, np.uint8)
        lengths[np.frombuffer(self._documents, np.uint32)] = np.frombuffer(self._bytes, np.uint8)
        return lengths


class ArrayPerDocumentWriter(PerDocWriterWithColumns):  # type: ignore[misc]  # Whoosh is untyped
    """Gathers what is kept of each document and writes it when it is closed."""

    def __init__(self, storage: Storage, segment: ArraySegment) -> None:
        super().__init__()
        self._storage, self._segment = storage, segment
        self._documents = 0
        self._open_document: dict[str, Any] | None = None
        self._lengths: dict[str, _Lengths] = {}
        self._columns: dict[str, NumbersWriter | WhooshColumnWriter] = {}
        self._vectors: dict[str, WhooshColumnWriter] = {}
        self._stored: WhooshColumnWriter | None = None
        self.is_closed = False

    def start_doc(self, docnum: int) -> None:
        """Begin the next document. Raises `ValueError` if it is not the next, or the last one was not finished."""
        if docnum != self._documents or self._open_document is not None:
            raise ValueError(f"document {docnum} cannot begin: {self._documents} begun, the last one unfinished or not")
        self._docnum = docnum
        self._documents += 1
        self._open_document = {}

    def add_field(self, fieldname: str, fieldobj: FieldType, value: object, length: int | None) -> None:  # noqa: ARG002 - Whoosh's signature
        """Keep a field's stored value, if any, and its length."""
        if value is not None and self._open_document is not None:
            self._open_document[fieldname] = value
        if length:
            self._lengths.setdefault(fieldname, _Lengths()).add(self._docnum, length)

    def add_vector_items(self, fieldname: str, fieldobj: FieldType, items: Iterable[tuple[str, float, bytes]]) -> None:  # noqa: ARG002 - Whoosh's signature
        """Keep a document's term vector: terms in order, each with its weight and value."""
        found = [[text, array("f", [weight])[0], value] for text, weight, value in items]
        if found:
            self._vectors.setdefault(fieldname, WhooshColumnWriter(VECTOR_COLUMN)).add(self._docnum, found)

    def finish_doc(self) -> None:
        """End the document."""
        if self._open_document:
            if self._stored is None:
                self._stored = WhooshColumnWriter(STORED_COLUMN)
            self._stored.add(self._docnum, self._open_document)
        self._open_document = None

    def close(self) -> None:
        """Write the file."""
        documents = self._documents
        file = self._storage.create_file(self._segment.make_filename(per_document.EXTENSION))
        writer = DocumentsWriter(file, documents)
        for field, lengths in sorted(self._lengths.items()):
            writer.add_lengths(field, lengths.bytes_of(documents), lengths.total)
        for field, column in sorted(self._columns.items()):
            if isinstance(column, NumbersWriter):
                writer.add_numbers(field, column.numbers(documents))
            else:
                writer.add_column(field, column.content(documents))
        for field, vectors in sorted(self._vectors.items()):
            writer.add_vectors(field, vectors.content(documents))
        if self._stored is not None:
            writer.add_stored(self._stored.content(documents))
        writer.close()
        self.is_closed = True

    def _has_column(self, fieldname: str) -> bool:
        return fieldname in self._columns

    def _create_column(self, fieldname: str, column: Column) -> None:
        is_numeric = type(column) is NumericColumn
        self._columns[fieldname] = NumbersWriter(column) if is_numeric else WhooshColumnWriter(column)

    def _get_column(self, fieldname: str) -> NumbersWriter | WhooshColumnWriter:
        return self._columns[fieldname]


class _Values:
    """What Whoosh made of a field's postings, where the packed lists can't say it."""

    def __init__(self) -> None:
        self.weights = array("f")
        self.values: list[bytes] = []


class _Field:
    """Gathers a field's postings.

    They are taken apart as they come; at the first one that can't be, those before it are put together again and all
    are kept as Whoosh's bytes.
    """

    def __init__(self, name: str, field: FieldType) -> None:
        self.name = name
        self.keeps_sets = isinstance(field, (ID, KEYWORD)) and not field.unique
        self._format = field.format
        self.kind = _KINDS.get(type(field.format), PostingKind.VALUES)
        self._values = _Values() if self.kind is PostingKind.VALUES else None
        self._terms: list[bytes] = []
        self._starts = array("q", [0])
        self._docs = array("I")
        self._frequencies = array("I")
        self._positions = array("I")

    def start_term(self, term: bytes) -> None:
        self._terms.append(term)

    def finish_term(self) -> None:
        self._starts.append(len(self._docs))

    def add(self, docnum: int, weight: float, value: bytes) -> None:
        """Take a posting. One of the same term and document as the last adds to its weight."""
        if len(self._docs) > self._starts[-1] and self._docs[-1] == docnum:
            self._use_values().weights[-1] += weight
            return
        if self._values is None and not self._took_apart(weight, value):
            self._use_values()
        if self._values is not None:
            self._frequencies.append(1)
            self._values.weights.append(weight)
            self._values.values.append(value)
        self._docs.append(docnum)

    def _took_apart(self, weight: float, value: bytes) -> bool:
        """Whether the packed lists could say this posting, which now they do."""
        match self.kind:
            case PostingKind.EXISTENCE:
                frequency = 0 if value else 1
            case PostingKind.FREQUENCY:
                frequency = int.from_bytes(value, "big") if len(value) == _FREQUENCY_BYTES else 0
            case _:
                positions = self._format.decode_positions(value)
                frequency = len(positions) if _ascend(positions) else 0
                if frequency and frequency == weight:
                    self._positions.extend(positions)
        if not frequency or frequency != weight:
            return False
        self._frequencies.append(frequency)
        return True

    def _use_values(self) -> _Values:
        """Keep Whoosh's bytes from now on, also of the postings before."""
        if self._values is None:
            self._values = _Values()
            self._values.weights.extend(map(float, self._frequencies))
            self._values.values.extend(self._put_together())
            self.kind = PostingKind.VALUES
            self._frequencies = array("I", bytes(self._frequencies.itemsize)) * len(self._frequencies)
        return self._values

    def _put_together(self) -> Iterator[bytes]:
        at = 0
        for frequency in self._frequencies:
            if self.kind is PostingKind.POSITIONS:
                yield self._format.encode(self._positions[at : at + frequency].tolist())
            else:
                yield frequency.to_bytes(_FREQUENCY_BYTES, "big") if self.kind is PostingKind.FREQUENCY else b""
            at += frequency

    def write(self, writer: InvertedWriter, lengths: U8, documents: int) -> None:
        starts = np.frombuffer(self._starts, np.int64)
        if self._values is not None:
            once = np.ones(len(self._docs), np.uint32)
            none = np.zeros(0, np.uint32)
            postings = Postings(self._terms, starts, np.array(self._docs, np.uint32), once, none)
            writer.add_values(self.name, postings, lengths, self._values.weights, self._values.values)
        else:
            sets_of = documents if self.keeps_sets else None
            writer.add_field(self.name, self.kind, self._chunks(starts), lengths, sets_of=sets_of)

    def _chunks(self, starts: I64) -> Iterator[Postings]:
        """The postings, `CHUNK` of them or one term at a time."""
        docs, frequencies = np.array(self._docs, np.uint32), np.array(self._frequencies, np.uint32)
        positions = np.array(self._positions, np.uint32)
        first = place = 0
        while first < len(self._terms):
            end = max(first + 1, int(np.searchsorted(starts, starts[first] + CHUNK, side="right")) - 1)
            part = slice(int(starts[first]), int(starts[end]))
            many = int(frequencies[part].sum(dtype=np.int64)) if len(positions) else 0
            yield Postings(
                self._terms[first:end],
                starts[first : end + 1] - starts[first],
                docs[part],
                frequencies[part],
                positions[place : place + many],
            )
            first, place = end, place + many


_KINDS: Final = {
    Existence: PostingKind.EXISTENCE,
    Frequency: PostingKind.FREQUENCY,
    Positions: PostingKind.POSITIONS,
}
_FREQUENCY_BYTES: Final = 4


def _ascend(positions: list[int]) -> bool:
    """Whether positions are what packed lists can hold: each larger than the one before, of 32 bits."""
    return (
        bool(positions)
        and positions[0] >= 0
        and positions[-1] < 2**32
        and all(before < after for before, after in pairwise(positions))
    )


class ArrayFieldWriter(FieldWriter):  # type: ignore[misc]  # Whoosh is untyped
    """Gathers the postings of one field after the other, and writes each. Where none are added, no file is written."""

    def __init__(self, storage: Storage, segment: ArraySegment) -> None:
        self._storage, self._segment = storage, segment
        self._documents: DocumentArrays | None = None
        self._writer: InvertedWriter | None = None
        self._field: _Field | None = None
        self.is_closed = False

    def add_postings(
        self, schema: Schema, lengths: object, items: Iterable[tuple[str, bytes, int, float, bytes]]
    ) -> None:
        """Write all postings: (field, term, document, weight, value) in order. Documents must have been written."""
        self._documents = open_documents(self._storage, self._segment)
        file = self._storage.create_file(self._segment.make_filename(inverted.EXTENSION))
        self._writer = InvertedWriter(file, self._documents.file.stamp)
        super().add_postings(schema, lengths, items)

    def start_field(self, fieldname: str, fieldobj: FieldType) -> None:
        """Begin a field."""
        self._field = _Field(fieldname, fieldobj)

    def start_term(self, text: bytes) -> None:
        """Begin a term of the field."""
        self._begun().start_term(text)

    def add(self, docnum: int, weight: float, vbytes: bytes, length: int) -> None:  # noqa: ARG002 - Whoosh's signature; lengths are in the file
        """Add a posting of the term."""
        self._begun().add(docnum, weight, vbytes)

    def finish_term(self) -> None:
        """End the term."""
        self._begun().finish_term()

    def finish_field(self) -> None:
        """End the field and write it. Raises `SegmentTooLarge`."""
        field = self._begun()
        if self._writer is None or self._documents is None:
            raise ValueError(f"the field {field.name} came before its documents")
        field.write(self._writer, self._documents.lengths(field.name), self._documents.size)
        self._field = None

    def close(self) -> None:
        """Finish the file, and give the segment its stamp."""
        if self._writer is not None:
            self._segment.stamp = self._writer.close()
        self.is_closed = True

    def _begun(self) -> _Field:
        if self._field is None:
            raise ValueError("no field was begun")
        return self._field
