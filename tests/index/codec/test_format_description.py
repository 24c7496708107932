"""docs/index-format.md says what the files are: its example is made anew, and read without our code."""

from __future__ import annotations

import json
import re
import struct
import zlib
from pathlib import Path
from typing import Final

import pytest
from whoosh.filedb.filestore import RamStorage

from index.codec.container import ALIGNMENT, FORMAT_VERSION, MAGIC
from index.codec.contents import ArrayIndex
from index.codec.field import ARRAYS, PostingKind
from index.codec.per_document import Form
from index.codec.schema import schema_from_fields
from tests.index.codec.plain_reader import arrays_from_file, postings_of

PAGE: Final = (Path(__file__).parents[3] / "docs" / "index-format.md").read_text(encoding="utf-8")

ENTRIES: Final = (
    {"serial": 7, "body": "Goods, trade, goods.", "topic": ["food"]},
    {"serial": 8, "date_start": 734000, "date_end": 734002},
    {"serial": 9, "body": "Trade", "topic": ["food", "mines"], "date_start": 734001, "date_end": 734001},
)


@pytest.fixture(scope="module")
def example() -> dict[str, bytes]:
    """The example's two files by their extension, written by Whoosh's writer over our codec."""
    index = RamStorage().create_index(schema_from_fields(), indexclass=ArrayIndex)
    with index.writer() as writer:
        for entry in ENTRIES:
            writer.add_document(**entry)
    [segment] = index.segments()
    return {ext: index.storage.open_file(segment.make_filename(ext)).read() for ext in (".doc", ".inv")}


def dump(content: bytes) -> str:
    """A hexadecimal dump, runs of zeros left out."""
    lines = []
    for at in range(0, len(content), 16):
        row = content[at : at + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{at:04x}  {row.hex(' '):47}  {text}".rstrip() if any(row) else "*")
    return "\n".join(line for at, line in enumerate(lines) if line != "*" or lines[at - 1] != "*")


def arrays_part(content: bytes) -> tuple[bytes, bytes, bytes]:
    """What comes before the directory, the directory, and the trailer."""
    start, length = struct.unpack_from("<QI", content, len(content) - 28)
    return content[:start], content[start : start + length], content[start + length :]


def described(content: bytes) -> str:
    """A file as the page shows it: its arrays and its trailer as bytes, its directory as JSON, a line an array."""
    arrays, directory, trailer = arrays_part(content)
    told = json.loads(directory)
    lines = [f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in told["arrays"].items()]
    about = json.dumps(told["about"])
    return f'{dump(arrays)}\n\n{{"arrays": {{\n' + ",\n".join(lines) + f'}},\n"about": {about}}}\n\n{trailer.hex(" ")}'


@pytest.mark.parametrize("extension", [".doc", ".inv"])
def test_the_example_is_what_is_written(example: dict[str, bytes], extension: str) -> None:
    """The bytes on the page are the bytes of the example's files."""
    assert f"```text\n{described(example[extension])}\n```" in PAGE


def test_the_example_can_be_read_without_our_code(example: dict[str, bytes]) -> None:
    """A reader made from the page finds the example's words where they stand, its values and its numbers."""
    arrays, about = arrays_from_file(example[".inv"])
    assert about["fields"] == {"body": {"kind": "positions"}, "topic": {"kind": "existence"}}
    assert postings_of(arrays, "body", 0, "positions") == [(0, 2, [0, 2])]
    assert postings_of(arrays, "body", 1, "positions") == [(0, 1, [1]), (2, 1, [0])]
    assert [doc for doc, _, _ in postings_of(arrays, "topic", 0, "existence")] == [0, 2]
    assert (arrays["topic/set"], arrays["topic/set_at"], arrays["topic/set_values"]) == (
        [1, 0, 2],
        [0, 0, 1, 3],
        [0, 0, 1],
    )
    columns, told = arrays_from_file(example[".doc"])
    assert columns["body/lengths"] == [3, 0, 1]
    assert told["totals"] == {"body": 4}
    column = told["columns"]["date_start"]
    values = [
        code + column.get("base", 0) - 1 if code else column.get("default", 0) for code in columns["date_start/column"]
    ]
    assert values == [0, 734000, 734001]
    assert about["documents"] == zlib.crc32(arrays_part(example[".doc"])[1])


def test_every_array_and_every_word_of_the_format_is_on_the_page() -> None:
    """The page names each array, each kind of posting, each form of a column, and the constants as they are."""
    for name in (
        *ARRAYS,
        "set",
        "set_at",
        "set_values",
        "first",
        "weights",
        "values_at",
        "values",
        "lengths",
        "column",
    ):
        assert f"`F/{name}`" in PAGE, name
    for word in (*PostingKind, *Form):
        assert f"`{word}`" in PAGE, word
    assert f"version {FORMAT_VERSION}" in PAGE
    assert f"multiple of {ALIGNMENT}" in PAGE
    assert MAGIC.decode() in PAGE


def test_the_arrays_types_on_the_page_are_the_codes() -> None:
    """Each array of a field is on the page with the type that the code gives it."""
    rows = dict(re.findall(r"^\| `F/(\w+)` \| (\w+)", PAGE, re.MULTILINE))
    for name, description in ARRAYS.items():
        assert rows[name] == description.partition(":")[0].partition(" ")[0], name
