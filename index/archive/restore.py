"""From a backup to a data folder, which is an archive only when all of it is there and has been seen to be right.

`restore` takes an empty folder. It unpacks beside, in a folder of its own in there, and verifies everything: names,
sizes, SHA-256, then the database itself, its version, its soundness, its counts. Then it moves the files to their
names, the database last, for that is what makes a folder an archive. Killed at any moment, it has left no archive, and
run again with the same file it goes on. A backup decides who holds keys, so take only your own.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from index.archive.backup import DATABASE, copied, damage_explained, permissions, read_manifest
from index.archive.store import Store
from index.archive.work_folder import remove_left, work_folder
from index.durable import UNLINKABLE, make_folder, sync
from index.errors import BackupError
from index.generation.publish import create_data_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.archive.backup import BackupManifest, Member
    from index.layout import DataFolder

_WORK: Final = ".restoring"
_OF_NO_MATTER: Final = frozenset({_WORK, "lost+found"})
"""What an empty folder may hold: what an interrupted restore left, and what an empty disk has."""

_SPARE_BYTES: Final = 16 * 1024 * 1024
"""What must be left on the disk after unpacking."""


def restore(file: Path, data: DataFolder) -> BackupManifest:
    """Restore a backup into a folder that is empty, or not there yet; what it held.

    Raises `BackupError` if the file is not a whole backup, `BackupVersion` if another version made it, or if the folder
    holds anything; `BusyError` if another process is restoring into it; `StoreError` where the database is not sound.
    """
    with damage_explained(file), zipfile.ZipFile(file) as opened:
        manifest = read_manifest(opened, file)
        _remove_left(data)
        _refuse_full(data.path, manifest)
        with _written(data.path), work_folder(_made(data.path) / _WORK) as work:
            _refuse_full(data.path, manifest)
            _refuse_little_space(file, manifest, work)
            for member in manifest.members:
                _unpack(opened, member, work, file)
            _check_database(work / DATABASE, manifest, file)
            _move(manifest, work, data.path)
    create_data_folder(data)
    return manifest


def _remove_left(data: DataFolder) -> None:
    """Remove the work folder of a restore that was killed at its end, where it gives the archive a second name."""
    if data.archive.exists():
        remove_left(data.path / _WORK)


def _made(folder: Path) -> Path:
    make_folder(folder)
    return folder


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupError(folder, f"cannot be written: {error.strerror or error}") from error


def _refuse_full(folder: Path, manifest: BackupManifest) -> None:
    """See that a folder is empty but for what a restore of the same backup may have left there."""
    ours = {member.name: member for member in manifest.members if member.name != DATABASE}
    try:
        names = sorted(set(os.listdir(folder)) - _OF_NO_MATTER)  # noqa: PTH208 - names, not paths
    except FileNotFoundError:
        return
    except OSError as error:
        raise BackupError(folder, f"cannot be used: {error.strerror}") from error
    for name in names:
        if name not in ours or not _is_same(folder / name, ours[name]):
            raise BackupError(folder, f"is not empty: it holds {name}. Restore into a folder that is empty or new")


def _is_same(path: Path, member: Member) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == member.sha256


def _refuse_little_space(file: Path, manifest: BackupManifest, folder: Path) -> None:
    """See that there is space, before any of it is taken: a small file may say that it holds a huge one."""
    needed = sum(member.size for member in manifest.members) + _SPARE_BYTES
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    if needed > free:
        raise BackupError(file, f"needs {needed:,} bytes in {folder.parent}, where {free:,} are free")


def _unpack(opened: zipfile.ZipFile, member: Member, work: Path, file: Path) -> None:
    with opened.open(member.name) as packed, (work / member.name).open("xb") as out:
        size, sha256 = copied(packed, out, member.size)  # type: ignore[arg-type] # an IO of bytes, by another name
        out.flush()
        os.fchmod(out.fileno(), permissions(member))
        os.fsync(out.fileno())
    if size != member.size or sha256 != member.sha256:
        raise BackupError(file, f"is damaged: {member.name} in it is not what was backed up")


def _check_database(path: Path, manifest: BackupManifest, file: Path) -> None:
    with Store.open(path, must_exist=True) as store:
        problems = store.problems()
        found = (store.id, store.count, store.change)
    if problems:
        raise BackupError(file, f"holds a damaged archive: {problems[0]}")
    if found != (manifest.archive, manifest.articles, manifest.change):
        raise BackupError(file, "holds another archive than its manifest says")
    sync(path)


def _move(manifest: BackupManifest, work: Path, folder: Path) -> None:
    for member in manifest.members:
        if member.name != DATABASE:
            (work / member.name).replace(folder / member.name)
    sync(folder)
    try:
        os.link(work / DATABASE, folder / DATABASE)  # unlike a rename, takes nothing's place
    except FileExistsError as error:
        raise BackupError(folder, "was given an archive meanwhile; nothing was restored over it") from error
    except OSError as error:
        if error.errno not in UNLINKABLE:
            raise
        _refuse_full(folder, manifest)  # no empty file guards the name: killed then, it would be taken for an archive
        (work / DATABASE).rename(folder / DATABASE)
    sync(folder)
