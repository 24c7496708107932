"""How a reader opens a generation while others are published and removed, and whatever became of its files.

`pinned` keeps a generation from being removed while it is opened; once its files are open it may go, as they stay
readable. `open_whole` opens what CURRENT names, every byte verified; where that is damaged, the newest one before it
that is whole, and says what was wrong. Nothing is written, so the data folder may be mounted read-only.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from index.errors import DamagedGeneration, GenerationError, GenerationGone
from index.layout import MANIFEST, Generation, current_id, generation_number, published, read_generation, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from index.layout import DataFolder, Verified

T = TypeVar("T")

ATTEMPTS: Final = 20
"""How often something newer may take a generation's place before it could be pinned. Each publish keeps two more, so
even once is rare."""


@dataclass(frozen=True, slots=True)
class Opened(Generic[T]):
    """What was opened, of which generation, and why that is not the current one; None if it is."""

    value: T
    generation: Generation
    damage: GenerationError | None


@contextmanager
def pinned(path: Path) -> Iterator[Generation]:
    """Keep the generation in a folder from being removed, for the length of the block.

    Raises `GenerationGone` if it was removed, `DamagedGeneration` or `GenerationVersion` as `read_generation` does.
    """
    manifest = path / MANIFEST
    try:
        handle = os.open(manifest, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise (_missing(path) if path.is_dir() else GenerationGone(path)) from None
    except OSError as error:
        raise DamagedGeneration(manifest, f"cannot be read: {error.strerror}") from error
    try:
        _share(handle, manifest)
        if not _is_still(handle, manifest):
            raise GenerationGone(path)
        yield read_generation(path)
    finally:
        os.close(handle)


def _missing(path: Path) -> DamagedGeneration:
    return DamagedGeneration(path / MANIFEST, "is missing")


def _share(handle: int, manifest: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise GenerationGone(manifest.parent) from None  # whoever has it alone is removing it
    except OSError as error:
        raise GenerationError(f"{manifest} cannot be locked: {error.strerror}") from error


def _is_still(handle: int, manifest: Path) -> bool:
    """Whether a path still names the file that is open: a generation is renamed before it is removed."""
    try:
        return os.path.samestat(os.fstat(handle), manifest.lstat())
    except FileNotFoundError:
        return False


def open_whole(data: DataFolder, open_generation: Callable[[Generation], T], *, seen: Verified) -> Opened[T]:
    """Open the current generation, or the newest before it whose every byte is as published.

    `open_generation` is given a generation that is verified and pinned while it runs; if it raises `GenerationError`,
    that counts as damage. Raises `NoGeneration` if nothing was ever published, and what is wrong with the current one
    if there is none that is whole.
    """
    for _ in range(ATTEMPTS):
        try:
            newest = current_id(data)
        except DamagedGeneration as damage:
            return _fall_back(data, None, open_generation, seen, damage)
        try:
            return _opened(data, newest, open_generation, seen, None)
        except GenerationGone:
            if current_id(data) != newest:
                continue
            return _fall_back(data, newest, open_generation, seen, _missing(data.generations / newest))
        except GenerationError as damage:
            return _fall_back(data, newest, open_generation, seen, damage)
    raise GenerationError(f"{data.path}: generations are removed faster than they can be opened; try again")


def _opened(
    data: DataFolder,
    generation_id: str,
    open_generation: Callable[[Generation], T],
    seen: Verified,
    damage: GenerationError | None,
) -> Opened[T]:
    with pinned(data.generations / generation_id) as generation:
        verify(generation, seen)
        return Opened(open_generation(generation), generation, damage)


def _fall_back(
    data: DataFolder,
    newest: str | None,
    open_generation: Callable[[Generation], T],
    seen: Verified,
    damage: GenerationError,
) -> Opened[T]:
    """Open the newest generation before that one: newer ones were never current, or are not to be any more."""
    for generation_id in reversed(published(data)):
        if newest is None or generation_number(generation_id) < generation_number(newest):
            try:
                return _opened(data, generation_id, open_generation, seen, damage)
            except GenerationError:
                continue
    raise damage
