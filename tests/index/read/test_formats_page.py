"""docs/formats.md says what the code does: its examples are read, its tables are the code's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from index.document import RawDocument
from index.read import html, markdown, markup, safe_xml, streams
from index.read.feed import MAX_BYTES
from index.read.formats import FORMATS, format_of
from index.read.rows import FIELDS
from index.read.text import MAX_ARTICLE_BYTES
from tests.index.read.readers import readings

PAGE = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```(jsonl|csv|markdown|html|xml)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_every_ending_is_in_the_table() -> None:
    """The endings in the table are those of the formats."""
    named = set(re.findall(r"`(\.\w+)`", PAGE.partition("Each may be gzipped")[0]))
    assert named == {ending for known in FORMATS.values() for ending in known.endings}


def test_every_field_is_in_the_table() -> None:
    """The fields in the table are those of rows."""
    table = PAGE.partition("## Fields")[2].partition("If yours are called otherwise")[0]
    assert [name for name in FIELDS if f"`{name}`" not in table] == []


def test_limits_are_those_of_the_code() -> None:
    """The numbers in the table of limits are the code's."""
    table = PAGE.partition("| limit | |")[2].partition("JSONL, JSON arrays")[0]
    mib = 1024**2
    for limit in (
        f"{MAX_ARTICLE_BYTES // mib} MiB",
        f"{markdown.MAX_BYTES // mib} MiB, {markdown.MAX_LINES:,} lines, {markdown.MAX_BRACKETS:,} opening brackets",
        f"quotes {markdown.MAX_NESTING} deep",
        f"{streams.MAX_LINE_BYTES // mib} MiB",
        f"{MAX_BYTES // mib} MiB",
        f"{markup.MAX_TAGS:,} tags, {html.MAX_ELEMENTS:,} elements",
        f"nested {safe_xml.MAX_DEPTH} deep, no tag or comment above {safe_xml.MAX_TAG_CHARACTERS // mib} MiB",
        f"{streams.MAX_RATIO} times the packed size, beyond {streams.FREE_BYTES // mib} MiB",
    ):
        assert limit in table


@pytest.mark.parametrize(("kind", "example"), EXAMPLES, ids=[kind for kind, _ in EXAMPLES])
def test_examples_are_read(kind: str, example: str) -> None:
    """Each example is told for what it is and gives articles with the dateline, and nothing else."""
    known = format_of(example.encode(), None, {})
    assert known.name == {"xml": "wordpress" if "wordpress.org" in example else "feed"}.get(kind, kind)
    articles = readings(known.name, example)
    first = articles[0]
    assert all(isinstance(article, RawDocument) for article in articles)
    assert isinstance(first, RawDocument)
    assert "SINUIJU, Mar. 5 — Rice is dearer." in first.content
    assert first.declared.title == "Rice prices rise"
    assert first.declared.date is not None


def test_there_are_examples_of_all_kinds() -> None:
    """No example was lost to a change of the page's form."""
    assert sorted(kind for kind, _ in EXAMPLES) == ["csv", "html", "jsonl", "markdown", "xml", "xml"]
