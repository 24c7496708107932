"""File systems of a process's own: small ones, and read-only ones. Needs Linux and root; nobody else sees them.

`find_obstacle` says why that can't be had. The rest is for a process that is going to end soon: what it mounted goes
with it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_NEW_MOUNTS: Final = 0x00020000
_READ_ONLY, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 1, 32, 4096, 16384, 1 << 18


def find_obstacle() -> str | None:
    """Why no process can have mounts of its own; None if it might, but for a container that has not the right."""
    if sys.platform != "linux":
        return "needs Linux: file systems are mounted in a namespace of their own"
    if os.geteuid():
        return "needs root, to mount file systems"
    return None


def become_private() -> None:
    """From now on, what this process mounts is its own. Raises `OSError`."""
    _require(_libc().unshare(_NEW_MOUNTS))
    _mount(b"none", b"/", None, _RECURSIVE | _PRIVATE, None)


def mount_memory(folder: Path, options: str) -> None:
    """Mount an empty file system in memory; `options` are those of tmpfs: `size=2m`, `nr_inodes=50`."""
    _mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, options.encode())


def resize_memory(folder: Path, options: str) -> None:
    """Give it other options, with all that is in it."""
    _mount(b"tmpfs", os.fsencode(folder), None, _REMOUNT, options.encode())


def mount_again(folder: Path) -> None:
    """Mount a folder upon itself, so that it can be made read-only by itself."""
    _mount(os.fsencode(folder), os.fsencode(folder), None, _BIND, None)


def make_read_only(folder: Path) -> None:
    """Have nothing in a mounted folder be written to. Raises `OSError` while something is open to be written."""
    _mount(b"none", os.fsencode(folder), None, _REMOUNT | _BIND | _READ_ONLY, None)


def make_writable(folder: Path) -> None:
    """Take that back."""
    _mount(b"none", os.fsencode(folder), None, _REMOUNT | _BIND, None)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _mount(what: bytes, where: bytes, kind: bytes | None, flags: int, options: bytes | None) -> None:
    _require(_libc().mount(what, where, kind, ctypes.c_ulong(flags), options))


def _require(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
