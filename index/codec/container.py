"""A file of named arrays that is mapped into memory and read in place.

`ArrayFileWriter` writes one array after the other, `ArrayFile` maps the file and gives each as a read-only NumPy array
that costs nothing until it is touched. Layout, little-endian: `MAGIC`; the arrays, each at a multiple of `ALIGNMENT`
bytes; a directory in JSON with each array's type, shape, place and CRC-32, and what else the writer had to say; a
trailer with the directory's place, length and CRC-32, the format's version, and `MAGIC` again.

Opening reads the directory alone; `ArrayFile.check` reads everything. See docs/index-format.md.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from math import prod
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

MAGIC: Final = b"DATELINE"

FORMAT_VERSION: Final = 2
"""Changes with the layout of the file, or with the arrays that segments are made of."""

ALIGNMENT: Final = 64
"""Bytes; a multiple of every item's size, and the length of a cache line."""

_TRAILER: Final = struct.Struct("<QIII8s")

_DTYPES: Final = {np.dtype(code).newbyteorder("<").str: np.dtype(code).newbyteorder("<") for code in "BHILbhilfd"}
"""The types that arrays may have, by what the directory calls them."""


class DamagedFile(Exception):
    """A file of arrays that is not as it was written. Its message names the file and what is wrong."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name, self.problem = name, problem


class FileVersion(DamagedFile):
    """A file of arrays of another version of the format."""

    def __init__(self, name: str, found: int) -> None:
        super().__init__(
            name,
            f"is of format {found}, and this version reads {FORMAT_VERSION}; build the index anew from the archive",
        )
        self.found = found


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    """One array in the directory. `dtype` is NumPy's name with its byte order; `start` and `size` are bytes."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    size: int
    crc: int


class _Directory(msgspec.Struct, frozen=True):
    arrays: dict[str, _Entry]
    about: dict[str, Any]


_DIRECTORY: Final = msgspec.json.Decoder(_Directory)


class ArrayFileWriter:
    """Writes a file of arrays to an open binary file, which `close` closes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._file.write(MAGIC)
        self._at = len(MAGIC)
        self._arrays: dict[str, _Entry] = {}

    def add(self, name: str, array: NDArray[Any]) -> None:
        """Write an array of any shape."""
        array = np.ascontiguousarray(array)
        self.add_parts(name, array.dtype, array.shape, [array])

    def add_parts(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...], parts: Iterable[NDArray[Any]]) -> None:
        """Write an array that comes in parts, one after the other. Raises `ValueError` if they don't fill the shape."""
        if name in self._arrays:
            raise ValueError(f"two arrays are named {name}")
        padding = -self._at % ALIGNMENT
        self._file.write(bytes(padding))
        start = self._at + padding
        size = crc = 0
        little = dtype.newbyteorder("<")
        for part in parts:
            content = np.ascontiguousarray(part, little).reshape(-1).view(np.uint8).data
            self._file.write(content)
            crc = zlib.crc32(content, crc)
            size += len(content)
        if size != little.itemsize * prod(shape):
            raise ValueError(f"{size} bytes don't make an array {name} of shape {shape} and type {little.str}")
        self._arrays[name] = _Entry(little.str, shape, start, size, crc)
        self._at = start + size

    def close(self, about: Mapping[str, Any]) -> int:
        """Write the directory, with what else there is to say of the file as JSON values, and close.

        Returns the file's stamp: the directory's CRC-32, which stands for all that is in the file.
        """
        directory = msgspec.json.encode(_Directory(self._arrays, dict(about)))
        stamp = zlib.crc32(directory)
        self._file.write(directory)
        self._file.write(_TRAILER.pack(self._at, len(directory), stamp, FORMAT_VERSION, MAGIC))
        self._file.close()
        return stamp


class ArrayFile:
    """A file of arrays, mapped. Arrays stay valid as long as anybody holds them, also after `close`.

    `name` is the file's, `about` and `stamp` are what `ArrayFileWriter.close` was given and returned.
    """

    def __init__(self, name: str, content: mmap.mmap | bytes) -> None:
        self.name = name
        self._content = content
        directory, self.stamp = self._read_directory()
        self._entries = directory.arrays
        self.about = directory.about
        self._arrays: dict[str, NDArray[Any]] = {}

    @classmethod
    def map(cls, path: Path) -> ArrayFile:
        """Map a file. Raises `DamagedFile`, `FileVersion` or `OSError`."""
        with path.open("rb") as file:
            try:
                content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError:
                raise DamagedFile(path.name, "is empty") from None
        return cls(path.name, content)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The array of that name, read-only. Raises `DamagedFile` if there is none."""
        array = self._arrays.get(name)
        if array is None:
            array = self._arrays[name] = self._view(name)
        return array

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all arrays, in the order written."""
        return tuple(self._entries)

    @property
    def content(self) -> NDArray[np.uint8]:
        """The whole file as bytes, read-only: for readers that find arrays in it by their `start`."""
        return np.frombuffer(self._content, np.uint8)

    def start(self, name: str) -> int:
        """The byte of the file at which an array begins. Raises `DamagedFile` if there is none of that name."""
        if name not in self._entries:
            raise DamagedFile(self.name, f"has no array {name}")
        return self._entries[name].start

    def check(self) -> None:
        """See that every byte is as it was written. Reads the whole file. Raises `DamagedFile`."""
        content = memoryview(self._content)
        end = len(MAGIC)
        for name, entry in self._entries.items():
            if any(content[end : entry.start]):
                raise DamagedFile(self.name, f"there is something before the array {name}, where nothing should be")
            end = entry.start + entry.size
            if zlib.crc32(content[entry.start : end]) != entry.crc:
                raise DamagedFile(self.name, f"the array {name} was altered")

    def close(self) -> None:
        """Let go of the arrays; the map goes when nobody holds one any more."""
        self._arrays = {}
        self._content = b""

    def _view(self, name: str) -> NDArray[Any]:
        entry = self._entries.get(name)
        if entry is None:
            raise DamagedFile(self.name, f"has no array {name}")
        array = np.frombuffer(self._content, _DTYPES[entry.dtype], prod(entry.shape), entry.start)
        return array.reshape(entry.shape)

    def _read_directory(self) -> tuple[_Directory, int]:
        size = len(self._content)
        if size < len(MAGIC) + _TRAILER.size or self._content[: len(MAGIC)] != MAGIC:
            raise DamagedFile(self.name, "is not a file of arrays, or was cut short")
        start, length, crc, version, magic = _TRAILER.unpack(self._content[size - _TRAILER.size :])
        if magic != MAGIC:
            raise DamagedFile(self.name, "was cut short, or something was added to it")
        if version != FORMAT_VERSION:
            raise FileVersion(self.name, version)
        directory = self._content[start : start + length]
        if start + length + _TRAILER.size != size or zlib.crc32(directory) != crc:
            raise DamagedFile(self.name, "its directory was altered")
        return _decoded(self.name, directory, start), crc


def _decoded(name: str, content: bytes, end: int) -> _Directory:
    """The directory, its arrays seen to lie one after the other before `end`, the first byte of the directory."""
    try:
        directory = _DIRECTORY.decode(content)
    except msgspec.MsgspecError as error:
        raise DamagedFile(name, f"its directory cannot be read: {error}") from error
    at = len(MAGIC)
    for array, entry in directory.arrays.items():
        dtype = _DTYPES.get(entry.dtype)
        if dtype is None or min(entry.shape, default=0) < 0 or entry.size != dtype.itemsize * prod(entry.shape):
            raise DamagedFile(name, f"the array {array} has no possible type and shape")
        if entry.start != at + -at % ALIGNMENT:
            raise DamagedFile(name, f"the array {array} lies in a wrong place")
        at = entry.start + entry.size
    if at != end:
        raise DamagedFile(name, "its arrays don't end where its directory begins")
    return directory
