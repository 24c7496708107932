"""What was written in any format is read as it was meant; what was never written by anybody raises nothing."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.archive.identity import id_problem
from index.document import RawDocument
from index.errors import UnreadableInput
from index.read.formats import FORMATS, format_of
from index.read.metadata import is_web_address
from index.read.reading import Passed, Refused, UnknownFields
from tests.index.read.readers import only_article, readings
from tests.index.read.written import (
    Written,
    articles,
    as_atom,
    as_csv,
    as_markdown,
    as_page,
    as_rss,
    as_wordpress,
)

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

_VOCABULARY = (
    "market",
    "rice",
    "Hyesan",
    "Sinuiju",
    "border",
    "official",
    "trade",
    "winter",
    "harvest",
    "family",
    "train",
)
SENTENCES = st.lists(st.sampled_from(_VOCABULARY), min_size=6, max_size=20).map(lambda words: f"The {' '.join(words)}.")


def read_all(format_name: str, content: str) -> list[RawDocument]:
    """The articles of a file, which holds nothing but articles."""
    items = readings(format_name, content)
    articles = [item for item in items if isinstance(item, RawDocument)]
    assert items == articles
    return articles


def assert_same(read: RawDocument, written: Written, *, has_all_authors: bool = True) -> None:
    """Compare an article with what was written."""
    assert read.content == "\n\n".join(written.paragraphs)
    assert read.declared.title == written.title
    assert read.url == written.url
    assert read.declared.topics == written.topics
    assert read.declared.authors == (written.authors if has_all_authors else written.authors[:1])
    assert read.media_type == "text/plain"


@UNHURRIED
@given(written=articles(), delimiter=st.sampled_from(",;\t"), line_end=st.sampled_from(["\n", "\r\n"]))
def test_tables(written: list[Written], delimiter: str, line_end: str) -> None:
    """A table gives back what was put into it."""
    for article, original in zip(read_all("csv", as_csv(written, delimiter, line_end)), written, strict=True):
        assert_same(article, original)
        assert article.declared.date == original.moment.isoformat()


@UNHURRIED
@given(written=articles())
def test_wordpress_exports(written: list[Written]) -> None:
    """An export gives back its posts, with the one author that WordPress has for each."""
    for article, original in zip(read_all("wordpress", as_wordpress(written)), written, strict=True):
        assert_same(article, original, has_all_authors=False)
        assert article.declared.date == str(original.moment.replace(tzinfo=None))
        assert article.declared.source == "Site"


def looks_encoded_twice(text: str) -> bool:
    """Whether feedparser takes a text for UTF-8 that was read as Latin 1, and mends it (docs/formats.md)."""
    try:
        return text.encode("latin-1").decode() != text
    except UnicodeError:
        return False


def _is_plain(written: list[Written]) -> bool:
    texts = (text for one in written for text in (one.title or "", *one.topics, *one.authors, *one.paragraphs))
    return not any(map(looks_encoded_twice, texts))


FEEDS = articles().filter(_is_plain)


@UNHURRIED
@given(written=FEEDS)
def test_atom_feeds(written: list[Written]) -> None:
    """An Atom feed gives back its entries."""
    for article, original in zip(read_all("feed", as_atom(written)), written, strict=True):
        assert_same(article, original)
        assert article.declared.date == original.moment.isoformat()


@UNHURRIED
@given(written=FEEDS)
def test_rss_feeds(written: list[Written]) -> None:
    """An RSS feed gives back the text and the day of its items."""
    for article, original in zip(read_all("feed", as_rss(written)), written, strict=True):
        assert article.content == "\n\n".join(original.paragraphs)
        assert article.declared.title == original.title
        assert f"{original.moment:%d %b %Y}" in str(article.declared.date)


@UNHURRIED
@given(written=articles())
def test_markdown(written: list[Written]) -> None:
    """A Markdown file gives back its front matter and its text."""
    for original in written:
        article = only_article("markdown", as_markdown(original))
        assert_same(article, original)
        assert article.declared.date == original.moment.isoformat()


@UNHURRIED
@given(written=articles(SENTENCES))
def test_web_pages(written: list[Written]) -> None:
    """A page gives back what it declares, and its paragraphs if they are sentences of their own."""
    for original in written:
        paragraphs = dict.fromkeys(original.paragraphs)
        article = only_article("html", as_page(original))
        assert article.declared.title == original.title
        assert article.declared.date == original.moment.isoformat()
        assert (article.declared.topics, article.declared.authors) == (original.topics, original.authors)
        assert article.url == original.url
        assert dict.fromkeys(article.content.split("\n\n")) == paragraphs


_SAMPLE = Written(
    1, "Prices & rice", ("One <two>.", "Three."), dt.datetime(2019, 3, 5, tzinfo=dt.UTC), ("a",), ("B C",)
)
SAMPLES = {
    "text": "One.\n\nTwo.",
    "markdown": as_markdown(_SAMPLE) + "\n- a\n- b\n\n> c\n\n| d | e |\n|---|---|\n| f | g |\n\n![h](i)\n<b>j</b>\n",
    "html": as_page(_SAMPLE).replace(
        "</article>", "<figure><figcaption>a</figcaption></figure><ul><li>b</ul></article>"
    ),
    "jsonl": '{"body": "One", "region": [{"id": "kp", "role": "event"}]}\n{"body": "Two"}\n',
    "json": '[{"body": "One", "id": 1},\n {"body": "Two", "topic": ["a"]}]',
    "csv": as_csv([_SAMPLE, _SAMPLE], ",", "\n"),
    "feed": as_rss([_SAMPLE]),
    "wordpress": as_wordpress([_SAMPLE, _SAMPLE]),
}


@st.composite
def mutated(draw: st.DrawFn, sample: str) -> bytes:
    """A sample with some pieces of it replaced by others or by noise."""
    content = sample.encode()
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
        source = draw(st.integers(0, len(content)))
        piece = draw(st.binary(max_size=6) | st.just(content[source : source + 20]) | st.sampled_from(NOISE))
        content = content[:start] + piece + content[min(end, start + 30) :]
    return content


NOISE = [
    b"<", b">", b"&", b'"', b"\\", b"\0", b"\xff", b"]]>", b"<!--", b"&#xD800;", b"&#1114112;", b"&nbsp;",
    b"\\ud800", b"[", b"{", b"---\n", b"1" * 5000, b"<![CDATA[", b"\xed\xa0\x80", b"<b>", b"</p>", b"<!DOCTYPE x>",
    b"\r", b"\xe2\x80\xa8",
]  # fmt: skip


def assert_sound(format_name: str, content: bytes) -> None:
    """Read something, and check whatever comes of it."""
    for item in readings(format_name, content):
        assert isinstance(item, RawDocument | UnreadableInput | UnknownFields | Passed)
        if isinstance(item, RawDocument):
            item.content.encode()
            assert "\0" not in item.content
            assert item.content.strip() or item.declared.title
            assert item.url is None or is_web_address(item.url)
            assert item.id is None or id_problem(item.id) is None
            texts = [item.declared.title, item.declared.source, *item.declared.topics, *item.declared.authors]
            assert all(text.strip() and text.encode() for text in texts if text is not None)


@pytest.mark.parametrize("format_name", FORMATS)
@settings(UNHURRIED, max_examples=150)
@given(data=st.data())
def test_damage_of_any_kind(format_name: str, data: st.DataObject) -> None:
    """A file that has been tampered with gives articles that can be kept, and problems, and raises nothing."""
    assert_sound(format_name, data.draw(mutated(SAMPLES[format_name])))


@pytest.mark.parametrize("format_name", FORMATS)
@settings(UNHURRIED, max_examples=60)
@given(content=st.binary(max_size=200))
def test_bytes_of_any_kind(format_name: str, content: bytes) -> None:
    """Bytes that mean nothing give articles that can be kept, and problems, and raise nothing."""
    assert_sound(format_name, content)


@pytest.mark.parametrize("format_name", FORMATS)
@settings(UNHURRIED, max_examples=40)
@given(data=st.data())
def test_any_content_in_any_reader(format_name: str, data: st.DataObject) -> None:
    """What is read as another format than it is gives articles that can be kept, and problems, and raises nothing."""
    assert_sound(format_name, SAMPLES[data.draw(st.sampled_from(sorted(SAMPLES)))].encode())


@given(head=st.binary(max_size=100), told=st.none() | st.sampled_from(list(FORMATS.values())))
def test_a_format_is_always_told(head: bytes, told: None) -> None:
    """Whatever a file begins with, it has a format or a reason why it cannot be read."""
    try:
        said = format_of(head, told, {}).name
    except Refused as refused:
        said = str(refused)
    assert said in FORMATS or re.match(r"(is|holds) ", said)
