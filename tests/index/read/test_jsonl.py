"""Rows of JSON become articles with declared metadata; bad rows are named and passed over."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.archive.identity import id_problem
from index.document import Declared, DeclaredRegion, RawDocument, Role
from index.errors import IndexingError, UnreadableInput
from index.read import reading, rows, streams
from index.read.jsonl import read_jsonl
from index.read.reading import UnknownFields
from index.read.rows import check_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from index.read.reading import Reading


def read(content: bytes, fields: Mapping[str, str] | None = None) -> list[Reading]:
    """Everything a file of this content yields."""
    return list(read_jsonl(io.BytesIO(content), "/in/a.jsonl", fields or {}))


def row(**fields: object) -> bytes:
    """A line of JSON."""
    return json.dumps(fields).encode() + b"\n"


def test_every_declared_field_is_taken() -> None:
    """A full row becomes an article with all it declares, and its origin names file and line."""
    full = row(
        id="x-1",
        url="https://a.example/1",
        title=" A title ",
        body=" body, unaltered\n",
        date="2020-03",
        region=["Sinuiju", {"id": "kp-dandong", "role": "sender"}, {"name": "Hyesan"}, "Sinuiju", None],
        source="Daily NK",
        topic=["trade", None],
        authors=["Ha Yoon Ah", "", None],
        language="en",
    )
    assert read(b"\xef\xbb\xbf\n" + full) == [
        RawDocument(
            id="x-1",
            url="https://a.example/1",
            origin="/in/a.jsonl:2",
            content=" body, unaltered\n",
            media_type="text/plain",
            declared=Declared(
                title="A title",
                date="2020-03",
                regions=(
                    DeclaredRegion("Sinuiju"),
                    DeclaredRegion("kp-dandong", Role.SENDER),
                    DeclaredRegion("Hyesan"),
                ),
                source="Daily NK",
                topics=("trade",),
                authors=("Ha Yoon Ah",),
                language="en",
            ),
        )
    ]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        pytest.param(row(body="b"), RawDocument(None, None, "/in/a.jsonl:1", "b", "text/plain"), id="a body is enough"),
        pytest.param(
            row(id=12, body="b", title=None, date="", topic=[]),
            RawDocument("12", None, "/in/a.jsonl:1", "b", "text/plain"),
            id="number as id, empty fields are unknown",
        ),
        pytest.param(
            row(body="", title="Flash"),
            RawDocument(None, None, "/in/a.jsonl:1", "", "text/plain", Declared(title="Flash")),
            id="a title alone",
        ),
        pytest.param(
            row(body="b", region={"name": "Hyesan", "role": "caption"}),
            RawDocument(
                None,
                None,
                "/in/a.jsonl:1",
                "b",
                "text/plain",
                Declared(regions=(DeclaredRegion("Hyesan", Role.CAPTION),)),
            ),
            id="one region as an object",
        ),
        pytest.param(b"nonsense\n", "is not JSON", id="not json"),
        pytest.param(b'{"body": "\xff"}\n', "is not in UTF-8", id="not utf-8"),
        pytest.param(b"[1]\n", "is not a JSON object", id="a list"),
        pytest.param(b"[" * 100_000 + b"\n", "is nested too deeply", id="deep"),
        pytest.param(row(title="t"), "has no body. If it goes by another name: --map NAME=body", id="no body"),
        pytest.param(row(title="", body=" \n"), "neither words in its body nor a title", id="nothing to read"),
        pytest.param(
            row(url="ftp://x", date=1, topic=[2]),
            "url is not a web address (http or https): 'ftp://x'; date is a number, not text; "
            "has no body. If it goes by another name: --map NAME=body; topic is a number, not text",
            id="all that is wrong",
        ),
        pytest.param(row(body=["b"]), "body is a list, not text", id="body of wrong type"),
        pytest.param(row(body="a\0b"), "NUL", id="nul in the body"),
        pytest.param(row(body="b", title="a\0b"), "title holds a NUL", id="nul in the title"),
        pytest.param(row(body="b", date=2020), "date is a number, not text", id="number as date"),
        pytest.param(row(body="b", id=2**63), "id is a number that 64 bits cannot hold; write it", id="large number"),
        pytest.param(row(body="b", id=True), "id is true or false, not text", id="boolean as id"),
        pytest.param(row(body="b", id="a b"), "the id 'a b' holds ' '", id="impossible id"),
        pytest.param(row(body="b", topic=["a", {}]), "topic is an object, not text", id="object as topic"),
        pytest.param(row(body="b", region=[["x"]]), "region is a list, not text", id="list in a list"),
        pytest.param(row(body="b", region={"role": "event"}), "neither id nor name", id="nameless region"),
        pytest.param(row(body="b", region={"id": "kp", "role": "spy"}), "no region role 'spy'", id="unknown role"),
        pytest.param(row(body="b", region={"id": "kp", "role": ""}), "no region role ''", id="empty role"),
        pytest.param(row(body="b", region={"id": "kp", "role": []}), "no region role []", id="role that is no text"),
        pytest.param(row(body="b", url="javascript:alert(1)"), "not a web address", id="script as url"),
        pytest.param(row(body="b", url="https://"), "not a web address", id="url without a host"),
        pytest.param(row(body="b", url="https://[x"), "not a web address", id="broken host"),
        pytest.param(row(body="b", url="https://a.example/a b"), "not a web address", id="space in a url"),
        pytest.param(row(body="b", url="https://a.example/" + "x" * 2048), "2066 characters long", id="endless url"),
    ],
)
def test_rows(line: bytes, wanted: RawDocument | str) -> None:
    """A row is taken as it says, or refused with its line and the reason; the row after it is read either way."""
    first, second = read(line + row(body="after"))
    if isinstance(wanted, RawDocument):
        assert first == wanted
    else:
        assert isinstance(first, UnreadableInput)
        assert (first.path, first.line) == ("/in/a.jsonl", 1)
        assert wanted in first.reason
    assert isinstance(second, RawDocument)
    assert second.content == "after"


def test_unknown_fields_are_counted_once_a_file() -> None:
    """What a file says beyond our fields is reported at its end, with counts and the way to use it."""
    *_, unknown = read(row(body="a", places=["x"], x=1) + row(body="b", places=[]) + row(body="c"))
    assert unknown == UnknownFields("/in/a.jsonl", (("places", 2), ("x", 1)))
    assert str(unknown).endswith("places (2), x (1). If one is ours by another name: --map THEIRS=OURS")


def test_field_names_that_are_data_do_not_fill_memory() -> None:
    """Where every row has fields of its own, the first hundred names are told of, with exact counts."""
    lines = b"".join(row(body="b", first=1, **{f"field{number}": 1}) for number in range(300))
    *_, unknown = read(lines)
    assert isinstance(unknown, UnknownFields)
    assert len(unknown.counts) == reading.MAX_UNKNOWN
    assert unknown.counts[0] == ("first", 300)


def test_mapped_fields_take_the_place_of_ours() -> None:
    """A mapping gives their fields our names; a field with our name that was mapped over is reported as unused."""
    raw, unknown = read(row(text="t", body="b", places=["Hyesan"]), {"text": "body", "places": "region"})
    assert isinstance(raw, RawDocument)
    assert (raw.content, raw.declared.regions) == ("t", (DeclaredRegion("Hyesan"),))
    assert unknown == UnknownFields("/in/a.jsonl", (("body", 1),))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param(
            {"places": "place"}, "'places' to 'place': there is no such field. There are: id, url", id="unknown"
        ),
        pytest.param({"a": "body", "b": "body"}, "both 'a' and 'b' to 'body'", id="twice"),
    ],
)
def test_impossible_mappings_are_refused(fields: dict[str, str], reason: str) -> None:
    """A mapping to a field we do not have, or of two fields to one, is refused before anything is read."""
    with pytest.raises(IndexingError) as refused:
        check_fields(fields)
    assert reason in str(refused.value)


class Endless(io.RawIOBase):
    """A file of one line of a hundred gigabytes, then a good row. Fails if much of it is asked for at once."""

    def __init__(self) -> None:
        self.given = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        """The next bytes of the line."""
        assert size is not None
        assert 0 < size <= streams.MAX_LINE_BYTES + 1
        self.given += size
        if self.given < 200 * streams.MAX_LINE_BYTES:
            return b"x" * size
        return {0: b"end\n", 1: row(body="after")}.get(self._calls_after_end(), b"")

    def _calls_after_end(self) -> int:
        self.ended = getattr(self, "ended", -1) + 1
        return self.ended


def test_an_endless_line_is_passed_over_in_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line beyond the limit is never held whole: it is named and the next row is read."""
    monkeypatch.setattr(streams, "MAX_LINE_BYTES", 1024 * 1024)
    file: Any = Endless()
    too_long, after = read_jsonl(file, "/in/a.jsonl", {})
    assert str(too_long) == "/in/a.jsonl:1: is longer than 1 MiB"
    assert isinstance(after, RawDocument)
    assert after.origin == "/in/a.jsonl:2"


def test_a_line_of_exactly_the_limit_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit counts the line's end, with or without which a file may finish."""
    line = row(body="12345")
    monkeypatch.setattr(streams, "MAX_LINE_BYTES", len(line))
    assert isinstance(read(line)[0], RawDocument)
    assert isinstance(read(line.replace(b"5", b"56"))[0], UnreadableInput)
    assert isinstance(read(line.replace(b"5", b"56").removesuffix(b"\n"))[0], RawDocument)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "role", "x"]), inner),
    max_leaves=4,
)
_rows = st.dictionaries(st.sampled_from([*rows.FIELDS, "other"]), _json).map(lambda value: json.dumps(value).encode())


@given(st.lists(_rows | st.binary(max_size=40), max_size=4))
def test_no_row_stops_a_file(lines: list[bytes]) -> None:
    """Whatever stands in a file, each row becomes an article that can be kept or a problem, and nothing is raised."""
    content = b"\n".join(line.replace(b"\n", b"") for line in lines)
    items = [item for item in read(content) if not isinstance(item, UnknownFields)]
    rows_there = sum(1 for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip())
    assert len(items) == (rows_there or 1)
    for item in items:
        if isinstance(item, RawDocument):
            assert item.id is None or id_problem(item.id) is None
            assert item.content.strip() or item.declared.title


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf\n"], ids=["nothing", "blank lines", "a mark"])
def test_a_file_without_rows_is_told_of(content: bytes) -> None:
    """A file in which there is nothing is a problem in this format as in all others."""
    (problem,) = read(content)
    assert isinstance(problem, UnreadableInput)
    assert (problem.line, problem.reason) == (None, "is empty")


def test_an_id_may_be_a_number_that_64_bits_hold() -> None:
    """What is larger, other programs round."""
    (item,) = read(row(body="b", id=2**63 - 1))
    assert isinstance(item, RawDocument)
    assert item.id == "9223372036854775807"


def test_an_integer_of_any_length_is_a_problem_at_most() -> None:
    """A number too long for Python to print is refused, not raised."""
    (item,) = read(b'{"id": ' + b"1" * 5000 + b', "body": "b"}')
    assert isinstance(item, UnreadableInput)
