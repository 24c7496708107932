"""What Whoosh's searcher reads a segment with.

`open_documents` and `open_inverted` map a segment's two files and see that they are its own. `ArrayPerDocumentReader`
reads lengths, columns, stored fields and vectors; `ArrayTermsReader` terms, and hands out `ArrayMatcher`s over their
postings. Safe from many threads, but for columns of Whoosh's own types.

Opening reads the files' directories alone. That every byte is as written is seen before: by the manifest of a published
generation, or by `check_segment`.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from whoosh.codec.base import EmptyCursor, FieldCursor, PerDocumentReader, TermsReader
from whoosh.filedb.filestore import FileStorage
from whoosh.matching import ListMatcher
from whoosh.reading import TermNotFound

from index.codec import inverted, per_document
from index.codec.columns import STORED_COLUMN, VECTOR_COLUMN, NumbersReader, column_dtype, whoosh_reader
from index.codec.container import ArrayFile, DamagedFile
from index.codec.field import PostingKind
from index.codec.inverted import InvertedArrays
from index.codec.matcher import LENGTHS, ArrayMatcher, ArrayTermInfo, Field, TermPostings, WhooshValues
from index.codec.per_document import STORED, DocumentArrays, Form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whoosh.columns import Column, ColumnReader
    from whoosh.fields import FieldType
    from whoosh.filedb.filestore import Storage
    from whoosh.formats import Format
    from whoosh.scoring import BaseScorer

    from index.codec.segment import ArraySegment

REMEMBERED: Final = 4096
"""Terms of a segment whose statistics are remembered."""


def open_documents(storage: Storage, segment: ArraySegment) -> DocumentArrays:
    """Map a segment's file of documents. Raises `DamagedFile`, `FileVersion` or `OSError`."""
    documents = DocumentArrays(_mapped(storage, segment.make_filename(per_document.EXTENSION)))
    if documents.size != segment.doc_count_all():
        raise DamagedFile(documents.file.name, f"has {documents.size} documents, not {segment.doc_count_all()}")
    return documents


def open_inverted(storage: Storage, segment: ArraySegment, documents: DocumentArrays) -> InvertedArrays:
    """Map a segment's file of inverted fields. Raises `DamagedFile`, `FileVersion` or `OSError`."""
    fields = InvertedArrays(_mapped(storage, segment.make_filename(inverted.EXTENSION)))
    if segment.stamp not in {None, fields.file.stamp}:
        raise DamagedFile(fields.file.name, "is not the one that was written")
    if fields.documents != documents.file.stamp:
        raise DamagedFile(documents.file.name, f"is not the one that {fields.file.name} was written with")
    for name in fields.fields:
        sets = fields.sets(name)
        if sets is not None and sets[0].shape != (documents.size,):
            raise DamagedFile(fields.file.name, f"the sets of {name} are not of {documents.size} documents")
    return fields


def _mapped(storage: Storage, name: str) -> ArrayFile:
    if isinstance(storage, FileStorage):
        return ArrayFile.map(Path(storage.folder) / name)
    file = storage.open_file(name)
    try:
        return ArrayFile(name, file.read())
    finally:
        file.close()


class ArrayPerDocumentReader(PerDocumentReader):  # type: ignore[misc]  # Whoosh is untyped
    """Reads what is kept of each document. `documents` are the arrays."""

    def __init__(self, storage: Storage, segment: ArraySegment) -> None:
        self._segment = segment
        self.documents = open_documents(storage, segment)
        self._lengths: dict[str, memoryview | None] = {}
        self._readers: dict[str, ColumnReader] = {}

    def close(self) -> None:
        """Let go of the file."""
        self._lengths, self._readers = {}, {}
        self.documents.file.close()

    def doc_count(self) -> int:
        """How many documents there are, without the deleted ones."""
        return self._segment.doc_count()  # type: ignore[no-any-return]  # Whoosh is untyped

    def doc_count_all(self) -> int:
        """How many documents there are, deleted ones too."""
        return self.documents.size

    def has_deletions(self) -> bool:
        """Whether any document is deleted."""
        return self._segment.has_deletions()  # type: ignore[no-any-return]  # Whoosh is untyped

    def is_deleted(self, docnum: int) -> bool:
        """Whether a document is deleted."""
        return self._segment.is_deleted(docnum)

    def deleted_docs(self) -> Iterator[int]:
        """The deleted documents, in no order."""
        return self._segment.deleted_docs()

    def supports_columns(self) -> bool:
        """Yes."""
        return True

    def has_column(self, fieldname: str) -> bool:
        """Whether a field has a column."""
        return fieldname in self.documents.columns

    def list_columns(self) -> tuple[str, ...]:
        """The fields that have columns."""
        return tuple(self.documents.columns)

    def column_reader(self, fieldname: str, column: Column) -> ColumnReader:
        """A reader of a field's column. Raises `KeyError` if it has none."""
        numbers = self.documents.numbers(fieldname)
        if numbers.column.form is Form.WHOOSH:
            return whoosh_reader(column, numbers.array, self.documents.size)
        return NumbersReader(numbers, column_dtype(column))

    def doc_field_length(self, docnum: int, fieldname: str, default: int = 0) -> int:
        """The length of a document's field in Whoosh's rounding; the default where it is empty."""
        try:
            lengths = self._lengths[fieldname]
        except KeyError:
            found = self.documents.lengths(fieldname)
            lengths = self._lengths[fieldname] = found.data if len(found) else None
        byte = lengths[docnum] if lengths is not None else 0
        return LENGTHS[byte] if byte else default

    def field_length(self, fieldname: str) -> int:
        """The length of a field over all documents."""
        return self.documents.total_length(fieldname)

    def min_field_length(self, fieldname: str) -> int:
        """The length of the shortest field of that name, 0 where a document has none."""
        return LENGTHS[int(self.documents.lengths(fieldname).min(initial=255))] if self._has_lengths(fieldname) else 0

    def max_field_length(self, fieldname: str) -> int:
        """The length of the longest field of that name."""
        return LENGTHS[int(self.documents.lengths(fieldname).max(initial=0))]

    def _has_lengths(self, fieldname: str) -> bool:
        return len(self.documents.lengths(fieldname)) > 0

    def stored_fields(self, docnum: int) -> dict[str, Any]:
        """The stored fields of a document."""
        if STORED not in self.documents.file:
            return {}
        return self._whoosh_reader(STORED, STORED_COLUMN)[docnum] or {}

    def has_vector(self, docnum: int, fieldname: str) -> bool:
        """Whether a document has a term vector of a field."""
        name = f"{fieldname}/vectors"
        return name in self.documents.file and self._whoosh_reader(name, VECTOR_COLUMN)[docnum] is not None

    def vector(self, docnum: int, fieldname: str, format_: Format) -> ListMatcher:
        """A document's term vector: terms with weights and values. Raises `KeyError` if there is none."""
        if not self.has_vector(docnum, fieldname):
            raise KeyError(f"document {docnum} has no vector of {fieldname}")
        found = self._whoosh_reader(f"{fieldname}/vectors", VECTOR_COLUMN)[docnum]
        terms, weights, values = zip(*found, strict=True)
        return ListMatcher(terms, weights, values, format_)

    def _whoosh_reader(self, name: str, column: Column) -> ColumnReader:
        reader = self._readers.get(name)
        if reader is None:
            content = self.documents.file[name]
            reader = self._readers[name] = whoosh_reader(column, content, self.documents.size)
        return reader


class ArrayTermsReader(TermsReader):  # type: ignore[misc]  # Whoosh is untyped
    """Reads terms and their postings. `inverted` are the arrays, `documents` those that hold the lengths."""

    def __init__(self, storage: Storage, segment: ArraySegment) -> None:
        self.documents = open_documents(storage, segment)
        self.inverted = open_inverted(storage, segment, self.documents)
        self._fields = {name: self._field(name) for name in self.inverted.fields}
        self._postings = lru_cache(maxsize=REMEMBERED)(self._list_of)

    def _field(self, name: str) -> Field:
        arrays, file = self.inverted.fields[name], self.inverted.file
        values = None
        if arrays.kind is PostingKind.VALUES:
            values = WhooshValues(*(file[f"{name}/{array}"] for array in ("first", "weights", "values_at", "values")))
        return Field(arrays, self.documents.lengths(name), values)

    def close(self) -> None:
        """Let go of the files."""
        self._postings.cache_clear()
        self._fields = {}
        self.inverted.fields = {}
        self.inverted.file.close()
        self.documents.file.close()

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        return self._find(*term) is not None

    def indexed_field_names(self) -> list[str]:
        """The fields that have terms."""
        return list(self._fields)

    def terms(self) -> Iterator[tuple[str, bytes]]:
        """All (field, term), in order."""
        for name, field in self._fields.items():
            for number in range(field.arrays.size):
                yield name, field.arrays.term(number)

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        """(field, term) from a field's first term that is not before `prefix`; none if there is no such field."""
        return (term for term, _, _ in self._from(fieldname, prefix))

    def items(self) -> Iterator[tuple[tuple[str, bytes], ArrayTermInfo]]:
        """All ((field, term), statistics), in order."""
        for name, field in self._fields.items():
            for number in range(field.arrays.size):
                yield (name, field.arrays.term(number)), ArrayTermInfo(self._list_of(name, number))

    def items_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[tuple[str, bytes], ArrayTermInfo]]:
        """((field, term), statistics) as `terms_from`."""
        return (
            (term, ArrayTermInfo(self._list_of(name, number))) for term, name, number in self._from(fieldname, prefix)
        )

    def term_info(self, fieldname: str, text: bytes) -> ArrayTermInfo:
        """A term's statistics. Raises `TermNotFound`."""
        return ArrayTermInfo(self._postings(fieldname, self._number(fieldname, text)))

    def frequency(self, fieldname: str, text: bytes) -> float:
        """The sum of a term's weights, 0 if there is no such term."""
        number = self._find(fieldname, text)
        return 0 if number is None else self._postings(fieldname, number).sum_of_weights

    def doc_frequency(self, fieldname: str, text: bytes) -> int:
        """How many documents have a term, deleted ones too; 0 if there is no such term."""
        number = self._find(fieldname, text)
        return 0 if number is None else self._postings(fieldname, number).count

    def matcher(self, fieldname: str, text: bytes, format_: Format, scorer: BaseScorer | None = None) -> ArrayMatcher:
        """A cursor over a term's postings. Raises `TermNotFound`."""
        postings = self._postings(fieldname, self._number(fieldname, text))
        return ArrayMatcher(postings, format_, scorer, (fieldname, text))

    def cursor(self, fieldname: str, fieldobj: FieldType) -> FieldCursor:
        """A cursor over a field's terms."""
        field = self._fields.get(fieldname)
        return EmptyCursor() if field is None else ArrayCursor(field, fieldobj)

    def _find(self, fieldname: str, text: bytes) -> int | None:
        field = self._fields.get(fieldname)
        number = -1 if field is None else field.arrays.find(text)
        return None if number < 0 else number

    def _number(self, fieldname: str, text: bytes) -> int:
        number = self._find(fieldname, text)
        if number is None:
            raise TermNotFound(f"no term {fieldname}:{text!r}")
        return number

    def _list_of(self, fieldname: str, number: int) -> TermPostings:
        return TermPostings(self._fields[fieldname], number)

    def _from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[tuple[str, bytes], str, int]]:
        names = list(self._fields)
        if fieldname not in self._fields:
            return
        for name in names[bisect_left(names, fieldname) :]:
            arrays = self._fields[name].arrays
            for number in range(arrays.bisect(prefix) if name == fieldname else 0, arrays.size):
                yield (name, arrays.term(number)), name, number


class ArrayCursor(FieldCursor):  # type: ignore[misc]  # Whoosh is untyped
    """Walks over a field's terms, as text."""

    def __init__(self, field: Field, fieldobj: FieldType) -> None:
        self._field, self._fieldobj = field, fieldobj
        self._number = 0

    def first(self) -> str | None:
        """Go to the first term. Returns it, `None` if there is none."""
        self._number = 0
        return self.text()

    def find(self, string: str | bytes) -> str | None:
        """Go to the first term that is not before this one. Returns it, `None` if all are."""
        text = string if isinstance(string, bytes) else self._fieldobj.to_bytes(string)
        self._number = self._field.arrays.bisect(text)
        return self.text()

    def next(self) -> str | None:
        """Go to the next term. Returns it, `None` behind the last one."""
        self._number += 1
        return self.text()

    def text(self) -> str | None:
        """The term it stands at, `None` behind the last one."""
        if not self.is_valid():
            return None
        return self._fieldobj.from_bytes(self._field.arrays.term(self._number))  # type: ignore[no-any-return]  # Whoosh is untyped

    term = text

    def term_info(self) -> ArrayTermInfo | None:
        """The statistics of the term it stands at."""
        return ArrayTermInfo(TermPostings(self._field, self._number)) if self.is_valid() else None

    def is_valid(self) -> bool:
        """Whether it stands at a term."""
        return self._number < self._field.arrays.size
