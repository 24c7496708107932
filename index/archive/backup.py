"""An archive in one file: what cannot be made again, and nothing else.

`write_backup` takes the database as it is at one moment, whatever is written meanwhile, with the keeper's settings. The
file is a ZIP: `manifest.json` first, with versions, counts and the SHA-256 of each other member; then `archive.sqlite`
and those of `SETTINGS_FILES` there are. No index and no machine code is in it: they are made again, and are as trusted
as code, which a file that was carried about is not. It appears whole, under its name, or not at all.

`index.archive.restore` is the way back. The values here are what both share: `BackupManifest`, `Member`,
`read_manifest`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import sqlite3
import stat
import time
import zipfile
import zlib
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from index.archive.database import STORE_FORMAT, explained, interruptible
from index.archive.store import Store
from index.archive.work_folder import remove_left, work_folder
from index.durable import sync
from index.errors import BackupError, BackupVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.layout import DataFolder

BACKUP_FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
DATABASE: Final = "archive.sqlite"

SETTINGS_FILES: Final = ("topics.toml", "synonyms.toml", "access.json", "searches.json")
"""What an archive's keeper set, besides the articles: all of it that a data folder may hold."""

MOST_MANIFEST_BYTES: Final = 64 * 1024
MOST_SETTINGS_BYTES: Final = 16 * 1024 * 1024

_OF_THE_ARCHIVE: Final = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR_READ}
)
"""SQLite's codes for what can be wrong with a database while it is copied. All others are of the copy."""

_ABANDONED_S: Final = 24 * 3600
"""Nothing of a backup takes so long: a work folder that nothing came to for a day is nobody's."""

_LEVEL: Final = 1
"""Of compression: level 6 takes five times as long, and saves a fifth."""

_PIECE: Final = 1024 * 1024
_MAY_BE: Final = 0o755
"""What a restored file may allow: nobody but its owner may write it."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a backup: its name, size in bytes, SHA-256 (64 hex digits), and permissions."""

    name: str
    size: int
    sha256: str
    mode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupManifest:
    """What a backup says of itself: what it is of, up to which change of the archive, and its members in order."""

    format: int
    made_by: str
    created: dt.datetime
    store_format: int
    archive: str
    articles: int
    change: int
    members: tuple[Member, ...]


def write_backup(data: DataFolder, file: Path, *, made_by: str) -> BackupManifest:
    """Back an archive up to `file`, which takes the place of one of that name; what it holds.

    It has at least what was acknowledged before this was called. Others may write and publish meanwhile. `made_by` is
    the version to name. Raises `StoreError` where the archive cannot be read, `BackupError` where the file cannot be
    written or is none to be replaced, `BusyError` if another process is writing this very file.
    """
    file = Path(os.path.abspath(file))  # noqa: PTH100 - resolve() would follow a link that is to be replaced
    with _written(file):
        _refuse_in_use(data, file)
        _remove_abandoned(file.parent)
    with _written(file), work_folder(file.with_name(f".{file.name}.making")) as work:
        manifest = _collect(data, work, made_by)
        beside = work / "backup"
        with open(beside, "xb", opener=_private) as out:
            _write_zip(out, work, manifest)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
        sync(file.parent)
    return manifest


def read_manifest(opened: zipfile.ZipFile, path: Path) -> BackupManifest:
    """The manifest of a backup, its members being of names and sizes that may be. Raises `BackupError`."""
    infos = opened.infolist()
    if not infos or infos[0].filename != MANIFEST or infos[0].file_size > MOST_MANIFEST_BYTES:
        raise BackupError(path, "is not a backup of Dateline")
    content = opened.read(infos[0])
    try:
        found = _VERSION.decode(content).format
        if found != BACKUP_FORMAT:
            raise BackupVersion(path, expected=BACKUP_FORMAT, found=found)
        manifest = _MANIFEST.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BackupError(path, f"has a manifest that cannot be read: {error}") from error
    _check_members(manifest, [info.filename for info in infos[1:]], path)
    return manifest


@contextmanager
def damage_explained(path: Path) -> Iterator[None]:
    """Turn what is found wrong with a file that is no sound ZIP into a `BackupError`."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BackupError(path, f"is damaged, cut off, or not a backup: {error}") from error
    except OSError as error:
        raise BackupError(path, f"cannot be read: {error.strerror or error}") from error


def copied(source: BinaryIO, target: BinaryIO, most: int) -> tuple[int, str]:
    """Copy at most `most` bytes and one more: how many there were, and their SHA-256."""
    digest, size = hashlib.sha256(), 0
    while size <= most and (piece := source.read(min(_PIECE, most + 1 - size))):
        target.write(piece)
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


def permissions(member: Member) -> int:
    """The permissions to restore a member with."""
    return member.mode & _MAY_BE


@dataclass(frozen=True, slots=True)
class _Version:
    """The one part of a manifest that every version can read."""

    format: int


_VERSION: Final = msgspec.json.Decoder(_Version)
_MANIFEST: Final = msgspec.json.Decoder(BackupManifest)


def _refuse_in_use(data: DataFolder, file: Path) -> None:
    """See that a backup takes the place of nothing but a plain file, which is none of the archive's own, nor may be.

    Nothing of the archive's is named `.zip`, so such a backup may lie beside it.
    """
    if file.exists() and not file.is_file():
        raise BackupError(file, "cannot be written: it is there, and is not a plain file")
    folder = file.parent.resolve()
    own = (data.archive, data.current, *(data.path / name for name in SETTINGS_FILES))
    beside = {path.resolve().parent for path in own}  # where they really are: any of them may be a link
    within = (data.generations, data.compiled, data.tidied, data.making)
    if any(folder.is_relative_to(path.resolve()) for path in within) or (folder in beside and file.suffix != ".zip"):
        raise BackupError(file, "is among the archive's own files; write the backup to another folder")


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed backups have left beside: with the date in its name, none is ever written again.

    A lock that nobody holds shows that; on a network's disk, where other machines' locks may not be seen, a day does.
    """
    for path in folder.glob(".*.making"):
        with suppress(OSError):
            if (path / DATABASE).is_file() and time.time() - path.stat().st_mtime > _ABANDONED_S:
                remove_left(path)


def _collect(data: DataFolder, work: Path, made_by: str) -> BackupManifest:
    """Copy what is to be in a backup into a folder."""
    _copy_database(data.archive, work / DATABASE)
    for name in SETTINGS_FILES:
        _copy_settings(data.path / name, work / name)
    with closing(sqlite3.connect(f"{(work / DATABASE).as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
        archive, articles, change = copy.execute(
            "SELECT (SELECT id FROM archive), (SELECT count(*) FROM article),"
            " (SELECT coalesce(max(number), 0) FROM change)"
        ).fetchone()
    return BackupManifest(
        format=BACKUP_FORMAT,
        made_by=made_by,
        created=dt.datetime.now(dt.UTC).replace(microsecond=0),
        store_format=STORE_FORMAT,
        archive=archive,
        articles=articles,
        change=change,
        members=tuple(_member(work / name) for name in (DATABASE, *SETTINGS_FILES) if (work / name).exists()),
    )


def _copy_database(source: Path, target: Path) -> None:
    """The database at one moment, rewritten without its gaps; who writes is not held up."""
    Store.open(source, must_exist=True).close()  # is it an archive, and of this version
    with explained(source), closing(sqlite3.connect(source)) as connection:
        try:
            with interruptible(connection):
                connection.execute("VACUUM INTO ?", (str(target),))
        except sqlite3.Error as error:
            if error.sqlite_errorcode in _OF_THE_ARCHIVE:
                raise
            raise OSError(str(error)) from error  # it is the copy that cannot be written
    target.chmod(stat.S_IMODE(source.stat().st_mode))


def _copy_settings(source: Path, target: Path) -> None:
    try:
        with source.open("rb") as file:
            content, mode = file.read(MOST_SETTINGS_BYTES + 1), stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    except FileNotFoundError:
        return
    except OSError as error:
        raise BackupError(source, f"cannot be read: {error.strerror or error}") from error
    if len(content) > MOST_SETTINGS_BYTES:
        raise BackupError(source, f"is longer than {MOST_SETTINGS_BYTES} bytes, too long for a file of settings")
    with open(target, "xb", opener=_private) as out:
        out.write(content)
    target.chmod(mode)


def _private(path: str, flags: int) -> int:
    """Open a new file for nobody but its owner: a backup holds what keys are checked by."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _member(path: Path) -> Member:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        return Member(
            path.name, status.st_size, hashlib.file_digest(file, "sha256").hexdigest(), stat.S_IMODE(status.st_mode)
        )


def _write_zip(out: BinaryIO, work: Path, manifest: BackupManifest) -> None:
    """The same bytes for the same members, whenever they are written: ZIP's dates are left at their first."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as made:
        with made.open(MANIFEST, "w") as into:
            into.write(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
        for member in manifest.members:
            with (work / member.name).open("rb") as file, made.open(member.name, "w", force_zip64=True) as into:
                shutil.copyfileobj(file, into, _PIECE)


def _check_members(manifest: BackupManifest, found: list[str], path: Path) -> None:
    """See that the members listed are those there are, and may be there: no name leads elsewhere."""
    listed = [member.name for member in manifest.members]
    may_be = [DATABASE, *(name for name in SETTINGS_FILES if name in listed)]
    if listed != may_be or found != listed:
        raise BackupError(path, "does not hold what its manifest says, or something that does not belong into a backup")
    for member in manifest.members:
        if member.size < 0 or (member.name != DATABASE and member.size > MOST_SETTINGS_BYTES):
            raise BackupError(path, f"says that {member.name} is {member.size} bytes long, which cannot be")


@contextmanager
def _written(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupError(file, f"cannot be written: {error.strerror or error}") from error
