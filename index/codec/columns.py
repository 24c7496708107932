"""Columns as Whoosh writes and reads them, over the arrays of `per_document`.

A plain column of numbers is `Numbers`, written by `NumbersWriter` and read by `NumbersReader`. A column of any other
type keeps the bytes of Whoosh's own writer: `WhooshColumnWriter`, `whoosh_reader`. So do stored fields and vectors.
"""

from __future__ import annotations

import struct
from array import array
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from whoosh.columns import ColumnReader, VarBytesColumn, WrappedColumn, WrappedColumnReader, WrappedColumnWriter
from whoosh.filedb.structfile import BufferFile, StructFile

from index.codec.per_document import numbers_from_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whoosh.columns import Column, NumericColumn

    from index.codec.per_document import Numbers
    from index.compiled import U8


class PackedColumn(WrappedColumn):  # type: ignore[misc]  # Whoosh is untyped
    """A column of any plain value, as MessagePack: what Whoosh would pickle, which must not be read from a file."""

    class Writer(WrappedColumnWriter):  # type: ignore[misc]  # likewise
        """Packs values."""

        def add(self, docnum: int, value: object) -> None:
            """Keep a value, or None. Raises `TypeError` if it would not be read back as it is."""
            content = b"" if value is None else msgspec.msgpack.encode(value)
            if value is not None and msgspec.msgpack.decode(content) != value:
                raise TypeError(f"{value!r} is more than numbers, text, bytes, lists and dictionaries can say")
            self._child.add(docnum, content)

    class Reader(WrappedColumnReader):  # type: ignore[misc]  # likewise
        """Unpacks them."""

        def __getitem__(self, docnum: int) -> object:
            content = self._child[docnum]
            return msgspec.msgpack.decode(content) if content else None


STORED_COLUMN: Final = PackedColumn(VarBytesColumn())
"""How a document's stored fields are kept: a dictionary."""

VECTOR_COLUMN: Final = PackedColumn(VarBytesColumn())
"""How a document's term vector is kept: a list of [term, weight, value]."""


def column_dtype(column: NumericColumn) -> np.dtype[Any]:
    """The type of the numbers of one of Whoosh's columns."""
    dtype: np.dtype[Any] = np.dtype("=" + column._typecode)  # noqa: SLF001 - Whoosh has no other way to tell
    return dtype


class NumbersWriter:
    """Gathers a column of numbers."""

    def __init__(self, column: NumericColumn) -> None:
        self._dtype = column_dtype(column)
        self._pack = struct.Struct("=" + self._dtype.char).pack
        self._default = column.default_value()
        self._documents = array("I")
        self._content = bytearray()

    def add(self, docnum: int, value: float) -> None:
        """Keep a document's number. Raises `struct.error` if the column's type has no such number, as Whoosh does."""
        self._content += self._pack(value)
        self._documents.append(docnum)

    def numbers(self, documents: int) -> Numbers:
        """The column, of so many documents."""
        values = np.full(documents, self._default, self._dtype)
        values[np.frombuffer(self._documents, np.uint32)] = np.frombuffer(self._content, self._dtype)
        return numbers_from_values(values, self._default)


class NumbersReader(ColumnReader):  # type: ignore[misc]  # Whoosh is untyped
    """A column of numbers as Whoosh reads it."""

    def __init__(self, numbers: Numbers, dtype: np.dtype[Any]) -> None:
        self._numbers = numbers
        self._dtype = dtype
        self._is_reversed = False

    def __len__(self) -> int:
        return len(self._numbers.array)

    def __getitem__(self, docnum: int) -> int | float:
        return self._numbers.value(docnum)

    def __iter__(self) -> Iterator[int | float]:
        return iter(self.load())

    def load(self) -> list[int | float]:
        """All numbers."""
        values: list[int | float] = self._numbers.values(self._dtype).tolist()
        return values

    def sort_key(self, docnum: int) -> int | float:
        """What to sort a document by."""
        return -self[docnum] if self._is_reversed else self[docnum]

    def set_reverse(self) -> None:
        """Sort the other way around from now on."""
        self._is_reversed = True


class WhooshColumnWriter:
    """A column that Whoosh's own writer writes, to memory."""

    def __init__(self, column: Column) -> None:
        self._content = BytesIO()
        self._writer: Any = column.writer(StructFile(self._content))

    def add(self, docnum: int, value: Any) -> None:  # noqa: ANN401 - each column has its own type
        """Keep a document's value."""
        self._writer.add(docnum, value)

    def content(self, documents: int) -> bytes:
        """What Whoosh wrote for so many documents."""
        self._writer.finish(documents)
        return self._content.getvalue()


def whoosh_reader(column: Column, content: U8, documents: int) -> ColumnReader:
    """Whoosh's own reader of what its writer wrote."""
    return column.reader(BufferFile(content.tobytes()), 0, len(content), documents)
