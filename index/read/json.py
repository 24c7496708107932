"""JSON: a `.json` file with an array of articles, or with articles one after the other.

Each is an object as `index.read.rows` describes it. Files of any size are read piece by piece; only a single article
has to fit into memory, and may not be longer than a line of JSONL. What is no JSON ends the reading of its file, as
nobody can say where the next article would begin; the problem names the line.
"""

from __future__ import annotations

import codecs
import re
from json import JSONDecodeError, JSONDecoder
from typing import TYPE_CHECKING, BinaryIO, Final

from index.archive.identity import row_origin
from index.errors import UnreadableInput
from index.read import streams
from index.read.jsonl import row_from_json
from index.read.reading import Refused, UnusedNames
from index.read.rows import our_names, raw_from_row, reasons_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from index.read.reading import Reading

_PIECE_BYTES: Final = 256 * 1024
_SPACE = re.compile(r"[ \t\n\r]*")
_MARGIN: Final = 16
"""An error this near to the end of what has been read may only mean that there is more: of "\\ud83d\\ude00", say."""


def read_json(file: BinaryIO, origin: str, fields: Mapping[str, str]) -> Iterator[Reading]:
    """The articles of a file, each bad one in its place, and at the end the fields that were not used.

    `fields` maps their names to ours (see `index.read.rows.check_fields`).
    """
    ours = our_names(fields)
    unused = UnusedNames()
    values = _Values(file)
    try:
        if values.is_empty():
            yield UnreadableInput(origin, None, "is empty")
        for line, value in values:
            try:
                row = row_from_json(value)
                unused.count(row.keys() - ours.keys())
                named = {ours[name]: item for name, item in row.items() if name in ours}
                yield raw_from_row(named, row_origin(origin, line))
            except Refused as refused:
                yield UnreadableInput(origin, line, *reasons_of(refused))
    except Refused as refused:
        yield UnreadableInput(origin, values.line, f"{refused}; what follows was not read")
    yield from unused.report(origin)


class _Values:
    """The values of a file, those of an array each for itself, as (line they begin on, JSON); `line` is where it is."""

    def __init__(self, file: BinaryIO) -> None:
        self.line = 1
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._is_all = False
        self._is_array = False

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        if self._next() == "[":
            self._advance(self._at + 1)
            self._is_array = True
            if self._next() == "]":
                self._end_item()
        while self._next():
            end = self._find_end()
            yield self.line, self._text[self._at : end].encode()
            self._advance(end)
            self._end_item()
        if self._is_array:
            raise Refused("ends within its array: it is cut off")

    def is_empty(self) -> bool:
        """Whether there is nothing but space, asked before the values are taken."""
        return not self._next()

    def _next(self) -> str:
        """The next character that is no space, without a step over it; empty at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._advance(match.end() if match else self._at)
            if self._at < len(self._text) or not self._fill():
                return self._text[self._at : self._at + 1]

    def _end_item(self) -> None:
        """Step over what stands behind an item of an array."""
        sign = self._next() if self._is_array else ""
        if sign and sign not in ",]":
            raise Refused(f"is not JSON: there is {sign!r} where a comma or the end of the array should be")
        self._is_array = self._is_array and sign != "]"
        self._advance(self._at + len(sign))

    def _find_end(self) -> int:
        """Where the value ends that is next, after reading on as far as it takes."""
        while True:
            try:
                _, end = JSONDecoder().raw_decode(self._text, self._at)
            except RecursionError as error:
                raise Refused("is nested too deeply") from error
            except JSONDecodeError as error:
                is_open = error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _MARGIN
                if len(self._text) - self._at > streams.MAX_LINE_BYTES:
                    raise Refused(f"holds an article that {streams.too_long()}") from error
                if not is_open or not self._fill():
                    raise Refused(f"is not JSON: {error.msg}") from error
            except ValueError as error:  # a number of thousands of digits
                raise Refused("is not JSON that can be read: it holds a number that is too long") from error
            else:
                length = end - self._at
                if end < len(self._text) or not self._fill():  # a number may go on
                    return self._at + length

    def _fill(self) -> bool:
        """Read on, about as much as there is already; False at the end."""
        data = b"" if self._is_all else self._file.read(max(_PIECE_BYTES, len(self._text) - self._at))
        try:
            more = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise Refused("is not in UTF-8; save it as UTF-8") from error
        self._is_all = not data
        self._text, self._at = self._text[self._at :] + more, 0
        return bool(data)

    def _advance(self, end: int) -> None:
        self.line += self._text.count("\n", self._at, end)
        self._at = end
