"""Markdown: one article per file, `.md` or `.markdown`, with the front matter that static site generators write.

Front matter is YAML between lines of `---` or TOML between lines of `+++`. Its names are those of `index.read.rows`,
the ones that Jekyll, Hugo and their like use for the same (`NAMES`), or mapped ones. The body becomes plain text:
headings, items and the words of links stay, markup and addresses go, and a picture's words become a line that says so.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import yaml
from markdown_it import MarkdownIt

from index.errors import UnreadableInput
from index.read.encoding import checked, text_from_bytes
from index.read.markup import caption_line, text_from_html
from index.read.metadata import is_web_address
from index.read.reading import Passed, Refused, UnusedNames
from index.read.rows import LISTS, our_names, raw_from_row, values_of
from index.read.streams import read_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from markdown_it.token import Token

    from index.read.reading import Reading

MAX_BYTES: Final = 1024 * 1024
MAX_LINES: Final = 50_000
MAX_BRACKETS: Final = 20_000
"""The time to tell links from brackets grows with the square of their number."""

MAX_CELLS: Final = 200_000
"""Of tables, which fill up every row to the width of the first; beyond that their rows are read as text."""

MAX_FRONT_MATTER: Final = 64 * 1024
MAX_NESTING: Final = 100

NAMES: Final[Mapping[str, str]] = {
    "published": "date",
    "publishdate": "date",
    "pubdate": "date",
    "author": "authors",
    "byline": "authors",
    "regions": "region",
    "place": "region",
    "places": "region",
    "location": "region",
    "publisher": "source",
    "topics": "topic",
    "tag": "topic",
    "tags": "topic",
    "category": "topic",
    "categories": "topic",
    "section": "topic",
    "lang": "language",
    "canonical": "url",
    "canonical_url": "url",
    "permalink": "url",
    "link": "url",
}
"""What others call our fields. A slug is not among them: translations share theirs, so it names no article."""

_FRONT_MATTER = re.compile(
    r"\s*(?P<mark>---|\+\+\+)[ \t]*\n(?P<yaml>.*?)^(?P=mark)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
"""A character that JSON writes as two, where YAML, which is to take all JSON, takes them for two."""

_PICTURE_FILE = re.compile(r"[\w.-]+\.(?:jpe?g|png|gif|webp|svg|tiff?)", re.IGNORECASE)


def read_markdown(file: BinaryIO, origin: str, fields: Mapping[str, str]) -> Iterator[Reading]:
    """The article a file holds, what its front matter says that was not used, or why it cannot be taken.

    `fields` maps names in the front matter to ours (see `index.read.rows.check_fields`).
    """
    try:
        declared, body = split(checked(text_from_bytes(read_whole(file, MAX_BYTES))).replace("\r\n", "\n"))
        if is_draft(declared):
            yield Passed(origin, "is a draft")
            return
        row, theirs, unused = _row_from_front_matter(declared, fields)
        yield raw_from_row(row | {"body": text_from_markdown(body)}, origin, theirs)
        yield from unused.report(origin.rpartition("/")[0] or origin)
    except Refused as refused:
        yield UnreadableInput(origin, None, str(refused))


def split(text: str) -> tuple[dict[str, object], str]:
    """The front matter and the body of a text. Raises `Refused` for front matter that cannot be read."""
    match = _FRONT_MATTER.match(text)
    if match is None or match["yaml"] is None:
        return {}, text
    if len(match["yaml"]) > MAX_FRONT_MATTER:
        raise Refused(f"has front matter of more than {MAX_FRONT_MATTER // 1024} KiB")
    try:
        values = _yaml(match["yaml"]) if match["mark"] == "---" else _toml(match["yaml"])
    except (yaml.YAMLError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"has front matter that cannot be read: {' '.join(str(error).split())}") from error
    except (RecursionError, ValueError) as error:
        raise Refused(
            "has front matter that cannot be read: it is nested too deeply, or a value is too long"
        ) from error
    if values is None:
        return {}, text[match.end() :]
    if not isinstance(values, dict):
        return {}, text  # two rules with a paragraph between them
    return {str(name): value for name, value in values.items()}, text[match.end() :]


def is_draft(declared: Mapping[str, object]) -> bool:
    """Whether front matter says that an article is not published."""
    return declared.get("draft") is True or declared.get("published") is False


def text_from_markdown(body: str) -> str:
    """The words of a Markdown text, with blank lines between paragraphs. Raises `Refused` if it is too much."""
    if body.count("\n") > MAX_LINES:
        raise Refused(f"holds more than {MAX_LINES:,} lines")
    if body.count("[") > MAX_BRACKETS:
        raise Refused(f"holds more than {MAX_BRACKETS:,} opening brackets")
    rows = [line.count("|") for line in body.split("\n") if "|" in line]
    tokens = _parser(has_tables=max(rows, default=0) * len(rows) <= MAX_CELLS).parse(body)
    if max((token.level for token in tokens), default=0) >= MAX_NESTING - 1:  # the parser drops what is deeper
        raise Refused(f"nests lists and quotes more than {MAX_NESTING} deep")
    return _Writer(tokens).text()


@cache
def _parser(*, has_tables: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable("strikethrough")
    return parser.enable("table") if has_tables else parser


def _yaml(text: str) -> object:
    """Values as written, but for null, true and false: a date stays the text it is, and "no" stays a word."""
    text = _PAIR.sub(lambda pair: json.loads(f'"{pair.group()}"'), text)
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - makes nothing but texts, lists and mappings


class _Loader(yaml.BaseLoader):
    """Makes texts, lists, mappings, None, True and False, and follows no instructions."""


_NULL, _BOOL = "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool"
_Loader.add_implicit_resolver(_NULL, re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver(_BOOL, re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF"))
_Loader.add_constructor(_NULL, lambda _loader, _node: None)
_Loader.add_constructor(_BOOL, lambda _loader, node: str(node.value).lower() == "true")


def _toml(text: str) -> object:
    values = tomllib.loads(text)
    return {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in values.items()}


def _row_from_front_matter(
    declared: Mapping[str, object], fields: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str], UnusedNames]:
    """A row by our names, what it calls them itself, and the names of what was not used.

    Of two names for one field the first counts; of a list both do, and it goes by our name.
    """
    ours = {**NAMES, **our_names(fields)}
    row: dict[str, Any] = {}
    theirs: dict[str, str] = {}
    others = []
    for name, value in declared.items():
        field = ours.get(name) or ours.get(name.lower())
        if value is None or isinstance(value, bool) or value == "":
            continue
        if field in {None, "body"} or (field == "url" and not (isinstance(value, str) and is_web_address(value))):
            others.append(name)  # a permalink may be a path on the site it was written for
        elif field in LISTS:
            theirs[field] = field if field in row else name
            row[field] = [*row.get(field, ()), *values_of(value)]  # tags and categories
        elif field in row:
            others.append(name)
        else:
            theirs[field], row[field] = name, value
    unused = UnusedNames()
    unused.count(others)
    return row, theirs, unused


class _Writer:
    """Writes the words of a parsed Markdown text: one paragraph per block, one line per item."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._paragraphs: list[str] = []
        self._items: list[str] = []
        self._captions: list[str] = []
        self._numbers: list[int | None] = []
        self._mark = ""
        for token in tokens:
            self._take(token)
        self._end_list()

    def text(self) -> str:
        """All that was written."""
        return "\n\n".join(self._paragraphs)

    def _take(self, token: Token) -> None:
        match token.type:
            case "inline":
                self._write(*_words_and_captions(token.children or ()))
            case "fence" | "code_block":
                self._write(token.content.strip("\n"), ())
            case "html_block":
                self._write(text_from_html(token.content), ())
            case "bullet_list_open":
                self._numbers.append(None)
            case "ordered_list_open":
                self._numbers.append(int(token.attrGet("start") or 1))
            case "list_item_open":
                self._mark = self._next_mark()
            case "bullet_list_close" | "ordered_list_close":
                self._numbers.pop()
                if not self._numbers:
                    self._end_list()
            case "th_open" | "td_open" | "tr_open" | "table_close":
                self._take_table(token)

    def _take_table(self, token: Token) -> None:
        """Rows are items without a mark, and cells stand on one line."""
        if token.type == "tr_open":
            self._items.append("")
        elif token.type == "table_close":
            self._end_list()
        elif self._items[-1]:
            self._items[-1] += " | "

    def _write(self, words: str, captions: Sequence[str]) -> None:
        if self._numbers and words:
            self._items.append(self._mark + words)
            self._mark = ""
        elif self._items:  # a cell
            self._items[-1] += words
        elif words:
            self._paragraphs.append(words)
        self._captions.extend(captions)
        if not self._numbers and not self._items:
            self._end_list()

    def _next_mark(self) -> str:
        number = self._numbers[-1] if self._numbers else None
        if number is None:
            return "- "
        self._numbers[-1] = number + 1
        return f"{number}. "

    def _end_list(self) -> None:
        items = [item for item in self._items if item]
        if items:
            self._paragraphs.append("\n".join(items))
        self._paragraphs.extend(self._captions)
        self._items.clear()
        self._captions.clear()


def _words_and_captions(tokens: Sequence[Token]) -> tuple[str, list[str]]:
    """The words of a paragraph, and those of the pictures in it."""
    words: list[str] = []
    captions: list[str] = []
    for token in tokens:
        match token.type:
            case "text" | "code_inline":
                words.append(token.content)
            case "softbreak":
                words.append(" ")
            case "hardbreak":
                words.append("\n")
            case "html_inline":
                words.append("\n" if token.content.lower().startswith("<br") else "")
            case "image":
                captions.append(_caption(token))
    lines = (" ".join(line.split()) for line in "".join(words).split("\n"))
    return "\n".join(line for line in lines if line), [caption for caption in captions if caption]


def _caption(image: Token) -> str:
    """What is said of a picture: its title, else its description unless that is but the name of a file."""
    title = str(image.attrGet("title") or "")
    words = title or "".join(token.content for token in image.children or ())
    return "" if _PICTURE_FILE.fullmatch(words.strip()) else caption_line(words)
