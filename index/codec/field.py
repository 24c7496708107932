"""One inverted field of a segment as arrays: written by `FieldEncoder`, read as `FieldArrays`.

Both ways of making a segment, Whoosh's own writer and our bulk writer, put fields on disk through `FieldEncoder`, so
the same postings make the same bytes. What the arrays are is in `ARRAYS`; how posting lists are packed, in `lists`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

from index.codec.container import DamagedFile
from index.codec.lists import decode_lists, encode_lists
from index.codec.packing import PADDING
from index.compiled import I64, U8, U32

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from index.codec.container import ArrayFile, ArrayFileWriter

ARRAYS: Final[dict[str, str]] = {
    "terms": "uint8: the terms, one after the other, in byte order",
    "term_at": "uint32 (terms + 1): where each term begins in `terms`",
    "lists": "uint8: head and rest of each term's posting list",
    "list_at": "uint32 (terms): where each begins in `lists`",
    "last": "uint32 (blocks): the last document of each whole block",
    "bits": "uint8 (blocks, 3): widths of document gaps, frequencies and position gaps",
    "most": "uint8 (blocks, 2): the largest frequency, at most 255, and the smallest length byte",
    "packed_at": "uint32 (blocks): where its documents and frequencies begin in `packed`",
    "packed": "uint32: documents and frequencies of whole blocks",
    "positions_at": "uint32 (blocks): where its positions begin in `positions`",
    "positions": "uint32: positions of whole blocks",
}
"""The arrays that every inverted field has. Other ones a field may have: see docs/index-format.md."""

_PADDED: Final = frozenset({"lists", "packed", "positions"})
_WIDTHS: Final[dict[str, tuple[int, ...]]] = {"bits": (3,), "most": (2,)}
_ROWS: Final = dict.fromkeys(("bits", "most", "packed_at", "positions_at"), "last") | {"term_at": "list_at"}
"""Arrays that have a row for each row of another one (`term_at` has one more)."""

LIMIT: Final = 2**32
"""Bytes of `lists`, words of `packed` and of `positions`, that a field of one segment may have."""


SPILLED: Final = 1 << 20
"""Bytes of an array that wait in memory before they go to a file, where there is a folder for it."""


class PostingKind(StrEnum):
    """What a field keeps of a posting besides its document."""

    EXISTENCE = "existence"
    """Nothing: its frequency is 1."""
    FREQUENCY = "frequency"
    """How often the term occurs."""
    POSITIONS = "positions"
    """Where it occurs, and so how often."""
    VALUES = "values"
    """What Whoosh made of it, a weight and bytes; frequencies in the lists are 1."""


class SegmentTooLarge(Exception):
    """A field's postings pass what one segment can hold. Its message says what to do."""

    def __init__(self, field: str) -> None:
        super().__init__(f"the postings of {field} pass {LIMIT:,} bytes; keep the archive in several segments")


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Postings of consecutive terms, unpacked: what goes into `FieldEncoder` and comes out of a list's reader.

    `terms` in byte order, each once; `starts` int64 (terms + 1), its first 0; `docs` and `frequencies` uint32, one for
    each posting; `positions` uint32, those of all postings one after the other, empty where the field keeps none.
    """

    terms: Sequence[bytes]
    starts: I64
    docs: U32
    frequencies: U32
    positions: U32


class FieldEncoder:
    """Packs a field, a run of terms at a time, and writes it to a file of arrays.

    `lengths` uint8: each document's length byte, or empty where the field's lengths don't matter. What is packed waits
    in memory until it is written, or in unnamed files in the folder `spill_to`.
    """

    def __init__(self, name: str, lengths: U8, spill_to: Path | None = None) -> None:
        self._name = name
        self._lengths = _read_only(lengths)
        self._parts = {array: _Parts(spill_to) for array in ARRAYS}
        self._parts["term_at"].add(np.zeros(1, np.uint32))
        self._terms_end = 0
        self._made = np.zeros(4, np.int64)

    def add(self, postings: Postings) -> None:
        """Pack postings of terms that come after those added before. Raises `SegmentTooLarge`."""
        lists, list_at, last, bits, most, packed_at, packed, positions_at, positions = encode_lists(
            _read_only(postings.starts),
            _read_only(postings.docs),
            _read_only(postings.frequencies),
            _read_only(postings.positions),
            self._lengths,
            self._made,
        )
        ends = np.cumsum([len(term) for term in postings.terms], dtype=np.int64) + self._terms_end
        self._terms_end = int(ends[-1]) if len(ends) else self._terms_end
        self._made += (len(lists), len(last), len(packed), len(positions))
        if max(self._made.max(), self._terms_end) > LIMIT - PADDING:
            raise SegmentTooLarge(self._name)
        made: dict[str, NDArray[Any]] = {
            "lists": lists, "list_at": list_at, "last": last, "bits": bits, "most": most, "packed_at": packed_at,
            "packed": packed, "positions_at": positions_at, "positions": positions,
            "terms": np.frombuffer(b"".join(postings.terms), np.uint8), "term_at": ends.astype(np.uint32),
        }  # fmt: skip
        for array, part in made.items():
            self._parts[array].add(part)

    def write(self, writer: ArrayFileWriter) -> None:
        """Write the field's arrays, named `<field>/<array>`."""
        for array, description in ARRAYS.items():
            dtype, parts = _dtype(description), self._parts[array]
            if array in _PADDED:
                parts.add(np.zeros(PADDING, dtype))
            shape = (parts.rows, *_WIDTHS.get(array, ()))
            writer.add_parts(f"{self._name}/{array}", dtype, shape, parts.take(dtype))


class _Parts:
    """An array on its way: parts that wait in memory or, when they are many, in a file without a name in `spill_to`."""

    def __init__(self, spill_to: Path | None) -> None:
        self._spill_to = spill_to
        self._waiting: list[NDArray[Any]] = []
        self._held = 0
        self._file: IO[bytes] | None = None
        self.rows = 0

    def add(self, part: NDArray[Any]) -> None:
        """Keep a part, copied: it may be a view of a far larger buffer."""
        self._waiting.append(part.copy())
        self._held += part.nbytes
        self.rows += len(part)
        if self._held > SPILLED and self._spill_to is not None:
            self._file = self._file or TemporaryFile(dir=self._spill_to)  # noqa: SIM115 - `take` closes it
            self._file.writelines(waiting.data.cast("B") for waiting in self._waiting if waiting.size)
            self._waiting, self._held = [], 0

    def take(self, dtype: np.dtype[Any]) -> Iterator[NDArray[Any]]:
        """All parts in order, once."""
        if self._file is not None:
            with self._file as file:
                file.seek(0)
                while content := file.read(SPILLED):
                    yield np.frombuffer(content, dtype)
        yield from self._waiting


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """An array that kernels only read: to Numba that is a type of its own, and the kernel is compiled for one."""
    array = array.view()
    array.flags.writeable = False
    return array


class FieldArrays:
    """A field's arrays in a segment's file: attributes named as in `ARRAYS`, read-only and mapped.

    `size` is the number of terms, `kind` what the postings say. Raises `DamagedFile` where arrays are missing, or don't
    fit each other.
    """

    def __init__(self, file: ArrayFile, name: str, kind: PostingKind) -> None:
        self.name = name
        self.kind = kind
        self.terms: U8 = file[f"{name}/terms"]
        self.term_at: U32 = file[f"{name}/term_at"]
        self.lists: U8 = file[f"{name}/lists"]
        self.list_at: U32 = file[f"{name}/list_at"]
        self.last: U32 = file[f"{name}/last"]
        self.bits: U8 = file[f"{name}/bits"]
        self.most: U8 = file[f"{name}/most"]
        self.packed_at: U32 = file[f"{name}/packed_at"]
        self.packed: U32 = file[f"{name}/packed"]
        self.positions_at: U32 = file[f"{name}/positions_at"]
        self.positions: U32 = file[f"{name}/positions"]
        self.size = len(self.list_at)
        self._blob = self.terms.data
        self._require_agreement(file)

    @property
    def has_positions(self) -> bool:
        """Whether the postings say where their terms occur."""
        return self.kind is PostingKind.POSITIONS

    def term(self, number: int) -> bytes:
        """The term of that number, from 0, in byte order."""
        return bytes(self._blob[self.term_at[number] : self.term_at[number + 1]])

    def bisect(self, term: bytes) -> int:
        """The number of the first term that is not before this one; `size` if all are."""
        low, high = 0, self.size
        while low < high:
            middle = (low + high) >> 1
            if self.term(middle) < term:
                low = middle + 1
            else:
                high = middle
        return low

    def find(self, term: bytes) -> int:
        """The number of a term, or -1 if the field doesn't have it."""
        number = self.bisect(term)
        return number if number < self.size and self.term(number) == term else -1

    def postings(self, first: int, end: int) -> Postings:
        """The postings of the terms from number `first` on and before `end`, unpacked."""
        starts, docs, frequencies, positions = decode_lists(
            self.lists, self.list_at, self.last, self.bits, self.packed_at, self.packed, self.positions_at,
            self.positions, first, end, self.has_positions,
        )  # fmt: skip
        return Postings([self.term(number) for number in range(first, end)], starts, docs, frequencies, positions)

    def _require_agreement(self, file: ArrayFile) -> None:
        for array, description in ARRAYS.items():
            found = file[f"{self.name}/{array}"]
            rows = _ROWS.get(array)
            if found.dtype != _dtype(description) or found.shape[1:] != _WIDTHS.get(array, ()):
                raise DamagedFile(file.name, f"the array {self.name}/{array} is of another type")
            if rows is not None and len(found) != len(file[f"{self.name}/{rows}"]) + (array == "term_at"):
                raise DamagedFile(file.name, f"the array {self.name}/{array} is of another length than {rows}")
        if self.term_at[-1] != len(self.terms):
            raise DamagedFile(file.name, f"the terms of {self.name} are cut short")


def _dtype(description: str) -> np.dtype[Any]:
    """The type at the beginning of a description in `ARRAYS`."""
    return np.dtype(description.partition(":")[0].partition(" ")[0])
