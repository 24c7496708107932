"""Whether the disk has room for the archive to grow, and does what publishing needs of a file system.

What a file system can do is found by doing it, in a folder of the data folder's that is removed again: linking a file,
locking one, replacing one. Where this user cannot write that is left out.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from service.doctoring.findings import Examined, Finding, Sound
from service.phrasing import in_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from service.doctoring.patient import Patient

AREA: Final = "disk"
SPARE_BYTES: Final = 64 * 1024 * 1024
FEWEST_INODES: Final = 10_000

_SHARED: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "vboxsf", "virtiofs", "afs"}
)
_PASSING: Final = {
    "overlay": "it is the container's own layer and gone with the container",
    "tmpfs": "it is memory and gone when the machine stops",
    "ramfs": "it is memory and gone when the machine stops",
}


def check_disk(patient: Patient) -> Iterator[Examined]:
    """Room, then abilities."""
    data = patient.data.path
    wrong = [*_room(data), *_kind(patient), *_abilities(data)]
    yield from wrong
    if not wrong:
        status = os.statvfs(data)
        tried = "links, locks and replacing work" if os.access(data, os.W_OK) else "what it can do was not tried"
        free = in_bytes(status.f_bavail * status.f_frsize)
        yield Sound(AREA, f"{free} free, the archive takes {in_bytes(_size(data))}; {tried}")


def _room(data: Path) -> Iterator[Finding]:
    status = os.statvfs(data)
    free = status.f_bavail * status.f_frsize
    needed = _largest_generation(data) + SPARE_BYTES
    if free < needed:
        yield Finding(
            AREA,
            f"{in_bytes(free)} are free in {data}; building the index anew may take {in_bytes(needed)}",
            "when the disk is full no article can be taken in and no index published; searching goes on",
            f"make room, or move the archive: dateline backup FILE --data {data}, then dateline restore",
        )
    if status.f_files > 0 and status.f_favail < FEWEST_INODES:
        yield Finding(
            AREA,
            f"only {status.f_favail} more files can be made in {data}",
            "each generation of the index has some dozens, and a file system can run out of them before it is full",
            "remove files you don't need from that file system (df -i shows how many it has)",
        )


def _kind(patient: Patient) -> Iterator[Finding]:
    kind = _file_system(patient.data.path, patient.mounts)
    if kind in _SHARED:
        yield Finding(
            AREA,
            f"{patient.data.path} is on a network or shared file system ({kind})",
            "the archive's database and locks need a disk that one machine alone has; here they fail without a word",
            "keep the archive on a local disk and copy backups over: dateline backup FILE",
        )
    elif kind in _PASSING:
        yield Finding(
            AREA,
            f"{patient.data.path} is on {kind}",
            _PASSING[kind],
            "mount a volume there (docker-compose.yml does), or keep the archive on a disk",
        )


def _abilities(data: Path) -> Iterator[Finding]:
    if not os.access(data, os.W_OK):
        return
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=data) as folder:
            for try_it, what, why in _TRIED:
                if not _works(try_it, Path(folder)):
                    mend = "keep the archive on a local disk with an ordinary file system (ext4, XFS, Btrfs, ZFS, APFS)"
                    yield Finding(AREA, f"the file system of {data} {what}", why, mend)
    except OSError as error:
        yield Finding(
            AREA,
            f"nothing can be written in {data}: {error.strerror}",
            "no article can be taken in and no index published",
            "see whether the disk is full, read-only or failing: df, mount, dmesg",
        )


def _works(try_it: Callable[[Path], bool], folder: Path) -> bool:
    try:
        return try_it(folder)
    except OSError:
        return False


def _links(folder: Path) -> bool:
    file = folder / "linked"
    file.touch()
    (folder / "link").hardlink_to(file)
    return file.stat().st_nlink > 1


def _locks(folder: Path) -> bool:
    """Whether a lock keeps a second one out, and two shared ones let each other be."""
    path = folder / "locked"
    path.touch()
    with path.open("rb") as first, path.open("rb") as second:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(first, fcntl.LOCK_SH)
            fcntl.flock(second, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return True
        return False


def _replaces(folder: Path) -> bool:
    """Whether a file takes another's place, and file and folder can be synced."""
    new, old = folder / "new", folder / "old"
    old.write_bytes(b"old")
    new.write_bytes(b"new")
    for path in (new, folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    new.replace(old)
    return old.read_bytes() == b"new"


_TRIED: Final[tuple[tuple[Callable[[Path], bool], str, str], ...]] = (
    (
        _links,
        "cannot give a file two names (hard links)",
        "each publish copies the whole index instead of sharing what did not change: slow, and disk for each copy",
    ),
    (
        _locks,
        "has no locks that hold",
        "two programs could publish at once, and an index could be removed while somebody opens it",
    ),
    (
        _replaces,
        "cannot replace a file in one step and sync it",
        "a power cut could leave neither the old index nor the new one",
    ),
)


def _largest_generation(data: Path) -> int:
    generations = data / "generations"
    return max(map(_size, generations.iterdir()), default=0) if generations.is_dir() else 0


def _size(folder: Path) -> int:
    """Bytes of all files under a folder; a file with several names counts once."""
    sizes: dict[int, int] = {}
    for parent, _folders, files in os.walk(folder):
        for name in files:
            try:
                status = (Path(parent) / name).lstat()
            except FileNotFoundError:
                continue
            sizes[status.st_ino] = status.st_size
    return sum(sizes.values())


def _file_system(path: Path, mounts: Path) -> str:
    """The kind of file system a path is on, as the system calls it; empty where it does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    found = ""
    longest = -1
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(before.split(" ")[4].encode().decode("unicode_escape"))
        if path.resolve().is_relative_to(point) and len(point.parts) >= longest:
            found, longest = after.split(" ")[0], len(point.parts)
    return found
