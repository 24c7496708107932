"""The articles of one generation, by serial or by id, with the label of all that they are about.

A snapshot is a folder: parts (`index.generation.parts`), most of which it shares with the generation before, and a
table of contents that says which there are, oldest first, how many articles that makes, and what they name
(`index.labels`). `Snapshot` reads it. It answers by key only; what articles are about is the index's to say. What
writes one is `index.generation.snapshot_writing`.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import msgspec

from index.document import Document
from index.errors import DamagedGeneration, GenerationError
from index.fields import KEYWORD_FIELDS
from index.generation.parts import Overlay, Part
from index.generation.tiers import Size
from index.labels import LabelFields, LabelPath, labels_of, paths_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from index.labels import LabelKey

CONTENTS: Final = "contents.json"


@dataclass(frozen=True, slots=True)
class PartEntry:
    """A part: its file, how many articles it has, and how many of them newer parts replaced or deleted."""

    file: str
    articles: int
    dead: int

    @property
    def size(self) -> Size:
        """What decides whether it is merged with its neighbours."""
        return Size(self.articles, self.dead)


@dataclass(frozen=True, slots=True)
class Contents:
    """The table of contents of a snapshot: how many articles it has, its parts, oldest first, and their labels."""

    articles: int
    parts: tuple[PartEntry, ...]
    labels: LabelFields


_CONTENTS: Final = msgspec.json.Decoder(Contents)
_DOCUMENT: Final = msgspec.json.Decoder(Document)


def read_contents(folder: Path) -> Contents:
    """The table of contents of a snapshot. Raises `DamagedGeneration`."""
    path = folder / CONTENTS
    try:
        contents = _CONTENTS.decode(path.read_bytes())
    except FileNotFoundError:
        raise DamagedGeneration(path, "is missing") from None
    except OSError as error:
        raise DamagedGeneration(path, f"cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise DamagedGeneration(path, str(error)) from error
    if not contents.parts or contents.labels.keys() != set(KEYWORD_FIELDS):
        raise DamagedGeneration(path, "is not a table of contents")
    return contents


class Snapshot:
    """An open snapshot. Make one with `Snapshot.open`; it is a context manager, and safe to use from many threads.

    `count` is how many articles there are, `parts` what they are kept in, oldest first. No article has a serial above
    `last_serial`; one that was deleted may have had it.
    """

    def __init__(
        self, path: Path, contents: Contents, parts: Sequence[Part], overlay: Overlay, files: ExitStack
    ) -> None:
        self.path = path
        self.count = contents.articles
        self.parts = contents.parts
        self.last_serial = max(part.last_serial() for part in parts)
        self._parts = parts
        self._overlay = overlay
        self._files = files
        self._labels = paths_of(contents.labels)
        self._lock = threading.Lock()
        self._is_closed = False

    @classmethod
    def open(cls, path: Path) -> Snapshot:
        """Open the snapshot in a folder. Raises `DamagedGeneration` if it is not one."""
        contents = read_contents(path)
        with ExitStack() as files:
            parts = [files.enter_context(closing(Part(path / entry.file))) for entry in contents.parts]
            overlay = Overlay([part.covers() for part in parts[1:]])
            return cls(path, contents, parts, overlay, files.pop_all())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files. May be called twice; reading afterwards raises `GenerationError`."""
        with self._lock:
            self._is_closed = True
            self._files.close()

    def documents(self, serials: Sequence[int]) -> tuple[Document, ...]:
        """The documents of these serials, in this order. Raises `DamagedGeneration` if one is not there."""
        found = self._found(serials)
        for serial, document in zip(serials, found, strict=True):
            if document is None:
                raise DamagedGeneration(self.path, f"has no article {serial}, but the index has")
        return found  # type: ignore[return-value]  # none of them is None

    def known(self, serials: Sequence[int]) -> Mapping[int, Document]:
        """The documents of those of these serials that there are."""
        pairs = zip(serials, self._found(serials), strict=True)
        return {serial: document for serial, document in pairs if document is not None}

    def find(self, article_id: str) -> Document | None:
        """The article of that id."""
        with self._reading():
            text = self._find(article_id)
        return None if text is None else self._document(text, article_id)

    def labels(self, field: str) -> Mapping[str, LabelPath]:
        """By id, the path of labels of every value that occurs in a keyword field; of regions, also what they lie in.

        Paths run from the widest place to the value itself; those of other fields have one label.
        """
        return self._labels[field]

    def parts_of(self, serials: Sequence[int]) -> list[int]:
        """The number of the part, from 0, that says what is so of each of these serials."""
        return self._overlay.parts_of(serials)

    def find_named(self, key: LabelKey, *, after: int, but: frozenset[int]) -> tuple[int, LabelPath] | None:
        """The earliest article above a serial, not one of `but`, that has a label: its serial, and what it calls it.

        Looks for it in the articles' texts, all of them at worst, some 3 ms for each thousand.
        """
        found = (self._first_named(number, key, after, but) for number in range(len(self._parts)))
        return min((named for named in found if named is not None), default=None, key=lambda named: named[0])

    def _first_named(self, number: int, key: LabelKey, after: int, but: frozenset[int]) -> tuple[int, LabelPath] | None:
        with self._reading():
            for serial, _, text in self._parts[number].rows_with(msgspec.json.encode(key[1]).decode(), after=after):
                if serial not in but and self._overlay.parts_of([serial]) == [number]:
                    path = labels_of(self._document(text, serial)).get(key)
                    if path is not None:
                        return serial, path
        return None

    def _found(self, serials: Sequence[int]) -> tuple[Document | None, ...]:
        """The documents of these serials. They are decoded unlocked."""
        with self._reading():
            texts = [
                self._parts[part].text(serial)
                for serial, part in zip(serials, self._overlay.parts_of(serials), strict=True)
            ]
        return tuple(
            None if text is None else self._document(text, serial) for text, serial in zip(texts, serials, strict=True)
        )

    def _find(self, article_id: str) -> str | None:
        for number, part in reversed(tuple(enumerate(self._parts))):
            row = part.find(article_id)
            if row is not None and self._overlay.parts_of([row[0]]) == [number]:
                return row[1]
        return None

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock:
            if self._is_closed:
                raise GenerationError(f"{self.path} was closed")
            yield

    def _document(self, text: str, key: int | str) -> Document:
        try:
            return _DOCUMENT.decode(text)
        except msgspec.MsgspecError as error:
            raise DamagedGeneration(self.path, f"article {key}: {error}") from error
