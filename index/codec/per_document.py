"""A segment's file of what is kept of each document: lengths, columns, and stored fields and vectors if there are any.

`DocumentsWriter` writes it, from Whoosh's own writer and from our bulk writer alike; `DocumentArrays` reads it. Arrays,
for each field F that has them, in the order of their names:

- `F/lengths` uint8 (documents): the field's length in Whoosh's rounding, 0 where it is empty.
- `F/column` (documents): a column of numbers, `Numbers` says how; or uint8, the bytes of Whoosh's own column writer.
- `F/vectors`, `stored` uint8: the bytes of Whoosh's own column writer.

`about`: `documents`, how many; `totals`, the exact length of each field over all documents; `columns`, a `Column` each.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from index.codec.container import ArrayFileWriter, DamagedFile

if TYPE_CHECKING:
    from typing import BinaryIO

    from index.codec.container import ArrayFile
    from index.compiled import U8

EXTENSION: Final = ".doc"

STORED: Final = "stored"
"""The array of stored fields."""

_UNSIGNED: Final = tuple(np.dtype(code) for code in ("u1", "u2", "u4", "u8"))


class Form(StrEnum):
    """How a column is kept."""

    SHORT = "short"
    """Integers in the smallest unsigned type: 0 stands for the default, any other number for itself + base - 1."""
    PLAIN = "plain"
    """Numbers as they are: floats, and integers that are too far apart to be shortened."""
    WHOOSH = "whoosh"
    """What Whoosh's own column writer wrote."""


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """What there is to say of a column besides its array. `base` and `default` matter to `Form.SHORT` alone."""

    form: Form
    base: int = 0
    default: int = 0


class _About(msgspec.Struct, frozen=True):
    documents: int
    totals: dict[str, int]
    columns: dict[str, Column]


msgspec.json.Decoder(_About)  # so that msgspec knows it before several threads ask


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A column of numbers as it lies in the file."""

    column: Column
    array: NDArray[Any]

    def value(self, document: int) -> int | float:
        """The number of one document."""
        found = self.array[document].item()
        if self.column.form is Form.PLAIN:
            return found  # type: ignore[no-any-return]  # an item of an array of numbers
        return found + self.column.base - 1 if found else self.column.default

    def values(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """The numbers of all documents, in a type that can hold them."""
        if self.column.form is Form.PLAIN:
            return self.array.astype(dtype)
        # Sums wrap around at the ends of 64 bits, in both directions alike
        wide = self.array.astype(np.uint64) + _wrapped(self.column.base - 1)
        wide[self.array == 0] = _wrapped(self.column.default)
        return wide.view(np.int64 if dtype.kind == "i" else np.uint64).astype(dtype)


def _wrapped(number: int) -> np.uint64:
    return np.uint64(number % 2**64)


def numbers_from_values(values: NDArray[Any], default: float) -> Numbers:
    """A column as small as it can be kept. `values` int or float (documents), the default where there is none."""
    if values.dtype.kind == "f":
        return Numbers(Column(Form.PLAIN), values)
    given = values != values.dtype.type(default)
    base = int(values.min(where=given, initial=np.iinfo(values.dtype).max)) if given.any() else 0
    span = int(values.max(where=given, initial=np.iinfo(values.dtype).min)) - base if given.any() else 0
    if span >= 2**64 - 1:
        return Numbers(Column(Form.PLAIN), values)
    # As 64 bits that wrap around, so that any two numbers of a type can be subtracted
    wide = values.astype(np.int64 if values.dtype.kind == "i" else np.uint64).view(np.uint64)
    short = np.where(given, wide - _wrapped(base - 1), np.uint64(0))
    dtype = next(dtype for dtype in _UNSIGNED if span + 1 <= np.iinfo(dtype).max)
    return Numbers(Column(Form.SHORT, base, int(default)), short.astype(dtype))


class DocumentsWriter:
    """Writes a segment's documents to an open binary file. Fields are given in the order of their names."""

    def __init__(self, file: BinaryIO, documents: int) -> None:
        self._writer = ArrayFileWriter(file)
        self._documents = documents
        self._totals: dict[str, int] = {}
        self._columns: dict[str, Column] = {}

    def add_lengths(self, field: str, lengths: U8, total: int) -> None:
        """Write the length byte of each document, and keep the exact total."""
        self._writer.add(f"{field}/lengths", lengths)
        self._totals[field] = total

    def add_numbers(self, field: str, numbers: Numbers) -> None:
        """Write a column of numbers."""
        self._columns[field] = numbers.column
        self._writer.add(f"{field}/column", numbers.array)

    def add_column(self, field: str, content: bytes) -> None:
        """Write a column that Whoosh's own writer made."""
        self._columns[field] = Column(Form.WHOOSH)
        self._writer.add(f"{field}/column", np.frombuffer(content, np.uint8))

    def add_vectors(self, field: str, content: bytes) -> None:
        """Write a field's vectors."""
        self._writer.add(f"{field}/vectors", np.frombuffer(content, np.uint8))

    def add_stored(self, content: bytes) -> None:
        """Write the stored fields."""
        self._writer.add(STORED, np.frombuffer(content, np.uint8))

    def close(self) -> int:
        """Finish and close the file. Returns its stamp, which the segment's other file keeps."""
        return self._writer.close(msgspec.to_builtins(_About(self._documents, dict(self._totals), dict(self._columns))))


class DocumentArrays:
    """What is kept of a segment's documents. Raises `DamagedFile` if the file is not of that kind."""

    def __init__(self, file: ArrayFile) -> None:
        try:
            about = msgspec.convert(file.about, _About)
        except msgspec.ValidationError as error:
            raise DamagedFile(file.name, f"is not of documents: {error}") from error
        self.file = file
        self.size = about.documents
        self.columns = about.columns
        self._totals = about.totals
        numbers = (f"{field}/column" for field, column in self.columns.items() if column.form is not Form.WHOOSH)
        for name in (*numbers, *(name for name in file.names if name.endswith("/lengths"))):
            if file[name].shape != (self.size,):
                raise DamagedFile(file.name, f"the array {name} is not of {self.size} documents")

    def total_length(self, field: str) -> int:
        """The exact length of a field over all documents, deleted ones too."""
        return self._totals.get(field, 0)

    def lengths(self, field: str) -> U8:
        """The length byte of each document; empty where the field has no lengths at all."""
        name = f"{field}/lengths"
        return self.file[name] if name in self.file else np.zeros(0, np.uint8)

    def numbers(self, field: str) -> Numbers:
        """A column of numbers. Raises `KeyError` if there is none of that name."""
        return Numbers(self.columns[field], self.file[f"{field}/column"])
