"""JSON files become articles, in an array or one after the other, however they are cut into pieces."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.document import RawDocument
from index.errors import UnreadableInput
from index.read import json as json_reader
from index.read import streams
from index.read.json import read_json
from index.read.reading import UnknownFields
from tests.index.read.readers import only_problem, readings

if TYPE_CHECKING:
    from index.read.reading import Reading


NO_COMMA = "a comma or the end of the array should be; what follows was not read"


def outlined(items: list[Reading]) -> list[tuple[int | None, str]]:
    """Each item as its line and its body, or its problem's reason."""
    return [
        (int(item.origin.rpartition(":")[2]), item.content)
        if isinstance(item, RawDocument)
        else (item.line, item.reason)
        for item in items
        if isinstance(item, RawDocument | UnreadableInput)
    ]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        pytest.param('[\n{"body": "a"},\n{"body": "b"}\n]\n', [(2, "a"), (3, "b")], id="array"),
        pytest.param('{"body": "a"}\n\n{"body":\n"b"} {"body": "c"}', [(1, "a"), (3, "b"), (4, "c")], id="in a row"),
        pytest.param('\ufeff[{"body": "신\\ud83d\\ude00"}]', [(1, "신😀")], id="byte order mark"),
        pytest.param("[]", [], id="empty array"),
        pytest.param("", [(None, "is empty")], id="empty"),
        pytest.param("\ufeff \n", [(None, "is empty")], id="blank"),
        pytest.param(
            '[{"body": "a"}, 3, {"body": "b"}]', [(1, "a"), (1, "is not a JSON object"), (1, "b")], id="number"
        ),
        pytest.param('[{"body": 3}, {"body": "b"}]', [(1, "body is a number, not text"), (1, "b")], id="bad row"),
        pytest.param(
            '[{"body": "a"} {}]',
            [
                (1, "a"),
                (1, f"is not JSON: there is '{{' where {NO_COMMA}"),
            ],
            id="no comma",
        ),
        pytest.param(
            '[{"body": "a"},\n{"body": x}]',
            [(1, "a"), (2, "is not JSON: Expecting value; what follows was not read")],
            id="broken",
        ),
        pytest.param(
            '[{"body": "a"},',
            [(1, "a"), (1, "ends within its array: it is cut off; what follows was not read")],
            id="cut off",
        ),
    ],
)
def test_values_of_any_arrangement(content: str, wanted: list[tuple[int | None, str]]) -> None:
    """Each object is an article with its line; what is none is a problem, and what is no JSON the last."""
    assert outlined(readings("json", content)) == wanted


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b'[{"body": "\xe9"}]', "is not in UTF-8", id="latin 1"),
        pytest.param("[" * 100_000, "nested too deeply", id="deep"),
        pytest.param('{"a":' * 100_000, "nested too deeply", id="deep objects"),
        pytest.param('{"id": ' + "1" * 5000 + ', "body": "b"}', "a number that is too long", id="endless number"),
    ],
)
def test_what_cannot_be_read_is_a_problem(content: str | bytes, reason: str) -> None:
    """A file that is no JSON is one problem."""
    assert reason in only_problem("json", content).reason


def test_names_are_mapped_and_unknown_ones_counted() -> None:
    """Fields go by our names or mapped ones, as they do in JSONL."""
    article, unknown = readings("json", '[{"text": "a", "mood": 1}]', {"text": "body"})
    assert isinstance(article, RawDocument)
    assert article.content == "a"
    assert unknown == UnknownFields("/in/file", (("mood", 1),))


def test_an_article_that_is_too_long_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading stops where an article goes on beyond the limit."""
    monkeypatch.setattr(streams, "MAX_LINE_BYTES", 1000)
    monkeypatch.setattr(json_reader, "_PIECE_BYTES", 100)
    file = io.BytesIO(b'[{"body": "' + b"x" * 100_000)
    (problem,) = read_json(file, "/in/file", {})
    assert "holds an article that is longer than" in str(problem)
    assert file.tell() < 5000


@settings(deadline=None)
@given(
    bodies=st.lists(
        st.text(min_size=1).filter(str.strip).filter(lambda text: "\0" not in text), min_size=1, max_size=5
    ),
    indent=st.none() | st.integers(0, 3),
    is_ascii=st.booleans(),
    is_array=st.booleans(),
    piece=st.integers(1, 60),
)
def test_pieces_do_not_matter(
    *, bodies: list[str], indent: int | None, is_ascii: bool, is_array: bool, piece: int
) -> None:
    """Wherever a file is cut into pieces for reading, the same articles come of it."""
    bodies = [body.encode(errors="replace").decode() for body in bodies]
    rows = [{"body": body, "id": str(number)} for number, body in enumerate(bodies)]
    text = (
        json.dumps(rows, indent=indent, ensure_ascii=is_ascii)
        if is_array
        else "\n".join(json.dumps(row, indent=indent, ensure_ascii=is_ascii) for row in rows)
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_reader, "_PIECE_BYTES", piece)
        items = readings("json", text)
    assert [item.content for item in items if isinstance(item, RawDocument)] == bodies
