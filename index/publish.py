"""How a generation is published, so that a crash at any moment leaves a complete one to answer from.

`publish` writes beside (a draft, whose name no generation can have), syncs files and folders, checks by opening,
renames the draft to its id, then replaces CURRENT in one step. It keeps the two generations before. Whoever publishes
holds the `write_lock`. What a crash leaves behind (a draft, a generation that CURRENT never named) the next `publish`
removes.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
import secrets
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from index.errors import BusyError, DamagedGeneration, GenerationError, NoGeneration
from index.layout import (
    INDEX_FORMAT,
    MANIFEST,
    DataFolder,
    Generation,
    Manifest,
    Reflects,
    bytes_from_manifest,
    current_id,
    entries,
    generation_number,
    published,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

GENERATIONS_KEPT: Final = 3
"""The current one and the two before it."""

_DRAFT: Final = ".draft-"


@dataclass(frozen=True, slots=True)
class WriteLock:
    """Says that this process alone may publish in `data`. Made by `write_lock`."""

    data: DataFolder


@contextmanager
def write_lock(data: DataFolder) -> Iterator[WriteLock]:
    """Hold the lock; the system releases it if the process dies. Raises `BusyError` if it is held elsewhere.

    A second `write_lock` in the same process is held elsewhere, too.
    """
    with _explained(data):
        handle = os.open(data.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(data.path) from error
        except OSError as error:
            raise GenerationError(f"{data.lock} cannot be locked: {error.strerror}") from error
        yield WriteLock(data)
    finally:
        os.close(handle)


def create_data_folder(data: DataFolder) -> None:
    """Make the folder, and those it lies in, if missing; when this returns they survive a power cut.

    Raises `GenerationError` where that cannot be done.
    """
    with _explained(data):
        _make_folder(data.generations)


def publish(
    lock: WriteLock,
    write: Callable[[Path], int],
    check: Callable[[Generation], None],
    *,
    reflects: Reflects,
) -> Generation:
    """Publish a generation: `write` fills the folder it is given and returns the number of articles.

    `check` is given the finished draft and raises if it cannot be opened. If anything fails, CURRENT names what it
    named before, and that is untouched. Raises `GenerationError` where the disk refuses.
    """
    data = lock.data
    with _explained(data):
        _remove_leftovers(data)
        draft = data.generations / f"{_DRAFT}{secrets.token_hex(8)}"
        try:
            draft.mkdir()
            manifest = _write_manifest(draft, _next_id(data), write(draft), reflects)
            _sync_tree(draft)
            check(Generation(draft, manifest))
            final = data.generations / manifest.generation
            os.rename(draft, final)  # noqa: PTH104 - the system call itself, as the protocol is made of system calls
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        _sync(data.generations)
        _point(data, manifest.generation)
        _remove_old(data, manifest.generation)
    return Generation(final, manifest)


def _write_manifest(draft: Path, generation: str, articles: int, reflects: Reflects) -> Manifest:
    manifest = Manifest(
        format=INDEX_FORMAT,
        generation=generation,
        created=dt.datetime.now(dt.UTC),
        articles=articles,
        reflects=reflects,
        cursor_key=secrets.token_hex(32),
        files=entries(draft),
    )
    (draft / MANIFEST).write_bytes(bytes_from_manifest(manifest))
    return manifest


def _beside_current(data: DataFolder) -> Path:
    return data.path / "CURRENT.new"


def _point(data: DataFolder, generation_id: str) -> None:
    """Make CURRENT name a generation, in one step."""
    beside = _beside_current(data)
    beside.write_text(f"{generation_id}\n", encoding="ascii")
    _sync(beside)
    os.replace(beside, data.current)  # noqa: PTH105 - as in publish
    _sync(data.path)


def _remove_leftovers(data: DataFolder) -> None:
    """Delete what an interrupted publish left: drafts, and generations newer than the one CURRENT names."""
    _beside_current(data).unlink(missing_ok=True)
    with contextlib.suppress(NoGeneration, DamagedGeneration):  # then what is newer is not known, and nothing goes
        newest = generation_number(current_id(data))
        _remove(data, (name for name in published(data) if generation_number(name) > newest))
    _remove_drafts(data)


def _remove_old(data: DataFolder, newest: str) -> None:
    older = [name for name in published(data) if name != newest]
    _remove(data, older[: -(GENERATIONS_KEPT - 1)])
    _remove_drafts(data)


def _remove(data: DataFolder, generation_ids: Iterable[str]) -> None:
    """Turn generations into drafts, which `_remove_drafts` deletes: half a generation must not look like one."""
    for name in generation_ids:
        os.rename(data.generations / name, data.generations / f"{_DRAFT}{name}")  # noqa: PTH104 - as in publish


def _remove_drafts(data: DataFolder) -> None:
    for entry in os.scandir(data.generations):
        if entry.name.startswith(_DRAFT):
            shutil.rmtree(entry.path)


def _next_id(data: DataFolder) -> str:
    numbers = [generation_number(name) for name in published(data)]
    return f"{max(numbers, default=0) + 1}-{secrets.token_hex(4)}"


def _sync_tree(folder: Path) -> None:
    """Have every file and folder under this one, and it itself, on disk."""
    for parent, _folders, files in os.walk(folder):
        for name in files:
            _sync(Path(parent) / name)
        _sync(Path(parent))


def _sync(path: Path) -> None:
    """Have a file's bytes, or a folder's entries, on disk."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_folder(path: Path) -> None:
    if path.is_dir():
        return
    _make_folder(path.parent)
    path.mkdir(exist_ok=True)
    _sync(path.parent)


@contextmanager
def _explained(data: DataFolder) -> Iterator[None]:
    """Turn what the system says into what the archive's keeper can act on."""
    try:
        yield
    except OSError as error:
        path = error.filename or data.path
        raise GenerationError(f"cannot write in {data.path}: {error.strerror} ({path})") from error
