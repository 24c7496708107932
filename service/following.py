"""What a data folder is answered from: its current generation, or if that is damaged the newest that is whole.

`Following` is what `search.reloading` asks: its `stamp` changes when another generation is published, and when a file
of the one that is current, or is being answered from, is altered, cut short or removed; `open_current` then says what
to answer from. Every byte of a generation is verified before it is opened; a file that was seen to be right is not read
again until it changes. While a generation is being opened, whoever publishes sees that and leaves it alone.

Where that is not what is published, `service.fallback.NotAsPublished` says why.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias

from index.errors import GenerationError, NoGeneration
from index.generation.opening import open_whole
from index.layout import DataFolder, Generation, Verified, current_id
from search.reloading import Opening
from service.fallback import NotAsPublished

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from pathlib import Path

    from service.archive import Archive

Marks: TypeAlias = dict[str, tuple[int, int, int]]
"""By path within a folder, what tells a file that was altered: its inode, size and time of change in nanoseconds."""

LOOK_EVERY_S: Final = 1.0
"""How often files are looked at, to see that nobody altered them."""


class Following:
    """Opens what a data folder is to be answered from. `open_generation` opens one that was verified."""

    def __init__(
        self,
        data: DataFolder,
        open_generation: Callable[[Generation], Archive],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._data = data
        self._open_generation = open_generation
        self._clock = clock
        self._verified = Verified()
        self._lent: tuple[str, Marks] | None = None
        self._seen: tuple[Hashable, Hashable] = (None, None)
        self._look_at = float("-inf")

    def stamp(self) -> Hashable:
        """Changes with CURRENT, at once, and within a second with the files of what is current or answered from."""
        pointer = _mark(self._data.current)
        now = self._clock()
        if pointer != self._seen[0] or now >= self._look_at:
            watched = sorted(self._watched())
            self._seen = (pointer, tuple((name, *sorted(_marks(self._data, name).items())) for name in watched))
            self._look_at = now + LOOK_EVERY_S
        return self._seen

    def open_current(self, lent: Archive | None) -> Opening[Archive]:
        """What to answer from: what is current, else the newest before it that is whole, else nothing.

        What is lent is lent on if that is it. Where no generation is whole, it is as long as its files are as they were
        when it was opened, or gone, which does not harm who has them open. Raises `NoGeneration` if nothing was ever
        published.
        """
        try:
            opened = open_whole(self._data, lambda generation: self._opened(generation, lent), seen=self._verified)
        except GenerationError as error:
            if lent is None and isinstance(error, NoGeneration):
                raise
            other = lent if lent and self._is_sound(lent) else None
            return Opening(other, NotAsPublished(self._data, error, other.generation if other else None))
        archive, damage = opened.value, opened.damage
        return Opening(archive, damage and NotAsPublished(self._data, damage, archive.generation))

    def _opened(self, generation: Generation, lent: Archive | None) -> Archive:
        """A verified generation, open; what is lent, if it is that and nothing happened to its files."""
        marks = _marks(self._data, generation.id)
        if lent and lent.generation == generation.id and self._lent == (generation.id, marks):
            return lent
        archive = self._open_generation(generation)
        self._lent = (generation.id, marks)
        return archive

    def _watched(self) -> set[str]:
        """The generations whose files are looked at."""
        names = {self._lent[0]} if self._lent else set()
        with suppress(GenerationError):
            names.add(current_id(self._data))
        return names

    def _is_sound(self, lent: Archive) -> bool:
        """Whether the files that are open say what they said: those that were altered in place do not."""
        if self._lent is None or self._lent[0] != lent.generation:
            return False
        opened, found = self._lent[1], _marks(self._data, lent.generation)
        return all(found[path] == mark for path, mark in opened.items() if path in found and found[path][0] == mark[0])


def _marks(data: DataFolder, generation_id: str) -> Marks:
    """The marks of all files of a generation; of those that can be found."""
    folder = str(data.generations / generation_id)
    paths = (f"{parent}/{name}" for parent, _, names in os.walk(folder) for name in names)
    return {path.removeprefix(folder): mark for path in paths if (mark := _mark(path)) is not None}


def _mark(path: Path | str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - a string where it comes from os.walk
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
