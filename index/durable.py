"""Files and folders that are on disk when a call returns: what everything that must survive a power cut is made of.

A file's bytes are synced, then the folder that names it: a name whose folder was not synced may be gone after a power
cut, whatever became of its bytes. `replace_file` swaps a small file in one step; `link_tree` shares the files of one
folder with another. Errors are the system's own (`OSError`); who calls says what they mean.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Container

FileKey = tuple[int, int]
"""A file, whatever it is called: device and inode."""

UNLINKABLE: Final = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
"""What says that a file can't be linked here, though it may well be copied."""


def sync(path: Path) -> None:
    """Have a file's bytes, or a folder's entries, on disk."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path, *, but: Container[FileKey] = ()) -> None:
    """Have every file and folder under this one, and it itself, on disk; files of these keys are already."""
    for parent, _folders, files in os.walk(folder):
        for name in files:
            path = Path(parent) / name
            if key_of(path) not in but:
                sync(path)
        sync(Path(parent))


def make_folder(path: Path) -> None:
    """Make a folder, and those it lies in, where missing.

    A folder that is there has its name synced too, as far as we may: whoever made it may have died before that.
    """
    if path.is_dir():
        with suppress(OSError):  # nothing that was missing: a mount point, or in a folder that we may not read
            sync(path.parent)
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    sync(path.parent)


def replace_file(path: Path, content: bytes) -> None:
    """Have a file hold this, in one step: whoever reads it sees the old content or the new. Writes `<name>.new`."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(content)
    sync(beside)
    os.replace(beside, path)  # noqa: PTH105 - the system call itself, as tests count system calls
    sync(path.parent)


def remove_file(path: Path) -> None:
    """Remove a file, if there is one."""
    try:
        os.unlink(path)  # noqa: PTH108 - as in replace_file
    except FileNotFoundError:
        return
    sync(path.parent)


def key_of(path: Path) -> FileKey:
    """Which file a path names, links not followed."""
    status = path.lstat()
    return status.st_dev, status.st_ino


def shared_names(folder: Path, other: Path) -> frozenset[str]:
    """The names of files that one folder shares with another, by hard links of the same name."""
    return frozenset(
        path.name for path in folder.iterdir() if (other / path.name).exists() and path.samefile(other / path.name)
    )


def link_tree(source: Path, target: Path) -> None:
    """Make a folder with the files of another, hard-linked, or copied where that can't be. Nothing is synced."""
    os.mkdir(target)  # noqa: PTH102 - as in replace_file
    with os.scandir(source) as found:
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                link_tree(Path(entry.path), target / entry.name)
            else:
                link_file(Path(entry.path), target / entry.name)


def link_file(source: Path, target: Path) -> None:
    """Give a file another name; copy it where the file system has no links, no more of them, or ends between them."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in UNLINKABLE:
            raise
        shutil.copyfile(source, target, follow_symlinks=False)
