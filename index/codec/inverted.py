"""A segment's file of inverted fields: terms, the documents that have them, and how often and where.

`InvertedWriter` writes it, from Whoosh's own writer and from our bulk writer alike; `InvertedArrays` reads it. Arrays,
for each field F, fields in the order of their names: those of `field.ARRAYS`, and

- `F/set` uint16, or uint32 where there are more than 65,536 sets (documents): the number of the set of all terms that
  the document has, where the field is asked for facets; set 0 is the empty one, the others are numbered as they come.
- `F/set_at` uint32 (sets + 1), `F/set_values` uint32: the numbers of the terms of each set, ascending.
- `F/first` uint64 (terms + 1), `F/weights` float32, `F/values_at` uint64 (postings + 1), `F/values` uint8: what Whoosh
  made of each posting, where the field is of `PostingKind.VALUES`.

`about`: `documents`, the stamp of the segment's file of documents; `fields`, the kind of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from index.codec.container import ArrayFileWriter, DamagedFile
from index.codec.field import FieldArrays, FieldEncoder, PostingKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from index.codec.container import ArrayFile
    from index.codec.field import Postings
    from index.compiled import I64, U8, U32

EXTENSION: Final = ".inv"


class _Field(msgspec.Struct, frozen=True):
    kind: PostingKind


class _About(msgspec.Struct, frozen=True):
    documents: int
    fields: dict[str, _Field]


msgspec.json.Decoder(_About)  # so that msgspec knows it before several threads ask


class InvertedWriter:
    """Writes a segment's inverted fields to an open binary file. `documents` is the stamp of its file of documents.

    Fields wait in memory until they are written, or in unnamed files in the folder `spill_to`.
    """

    def __init__(self, file: BinaryIO, documents: int, spill_to: Path | None = None) -> None:
        self._spill_to = spill_to
        self._writer = ArrayFileWriter(file)
        self._documents = documents
        self._fields: dict[str, _Field] = {}

    def add_field(
        self, name: str, kind: PostingKind, postings: Iterable[Postings], lengths: U8, *, sets_of: int | None = None
    ) -> None:
        """Write a field. Fields come in the order of their names, postings in the order of their terms.

        `lengths` uint8: the length byte of each document, or empty where the field's lengths don't matter. `sets_of` is
        the number of documents if the field's sets of terms are to be kept. Raises `SegmentTooLarge`.
        """
        encoder = FieldEncoder(name, lengths, self._spill_to)
        sets = None if sets_of is None else _Sets(sets_of)
        for part in postings:
            encoder.add(part)
            if sets is not None:
                sets.add(part)
        encoder.write(self._writer)
        if sets is not None:
            sets.write(name, self._writer)
        self._fields[name] = _Field(kind)

    def add_values(
        self, name: str, postings: Postings, lengths: U8, weights: Sequence[float], values: Sequence[bytes]
    ) -> None:
        """Write a field of `PostingKind.VALUES`: for each posting its weight, and Whoosh's bytes."""
        self.add_field(name, PostingKind.VALUES, [postings], lengths)
        values_at = np.zeros(len(values) + 1, np.uint64)
        values_at[1:] = np.cumsum([len(value) for value in values], dtype=np.uint64)
        self._writer.add(f"{name}/first", postings.starts.astype(np.uint64))
        self._writer.add(f"{name}/weights", np.array(weights, np.float32))
        self._writer.add(f"{name}/values_at", values_at)
        self._writer.add(f"{name}/values", np.frombuffer(b"".join(values), np.uint8))

    def close(self) -> int:
        """Finish and close the file. Returns its stamp, which the segment keeps."""
        return self._writer.close(msgspec.to_builtins(_About(self._documents, self._fields)))


class _Sets:
    """Gathers the set of terms that each document has."""

    def __init__(self, documents: int) -> None:
        self._documents = documents
        self._terms = 0
        self._parts: list[tuple[U32, U32]] = []

    def add(self, postings: Postings) -> None:
        counts = np.diff(postings.starts)
        numbers = np.arange(self._terms, self._terms + len(counts), dtype=np.uint32)
        self._parts.append((np.repeat(numbers, counts), postings.docs))
        self._terms += len(counts)

    def write(self, field: str, writer: ArrayFileWriter) -> None:
        terms = np.concatenate([part[0] for part in self._parts] or [np.zeros(0, np.uint32)])
        docs = np.concatenate([part[1] for part in self._parts] or [np.zeros(0, np.uint32)])
        terms = terms[np.argsort(docs, kind="stable")]
        ends = np.cumsum(np.bincount(docs, minlength=self._documents), dtype=np.int64)
        numbers, sets = _numbered_sets(terms, ends)
        writer.add(f"{field}/set", numbers.astype(np.uint16 if len(sets) <= 2**16 else np.uint32))
        set_at = np.zeros(len(sets) + 1, np.uint32)
        set_at[1:] = np.cumsum([len(members) // 4 for members in sets], dtype=np.uint32)
        writer.add(f"{field}/set_at", set_at)
        writer.add(f"{field}/set_values", np.frombuffer(b"".join(sets), np.uint32))


def _numbered_sets(terms: U32, ends: I64) -> tuple[U32, Sequence[bytes]]:
    """The number of each document's set, and the sets as bytes; `ends` is where each document's terms end."""
    content = terms.tobytes()
    seen = {b"": 0}
    numbers = []
    start = 0
    for end in (ends * 4).tolist():
        numbers.append(seen.setdefault(content[start:end], len(seen)))
        start = end
    return np.array(numbers, np.uint32), tuple(seen)


class InvertedArrays:
    """A segment's inverted fields. Raises `DamagedFile` if the file is not of that kind.

    `documents` is the stamp of the file of documents it belongs to, `fields` the arrays of each field by name.
    """

    def __init__(self, file: ArrayFile) -> None:
        try:
            about = msgspec.convert(file.about, _About)
        except msgspec.ValidationError as error:
            raise DamagedFile(file.name, f"is not of inverted fields: {error}") from error
        self.file = file
        self.documents = about.documents
        self.fields = {name: FieldArrays(file, name, field.kind) for name, field in sorted(about.fields.items())}

    def sets(self, field: str) -> tuple[NDArray[np.uint16] | U32, U32, U32] | None:
        """A field's (set, set_at, set_values); `None` if the sets of its terms are not kept."""
        if f"{field}/set" not in self.file:
            return None
        return self.file[f"{field}/set"], self.file[f"{field}/set_at"], self.file[f"{field}/set_values"]
