"""How a generation is published, so that a crash at any moment leaves a complete one to answer from.

`publish` writes beside (a draft, whose name no generation can have), syncs files and folders, checks by opening,
renames the draft to its id, then replaces CURRENT in one step. What it then keeps and deletes is
`index.generation.retention`'s to say; so is what a crash leaves behind. Whoever publishes holds the `write_lock`.

`roll_back` has CURRENT name an older generation, and holds publishing, or the next change would bring back what was
gone back from: `held` says so, until `release` is called, which `index.indexing.build.build` does.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import secrets
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from index.durable import make_folder, remove_file, replace_file, sync, sync_tree
from index.errors import BusyError, DamagedGeneration, GenerationError
from index.generation.retention import DRAFT, find_newer, remove_leftovers, remove_old
from index.layout import (
    MANIFEST,
    DataFolder,
    Generation,
    Manifest,
    Reflects,
    Verified,
    bytes_from_manifest,
    current_id,
    entries,
    file_keys,
    generation_number,
    index_format,
    published,
    read_generation,
    verify,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LOCK_PAUSE_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class WriteLock:
    """Says that this process alone may publish in `data`. Made by `write_lock`."""

    data: DataFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Since when nothing new is published, and why; which generation was gone back to. `since` is in UTC."""

    since: dt.datetime
    generation: str
    reason: str


_HOLD: Final = msgspec.json.Decoder(Hold)


@contextmanager
def write_lock(data: DataFolder, *, patience_s: float = 0.0) -> Iterator[WriteLock]:
    """Hold the lock; the system releases it if the process dies.

    Raises `BusyError` if it is held elsewhere, and still is after `patience_s` seconds. A second `write_lock` in the
    same process is held elsewhere, too.
    """
    with _explained(data):
        handle = os.open(data.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        deadline = time.monotonic() + patience_s
        while not _is_locked(handle, data):
            if time.monotonic() >= deadline:
                raise BusyError(data.path)
            time.sleep(_LOCK_PAUSE_S)
        yield WriteLock(data)
    finally:
        os.close(handle)


def _is_locked(handle: int, data: DataFolder) -> bool:
    """Lock a file, unless somebody else has."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise GenerationError(f"{data.lock} cannot be locked: {error.strerror}") from error
    return True


def create_data_folder(data: DataFolder) -> None:
    """Make the folder, and those it lies in, if missing; when this returns they survive a power cut.

    Raises `GenerationError` where that cannot be done.
    """
    with _explained(data):
        make_folder(data.generations)


def publish(  # noqa: PLR0913 - all but the first three by name, with a default
    lock: WriteLock,
    write: Callable[[Path], int],
    check: Callable[[Generation], None],
    *,
    reflects: Reflects,
    base: Generation | None = None,
    seen: Verified | None = None,
) -> Generation:
    """Publish a generation: `write` fills the folder it is given and returns the number of articles.

    `check` is given the finished draft and raises if it cannot be opened. What `write` hard-linked from `base`, a
    generation that is on disk, is neither synced nor, if it was `seen`, read again. If anything fails, CURRENT names
    what it named before, and that is untouched. Raises `GenerationError` where the disk refuses.
    """
    data = lock.data
    newer = find_newer(data)
    with _explained(data):
        remove_leftovers(data, () if held(data) else newer)  # while it is held, one may yet go forward again
        draft = data.generations / f"{DRAFT}{secrets.token_hex(8)}"
        try:
            os.mkdir(draft)  # noqa: PTH102 - the system call itself, as the protocol is made of system calls
            manifest = _write_manifest(draft, write(draft), reflects, _next_id(data), seen)
            sync_tree(draft, but=() if base is None else file_keys(base))
            check(Generation(draft, manifest))
            final = data.generations / manifest.generation
            os.rename(draft, final)  # noqa: PTH104 - as above
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        sync(data.generations)
        _point(data, manifest.generation)
        remove_old(data, manifest.generation, unwanted=newer)
    return Generation(final, manifest)


def clear_up(lock: WriteLock) -> None:
    """Delete what an interrupted publish left, where there is nothing to publish: `publish` does so by itself."""
    with _explained(lock.data):
        remove_leftovers(lock.data, find_newer(lock.data))


def _write_manifest(draft: Path, articles: int, reflects: Reflects, generation: str, seen: Verified | None) -> Manifest:
    manifest = Manifest(
        format=index_format(),
        generation=generation,
        created=dt.datetime.now(dt.UTC),
        articles=articles,
        reflects=reflects,
        cursor_key=secrets.token_hex(32),
        files=entries(draft, seen),
    )
    (draft / MANIFEST).write_bytes(bytes_from_manifest(manifest))
    return manifest


def held(data: DataFolder) -> Hold | None:
    """Why nothing new is published, if that is so."""
    try:
        return _HOLD.decode(data.held.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:  # that it is there is what counts
        return Hold(since=dt.datetime.fromtimestamp(0, dt.UTC), generation="", reason=f"{data.held}: {error}")


def release(lock: WriteLock) -> None:
    """End a hold, if there is one."""
    with _explained(lock.data):
        remove_file(lock.data.held)


def roll_back(data: DataFolder, to: str | None = None, *, patience_s: float = 0.0) -> Generation:
    """Have the service answer from another generation that is kept, and hold publishing.

    `to` is its id; by default it is the newest before the current one whose every byte is as published. Raises
    `GenerationError` if there is none to go to, what `verify` raises if `to` is not whole, what `current_id` raises if
    `to` is left out (else whence one goes does not matter), and `BusyError` as `write_lock` does; CURRENT then names
    what it named before.
    """
    with write_lock(data, patience_s=patience_s), _explained(data):
        target, before = _find_target(data, to)
        hold = Hold(
            since=dt.datetime.now(dt.UTC), generation=target.id, reason=f"rolled back from {before} to {target.id}"
        )
        # Held first: between the two steps the archive is as it was, and stays so; the other way round, it would not
        replace_file(data.held, msgspec.json.encode(hold) + b"\n")
        _point(data, target.id)
    return target


def _find_target(data: DataFolder, to: str | None) -> tuple[Generation, str]:
    """The generation to go back to, and what it is gone back from."""
    try:
        before = current_id(data)
    except DamagedGeneration:
        if to is None:
            raise
        before = f"a damaged {data.current.name}"
    return (_find_older(data, before) if to is None else _kept(data, to)), before


def _kept(data: DataFolder, generation_id: str) -> Generation:
    kept = published(data)
    if generation_id not in kept:
        raise GenerationError(f"{data.path} has no generation {generation_id}; it keeps {', '.join(kept) or 'none'}")
    generation = read_generation(data.generations / generation_id)
    verify(generation)
    return generation


def _find_older(data: DataFolder, current: str) -> Generation:
    for name in reversed(published(data)):
        if generation_number(name) < generation_number(current):
            try:
                return _kept(data, name)
            except GenerationError:
                continue
    raise GenerationError(f"{data.path} keeps no whole generation before {current}: there is nothing to go back to")


def _point(data: DataFolder, generation_id: str) -> None:
    """Make CURRENT name a generation, in one step."""
    replace_file(data.current, f"{generation_id}\n".encode("ascii"))


def _next_id(data: DataFolder) -> str:
    numbers = [generation_number(name) for name in published(data)]
    return f"{max(numbers, default=0) + 1}-{secrets.token_hex(4)}"


@contextmanager
def _explained(data: DataFolder) -> Iterator[None]:
    """Turn what the system says into what the archive's keeper can act on."""
    try:
        yield
    except OSError as error:
        path = error.filename or data.path
        raise GenerationError(f"cannot write in {data.path}: {error.strerror} ({path})") from error
