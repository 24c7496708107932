"""CSV and TSV: a header with the names of columns, then one article per row.

Columns are named as the fields of `index.read.rows` are, in letters of any size, or mapped to them. Comma, semicolon
and tab are told apart by the header. Cells may hold line breaks within quotes; several regions, topics or authors
stand in one cell with `;` or `|` between them. Rows are streamed, and a bad one is yielded as an `UnreadableInput` in
its place. A quote that is never closed costs the row it stands in, not the rows after it.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias

from index.archive.identity import row_origin
from index.errors import UnreadableInput
from index.read import streams
from index.read.reading import Damaged, Refused, UnusedNames
from index.read.rows import LISTS, our_names, raw_from_row, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from index.read.reading import Reading

DELIMITERS: Final = (",", "\t", ";")

_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?")
"""What Excel writes and reads as a first line."""


def read_csv(file: BinaryIO, origin: str, fields: Mapping[str, str]) -> Iterator[Reading]:
    """The articles of a table's rows, each bad row in its place, and at the end the columns that were not used.

    `fields` maps names of columns to ours (see `index.read.rows.check_fields`).
    """
    csv.field_size_limit(max(csv.field_size_limit(), streams.MAX_LINE_BYTES))  # the module's own, 128 KiB, is for all
    table = _Table(file)
    unused = UnusedNames()
    try:
        columns = _Columns(table.read_header(fields), fields)
    except Refused as refused:
        yield UnreadableInput(origin, table.line, str(refused))
        return
    while True:
        try:
            cells = table.read_row()
            if cells is None:
                break
            row, others = columns.row_from_cells(cells)
            unused.count(others)
            yield raw_from_row(row, row_origin(origin, table.line))
        except Damaged as damaged:
            yield UnreadableInput(origin, None, str(damaged))
            break
        except Refused as refused:
            yield UnreadableInput(origin, table.line, *refused.reasons)
    yield from unused.report(origin)


def delimiter_of(header: str, fields: Mapping[str, str]) -> str | None:
    """What separates the columns of a header: what gives the most names that we know; None if nothing gives two."""
    found = max(DELIMITERS, key=lambda delimiter: _known(header.split(delimiter), fields))
    return found if _known(header.split(found), fields)[0] > 1 else None


def _known(cells: Sequence[str], fields: Mapping[str, str]) -> tuple[int, int]:
    """How many cells name a field of ours, and how many there are."""
    ours = our_names(fields)
    return sum(_find_ours(cell.strip('\ufeff" \r\n'), ours) is not None for cell in cells), len(cells)


def _find_ours(name: str, ours: Mapping[str, str]) -> str | None:
    return ours.get(name) or ours.get(name.strip().lower())


class _Columns:
    """The columns of a table: what each is called, and which of our fields it is. Raises `Refused` without a body."""

    def __init__(self, names: Sequence[str], fields: Mapping[str, str]) -> None:
        ours = our_names(fields)
        self._names = tuple(name.strip() or f"column {number}" for number, name in enumerate(names, start=1))
        self._ours = tuple(_find_ours(name, ours) for name in self._names)
        taken = [name for name in self._ours if name is not None]
        if twice := sorted({name for name in taken if taken.count(name) > 1}):
            raise Refused(f"has several columns named {twice[0]!r}; name one of them otherwise")
        if "body" not in taken:
            named = ", ".join(self._names)[:300]
            raise Refused(f"has no column named 'body', but: {named}. If one is ours by another name: --map NAME=body")

    def row_from_cells(self, cells: Sequence[str]) -> tuple[dict[str, object], list[str]]:
        """The cells by our names, and the names of columns that say something but nothing to us."""
        if len(cells) != len(self._names):
            raise Refused(f"has {len(cells)} cells, the header {len(self._names)}: is a quote missing?")
        row: dict[str, object] = {}
        others = []
        for name, ours, cell in zip(self._names, self._ours, cells, strict=True):
            if ours == "body":
                row[ours] = cell
            elif ours in LISTS:
                row[ours] = values_of(cell)
            elif ours is not None:
                row[ours] = cell.strip() or None
            elif cell.strip():
                others.append(name)
        return row, others


_LINE_COST: Final = 100
"""What holding a line takes beside its characters, in bytes."""

_Line: TypeAlias = tuple[int, str | None]
"""A line and its number; None for one that is too long."""


class _Endless(Exception):
    """A row that is longer than a row may be."""


class _Table:
    """Reads rows of cells; `line` is the first line of the last one. `csv` takes the lines of a row from `__next__`."""

    def __init__(self, file: BinaryIO) -> None:
        self.line = 1
        self._lines = enumerate(streams.lines(streams.with_line_feeds(file)), start=1)
        self._waiting: deque[_Line] = deque()
        self._row: list[_Line] = []
        self._row_length = 0
        self._delimiter = ","

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else _decoded(next(self._lines))
        number, text = line
        if text is None:
            return self._meet_too_long(number)
        self._row_length += len(text) + (_LINE_COST if self._row else 0)
        self._row.append(line)
        if self._row_length > streams.MAX_LINE_BYTES:
            raise _Endless
        return text

    def read_header(self, fields: Mapping[str, str]) -> Sequence[str]:
        """The names of the columns. Raises `Refused` if there are none."""
        first = next(self, None)
        while first is not None and not first.strip():
            self._row.clear()
            first = next(self, None)
        if first is None:
            raise Refused("is empty")
        separator = _SEPARATOR_LINE.fullmatch(first)
        if separator:
            self._delimiter = separator[1]
        else:
            self._delimiter = delimiter_of(first, fields) or max(DELIMITERS, key=first.count)
            self._waiting.append(self._row[0])
        header = self.read_row()
        if header is None:
            raise Refused("is empty")
        return header

    def read_row(self) -> Sequence[str] | None:
        """The cells of the next row that is not blank, None at the end. Raises `Refused` for a bad one."""
        cells: Sequence[str] = ()
        while not any(cells):
            self._row.clear()
            self._row_length = 0
            try:
                cells = next(csv.reader(self, delimiter=self._delimiter, strict=True))
            except StopIteration:
                return None
            except _Endless:
                raise Refused(
                    self._unclosed(f"goes on for more than {streams.MAX_LINE_BYTES // 1024**2} MiB")
                ) from None
            except csv.Error as error:
                raise Refused(self._error(error)) from error
            self.line = self._row[0][0]
        _check_characters(cells)
        return cells

    def _meet_too_long(self, number: int) -> str:
        """What a line that is too long means: within a row, its end."""
        if self._row:
            self._waiting.appendleft((number, None))
            raise StopIteration
        self.line = number
        raise Refused(streams.too_long())

    def _error(self, error: csv.Error) -> str:
        """What is wrong with a row that the csv module cannot read."""
        self.line = self._row[0][0]
        if "unexpected end" in str(error):
            return self._unclosed("is never closed")
        if len(self._row) > 1:
            return self._unclosed("only the quote of a later row closes")
        return f"is not CSV: {error}"

    def _unclosed(self, how: str) -> str:
        """Leave a row whose quote is not closed, and go on with its second line."""
        self.line = self._row[0][0]
        self._waiting.extendleft(reversed(self._row[1:]))
        return f"opens a quote that {how}; what follows this line was read as rows of its own"


def _decoded(line: tuple[int, bytes | None]) -> _Line:
    number, content = line
    return number, None if content is None else content.decode(errors="surrogateescape")


def _check_characters(cells: Sequence[str]) -> None:
    """Raise `Refused` if cells hold bytes that are no characters."""
    for cell in cells:
        if not cell.isascii():
            try:
                cell.encode()
            except UnicodeEncodeError as error:
                byte = ord(cell[error.start]) & 0xFF
                raise Refused(
                    f'is not in UTF-8: 0x{byte:02x} is not part of a character; save the table as "CSV UTF-8"'
                ) from error
