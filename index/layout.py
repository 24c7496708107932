"""Where everything lies in a data folder, and what a generation is.

`DataFolder` names the paths. A `Generation` is a folder that is complete when it appears and never changes: the index,
the articles it was made from, and a `Manifest` with the SHA-256 of each file. The file CURRENT holds the id of the one
to answer from, which is also its folder's name: `current` reads it, `verify` sees that every byte is as published.
Generations share files by hard links, so a process that looks at one after another has `Verified` remember what it saw.

Everything here only reads, so the data folder may be mounted read-only. What writes a generation is
`index.generation.publish`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import stat
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from index.analysis import analysis_version
from index.durable import FileKey, key_of
from index.errors import CURRENT, GENERATIONS, DamagedGeneration, GenerationVersion, NoGeneration
from index.fields import FIELDS_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

LAYOUT_VERSION: Final = 3
"""Changes with the files of a generation, or what is in them."""

MANIFEST: Final = "manifest.json"
FILES_REMEMBERED: Final = 1024
"""Files that `Verified` remembers: those of some generations, each of which has a hundred or two."""

ALTERED: Final = "was altered: its content is not what was published"
"""What is wrong with a file whose bytes differ."""

_FileState = tuple[int, int, int, int]
"""Device, inode, size in bytes, time of the last change in nanoseconds."""

_GENERATION_ID: Final = re.compile(r"([1-9][0-9]*)-[0-9a-f]{8}")


def index_format() -> str:
    """What a generation must be of to be read: its files, its terms and its fields are as this process makes them."""
    return f"{LAYOUT_VERSION}.{analysis_version()}.{FIELDS_VERSION}"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The paths of an archive's data."""

    path: Path

    @property
    def archive(self) -> Path:
        """The database of `index.archive.store`."""
        return self.path / "archive.sqlite"

    @property
    def generations(self) -> Path:
        """The folder of published generations."""
        return self.path / GENERATIONS

    @property
    def current(self) -> Path:
        """The file with the id of the generation to answer from."""
        return self.path / CURRENT

    @property
    def compiled(self) -> Path:
        """The folder of machine code (`index.compiled`): as trusted as our code, and made again if it is not there."""
        return self.path / "compiled"

    @property
    def tidied(self) -> Path:
        """The folder of what is merged beside (`index.indexing.tidying`), while it is."""
        return self.path / "tidied"

    @property
    def making(self) -> Path:
        """The folder that whoever makes an index on a cluster has there while it does (`index.opensearch.alone`)."""
        return self.path / "making"

    @property
    def held(self) -> Path:
        """The file that says why nothing new is published, while that is so (`index.generation.publish.held`)."""
        return self.path / "HELD"

    @property
    def lock(self) -> Path:
        """The file that whoever publishes holds locked."""
        return self.path / "lock"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of a generation: its path within (parts joined by `/`), size in bytes, SHA-256 as 64 hex digits."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflects:
    """What a generation shows: an archive (the id of its store) up to a change number, as understood by some rules.

    `rules` is their fingerprint. Generations that reflect the same show the same. `at` is when the change was made, in
    UTC: an archive that was put back to an older state, and went on from there, has another change of that number.
    `understood` is the change up to which all articles are known to be understood by these rules: not always the last,
    as others may write, by older rules, up to the moment that is published.
    """

    archive: str
    change: int
    rules: str
    at: dt.datetime | None = field(default=None, compare=False)
    understood: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a generation says of itself.

    `format` is the `index_format` of its maker; `articles` their number; `cursor_key` (64 hex digits) signs its result
    cursors.
    """

    format: str
    generation: str
    created: dt.datetime
    articles: int
    reflects: Reflects
    cursor_key: str
    files: tuple[FileEntry, ...]


@dataclass(frozen=True, slots=True)
class Generation:
    """A published generation: its folder, and its manifest."""

    path: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        """Its id: a number that counts up within an archive, and a random part that sets archives apart."""
        return self.manifest.generation

    @property
    def index(self) -> Path:
        """The folder of the index."""
        return index_path(self.path)

    @property
    def documents(self) -> Path:
        """The folder of the articles, for `index.generation.snapshot`."""
        return documents_path(self.path)


def index_path(generation: Path) -> Path:
    """The folder of the index in a generation's folder or draft."""
    return generation / "index"


def documents_path(generation: Path) -> Path:
    """The folder of the articles in a generation's folder or draft."""
    return generation / "documents"


def current_id(data: DataFolder) -> str:
    """The id of the generation to answer from. One small read: the stamp to watch for a newer one.

    Raises `NoGeneration` if nothing has been published, `DamagedGeneration` if CURRENT does not hold an id.
    """
    try:
        text = _content(data.current).decode("ascii", "replace").removesuffix("\n")
    except FileNotFoundError:
        raise NoGeneration(data.path) from None
    except OSError as error:
        raise DamagedGeneration(data.current, f"cannot be read: {error.strerror}") from error
    if not _GENERATION_ID.fullmatch(text):
        raise DamagedGeneration(data.current, f"holds {text[:40]!r}, which is not the id of a generation")
    return text


def _content(path: Path) -> bytes:
    """What is in a plain file; of what is none, as a pipe, one might wait for ever. Raises also `OSError`."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise DamagedGeneration(path, "is not a plain file")
    return path.read_bytes()


def current(data: DataFolder) -> Generation:
    """The generation to answer from, its manifest read and its files not looked at (see `verify`).

    Raises as `current_id` and `read_generation` do.
    """
    return read_generation(data.generations / current_id(data))


def published(data: DataFolder) -> tuple[str, ...]:
    """The ids of the generations in the folder, oldest first; readable or not."""
    try:
        names = [path.name for path in data.generations.iterdir() if _GENERATION_ID.fullmatch(path.name)]
    except FileNotFoundError:
        return ()
    return tuple(sorted(names, key=generation_number))


def read_generation(path: Path) -> Generation:
    """The generation in a folder. Raises `DamagedGeneration` or `GenerationVersion`."""
    manifest = _read_manifest(path / MANIFEST)
    if manifest.generation != path.name:
        raise DamagedGeneration(path / MANIFEST, f"is the manifest of generation {manifest.generation}")
    return Generation(path, manifest)


def file_keys(generation: Generation) -> frozenset[FileKey]:
    """Which files a generation has, whatever else they are called."""
    return frozenset(key_of(generation.path / entry.path) for entry in generation.manifest.files)


def check_files(generation: Generation) -> None:
    """See that a generation has the files its manifest lists, in their sizes, and no other. Quick; reads no file.

    Raises `DamagedGeneration` naming the first file that is missing, extra, too long or too short.
    """
    try:
        found = {path: status for path, status in _walk(generation.path) if path != MANIFEST}
    except OSError as error:
        raise DamagedGeneration(generation.path, f"cannot be read: {error.strerror}") from error
    for entry in generation.manifest.files:
        path = generation.path / entry.path
        status = found.pop(entry.path, None)
        if status is None:
            raise DamagedGeneration(path, "is missing")
        if not stat.S_ISREG(status.st_mode):
            raise DamagedGeneration(path, "is not a plain file")
        if status.st_size != entry.size:
            raise DamagedGeneration(path, f"is {status.st_size} bytes long, not {entry.size}")
    for extra in found:
        raise DamagedGeneration(generation.path / extra, "does not belong to this generation")


class Verified:
    """What a process has seen of files: that they were of some SHA-256, and have not been touched since.

    A file is known by device, inode, size and time of change, so that it is not read again for each generation that
    shares it. What changes a file and leaves all of those as they were is noticed by the next process. Remembers the
    last `FILES_REMEMBERED`. Safe to use from many threads.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[_FileState, str] = OrderedDict()
        self._lock = threading.Lock()

    def sha256(self, path: Path, status: os.stat_result | None = None) -> str:
        """The SHA-256 of a file, read if it has to be. Raises `DamagedGeneration` if it can't be."""
        try:
            state = _state(status or path.lstat())
        except OSError as error:
            raise DamagedGeneration(path, f"cannot be read: {error.strerror}") from error
        with self._lock:
            if state in self._known:
                self._known.move_to_end(state)
                return self._known[state]
        found = _sha256(path)
        with self._lock:
            self._known[state] = found
            if len(self._known) > FILES_REMEMBERED:
                self._known.popitem(last=False)
        return found


def _state(status: os.stat_result) -> _FileState:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def verify(generation: Generation, seen: Verified | None = None) -> None:
    """`check_files`, and see that every byte is as published. Reads all files but those that were `seen` before.

    Raises `DamagedGeneration`.
    """
    check_files(generation)
    seen = seen or Verified()
    for entry in generation.manifest.files:
        path = generation.path / entry.path
        if seen.sha256(path) != entry.sha256:
            raise DamagedGeneration(path, ALTERED)


def generation_number(generation_id: str) -> int:
    """The number in a generation's id. It counts up within an archive."""
    return int(generation_id.partition("-")[0])


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A manifest's file: the manifest as bytes and their SHA-256, so that a flipped bit in it is noticed too."""

    manifest: msgspec.Raw
    sha256: str


@dataclass(frozen=True, slots=True)
class _Format:
    """The one part of a manifest that every version can read."""

    format: str


_SEALED: Final = msgspec.json.Decoder(_Sealed)
_FORMAT: Final = msgspec.json.Decoder(_Format)
_MANIFEST: Final = msgspec.json.Decoder(Manifest)


def bytes_from_manifest(manifest: Manifest) -> bytes:
    """The content of a manifest's file."""
    return _seal(msgspec.json.encode(manifest))


def _seal(manifest: bytes) -> bytes:
    return msgspec.json.encode(_Sealed(msgspec.Raw(manifest), hashlib.sha256(manifest).hexdigest())) + b"\n"


def _read_manifest(path: Path) -> Manifest:
    try:
        content = _content(path)
        manifest = bytes(_SEALED.decode(content).manifest)
        if content != _seal(manifest):
            raise DamagedGeneration(path, ALTERED)
        found = _FORMAT.decode(manifest).format
        if found != index_format():
            raise GenerationVersion(path.parent, expected=index_format(), found=found)
        return _MANIFEST.decode(manifest)
    except FileNotFoundError:
        raise DamagedGeneration(path, "is missing") from None
    except OSError as error:
        raise DamagedGeneration(path, f"cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DamagedGeneration(path, f"is not a manifest: {error}") from error


def entries(folder: Path, seen: Verified | None = None) -> tuple[FileEntry, ...]:
    """What a manifest says of the files in a generation's folder or draft. Reads all but those `seen` before."""
    seen = seen or Verified()
    files = (item for item in _walk(folder) if item[0] != MANIFEST)
    return tuple(FileEntry(path, status.st_size, seen.sha256(folder / path, status)) for path, status in files)


def _walk(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every file under a folder with its status (links not followed), by path within, sorted."""
    with os.scandir(folder) as found:
        members = sorted(found, key=lambda entry: entry.name)
    for entry in members:
        if entry.is_dir(follow_symlinks=False):
            yield from ((f"{entry.name}/{path}", status) for path, status in _walk(folder / entry.name))
        else:
            yield entry.name, entry.stat(follow_symlinks=False)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DamagedGeneration(path, f"cannot be read: {error.strerror}") from error
