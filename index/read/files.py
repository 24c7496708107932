"""What there is to read: from the paths given on the command line to open files and the readers for them.

`find_inputs` walks files, folders and patterns and says what can be read (`InputFile`), what was passed over in a
folder (`Passed`), and which of the given paths are no use (`UnreadableInput`). `read` opens one file, unpacks it,
makes sure of its format and streams its articles. What the formats are is told by `index.read.formats`.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias

from index.errors import IndexingError, UnreadableInput
from index.read.formats import Format, find_format, find_unreadable, format_named, format_of
from index.read.reading import Passed, Reading, Refused, mistake_of
from index.read.streams import GZIP_MARK, Counted, Unpacked, in_utf8, open_plain_file, peeked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

STANDARD_INPUT: Final = Path("-")

_INPUT_ORIGIN: Final = "standard input"
_MAGIC: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to read; `path` None is standard input.

    `origin` is its absolute path as text, and no other file's; `size` is in bytes, and `told` the format that its name
    or its owner tells.
    """

    path: Path | None
    origin: str
    size: int
    told: Format | None


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a walk found: files in the order they will be read, each once."""

    files: tuple[InputFile, ...]
    passed: tuple[Passed, ...]
    problems: tuple[UnreadableInput, ...]

    @property
    def size(self) -> int:
        """All files together, in bytes."""
        return sum(file.size for file in self.files)


def find_inputs(paths: Iterable[Path], format_name: str | None = None) -> Inputs:
    """What there is to read at `paths`, in their order; what is in folders sorted by name. `-` is standard input.

    A path that does not exist and holds `*`, `?` or `[` is a pattern, and `**` in it any folders. Hidden files and
    README files in folders are passed over without a word: they are about the articles, not of them. Links are
    followed if they are named, or if they are files that lead to a file in the same named folder. `format_name` is the
    format of what is named, whatever its name tells; in folders names tell. Raises `IndexingError` if there is no such
    format.
    """
    told = format_named(format_name) if format_name is not None else None
    found = [item for path in paths for named in _expand(path) for item in _look(named, told)]
    files: dict[str, InputFile] = {}
    for item in found:
        if isinstance(item, InputFile):
            files.setdefault(item.origin, item)
    return Inputs(
        files=tuple(files.values()),
        passed=tuple(item for item in found if isinstance(item, Passed)),
        problems=tuple(item for item in found if isinstance(item, UnreadableInput)),
    )


def read(file: InputFile, fields: Mapping[str, str], heard: Callable[[int], None]) -> Iterator[Reading]:
    """What is in a file. `heard` is told before each item how many of the file's bytes have been read.

    A file that cannot be opened or read on yields an `UnreadableInput`, also if the reader is to blame.
    """
    try:
        with _open(file) as opened:
            counted = Counted(opened)
            head, stream = _unpacked(counted)
            reader = format_of(head, file.told, fields).reader
            for item in reader(stream, file.origin, fields):
                heard(counted.position)
                yield item
    except OSError as error:
        yield UnreadableInput(file.origin, None, f"cannot be read: {error.strerror or error}")
    except Refused as refused:
        yield UnreadableInput(file.origin, None, str(refused))
    except (IndexingError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - no file may keep all others from being read; it is told of
        yield UnreadableInput(file.origin, None, f"{mistake_of(error)}; what follows was not read")


def _open(file: InputFile) -> AbstractContextManager[BinaryIO]:
    if file.path is not None:
        return open_plain_file(file.path)
    if sys.stdin is None:
        raise Refused("is closed; give it a file or a pipe to read from")
    return nullcontext(sys.stdin.buffer)


def _unpacked(packed: Counted) -> tuple[bytes, BinaryIO]:
    """What is in a stream, in UTF-8 if it is text, and how it begins."""
    head, stream = peeked(packed)
    if head.startswith(GZIP_MARK):
        head, stream = peeked(Unpacked(stream, packed))
        if head.startswith(GZIP_MARK):
            raise Refused("is compressed twice; unpack it once")
    return in_utf8(head, stream)


_Item: TypeAlias = InputFile | Passed | UnreadableInput


def _look(path: Path, told: Format | None) -> Iterator[_Item]:
    """What there is at a path that was named."""
    if path == STANDARD_INPUT:
        yield InputFile(None, _INPUT_ORIGIN, 0, told)
        return
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        missing = "matches nothing" if _MAGIC & set(str(path)) else "does not exist"
        is_missing = isinstance(error, FileNotFoundError)
        trouble = error.strerror if isinstance(error, OSError) else "no file can have this name"
        reason = missing if is_missing else f"cannot be read: {trouble}"
        yield UnreadableInput(_printable(path), None, reason)
        return
    if stat.S_ISDIR(status.st_mode):
        yield from _walk(Path(os.path.realpath(path)))
    elif not stat.S_ISREG(status.st_mode):
        yield UnreadableInput(
            _printable(path), None, "is neither a file nor a folder; what comes by a pipe is read as -"
        )
    else:
        real = Path(os.path.realpath(path))
        told = told or find_format(path.name)
        unreadable = None if told else find_unreadable(path.name)
        if unreadable:
            yield UnreadableInput(_printable(path), None, unreadable)
        else:
            yield InputFile(path, _printable(real), status.st_size, told)


def _walk(root: Path) -> Iterator[_Item]:
    """What there is in a folder and the folders in it. `root` is a real path."""
    waiting = [(root, True)]
    while waiting:
        path, is_folder = waiting.pop()
        try:
            if not is_folder:
                yield _member(path, root)
                continue
            with os.scandir(path) as found:
                members = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found)
        except OSError as error:
            yield UnreadableInput(_printable(path), None, f"cannot be read: {error.strerror}")
            continue
        waiting += [(path / name, is_one) for name, is_one in reversed(members) if not _is_aside(name)]


def _is_aside(name: str) -> bool:
    return name.startswith(".") or name.upper().startswith("README")


def _member(path: Path, root: Path) -> _Item:
    """What a folder's member is that is not itself a folder."""
    real = Path(os.path.realpath(path)) if path.is_symlink() else path
    if real is not path and not (real.is_file() and real.is_relative_to(root)):
        return Passed(_printable(path), "leads out of the folder, to a folder or nowhere")
    told = find_format(path.name)
    if told is None:
        reason = find_unreadable(path.name) or "its name tells no known format; name the file to have it read"
        return Passed(_printable(path), reason)
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        return Passed(_printable(path), "is not a plain file")
    return InputFile(path, _printable(real), status.st_size, told)


def _expand(path: Path) -> Iterator[Path]:
    """The paths that a pattern means, sorted; any other path as it is. Links to folders are not followed by `**`."""
    if not _MAGIC & set(str(path)) or os.path.lexists(path):
        yield path
        return
    found = [Path(path.anchor)]
    for part in path.parts[1:] if path.anchor else path.parts:
        found = [below for above in found for below in _matching(above, part)]
    yield from found or [path]


def _matching(folder: Path, part: str) -> Iterator[Path]:
    """What one part of a pattern means in a folder; a folder that may not be read is itself, to be told of as such."""
    if not _MAGIC & set(part):
        yield from (folder / part,) if os.path.lexists(folder / part) else ()
        return
    try:
        if part == "**":
            yield from _folders(folder)
        else:
            matching = (name for name in os.listdir(folder) if fnmatchcase(name, part))  # noqa: PTH208 - names, not paths
            yield from (folder / name for name in sorted(matching) if name.startswith(".") == part.startswith("."))
    except (NotADirectoryError, FileNotFoundError):
        return
    except OSError:
        yield folder


def _folders(top: Path) -> Iterator[Path]:
    """A folder and all folders in it that are not hidden."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        yield folder
        try:
            with os.scandir(folder) as found:
                below = [entry.name for entry in found if entry.is_dir(follow_symlinks=False) and entry.name[0] != "."]
        except OSError:  # told of by whoever looks into it
            continue
        waiting += [folder / name for name in sorted(below, reverse=True)]


def _printable(path: Path) -> str:
    """A path as text that can be shown and kept, whatever bytes its name is made of.

    No other file's real path is the same text: one that is not UTF-8 begins with two slashes, as no real path does.
    """
    name = os.fsencode(path)
    try:
        return name.decode()
    except UnicodeDecodeError:
        shown = name.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
        return f"/{shown}" if path.is_absolute() else shown
