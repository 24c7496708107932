"""WordPress export (WXR): the posts of a site, `.xml` as WordPress names it, of any size.

Every published post becomes an article. Its link is its identity; its day is the one on the site's own clock, which
its link shows too; its author is the name shown, not the login; categories and tags are its topics, the site's title
its source. Content is HTML or what WordPress turns into it: blank lines between paragraphs, `[caption]` and other
shortcodes. Drafts, pages, pictures, menus and the like are passed over and counted.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Final

from index.archive.identity import row_origin
from index.document import Declared, RawDocument
from index.errors import UnreadableInput
from index.read.markup import line_from_html, text_from_html
from index.read.metadata import find_article_address, find_date, find_language, find_words, names, people
from index.read.reading import Passed, Refused, by_frequency
from index.read.safe_xml import TextHandler, parse
from index.read.text import MAX_ARTICLE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from index.read.reading import Reading

ARTICLE_TYPES: Final = re.compile(
    r"post|.*(?:news|article|report|story|stories|press|blog|column|editorial|interview).*"
)
"""Post types that are articles. Themes and plugins name types of their own, most of them for anything but articles."""

_EXPORT: Final = re.compile(r"http://wordpress\.org/export/[\d.]+/(excerpt/)?")
_OTHERS: Final[Mapping[str | None, str]] = {
    None: "",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
}
_FIELDS: Final = (
    "title link guid pubDate category dc:creator content:encoded excerpt:encoded wp:post_id wp:post_date"
    " wp:post_date_gmt wp:status wp:post_type wp:post_password"
)
_WANTED: Final = frozenset(_FIELDS.split())
MAX_AUTHORS: Final = 100_000
MAX_REASONS: Final = 100

_CHANNEL_DEPTH: Final = 2
"""Of the channel in the tree: rss, channel, item, field."""

_SHORTCODE = re.compile(
    r"\[/?(?:gallery|embed|audio|video|playlist|caption|wp_caption|vc_\w+|et_pb_\w+)\b[^\[\]]{0,4000}\]"
    r"|\[[a-z][\w-]{0,40}(?:\s+[\w-]{1,40}=(?:\"[^\"\[\]]{0,2000}\"|'[^'\[\]]{0,2000}'|[^\s\[\]\"']{1,2000})){1,20}\s*/?\]"
)
_BARE = re.compile(r"\[(?P<end>/?)(?P<name>[a-z][\w-]{0,40})\s*/?\]")
"""A shortcode without values, or a word in brackets."""

_CAPTION = re.compile(r"\[(?P<end>/?)(?:wp_)?caption\b(?P<values>[^\[\]]{0,4000})\]")
_CAPTION_TEXT = re.compile(r"""\bcaption="([^"]*)\"""")
_LINE_ENDS = re.compile(r"<[^<>]*>|\n[ \t]*\n\s*|\n")
_BLOCK_EDITOR = "<!-- wp:"


def read_wordpress(file: BinaryIO, origin: str, _fields: Mapping[str, str]) -> Iterator[Reading]:
    """The posts of an export, each bad one in its place, and at the end what was passed over."""
    export = _Export()
    passed: Counter[str] = Counter()
    try:
        for _ in parse(file, export):
            yield from _readings(export, origin, passed)
    except Refused as refused:
        yield from _readings(export, origin, passed)
        yield UnreadableInput(origin, export.line, f"{refused}; what follows was not read")
    if passed:
        listed = ", ".join(f"{what} ({count})" for what, count in by_frequency(passed))
        yield Passed(origin, f"no published articles, passed over: {listed}")


def _readings(export: _Export, origin: str, passed: Counter[str]) -> Iterator[Reading]:
    """What has become of the items that were read, with those passed over counted."""
    for item in export.take_items():
        if reason := _reason_to_pass(item):
            passed[reason if reason in passed or len(passed) < MAX_REASONS else "others"] += 1
            continue
        try:
            yield _article(item, export, origin)
        except Refused as refused:
            yield UnreadableInput(origin, item.line, f"the post {item.name} {refused}")


@dataclass(slots=True)
class _Item:
    """An item of the export: its fields as written. `length` counts their characters and those of their names."""

    line: int
    fields: dict[str, str] = field(default_factory=dict)
    categories: list[str] = field(default_factory=list)
    length: int = 0

    def get(self, name: str) -> str:
        """A field without the blanks around it; empty if there is none."""
        return self.fields.get(name, "").strip()

    @property
    def name(self) -> str:
        """How to speak of it."""
        return f"{self.get('wp:post_id')} {self.get('title')!r}"[:120].strip()


class _Export(TextHandler):
    """Gathers the channel's title and language, the authors, and the items as they end."""

    def __init__(self) -> None:
        super().__init__()
        self.channel: dict[str, str] = {}
        self.authors: dict[str, str] = {}
        self._author: dict[str, str] = {}
        self._items: list[_Item] = []
        self._item: _Item | None = None
        self._field: str | None = None
        self._pieces: list[str] = []
        self._length = 0

    def take_items(self) -> list[_Item]:
        """The items that have ended since the last call."""
        items, self._items = self._items, []
        return items

    def begin(self, namespace: str | None, name: str) -> None:
        """Begin an item, an author, or a field of one or of the channel."""
        if self.depth == _CHANNEL_DEPTH + 1:
            if name == "item":
                self._item = _Item(self.line)
            elif name == "author":
                self._author = {}
        named = _named(namespace, name)
        in_item = self._item is not None and self.depth == _CHANNEL_DEPTH + 2 and named in _WANTED
        in_author = named.startswith("wp:author_") and self.depth == _CHANNEL_DEPTH + 2
        in_channel = named in {"title", "language"} and self.depth == _CHANNEL_DEPTH + 1
        if in_item or in_author or in_channel:
            self._field = named
            self._pieces.clear()
            self._length = (self._item.length if self._item else 0) + len(named)

    def write(self, text: str) -> None:
        """Keep a piece of a field, up to what an article may be long."""
        if self._field is not None:
            self._length += len(text)
            if self._length <= MAX_ARTICLE_BYTES:
                self._pieces.append(text)

    def end(self, namespace: str | None, name: str) -> None:
        """End a field, an author or an item."""
        if self.depth == _CHANNEL_DEPTH + 1 and self._item is not None and name == "item":
            self._items.append(self._item)
            self._item = None
        elif self.depth == _CHANNEL_DEPTH + 1 and name == "author":
            login = self._author.get("wp:author_login", "").strip()
            if len(self.authors) < MAX_AUTHORS:
                self.authors[login] = self._author.get("wp:author_display_name", "").strip() or login
        elif self._field == _named(namespace, name):
            self._keep("".join(self._pieces))

    def _keep(self, text: str) -> None:
        """Put a field where it belongs."""
        name, self._field = self._field or "", None
        if self._item is None:
            (self._author if name.startswith("wp:") else self.channel)[name] = text
            return
        self._item.length = self._length
        if self._length > MAX_ARTICLE_BYTES:
            return
        if name == "category":
            self._item.categories.append(text)
        else:
            self._item.fields[name] = text


def _named(namespace: str | None, name: str) -> str:
    """A field's name as it is usually written: with the prefix of its namespace."""
    if match := _EXPORT.fullmatch(namespace or ""):
        return f"{'excerpt' if match[1] else 'wp'}:{name}"
    return f"{_OTHERS.get(namespace, '?:')}{name}"


def _reason_to_pass(item: _Item) -> str | None:
    """What an item is that is no published article."""
    kind = item.get("wp:post_type")[:40] or "post"
    status = item.get("wp:status")[:40] or "publish"
    if not ARTICLE_TYPES.fullmatch(kind):
        return kind
    if status != "publish":
        return f"{kind}: {status}"
    return f"{kind}: behind a password" if item.get("wp:post_password") else None


def _article(item: _Item, export: _Export, origin: str) -> RawDocument:
    """The article of a post. Raises `Refused` for one that says nothing or too much."""
    if item.length > MAX_ARTICLE_BYTES:
        raise Refused(f"is larger than {MAX_ARTICLE_BYTES // 1024**2} MiB, too large for one article")
    title = find_words(line_from_html(item.get("title")))
    content = text_from_post(item.get("content:encoded")) or text_from_post(item.get("excerpt:encoded"))
    if not content and title is None:
        raise Refused("has neither words in its body nor a title")
    login = item.get("dc:creator")
    return RawDocument(
        id=None,
        url=find_article_address([item.get("link"), item.get("guid")]),
        origin=row_origin(origin, item.line),
        content=content,
        media_type="text/plain",
        declared=Declared(
            title=title,
            date=find_date(_dates(item)),
            source=find_words(line_from_html(export.channel.get("title", ""))),
            topics=names(line_from_html(category) for category in item.categories),
            authors=people([export.authors.get(login, login)]),
            language=find_language([export.channel.get("language")]),
        ),
    )


def _dates(item: _Item) -> list[str]:
    """Days of publication, best first: by the site's clock, then by Greenwich's. WordPress writes zeros for none."""
    written = [item.get(name) for name in ("wp:post_date", "pubDate", "wp:post_date_gmt")]
    return [date for date in written if not date.startswith("0000")]


def text_from_post(content: str) -> str:
    """The text of a post's content, which is HTML but for what WordPress itself turns into HTML. Raises `Refused`."""
    content = content.replace("\r\n", "\n")
    opened = sum(1 for match in _CAPTION.finditer(content) if not match["end"])
    if 2 * opened == sum(1 for _ in _CAPTION.finditer(content)):
        content = _CAPTION.sub(_figure, content)
    content = _SHORTCODE.sub("", content)
    ended = {match["name"] for match in _BARE.finditer(content) if match["end"]}
    content = _BARE.sub(lambda match: "" if match["name"] in ended else match.group(), content)
    if _BLOCK_EDITOR not in content:
        content = _LINE_ENDS.sub(_line_end, content)
    return text_from_html(content)


def _figure(shortcode: re.Match[str]) -> str:
    """The shortcode around a picture and its words, as HTML. Old ones give the words as a value."""
    if shortcode["end"]:
        return "</figcaption></figure>"
    words = _CAPTION_TEXT.search(shortcode["values"])
    return f"<figure><figcaption>{words[1] if words else ''} "


def _line_end(match: re.Match[str]) -> str:
    """What WordPress makes of the line ends between tags: a paragraph of a blank line, a break of any other."""
    if match.group().startswith("<"):
        return match.group()
    return "<p>" if match.group().count("\n") > 1 else "<br>"
