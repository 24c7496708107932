"""Characters and addresses that have no business in an article: refused by name where they came from, or not kept."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from index.document import RawDocument
from index.errors import UnreadableInput
from index.extract.pipeline import Extractor, load_extractor
from index.ingest.ingestion import NO_MAPPING
from index.read.jsonl import read_jsonl

if TYPE_CHECKING:
    from index.document import Document


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    """What understands articles."""
    return load_extractor()


def reading(row: dict[str, object]) -> RawDocument | UnreadableInput:
    """What a row of a file is read as."""
    (item,) = read_jsonl(io.BytesIO(json.dumps(row).encode()), "rows.jsonl", NO_MAPPING)
    assert isinstance(item, RawDocument | UnreadableInput)
    return item


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        pytest.param({"id": "a\u0007b"}, "holds '\\x07'", id="control character in an id"),
        pytest.param({"id": "a/../b"}, "holds '/'", id="path in an id"),
        pytest.param({"id": "\u1109\u1175\u11ab"}, "composed form", id="decomposed id"),
        pytest.param({"title": "a\0b"}, "title holds a NUL character after 1 characters", id="NUL in a title"),
        pytest.param({"source": "a\0"}, "source holds a NUL", id="NUL in a name"),
        pytest.param({"body": "a\0b"}, "body holds a NUL character after 1", id="NUL in a body"),
        pytest.param({"url": "javascript:alert(1)"}, "not a web address (http or https)", id="script as address"),
        pytest.param({"url": "JaVaScRiPt:alert(1)"}, "not a web address", id="script in capitals"),
        pytest.param({"url": " \tjavascript:alert(1)"}, "not a web address", id="script behind blanks"),
        pytest.param({"url": "java\nscript:alert(1)"}, "not a web address", id="script with a line end"),
        pytest.param({"url": "data:text/html,<script>"}, "not a web address", id="data as address"),
        pytest.param({"url": "file:///etc/passwd"}, "not a web address", id="file as address"),
        pytest.param({"url": "//example.org/a"}, "not a web address", id="address without scheme"),
        pytest.param({"url": "https:///a"}, "not a web address", id="address without host"),
        pytest.param({"url": "https://example.org/\u202egro"}, "not a web address", id="text turned round"),
        pytest.param({"url": "https://example.org/" + "a" * 2048}, "is 2068 characters long; at most 2048", id="long"),
    ],
)
def test_what_cannot_be_is_refused(row: dict[str, object], problem: str) -> None:
    """The row is refused with its line, the field and what is wrong; nothing of it is taken."""
    item = reading({"body": "Some words.", **row})
    assert isinstance(item, UnreadableInput)
    assert problem in str(item)
    assert item.line == 1


def test_half_a_character_is_refused() -> None:
    """JSON can spell half a character (a lone surrogate); a row that does is refused."""
    (item,) = read_jsonl(io.BytesIO(b'{"body": "half \\ud800 a character"}'), "rows.jsonl", NO_MAPPING)
    assert isinstance(item, UnreadableInput)


def understood(extractor: Extractor, row: dict[str, object]) -> Document:
    """What a row is understood as."""
    item = reading(row)
    assert isinstance(item, RawDocument), item
    return extractor.understand(item, "a")


def test_control_characters_are_not_kept(extractor: Extractor) -> None:
    """Text keeps tabs and line ends and loses other control characters; names become one line."""
    document = understood(
        extractor,
        {
            "title": "A\u0007 title\u009b\twith\nlines",
            "body": "Some\twords.\r\nAnd \u001b[31mmore\u0000"[:-1],
            "source": "Daily\u0008\tNK",
            "authors": ["Mun\u001b Dong\n Hui"],
            "topic": ["Mar\u0085kets"],
            "region": "Sinui\u007fju",
        },
    )
    assert document.title.value == "A title with lines"
    assert document.text == "Some\twords.\nAnd [31mmore"
    assert document.source
    assert document.source.value.name == "Daily NK"
    assert [found.value for found in document.authors] == ["Mun Dong Hui"]
    assert [found.value.name for found in document.topics] == ["Mar kets"]


def test_everything_is_kept_composed(extractor: Extractor) -> None:
    """Whatever was sent decomposed is kept as NFC, in text and names alike."""
    decomposed, composed = "Sinu\u0306iju", "Sin\u016diju"
    document = understood(
        extractor,
        {"title": decomposed, "body": f"From {decomposed}.", "source": decomposed, "authors": decomposed},
    )
    assert document.title.value == composed
    assert document.text == f"From {composed}."
    assert document.source
    assert document.source.value.name == composed
    assert document.authors[0].value == composed
