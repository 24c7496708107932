"""RSS and Atom: every entry of a feed is an article, `.rss`, `.atom` or `.xml`.

The body is the entry's content, or its summary where that is all there is; HTML becomes plain text. The link is the
article's identity, the feed's title its source, categories are its topics. feedparser knows the dialects; before it
sees a feed, the encoding is settled and `index.read.safe_xml` has made sure that it is not hostile.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import feedparser

from index.archive.identity import id_problem, row_origin
from index.document import Declared, RawDocument
from index.errors import UnreadableInput
from index.read.encoding import checked, find_declared, text_from_bytes
from index.read.markup import line_from_html, text_from_html
from index.read.metadata import (
    find_article_address,
    find_date,
    find_language,
    find_web_address,
    find_words,
    names,
    people,
)
from index.read.reading import MAX_UNKNOWN, Passed, Refused, by_frequency
from index.read.safe_xml import NotWellFormed, TextHandler, parse
from index.read.streams import HEAD_BYTES, read_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from index.read.reading import Reading

MAX_BYTES: Final = 32 * 1024 * 1024
"""Of a feed, which is held in memory as a whole."""

_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f]")


def read_feed(file: BinaryIO, origin: str, _fields: Mapping[str, str]) -> Iterator[Reading]:
    """The entries of a feed, each bad one in its place, and at the end the dates that were of no use."""
    dateless: Counter[str] = Counter()
    try:
        feed, damage = _parsed(read_whole(file, MAX_BYTES, "a feed"))
        yield from _readings(feed, origin, dateless)
        if damage is not None:
            yield UnreadableInput(origin, None, str(damage))
    except Refused as refused:
        yield UnreadableInput(origin, None, str(refused))
    if dateless:
        listed = ", ".join(f"{date!r} ({count})" for date, count in by_frequency(dateless))
        yield Passed(origin, f"dates that tell no day, passed over: {listed}")


def _parsed(content: bytes) -> tuple[Any, Refused | None]:
    """A feed as feedparser understands it, and what is wrong with it if it could be read all the same."""
    text = checked(text_from_bytes(content, find_declared(content[:HEAD_BYTES])))
    clean = _DECLARATION.sub("", _CONTROL.sub("", text), count=1).encode()
    damage = _find_damage(clean)
    try:
        feed = feedparser.parse(io.BytesIO(clean), sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # no feed that trips up a library may stop those that follow
        raise damage or Refused(f"cannot be taken apart: {type(error).__name__}: {error}") from error
    if not feed.entries:
        raise damage or Refused("holds no entries" if feed.get("version") else "is no RSS or Atom feed")
    return feed, damage


def _find_damage(content: bytes) -> Refused | None:
    """What is wrong with the XML of a feed, if that is no more than that it is not well-formed. Raises `Refused`."""
    try:
        for _ in parse(io.BytesIO(content), TextHandler()):
            pass
    except NotWellFormed as damage:
        return Refused(f"{damage}; entries may be missing")
    return None


def _readings(feed: Any, origin: str, dateless: Counter[str]) -> Iterator[Reading]:  # noqa: ANN401 - feedparser's own
    for number, entry in enumerate(feed.entries, start=1):
        try:
            article = _article(entry, feed.feed, row_origin(origin, number))
        except Refused as refused:
            yield UnreadableInput(origin, number, f"the entry {entry.get('title', '')[:80]!r} {refused}")
            continue
        if article.declared.date is None and _dates(entry):
            date = _dates(entry)[0][:40]
            dateless[date if date in dateless or len(dateless) < MAX_UNKNOWN else "others"] += 1
        yield article


def _article(entry: Any, feed: Any, origin: str) -> RawDocument:  # noqa: ANN401 - feedparser's own
    title = find_words(_line(entry.get("title_detail")))
    content = _body(entry)
    if not content and title is None:
        raise Refused("has neither words in its body nor a title")
    link = entry.get("link", "")
    site = find_web_address(feed.get("link")) if link.startswith("/") else None
    url = find_article_address([link], site) or find_article_address([entry.get("id")])
    source = entry.get("source") or {}
    return RawDocument(
        id=None if url else _id(entry.get("id")),
        url=url,
        origin=origin,
        content=content,
        media_type="text/plain",
        declared=Declared(
            title=title,
            date=find_date(_dates(entry)),
            source=find_words(_line(source.get("title_detail"))) or find_words(_line(feed.get("title_detail"))),
            topics=names(tag.get("label") or tag.get("term") for tag in entry.get("tags", ())),
            authors=people(author.get("name") for author in entry.get("authors", ())),
            language=find_language([_language(entry), entry.get("language"), feed.get("language")]),
        ),
    )


def _body(entry: Any) -> str:  # noqa: ANN401 - feedparser's own
    """The longest content of an entry as text, else its summary."""
    texts = [_text(content) for content in entry.get("content", ())]
    return max(texts, key=len, default="") or _text(entry.get("summary_detail"))


def _text(detail: Mapping[str, str] | None) -> str:
    """A text that may be plain or HTML."""
    value = (detail or {}).get("value") or ""
    if (detail or {}).get("type") == "text/plain":
        value = value.replace("&", "&amp;").replace("<", "&lt;").replace("\n\n", "<p>")
    return text_from_html(value)


def _line(detail: Mapping[str, str] | None) -> str:
    value = (detail or {}).get("value") or ""
    return value if (detail or {}).get("type") == "text/plain" else line_from_html(value)


def _dates(entry: Any) -> list[str]:  # noqa: ANN401 - feedparser's own
    """The days an entry may have been published on, as written and as feedparser reads them, best first."""
    dates = []
    for name in ("published", "created", "updated"):
        if written := dict.get(entry, name):  # its own get answers with another date where there is none
            dates.append(written)
            if moment := dict.get(entry, f"{name}_parsed"):
                dates.append(f"{moment.tm_year:04}-{moment.tm_mon:02}-{moment.tm_mday:02}")
    return dates


def _language(entry: Any) -> str | None:  # noqa: ANN401 - feedparser's own
    return next((content.get("language") for content in entry.get("content", ()) if content.get("language")), None)


def _id(guid: str | None) -> str | None:
    """The name of an entry without an address, as it is if it can be an id."""
    if not guid:
        return None
    return guid if id_problem(guid) is None else hashlib.sha256(guid.encode(errors="replace")).hexdigest()[:16]
