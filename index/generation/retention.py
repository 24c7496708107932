"""Which generations are kept, and how the others go: whole or not at all, and never one that a reader is opening.

Kept are the current one, the two before it, and the newest one made by other rules, so that a change of rules can be
taken back however much was published since. What an interrupted publish left goes, too: drafts, and generations that
CURRENT never named. A generation is renamed to a draft before its files are deleted, so half of one never looks like
one; a reader that is opening it holds its manifest locked (`index.generation.opening`), and then it stays until the
next time.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from typing import TYPE_CHECKING, Final

from index.durable import sync
from index.errors import DamagedGeneration, GenerationError, NoGeneration
from index.layout import MANIFEST, DataFolder, current_id, generation_number, published, read_generation

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path

GENERATIONS_KEPT: Final = 3
"""The current one and the two before it."""

DRAFT: Final = ".draft-"
"""What the name of a generation that is being made, or deleted, begins with."""


def find_newer(data: DataFolder) -> tuple[str, ...]:
    """The generations newer than the one CURRENT names: what a crash left, or what a rollback went back from."""
    try:
        newest = generation_number(current_id(data))
    except (NoGeneration, DamagedGeneration):
        return ()  # what is newer is not known, and nothing goes
    return tuple(name for name in published(data) if generation_number(name) > newest)


def remove_leftovers(data: DataFolder, generations: Iterable[str]) -> None:
    """Delete what an interrupted publish left: files beside, drafts, and these generations."""
    for replaced in (data.current, data.held):
        replaced.with_name(f"{replaced.name}.new").unlink(missing_ok=True)
    _remove(data, generations)
    _remove_drafts(data)


def remove_old(data: DataFolder, newest: str, unwanted: Container[str] = ()) -> None:
    """Delete what need not be kept beside the newest generation, which CURRENT names, and what is `unwanted`."""
    others = [name for name in published(data) if name != newest]
    older = [name for name in others if name not in unwanted]
    kept = {*older[-(GENERATIONS_KEPT - 1) :], _find_other_rules(data, older, newest)}
    _remove(data, [name for name in others if name not in kept])
    _remove_drafts(data)


def _find_other_rules(data: DataFolder, older: Iterable[str], newest: str) -> str | None:
    """The newest generation that was made by other rules than the newest of all."""
    rules = _find_rules(data.generations / newest)
    others = (name for name in reversed(tuple(older)) if _find_rules(data.generations / name) not in {rules, None})
    return next(others, None)


def _find_rules(path: Path) -> str | None:
    """The rules a generation was made by; None if it can't be read, so that nobody can go back to it."""
    try:
        return read_generation(path).manifest.reflects.rules
    except GenerationError:
        return None


def _remove(data: DataFolder, generation_ids: Iterable[str]) -> None:
    """Rename generations to drafts; on disk before any file of theirs is deleted, or a power cut might undo just that.

    One would then be back that lacks files.
    """
    renamed = False
    for name in generation_ids:
        with contextlib.ExitStack() as held:
            if _is_taken(held, data.generations / name / MANIFEST):
                os.rename(data.generations / name, data.generations / f"{DRAFT}{name}")  # noqa: PTH104 - as in publish
                renamed = True
    if renamed:
        sync(data.generations)


def _is_taken(held: contextlib.ExitStack, manifest: Path) -> bool:
    """Lock a manifest until `held` is closed, unless a reader has; one that isn't there is nobody's."""
    try:
        handle = os.open(manifest, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return True
    held.callback(os.close, handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_drafts(data: DataFolder) -> None:
    with os.scandir(data.generations) as found:
        drafts = [entry.path for entry in found if entry.name.startswith(DRAFT)]
    for path in drafts:
        shutil.rmtree(path)
