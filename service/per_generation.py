"""What is made once for each generation, because it follows from that alone: names, vocabularies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from service.archive import Archive

T = TypeVar("T")


class PerGeneration(Generic[T]):
    """What `make` makes of the archive last asked about. Threads that ask at the same moment may both make it.

    `make` must keep nothing of the archive open: what it made is held until another generation is asked about.
    """

    def __init__(self, make: Callable[[Archive], T]) -> None:
        self._make = make
        self._made: tuple[str, T] | None = None

    def of(self, archive: Archive) -> T:
        """What follows from this archive's generation."""
        made = self._made
        if made is None or made[0] != archive.generation:
            made = self._made = (archive.generation, self._make(archive))
        return made[1]
