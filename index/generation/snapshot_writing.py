"""How the articles of a generation are written: all of them, or what changed since another generation.

`write_snapshot` makes a snapshot of one part. `update_snapshot` makes one beside another that is never touched: it
links the parts of that, adds a small part with the articles that changed and the serials of those that are gone, and
merges parts in tiers (`index.generation.tiers`), so that there are few. Both make a folder; who publishes it has it
synced.
"""

from __future__ import annotations

import heapq
import math
import os
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import msgspec
import numpy as np

from index.durable import link_file
from index.errors import DamagedGeneration
from index.generation.parts import Overlay, Part, PartWriter
from index.generation.snapshot import CONTENTS, Contents, PartEntry, Snapshot, read_contents
from index.generation.tiers import find_merge
from index.labels import LabelTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from index.document import Document
    from index.generation.parts import Row, Serials

FIRST: Final = 1
"""The number that the part of a snapshot's first writing is called by; later ones count up."""


def write_snapshot(folder: Path, rows: Iterable[tuple[int, Document]]) -> Iterator[tuple[int, Document]]:
    """Make a folder with a snapshot of `rows` (serials ascending, ids unique), passing each on once it is written.

    So whoever consumes the iterator, to the end, indexes the very rows the snapshot holds. Raises `GenerationError` if
    a part cannot be written, `OSError`.
    """
    os.mkdir(folder)  # noqa: PTH102 - the system call itself, as publishing is a protocol of system calls
    labels = LabelTable()
    with PartWriter(folder / _file(FIRST)) as part:
        for serial, document in rows:
            part.add(serial, document.id, _text(document))
            labels.note(serial, document)
            yield serial, document
        count = part.finish()
    _write_contents(folder, Contents(count, (PartEntry(_file(FIRST), count, 0),), labels.fields))


def update_snapshot(
    folder: Path, base: Snapshot, changes: Iterable[tuple[int, Document | None]], *, most_merged: float = math.inf
) -> Iterator[tuple[int, Document]]:
    """Make a folder with a snapshot of what `base` has after some changes, passing articles on once they are written.

    `changes` are by serial, ascending: an article as it is now, or None for one that is gone. Parts are merged if they
    have at most `most_merged` articles together, or far too many wait. Raises as `write_snapshot` does, and
    `DamagedGeneration`.
    """
    os.mkdir(folder)  # noqa: PTH102 - as in write_snapshot
    change = _Change(base)
    with _Merging(folder, base.path, base.parts) as parts:
        with parts.adding() as newest:
            for serial, document in changes:
                change.note(serial, document)
                if document is not None:
                    newest.add(serial, document.id, _text(document))
                    yield serial, document
            parts.add(newest, change.gone)
        contents = change.contents(parts.entries)
        parts.restate(contents.parts)
        while (run := find_merge([entry.size for entry in parts.entries], most_merged=most_merged)) is not None:
            parts.merge(run)
        _write_contents(folder, replace(contents, parts=parts.finish()))


def needs_merging(folder: Path) -> bool:
    """Whether the parts of a snapshot would be merged, were nobody waiting. Raises `DamagedGeneration`."""
    return find_merge([entry.size for entry in read_contents(folder).parts]) is not None


class _Change:
    """What changes do to a snapshot: how many articles it has, their labels, how many of each part are outdated."""

    def __init__(self, base: Snapshot) -> None:
        self._base = base
        self._articles = base.count
        self._dead = [entry.dead for entry in base.parts]
        self._labels = LabelTable(read_contents(base.path).labels)
        self._changed: set[int] = set()
        self.gone: list[int] = []

    def note(self, serial: int, document: Document | None) -> None:
        """Note the next change, by serial."""
        before = self._base.known([serial]).get(serial)
        self._changed.add(serial)
        self._articles += (document is not None) - (before is not None)
        if before is not None:
            self._dead[self._base.parts_of([serial])[0]] += 1
        if document is None:
            self.gone.append(serial)
        with self._labels_known():
            self._labels.follow(serial, before, document)

    def contents(self, parts: Sequence[PartEntry]) -> Contents:
        """The table of contents after the changes, with these parts: those of the base, and perhaps a new one."""
        changed = frozenset(self._changed)
        with self._labels_known():
            self._labels.settle(lambda key, serial: self._base.find_named(key, after=serial, but=changed))
        outdated = (replace(entry, dead=dead) for entry, dead in zip(parts, (*self._dead, 0), strict=False))
        return Contents(self._articles, tuple(outdated), self._labels.fields)

    @contextmanager
    def _labels_known(self) -> Iterator[None]:
        try:
            yield
        except KeyError as error:
            raise DamagedGeneration(self._base.path / CONTENTS, f"does not know the label {error}") from error


@dataclass(slots=True)
class _Piece:
    """A part on its way: where its file is by now, and its entry."""

    path: Path
    entry: PartEntry


class _Merging:
    """The parts of a snapshot that is being made in `folder` from the parts of another. They are open while it is."""

    def __init__(self, folder: Path, base: Path, entries: Sequence[PartEntry]) -> None:
        self._folder = folder
        self._pieces = [_Piece(base / entry.file, entry) for entry in entries]
        self._number = max(int(entry.file.partition(".")[0]) for entry in entries)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def entries(self) -> tuple[PartEntry, ...]:
        """The parts, oldest first."""
        return tuple(piece.entry for piece in self._pieces)

    def adding(self) -> PartWriter:
        """What writes the newest part, of what changed."""
        return self._writer()

    def add(self, part: PartWriter, gone: Sequence[int]) -> None:
        """Finish the newest part; there is none if it says nothing."""
        piece = self._finished(part, gone)
        if piece.entry.articles or gone:
            self._pieces.append(piece)
        else:
            os.unlink(piece.path)  # noqa: PTH108 - as in write_snapshot

    def restate(self, entries: Sequence[PartEntry]) -> None:
        """Say how many articles of each part are outdated now."""
        for piece, entry in zip(self._pieces, entries, strict=True):
            piece.entry = entry

    def merge(self, run: slice) -> None:
        """Make neighbours one part, of what is not outdated. The oldest of all need not remember who is gone."""
        parts = [self._open.enter_context(closing(Part(piece.path))) for piece in self._pieces]
        covers = [part.covers() for part in parts]
        overlay = Overlay(covers[1:])
        numbers = range(len(parts))[run]
        rows = heapq.merge(*(_live(number, parts[number], covers[number], overlay) for number in numbers))
        gone: Iterable[int] = () if run.start == 0 else np.concatenate([covers[number] for number in numbers]).tolist()
        merged = self._written(rows, gone)
        for piece in self._pieces[run]:
            if piece.path.parent == self._folder:
                os.unlink(piece.path)  # noqa: PTH108 - as in write_snapshot
        self._pieces[run] = [merged]

    def finish(self) -> tuple[PartEntry, ...]:
        """Link what is shared with the other snapshot, and return the entries of all parts."""
        for piece in self._pieces:
            if piece.path.parent != self._folder:
                link_file(piece.path, self._folder / piece.entry.file)
        return self.entries

    def _written(self, rows: Iterable[Row], gone: Iterable[int]) -> _Piece:
        with self._writer() as part:
            for row in rows:
                part.add(*row)
            return self._finished(part, gone)

    def _writer(self) -> PartWriter:
        self._number += 1
        return PartWriter(self._folder / _file(self._number))

    def _finished(self, part: PartWriter, gone: Iterable[int]) -> _Piece:
        return _Piece(part.path, PartEntry(part.path.name, part.finish(gone), 0))


def _live(number: int, part: Part, covers: Serials, overlay: Overlay) -> Iterator[Row]:
    """The articles of a part that no newer one speaks of."""
    owners = np.array(overlay.parts_of(covers.tolist()), np.int64)
    live = frozenset(covers[owners == number].tolist())
    return (row for row in part.rows() if row[0] in live)


def _file(number: int) -> str:
    return f"{number}.sqlite"


def _text(document: Document) -> str:
    return msgspec.json.encode(document).decode()


def _write_contents(folder: Path, contents: Contents) -> None:
    (folder / CONTENTS).write_bytes(msgspec.json.encode(contents))
