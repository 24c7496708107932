"""Streams of bytes that are safe to read: whatever is behind them, a reader gets at most what it asked for.

`open_plain_file` opens nothing that could hang. `Counted` tells how much has been taken from a file, `Unpacked` undoes
gzip without trusting it, `Recoded` turns UTF-16 and UTF-32 into UTF-8, and `peeked` looks at the beginning of a stream
that cannot be wound back. `with_line_feeds` knows the line ends of old Macs. `read_whole` and `lines` hold no more than
they are allowed.
"""

from __future__ import annotations

import codecs
import gzip
import io
import os
import stat
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from index.read.encoding import MARKS
from index.read.reading import Damaged, Refused
from index.read.text import UTF8_MARK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD_BYTES: Final = 64 * 1024
"""What is looked at to tell a format."""

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
MAX_RATIO: Final = 200
"""Of unpacked to packed bytes. Text packs to a fifth, nearly equal rows to a fiftieth, and bombs to a thousandth."""

FREE_BYTES: Final = 64 * 1024 * 1024
"""Unpacked bytes that are not held against the ratio."""

GZIP_MARK: Final = b"\x1f\x8b"

_BUFFER_BYTES: Final = 256 * 1024
_SKIP_BYTES: Final = 64 * 1024


def open_plain_file(path: Path) -> BinaryIO:
    """Open a file that must still be one: a pipe or a device that took its place is refused and not waited for."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Refused("is not a plain file")
    return os.fdopen(descriptor, "rb")


class Counted(io.RawIOBase):
    """A stream that knows its `position`: how many bytes have been taken from it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.position = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]  # typeshed's WriteableBuffer has no len
        """Take the next bytes."""
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self.position += len(data)
        return len(data)


class Unpacked(Counted):
    """What a gzipped stream holds. Raises `Damaged` if that is too much for its size, or damaged."""

    def __init__(self, stream: BinaryIO, packed: Counted) -> None:
        super().__init__(cast(BinaryIO, gzip.GzipFile(fileobj=stream, mode="rb")))
        self._packed = packed

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]  # as above
        """Unpack the next bytes."""
        try:
            taken = super().readinto(buffer)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise Damaged(f"the compressed data is damaged or cut off, articles may be missing: {error}") from error
        if self.position > max(FREE_BYTES, MAX_RATIO * self._packed.position):
            raise Damaged(
                f"unpacks to more than {MAX_RATIO} times its size, as no text does; if it is sound, gunzip it first"
            )
        return taken


class Recoded(io.RawIOBase):
    """A stream in UTF-16 or UTF-32 as UTF-8. Raises `Damaged` where it is not what its first bytes say."""

    def __init__(self, stream: BinaryIO, codec: str) -> None:
        self._stream, self._codec = stream, codec
        self._decoder = codecs.getincrementaldecoder(codec)()
        self._ready = b""

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]  # as above
        """Decode the next bytes."""
        while not self._ready:
            data = self._stream.read(_SKIP_BYTES)
            try:
                self._ready = self._decoder.decode(data, final=not data).encode()
            except UnicodeError as error:
                raise Damaged(
                    f"is in {self._codec} by its first bytes, but not throughout; save it as UTF-8"
                ) from error
            if not data:
                break
        taken = min(len(buffer), len(self._ready))
        buffer[:taken], self._ready = self._ready[:taken], self._ready[taken:]
        return taken


class _WithLineFeeds(Counted):
    """See `with_line_feeds`."""

    _has_returns: bool | None = None

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]  # as above
        """Take the next bytes. The first of them tell where the lines end."""
        taken = super().readinto(buffer)
        if self._has_returns is None:
            head = bytes(buffer[:taken])
            self._has_returns = b"\r" in head.partition(b"\n")[0] and b"\r\n" not in head
        if self._has_returns:
            buffer[:taken] = bytes(buffer[:taken]).replace(b"\r", b"\n")
        return taken


class _Rejoined(io.RawIOBase):
    """The beginning of a stream that was taken from it, and the rest."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]  # as above
        """Give the next bytes."""
        if self._head:
            data, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        else:
            data = self._rest.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def peeked(stream: BinaryIO | io.RawIOBase) -> tuple[bytes, BinaryIO]:
    """The first `HEAD_BYTES` of a stream, fewer only if it has no more, and the stream with them."""
    buffered = _buffered(stream)
    head = b""
    while len(head) < HEAD_BYTES and (data := buffered.read(HEAD_BYTES - len(head))):
        head += data
    return head, _buffered(_Rejoined(head, buffered))


def in_utf8(head: bytes, stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """A stream and its beginning in UTF-8, if a byte order mark says that it is in UTF-16 or UTF-32."""
    codec = next((codec for mark, codec in MARKS if mark != UTF8_MARK and head.startswith(mark)), None)
    return peeked(Recoded(stream, codec)) if codec else (head, stream)


def with_line_feeds(file: BinaryIO) -> BinaryIO:
    """A stream with LF for CR if its first line ends at CR alone, as in "CSV (Macintosh)" of Excel; else as it is."""
    return _buffered(_WithLineFeeds(file))


def read_whole(file: BinaryIO, limit: int, what: str = "one article") -> bytes:
    """All of a file. Raises `Refused` without reading on if it is larger than `limit` bytes."""
    content = file.read(limit + 1)
    if len(content) > limit:
        raise Refused(f"is larger than {limit // 1024**2} MiB, too large for {what}")
    return content


def lines(file: BinaryIO) -> Iterator[bytes | None]:
    """The lines of a file; None for one longer than `MAX_LINE_BYTES`, which is passed over without being held."""
    mark = UTF8_MARK  # at the beginning only
    while line := file.readline(MAX_LINE_BYTES + 1):
        if len(line) <= MAX_LINE_BYTES:
            yield line.removeprefix(mark)
        else:
            while line and not line.endswith(b"\n"):
                line = file.readline(_SKIP_BYTES)
            yield None
        mark = b""


def too_long() -> str:
    """What is wrong with a line of which `lines` gives None."""
    return f"is longer than {MAX_LINE_BYTES // 1024**2} MiB"


def _buffered(stream: BinaryIO | io.RawIOBase) -> BinaryIO:
    return io.BufferedReader(cast(io.RawIOBase, stream), _BUFFER_BYTES)
