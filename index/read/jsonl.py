"""JSON Lines: one article per line, `.jsonl` or `.ndjson`, with the metadata its owner declares.

A line is a row as `index.read.rows` describes it. Rows are streamed with a limit on their length, and a bad row is
yielded as an `UnreadableInput` in its place: it never stops the rows after it. A file without any row is a problem.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import msgspec

from index.archive.identity import id_problem, row_origin
from index.errors import UnreadableInput
from index.read.reading import Refused, UnusedNames
from index.read.rows import FIELDS, our_names, raw_from_row, reasons_of
from index.read.streams import lines, too_long

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from index.document import RawDocument
    from index.read.reading import Reading


def read_jsonl(file: BinaryIO, origin: str, fields: Mapping[str, str]) -> Iterator[Reading]:
    """The articles of a file's rows, each bad row in its place, and at the end the fields that were not used.

    `fields` maps their names to ours (see `index.read.rows.check_fields`).
    """
    ours = our_names(fields)
    unused = UnusedNames()
    is_empty = True
    for number, line in enumerate(lines(file), start=1):
        is_empty = is_empty and line is not None and not line.strip()
        if line is None:
            yield UnreadableInput(origin, number, too_long())
            continue
        try:
            if line.strip():
                row = row_from_json(line)
                unused.count(row.keys() - ours.keys())
                named = {ours[name]: value for name, value in row.items() if name in ours}
                yield raw_from_row(named, row_origin(origin, number))
        except Refused as refused:
            yield UnreadableInput(origin, number, *reasons_of(refused))
    if is_empty:
        yield UnreadableInput(origin, None, "is empty")
    yield from unused.report(origin)


def article_from_json(text: bytes, origin: str, line: int) -> tuple[RawDocument, tuple[str, ...]]:
    """The article of a line by itself, and the names of its fields that were not used. Raises `UnreadableInput`."""
    try:
        row = row_from_json(text)
    except Refused as refused:
        raise UnreadableInput(origin, line, *refused.reasons) from refused
    return article_from_row(row, origin, line)


def article_from_row(
    row: Mapping[str, object], origin: str, line: int | None = None, *, article_id: str | None = None
) -> tuple[RawDocument, tuple[str, ...]]:
    """The article of a row, and the names of its fields that were not used.

    `article_id` is the article's id if that is known already; the row may repeat it or leave it out. Raises
    `UnreadableInput`.
    """
    try:
        raw = raw_from_row({**row, "id": _same_id(row, article_id)}, origin)
    except Refused as refused:
        raise UnreadableInput(origin, line, *refused.reasons) from refused
    return raw, tuple(name for name in row if name not in FIELDS)


def _same_id(row: Mapping[str, object], article_id: str | None) -> object:
    """The id of a row that must be, or is, this one.

    It is refused here if it cannot be one: reading the row would take white space off it, and a blank one for none.
    """
    given = row.get("id")
    if article_id is None:
        return given
    if problem := id_problem(article_id):
        raise Refused(problem)
    if given is not None and str(given) != article_id:
        raise Refused(f"id is {str(given)!r}, but the article was sent to be {article_id!r}")
    return article_id


def row_from_json(line: bytes) -> dict[str, object]:
    """A row as written. Raises `Refused` for what is no JSON object."""
    try:
        row = msgspec.json.decode(line)
    except UnicodeDecodeError as error:
        raise Refused(f"is not in UTF-8: {error.reason}") from error
    except RecursionError as error:
        raise Refused("is nested too deeply") from error
    except msgspec.DecodeError as error:
        raise Refused(f"is not JSON: {error}") from error
    if not isinstance(row, dict):
        raise Refused("is not a JSON object")
    return row
