"""What a process does to its disk, seen and steered from tests: the Python side of disk_calls.c.

`compiled_library` makes the library; a process started with it in LD_PRELOAD can call `watch`, `record`, `mark` and
`doom` on itself. `calls` reads a record back as `Call`s, which `tests.torture.power` replays.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE: Final = Path(__file__).with_name("disk_calls.c")

_HEAD: Final = struct.Struct("<IIIIQQQ")


class Did(IntEnum):
    """What a call did."""

    CREATE = 1
    WRITE = 2
    TRUNCATE = 3
    RENAME = 4
    LINK = 5
    UNLINK = 6
    MKDIR = 7
    RMDIR = 8
    SYNC = 9
    MARK = 10
    UNKNOWN = 11


class Kind(IntFlag):
    """What calls can be made to fail."""

    OPEN = 1
    OPEN_TO_WRITE = 2
    WRITE = 4
    SYNC = 8
    RENAME = 16
    UNLINK = 32
    MKDIR = 64
    TRUNCATE = 128
    READ = 256
    CHANGING = OPEN_TO_WRITE | WRITE | SYNC | RENAME | UNLINK | MKDIR | TRUNCATE
    """Everything that leaves a trace on the disk."""


class Fate(IntEnum):
    """What becomes of the call that is met."""

    NONE = 0
    FAIL_ONCE = 1
    FAIL_ON = 2
    """It fails, and so does every one after it."""
    FAIL_SHORT = 3
    """A write of it writes half, and every one after it fails: what a disk does that fills up."""
    KILL_BEFORE = 4
    KILL_AFTER = 5


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was done. `inode` is the file's or folder's it was done to; `parent` the folder a name is in.

    `name` is the name made, moved to or removed (of a mark, its text), `old` with `old_parent` what was moved; `data`
    was written at byte `at`, which is the new size of what was truncated.
    """

    did: Did
    inode: int
    parent: int = 0
    name: str = ""
    old_parent: int = 0
    old: str = ""
    at: int = 0
    data: bytes = b""


def calls(log: bytes) -> Iterator[Call]:
    """The calls of a record, in order. A call whose record was cut short by a kill is left out."""
    start = 0
    while start + _HEAD.size <= len(log):
        op, length, first, second, a, b, c = _HEAD.unpack_from(log, start)
        body = log[start + _HEAD.size : start + length]
        if len(body) < first + second:
            return
        yield _call(Did(op), (a, b, c), body[:first].decode(), body[first : first + second])
        start += length


def _call(did: Did, numbers: tuple[int, int, int], text: str, data: bytes) -> Call:
    a, b, c = numbers
    match did:
        case Did.WRITE | Did.TRUNCATE | Did.SYNC:
            return Call(did, a, at=b, data=data)
        case Did.RENAME:
            return Call(did, c, parent=b, name=data.decode(), old_parent=a, old=text)
        case Did.MARK | Did.UNKNOWN:
            return Call(did, a, name=text)
        case _:
            return Call(did, b, parent=a, name=text)


def find_obstacle() -> str | None:
    """Why calls can't be watched on this machine; None if they can."""
    if sys.platform != "linux":
        return "needs Linux: calls are watched through LD_PRELOAD and /proc"
    if find_compiler() is None:
        return "needs a C compiler (cc, gcc or clang) to make the library that watches calls"
    return None


def find_compiler() -> str | None:
    """A C compiler of this machine."""
    return next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)


def compiled_library(folder: Path) -> Path:
    """Compile the library into a folder. Raises `RuntimeError` with what the compiler says."""
    library = folder / "disk_calls.so"
    compiler = find_compiler()
    if compiler is None:
        raise RuntimeError("there is no C compiler")
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return library


@cache
def _library() -> Any:
    """The library this process was started with. Raises `AttributeError` on use if it was started without."""
    library = ctypes.CDLL(None, use_errno=True)
    library.disk_fate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_int)
    library.disk_counted.restype = ctypes.c_long
    return library


def watch(folder: Path) -> None:
    """From now on, this process's calls on files under a folder count."""
    _library().disk_watch(os.fsencode(folder))


def record(log: Path) -> None:
    """Record them."""
    if _library().disk_record(os.fsencode(log)) < 0:
        raise OSError(errno.EIO, f"{log} cannot be written")


def mark(text: str) -> None:
    """Put a word of our own into the record."""
    _library().disk_mark(text.encode())


def doom(fate: Fate, kinds: Kind, at: int, error: int = 0) -> None:
    """Have the `at`th call of these kinds, counted from 1 and from now, meet a fate; `error` is an errno."""
    _library().disk_fate(fate, kinds, at, error)


def counted() -> int:
    """How many calls of the kinds were made since `doom`."""
    return int(_library().disk_counted())
