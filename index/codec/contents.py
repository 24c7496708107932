"""An index of our segments, and its table of contents, which is a file of arrays like the segments' own. No pickle.

`ArrayIndex` is an index that Whoosh's own writer and searcher run over; its writer, `ArrayWriter`, uses our codec.
`Contents` is its table of contents: which segments there are, in their order, which of their documents are deleted,
and how each field was declared. Its file is read whole, checked to the last byte, and holds nothing that could be run;
what is deleted is an array of its own, ascending document numbers as uint32. See docs/index-format.md.
"""

from __future__ import annotations

import re
import time
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from whoosh.index import TOC, FileIndex, clean_files
from whoosh.writing import SegmentWriter

from index.codec.container import ArrayFile, ArrayFileWriter, DamagedFile
from index.codec.schema import fields_of, find_difference, schema_from_fields
from index.codec.segment import ArrayCodec, ArraySegment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from whoosh.codec.base import Segment
    from whoosh.fields import Schema
    from whoosh.filedb.filestore import Storage

_NAME: Final = re.compile(r"[0-9a-z]{1,32}")
"""What a segment may be called: its files are named so, and no other path may be."""


class OtherFields(DamagedFile):
    """An index whose fields are declared otherwise than those it is opened with. `field` is the first of them."""

    def __init__(self, name: str, field: str) -> None:
        super().__init__(name, f"is not of these fields (they differ in {field})")
        self.field = field


class UnknownSegment(TypeError):
    """A segment that is not of arrays: another codec wrote it, and a table of contents of ours cannot keep it."""


class _Segment(msgspec.Struct, frozen=True):
    """A segment in the table of contents; what is deleted of it is the array `<id>/deleted`, if anything is."""

    id: str
    documents: int
    stamp: int


class _About(msgspec.Struct, frozen=True):
    generation: int
    fields: dict[str, str]
    segments: tuple[_Segment, ...]


msgspec.json.Decoder(_About)  # so that msgspec knows it before several threads ask


class Contents(TOC):  # type: ignore[misc]  # Whoosh is untyped
    """The table of contents of an index: `schema`, `segments`, and `generation`, which counts commits.

    Where Whoosh's own is asked for, this will do. It is never changed in place: each commit writes a file of its own.
    """

    def __init__(self, schema: Schema, segments: Sequence[ArraySegment], generation: int) -> None:
        super().__init__(schema, list(segments), generation)

    @classmethod
    def create(cls, storage: Storage, schema: Schema, indexname: str) -> None:
        """Write the table of contents of an index without segments; what there was of another is removed."""
        for name in [name for name in storage if name.startswith(f"_{indexname}_")]:
            storage.delete_file(name)
        cls(schema, (), 0).write(storage, indexname)

    @classmethod
    def read(cls, storage: Storage, indexname: str, gen: int | None = None, schema: Schema | None = None) -> Contents:
        """The newest table of contents, or that of a generation, of an index of the fields of `schema`.

        Raises `DamagedFile`, also if there is none, `FileVersion`, `OtherFields` or `OSError`.
        """
        schema = schema_from_fields() if schema is None else schema
        generation = cls._latest_generation(storage, indexname) if gen is None else gen
        if generation < 0:
            raise DamagedFile(indexname, "there is no table of contents")
        name = cls._filename(indexname, generation)
        file = ArrayFile(name, _content(storage, name))
        file.check()
        about = _about(file)
        strange = find_difference(about.fields, fields_of(schema))
        if strange is not None:
            raise OtherFields(name, strange)
        if about.generation != generation:
            raise DamagedFile(name, f"is that of generation {about.generation}")
        return cls(schema, list(_segments(file, about, indexname)), generation)

    def write(self, storage: Storage, indexname: str) -> None:
        """Write it beside, then give it its name; the one before stays until `clean_files`.

        Raises `UnknownSegment` or `OSError`, and then nothing is left of it.
        """
        told = tuple(map(_told, self.segments))
        name = self._filename(indexname, self.generation)
        beside = f"{name}.{time.time()}"
        file = storage.create_file(beside)
        try:
            writer = ArrayFileWriter(file)
            for segment in self.segments:
                if segment.has_deletions():
                    writer.add(_deleted_name(segment.segid), segment.deleted)
            writer.close(msgspec.to_builtins(_About(self.generation, fields_of(self.schema), told)))
        except BaseException:
            if not file.is_closed:
                file.close()
            storage.delete_file(beside)
            raise
        storage.rename_file(beside, name, safe=True)


def _told(segment: Segment) -> _Segment:
    """What is told of a segment of ours."""
    if not isinstance(segment, ArraySegment) or segment.stamp is None:
        raise UnknownSegment(f"{segment.segment_id()} is no segment of arrays that was written to its end")
    return _Segment(segment.segid, segment.doc_count_all(), segment.stamp)


def _content(storage: Storage, name: str) -> bytes:
    file = storage.open_file(name)
    try:
        return bytes(file.read())
    finally:
        file.close()


def _about(file: ArrayFile) -> _About:
    try:
        about = msgspec.convert(file.about, _About)
    except msgspec.ValidationError as error:
        raise DamagedFile(file.name, f"is not a table of contents: {error}") from error
    ids = [segment.id for segment in about.segments]
    if len(ids) != len(set(ids)) or not all(map(_NAME.fullmatch, ids)):
        raise DamagedFile(file.name, "names a segment twice, or as no segment is named")
    strange = set(file.names) - set(map(_deleted_name, ids))
    if strange:
        raise DamagedFile(file.name, f"has an array {min(strange)}, which is nothing of a table of contents")
    return about


def _segments(file: ArrayFile, about: _About, indexname: str) -> Iterator[ArraySegment]:
    for told in about.segments:
        name = _deleted_name(told.id)
        deleted = file[name] if name in file else np.zeros(0, np.uint32)
        if not _is_ascending(deleted) or (len(deleted) and int(deleted[-1]) >= told.documents) or told.documents < 0:
            raise DamagedFile(file.name, f"what is deleted of segment {told.id} is not in it")
        yield ArraySegment.read(indexname, told.id, documents=told.documents, stamp=told.stamp, deleted=deleted)


def _is_ascending(deleted: NDArray[Any]) -> bool:
    return deleted.dtype == np.uint32 and deleted.ndim == 1 and bool((deleted[1:] > deleted[:-1]).all())


def _deleted_name(segment_id: str) -> str:
    return f"{segment_id}/deleted"


class ArrayIndex(FileIndex):  # type: ignore[misc]  # Whoosh is untyped
    """An index of our segments. Whoosh's own would write those that are added later in its own format.

    Make one with `storage.create_index(schema, indexclass=ArrayIndex)`. Its fields are not in its files, only what they
    were declared as: open it with the schema it was made with, by default that of `FIELDS`. Raises as `Contents.read`.
    """

    def __init__(self, storage: Storage, schema: Schema | None = None, indexname: str = "MAIN") -> None:
        self.storage = storage
        self.indexname = indexname
        self._schema = schema_from_fields() if schema is None else schema
        self._read_toc()

    @classmethod
    def create(cls, storage: Storage, schema: Schema, indexname: str = "MAIN") -> ArrayIndex:
        """Make an index without segments."""
        Contents.create(storage, schema, indexname)
        return cls(storage, schema, indexname)

    @property
    def schema(self) -> Schema:
        """The schema it was opened with, or that its last writer here made of it."""
        return self._schema

    def contents(self) -> Contents:
        """The newest table of contents. Raises as `Contents.read`."""
        return Contents.read(self.storage, self.indexname, schema=self._schema)

    _read_toc = contents

    def segments(self) -> list[ArraySegment]:
        """Its segments, as the newest table of contents has them."""
        return list(self.contents().segments)

    def writer(self, procs: int = 1, **options: Any) -> ArrayWriter:  # noqa: ANN401 - handed on to Whoosh
        """The one writer. Raises `ValueError` for more than one process: that is the bulk writer's business."""
        if procs != 1:
            raise ValueError("Whoosh's writer of many processes knows its own format only")
        return ArrayWriter(self, **options)

    def redeclare(self, schema: Schema) -> None:
        """Go on with the fields of a writer that changed them and has committed."""
        self._schema = schema


class ArrayWriter(SegmentWriter):  # type: ignore[misc]  # Whoosh is untyped
    """Whoosh's own writer over the codec, which leaves nothing behind when it is cancelled."""

    def __init__(self, index: ArrayIndex, **options: Any) -> None:  # noqa: ANN401 - handed on to Whoosh
        super().__init__(index, **(options | {"codec": ArrayCodec()}))
        self._index = index
        self.schema: Schema = deepcopy(index.schema)

    def cancel(self) -> None:
        """Undo everything since the last commit."""
        super().cancel()
        for name in self.newsegment.list_files(self.storage):
            self.storage.delete_file(name)

    def _commit_toc(self, segments: Sequence[ArraySegment]) -> None:
        self.schema.clean()
        Contents(self.schema, segments, self.generation).write(self.storage, self.indexname)
        self._index.redeclare(self.schema)
        clean_files(self.storage, self.indexname, self.generation, segments)
