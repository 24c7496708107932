"""JSON Lines: one article per line, `.jsonl` or `.ndjson`, with the metadata its owner declares.

A line is a row as `index.read.rows` describes it. Rows are streamed with a limit on their length, and a bad row is
yielded as an `UnreadableInput` in its place: it never stops the rows after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import msgspec

from index.errors import UnreadableInput
from index.identity import row_origin
from index.read.reading import Refused, UnusedNames
from index.read.rows import our_names, raw_from_row
from index.read.streams import lines, too_long

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from index.read.reading import Reading


def read_jsonl(file: BinaryIO, origin: str, fields: Mapping[str, str]) -> Iterator[Reading]:
    """The articles of a file's rows, each bad row in its place, and at the end the fields that were not used.

    `fields` maps their names to ours (see `index.read.rows.check_fields`).
    """
    ours = our_names(fields)
    unused = UnusedNames()
    for number, line in enumerate(lines(file), start=1):
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
            yield UnreadableInput(origin, number, str(refused))
    yield from unused.report(origin)


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
