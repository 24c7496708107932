"""HTML as plain text: paragraphs with a blank line between them, one line per item, row and caption, and no markup.

`tree_from_html` parses what may be anything, within limits. `text_from_tree` writes it down; `text_from_html` does
both for the piece of HTML that a feed or an export holds. The words under a picture become a line of their own that
begins with "Image:", so that whoever reads the text can tell them from the article.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lxml import etree
from lxml.html import HTMLParser, document_fromstring

from index.read.metadata import plain
from index.read.reading import Refused

if TYPE_CHECKING:
    from lxml.html import HtmlElement

MAX_TAGS: Final = 200_000

_HTML_BLOCKS: Final = (
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figure footer form h1"
    " h2 h3 h4 h5 h6 header hr html legend main nav ol p pre section summary table tbody tfoot thead ul"
)
_TRAFILATURA_BLOCKS: Final = "head list quote code"
BLOCKS: Final = frozenset(_HTML_BLOCKS.split() + _TRAFILATURA_BLOCKS.split())
LINES: Final = frozenset({"li", "item", "tr", "row", "option"})
BREAKS: Final = frozenset({"br", "lb"})
"""One ends a line, two in a row a paragraph."""

CELLS: Final = frozenset({"td", "th", "cell"})
LISTS: Final = frozenset({"ol", "ul", "list"})
ITEMS: Final = frozenset({"li", "item"})
_SKIPPED_TAGS: Final = (
    "audio base button canvas embed iframe input link map math meta noframes noscript object script select style svg"
    " template textarea title video"
)
SKIPPED: Final = frozenset(_SKIPPED_TAGS.split())
CAPTION_CLASSES: Final = ("wp-caption-text", "wp-caption-dd", "image-caption", "photo-caption")

# Narrower than the rules `caption-…` of extraction, so that what they do not know is marked.
_CREDITED = r"(?:[A-Z][\w/-]*|[A-Z]\.|via|of|for|the|and|/)"
_CREDIT = re.compile(
    rf"Image: \S.{{0,3000}}$|(?!.*[다고]\.?$).{{0,300}}?(?:(?:^|[\s/.…\"”)\]])(?<![,;·ㆍ] )"
    rf"(?:(?:Images?|Photos?|Pictures?|Graphics?|Illustration|Screenshot)(?: credits?)?(?: ?: ?| by )"
    rf"{_CREDITED}(?: {_CREDITED}){{0,5}}\.?|사진 ?[:=] ?[A-Z가-힣]\w*(?: [A-Z가-힣]\w*){{0,4}})"
    r"|\((?:Image|Photo|Picture): [^()]{1,60}\))$"
)
_BLANK_LINES = re.compile(r"\n\s*\n")
_DEEPEST: Final = 256
"""What libxml2 takes, in tags within tags."""


def text_from_html(markup: str) -> str:
    """The text of a piece of HTML. Raises `Refused` if it is too much."""
    if "<" not in markup and "&" not in markup:
        return "\n\n".join(" ".join(part.split()) for part in _BLANK_LINES.split(plain(markup)) if part.strip())
    if "<" not in markup:  # text all the same, but for its references
        markup = _BLANK_LINES.sub("<p>", plain(markup))
    tree = tree_from_html(f"<div>{markup}</div>")
    return "" if tree is None else text_from_tree(tree)


def line_from_html(markup: str) -> str:
    """A title or a name that may hold markup, as one line."""
    return " ".join(text_from_html(markup).split())


def tree_from_html(markup: str) -> HtmlElement | None:
    """The parsed HTML, without comments; None if there is nothing in it. Raises `Refused` if it is too much."""
    if markup.count("<") > MAX_TAGS:
        raise Refused(f"holds more than {MAX_TAGS:,} tags")
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        tree = document_fromstring(plain(markup).encode(), parser=parser)
    except etree.ParserError:  # it is empty
        return None
    for error in parser.error_log:
        if error.type_name == "ERR_RESOURCE_LIMIT":
            is_deep = "depth" in error.message
            raise Refused(
                f"nests its tags more than {_DEEPEST} deep" if is_deep else "holds a tag or a text of more than 10 MB"
            )
    return tree


def text_from_tree(root: etree._Element) -> str:
    """The text of a parsed HTML document or piece of one, or of what trafilatura makes of it."""
    page = _Page()
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "end":
            page.close(element)
            if element is not root:
                page.write(element.tail)
        elif element.tag in SKIPPED:
            walk.skip_subtree()
        else:
            page.open(element)
            page.write(element.text, keeps_lines=element.tag in {"pre", "code"})
    return page.text()


def is_caption(element: etree._Element) -> bool:
    """Whether an element holds the words under a picture."""
    return element.tag == "figcaption" or any(name in element.get("class", "").split() for name in CAPTION_CLASSES)


def caption_line(words: str) -> str:
    """The words under a picture as a line that says so, unless a credit in them already does."""
    line = " ".join(words.split())
    return line if not line or _CREDIT.match(line) else f"Image: {line}"


class _Page:
    """A text being written: words gather into a line, lines into a paragraph."""

    def __init__(self) -> None:
        self._paragraphs: list[str] = []
        self._lines: list[str] = []
        self._words: list[str] = []
        self._has_words = False
        self._is_next_cell = False
        self._mark = ""
        self._lists: list[int | None] = []
        self._captions = 0

    def open(self, element: etree._Element) -> None:
        """Begin an element."""
        tag = element.tag
        if is_caption(element):
            self._end_paragraph()
            self._captions += 1
        elif tag in BREAKS:
            return  # at its end, so once
        elif tag in CELLS:
            self._is_next_cell = self._has_words
        else:
            self._break(tag)
        if tag in LISTS:
            self._lists.append(0 if tag == "ol" or element.get("rend") == "ol" else None)
        elif tag in ITEMS:
            self._mark = self._next_mark()

    def close(self, element: etree._Element) -> None:
        """End an element."""
        tag = element.tag
        if tag in LISTS and self._lists:
            self._lists.pop()
        if is_caption(element):
            self._end_caption()
        else:
            self._break(tag)
        if tag in ITEMS:
            self._mark = ""

    def write(self, text: str | None, *, keeps_lines: bool = False) -> None:
        """Write words."""
        for place, line in enumerate((text or "").split("\n") if keeps_lines else [text or ""]):
            if place:
                self._end_line()
            if line.strip():
                self._words.append(" | " if self._is_next_cell else "")
                self._has_words, self._is_next_cell = True, False
            self._words.append(line)

    def text(self) -> str:
        """All that was written."""
        self._end_paragraph()
        return plain("\n\n".join(self._paragraphs))

    def _break(self, tag: str) -> None:
        """Break the text where an element begins or ends; within a list, lines are all there is."""
        is_paragraph = tag in BLOCKS or (tag in BREAKS and not self._has_words)
        if is_paragraph and not self._lists:
            self._end_paragraph()
        elif is_paragraph or tag in LINES or tag in BREAKS:
            self._end_line()

    def _next_mark(self) -> str:
        """What stands before an item: a dash, or its number."""
        if not self._lists or self._lists[-1] is None:
            return "- "
        self._lists[-1] += 1
        return f"{self._lists[-1]}. "

    def _end_line(self) -> None:
        line = " ".join("".join(self._words).split())
        self._words.clear()
        self._has_words = self._is_next_cell = False
        if line:
            self._lines.append(self._mark + line)
            self._mark = ""

    def _end_paragraph(self) -> None:
        self._end_line()
        if self._lines and not self._captions:
            self._paragraphs.append("\n".join(self._lines))
            self._lines.clear()

    def _end_caption(self) -> None:
        self._end_line()
        self._captions = max(self._captions - 1, 0)
        if self._lines and not self._captions:
            self._paragraphs.append(caption_line(" ".join(self._lines)))
            self._lines.clear()
