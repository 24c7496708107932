"""HTML: one article per page, `.html` or `.htm`, as it was saved or exported.

trafilatura finds the article among menus and footers; it is written down as plain text (`index.read.markup`), the
words under pictures as lines of their own. What the page declares is read by `index.read.page_metadata`. A page
without an article, such as a list of links, is a problem and not an empty article.
"""

from __future__ import annotations

import logging
from configparser import ConfigParser
from functools import cache
from typing import TYPE_CHECKING, BinaryIO, Final

import trafilatura
from lxml.html import Element
from trafilatura.settings import DEFAULT_CONFIG

from index.document import RawDocument
from index.errors import UnreadableInput
from index.read.encoding import checked, find_declared, text_from_bytes
from index.read.markup import caption_line, is_caption, text_from_tree, tree_from_html
from index.read.page_metadata import metadata_of
from index.read.reading import Refused
from index.read.streams import HEAD_BYTES, read_whole
from index.read.text import MAX_ARTICLE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lxml.html import HtmlElement

    from index.read.reading import Reading

MAX_ELEMENTS: Final = 30_000
"""Of a page. News pages have a few thousand; the time to find the article grows with the square of their number."""

_MOST_LINKED: Final = 0.9
"""The share of a text in links from which on it is a list of links and no article."""


def read_html(file: BinaryIO, origin: str, _fields: Mapping[str, str]) -> Iterator[Reading]:
    """The article of a page, or why it cannot be taken."""
    try:
        content = read_whole(file, MAX_ARTICLE_BYTES)
        yield article_from_html(text_from_bytes(content, find_declared(content[:HEAD_BYTES])), origin)
    except Refused as refused:
        yield UnreadableInput(origin, None, str(refused))


def article_from_html(source: str, origin: str) -> RawDocument:
    """The article of a page. Raises `Refused` if there is none, or the page is too much."""
    page = tree_from_html(checked(source))
    if page is None:
        raise Refused("is empty")
    if sum(1 for _ in page.iter()) > MAX_ELEMENTS:
        raise Refused(f"holds more than {MAX_ELEMENTS:,} elements, too much for one article")
    metadata = metadata_of(page, source)
    links = {" ".join("".join(link.itertext()).split()) for link in page.iter("a")}
    content = _main_text(_with_caption_lines(page))
    if not content.strip():
        raise Refused("holds no article: there is no text outside its menus")
    if _is_list_of(links, content):
        raise Refused("holds no article: there is nothing but links")
    return RawDocument(
        id=None,
        url=metadata.url,
        origin=origin,
        content=content,
        media_type="text/plain",
        declared=metadata.declared,
    )


def _with_caption_lines(page: HtmlElement) -> HtmlElement:
    """The page with the words under each picture in a paragraph behind it, where trafilatura keeps them."""
    for caption in reversed([element for element in page.iter() if is_caption(element)]):  # each goes before the last
        above = caption.getparent()
        if above is None:
            continue
        line = Element("p")
        line.text = caption_line("".join(caption.itertext()))
        figure = next(caption.iterancestors("figure"), caption)
        if figure.getparent() is not None:
            figure.addnext(line)
            caption.drop_tree()
    return page


def _main_text(page: HtmlElement) -> str:
    """The article's text as trafilatura finds it; empty if it finds none."""
    for name in ("trafilatura", "htmldate", "readability", "justext"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what they say of a page is said by our own problems
    try:
        found = trafilatura.bare_extraction(page, include_comments=False, include_tables=True, config=_settings())
    except Exception as error:  # no page that trips up a library may stop those that follow
        raise Refused(f"cannot be taken apart: {type(error).__name__}: {error}") from error
    if found is None or isinstance(found, dict):
        return ""
    body = found.body
    whole = (body[0].text or "") if len(body) == 1 and len(body[0]) == 0 else ""
    if "\n" in whole:  # all that it could do was to list the blocks
        return "\n\n".join(" ".join(line.split()) for line in whole.split("\n") if line.strip())
    return text_from_tree(body)


@cache
def _settings() -> ConfigParser:
    """The settings of trafilatura, but for the length below which it gives up and flattens what it found."""
    settings = ConfigParser()
    settings.read_dict(DEFAULT_CONFIG)
    settings["DEFAULT"]["MIN_EXTRACTED_SIZE"] = "1"
    return settings


def _is_list_of(links: set[str], content: str) -> bool:
    """Whether a text's lines are hardly anything but the words of links."""
    lines = [line.removeprefix("- ") for line in content.splitlines() if line]
    linked = sum(len(line) for line in lines if line in links)
    return linked >= _MOST_LINKED * sum(map(len, lines))
