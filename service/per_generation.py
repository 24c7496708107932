"""What is made once for each generation, because it follows from that alone: names, vocabularies."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from service.archive import Archive

T = TypeVar("T")

EDITIONS_KEPT: Final = 16
"""A generation is as many editions as there are sites and tokens that see some of it."""


class PerGeneration(Generic[T]):
    """What `make` makes of the archives last asked about. Threads that ask at the same moment may both make it.

    `make` must keep nothing of the archive open: what it made is held until another generation is asked about.
    """

    def __init__(self, make: Callable[[Archive], T]) -> None:
        self._make = make
        self._made: OrderedDict[str, T] = OrderedDict()
        self._generation = ""
        self._lock = Lock()

    def of(self, archive: Archive) -> T:
        """What follows from this archive's edition."""
        with self._lock:
            if archive.edition in self._made:
                self._made.move_to_end(archive.edition)
                return self._made[archive.edition]
        made = self._make(archive)
        with self._lock:
            if self._generation != archive.generation:
                self._made.clear()
                self._generation = archive.generation
            self._made[archive.edition] = made
            while len(self._made) > EDITIONS_KEPT:
                self._made.popitem(last=False)
        return made
