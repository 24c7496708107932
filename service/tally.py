"""Numbers by name that the processes of one server add up together, in memory that they share. No files.

A `Board` is made before the processes fork and has a part for each; a `Tally` is one process's part, which it alone
writes, whatever it reads. `Board.totals` sums all parts, so any process can tell what all have counted. A part outlives
its process: who takes it over goes on where the other ended, so sums never go down.

Layout of a part: 64-bit floats, of which the first is how many bytes of names there are; then the names as UTF-8, a
line feed after each. The n-th name's value is the n-th float after the first. A name is complete before it is counted.
"""

from __future__ import annotations

import mmap
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

MOST_NAMES: Final = 2_047
_FLOATS_BYTES: Final = 8 * (MOST_NAMES + 1)
_PART_BYTES: Final = 128 * 1024
_NAMES_BYTES: Final = _PART_BYTES - _FLOATS_BYTES


class Tally:
    """Named numbers in a piece of memory that one process writes, from any of its threads."""

    def __init__(self, part: memoryview) -> None:
        self._floats = part[:_FLOATS_BYTES].cast("d")
        self._text = part[_FLOATS_BYTES:]
        self._lock = threading.Lock()
        self._places = {name: place for place, name in enumerate(self._names(), start=1)}

    def add(self, name: str, amount: float = 1.0) -> None:
        """Add to a number; one that is new was 0. Raises `ValueError` if there is no room for another name."""
        with self._lock:
            self._floats[self._place(name)] += amount

    def put(self, name: str, value: float) -> None:
        """Make a number this one."""
        with self._lock:
            self._floats[self._place(name)] = value

    def put_at_least(self, name: str, value: float) -> None:
        """Make a number this one, if it is less."""
        with self._lock:
            place = self._place(name)
            self._floats[place] = max(self._floats[place], value)

    def read(self) -> Mapping[str, float]:
        """All numbers by name."""
        return {name: self._floats[place] for place, name in enumerate(self._names(), start=1)}

    def _place(self, name: str) -> int:
        place = self._places.get(name)
        return self._new_place(name) if place is None else place

    def _new_place(self, name: str) -> int:
        used, line = int(self._floats[0]), f"{name}\n".encode()
        place = len(self._places) + 1
        if place > MOST_NAMES or used + len(line) > _NAMES_BYTES:
            message = f"there is no room to count another thing: {name!r}"
            raise ValueError(message)
        self._text[used : used + len(line)] = line
        self._floats[0] = used + len(line)
        self._places[name] = place
        return place

    def _names(self) -> list[str]:
        return bytes(self._text[: int(self._floats[0])]).decode().splitlines()


class Board:
    """Memory for so many processes that fork from this one."""

    def __init__(self, parts: int = 1) -> None:
        self._memory = memoryview(mmap.mmap(-1, parts * _PART_BYTES))  # shared with children; unused pages cost nothing
        self._takers: dict[int, Hashable] = {}
        self._parts = parts

    def take(self, taker: Hashable) -> int:
        """A part that is free, which is now the taker's. Raises `ValueError` if all are taken."""
        for number in range(self._parts):
            if number not in self._takers:
                self._takers[number] = taker
                return number
        message = f"all {self._parts} parts are taken"
        raise ValueError(message)

    def give_back(self, taker: Hashable) -> None:
        """Free the taker's part, if it has one. What was counted there stays."""
        self._takers = {number: other for number, other in self._takers.items() if other != taker}

    def tally(self, number: int = 0) -> Tally:
        """A part, to count in."""
        return Tally(self._memory[number * _PART_BYTES : (number + 1) * _PART_BYTES])

    def values(self, name: str) -> tuple[float, ...]:
        """A number in each part that has it."""
        parts = (self.tally(number).read() for number in range(self._parts))
        return tuple(numbers[name] for numbers in parts if name in numbers)

    def totals(self) -> Mapping[str, float]:
        """The sum of all parts, by name."""
        totals: defaultdict[str, float] = defaultdict(float)
        for number in range(self._parts):
            for name, value in self.tally(number).read().items():
                totals[name] += value
        return totals
