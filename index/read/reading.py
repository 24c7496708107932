"""What passes between a reader and whoever asks it: the contract of all formats.

A reader takes an open file, its origin and a mapping of field names, and yields `Reading`s: articles, bad rows in
their place (`UnreadableInput`), what it understood but left out on purpose (`Passed`), and at the end the fields it
had no use for (`UnknownFields`). It never raises because of what is in a file; `Refused` is how its parts tell it of
that. Where it raises all the same, the mistake is ours, and `mistake_of` says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from traceback import walk_tb
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias

from index.document import RawDocument
from index.errors import UnreadableInput

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_UNKNOWN: Final = 100
"""How many fields that were not used are told of, for files whose field names are data."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A file in a folder, or things in a file, that are left out on purpose, and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@dataclass(frozen=True, slots=True)
class UnknownFields:
    """Fields that say nothing to us: (their name, in how many rows), most frequent first.

    `path` is the file they are in, or the folder where each file is one article.
    """

    path: str
    counts: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        named = ", ".join(f"{name} ({rows})" for name, rows in self.counts)
        return f"{self.path}: fields that were not used: {named}. If one is ours by another name: --map THEIRS=OURS"


Reading: TypeAlias = RawDocument | UnreadableInput | UnknownFields | Passed
"""What a reader yields."""

Reader: TypeAlias = Callable[[BinaryIO, str, Mapping[str, str]], Iterator[Reading]]


class Refused(Exception):
    """Why a file, or a row of it, cannot be taken: one reason or several. Only `open_plain_file` lets it out."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class Damaged(Refused):
    """Why a file cannot be read on: whatever row is being read, it is the last."""


def mistake_of(error: Exception) -> str:
    """What to say of an input that Dateline itself trips over: the kind of error, and where, for whoever mends it."""
    places = [f"{PurePath(frame.f_code.co_filename).name}:{line}" for frame, line in walk_tb(error.__traceback__)]
    where = f" at {places[-1]}" if places else ""
    return f"cannot be taken by a mistake of Dateline, please report it: {type(error).__name__}{where}"


class UnusedNames:
    """Counts the names of a file's fields that were not used, the first `MAX_UNKNOWN` of them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def count(self, names: Iterable[str]) -> None:
        """Count the names of one row."""
        for name in names:
            if name in self._counts or len(self._counts) < MAX_UNKNOWN:
                self._counts[name] += 1

    def add(self, known: UnknownFields) -> None:
        """Count what was counted elsewhere."""
        for name, rows in known.counts:
            if name in self._counts or len(self._counts) < MAX_UNKNOWN:
                self._counts[name] += rows

    def report(self, path: str) -> Iterator[UnknownFields]:
        """What was counted, if anything."""
        if self._counts:
            yield UnknownFields(path, by_frequency(self._counts))


def by_frequency(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Names with their counts, most frequent first, then by name."""
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
