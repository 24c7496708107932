"""Formats are told by name, and by content where names lie or are missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from index.errors import IndexingError
from index.read.formats import FORMATS, UNREADABLE, Format, find_format, find_unreadable, format_named, format_of
from index.read.reading import Refused

WORDPRESS = b'<?xml version="1.0"?><!-- long -->\n<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/">'


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        pytest.param("a.txt", "text", id="text"),
        pytest.param("a.MD", "markdown", id="capitals"),
        pytest.param("a.b.html.gz", "html", id="packed"),
        pytest.param("a.xml", "feed", id="xml"),
        pytest.param("a.tsv", "csv", id="tsv"),
        pytest.param("a.pdf", None, id="unreadable"),
        pytest.param("txt", None, id="no ending"),
    ],
)
def test_names_tell_formats(name: str, wanted: str | None) -> None:
    """The end of a name tells the format, packed or not."""
    found = find_format(name)
    assert (found.name if found else None) == wanted


@pytest.mark.parametrize(
    ("head", "name", "wanted"),
    [
        pytest.param(b"words", ".txt", "text", id="as it says"),
        pytest.param(b"<!DOCTYPE html><html>", ".txt", "html", id="page named as text"),
        pytest.param(b"<!-- x -->\n<HTML>", ".xml", "html", id="page named as xml"),
        pytest.param(b"<p>words", ".html", "html", id="piece of a page"),
        pytest.param(b"<p>words", ".txt", "text", id="text that begins with a tag"),
        pytest.param(b"\xef\xbb\xbf<?xml version='1.0'?>\n<rss>", ".xml", "feed", id="rss"),
        pytest.param(b"<rdf:RDF xmlns='x'>", ".rdf", "feed", id="rss 1"),
        pytest.param(b"<feed xmlns='http://www.w3.org/2005/Atom'>", ".txt", "feed", id="feed named as text"),
        pytest.param(b"<Feed shortage> Rice is dear.", ".txt", "text", id="text with a headline in brackets"),
        pytest.param(WORDPRESS, ".xml", "wordpress", id="wordpress"),
        pytest.param(WORDPRESS, ".rss", "wordpress", id="wordpress named as feed"),
        pytest.param(WORDPRESS, "", "wordpress", id="wordpress without a name"),
        pytest.param(b"<rss><channel>", ".wxr", "feed", id="feed named as wordpress"),
        pytest.param(b'[\n {"body"', ".jsonl", "json", id="array named as jsonl"),
        pytest.param(b'{"body": 1}', ".json", "json", id="objects named as json"),
        pytest.param(b"[Pyongyang] words", "", "text", id="text that begins with a bracket"),
        pytest.param(b'{"body": "x"}\n', "", "jsonl", id="jsonl without a name"),
        pytest.param(b'{\n "body": "x"}\n', "", "json", id="json without a name"),
        pytest.param(b"---\ntitle: x\n---\nwords", "", "markdown", id="markdown without a name"),
        pytest.param(b"id,title,body\n1,a,b", "", "csv", id="csv without a name"),
        pytest.param(b"\xef\xbb\xbfTitle;Body\n1,a,b", "", "csv", id="csv of another kind"),
        pytest.param(b"\r\ntitle;body\n1;a", "", "csv", id="csv without a name, below a blank line"),
        pytest.param(b"One thing, and another: the body, they say", "", "text", id="sentence"),
        pytest.param(b"<div>words", "", "html", id="html without a name"),
        pytest.param(b"", "", "text", id="nothing"),
        pytest.param(b"\xbd\xc5", "", "text", id="no utf-8"),
    ],
)
def test_content_tells_formats(head: bytes, name: str, wanted: str) -> None:
    """Content that leaves no doubt wins over the name; where there is no name, content decides."""
    assert format_of(head, find_format(name), {}).name == wanted


def test_mapped_columns_tell_a_table() -> None:
    """A table without a name is known by columns that were mapped to our fields."""
    assert format_of(b"id,headline,words\n", None, {}).name == "text"
    assert format_of(b"id,headline,words\n", None, {"headline": "title"}).name == "csv"


@pytest.mark.parametrize(
    ("head", "name", "reason"),
    [
        pytest.param(b"%PDF-1.7", ".txt", "is a PDF; save its text", id="pdf named as text"),
        pytest.param(b"PK\x03\x04", "", "unpack it, or save it as text", id="zip"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "", "save it as HTML", id="word"),
        pytest.param(b"BZh9", "", "gzip, which is read", id="bzip2"),
        pytest.param(b"<?xml version='1.0'?><urlset>", ".xml", "XML of another kind (<urlset>)", id="sitemap"),
        pytest.param(
            b"<?xml version='1.0'?><urlset>", "", "XML of another kind (<urlset>)", id="sitemap without a name"
        ),
    ],
)
def test_what_cannot_be_read_says_what_to_do(head: bytes, name: str, reason: str) -> None:
    """What is known and cannot be read is refused with the way out, whatever it is called."""
    with pytest.raises(Refused) as refused:
        format_of(head, find_format(name), {})
    assert reason in str(refused.value)


def test_no_ending_is_claimed_twice() -> None:
    """Every ending is of one format, or of one thing that cannot be read."""
    endings = [ending for known in FORMATS.values() for ending in known.endings] + list(UNREADABLE)
    assert len(endings) == len(set(endings))
    assert find_unreadable("A.DOCX") == UNREADABLE[".docx"]


def test_formats_are_found_by_their_names() -> None:
    """A format that was asked for by name is that one, or an error that lists them all."""
    assert format_named("csv").endings == (".csv", ".tsv")
    with pytest.raises(IndexingError, match=r"there is no format 'cvs'\. There are: text, markdown, html"):
        format_named("cvs")


def test_no_format_is_loaded_before_it_is_needed() -> None:
    """Walking files imports none of the libraries that read them."""
    code = "import index.ingest.ingestion, sys; print(*sys.modules)"
    root = Path(__file__).parents[3]
    loaded = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
    assert not {"trafilatura", "lxml", "feedparser", "yaml", "markdown_it", "defusedxml"} & set(loaded.split())


@pytest.mark.parametrize("known", FORMATS.values(), ids=lambda known: known.name)
def test_every_format_has_a_reader(known: Format) -> None:
    """Every format's reader can be imported."""
    assert callable(known.reader)
