"""HTML as a strict reader sees it: `parsed` refuses what browsers would silently mend, and gives a tree."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final

from lxml import html

if TYPE_CHECKING:
    from falcon import testing

VOID: Final = {"meta", "link", "input", "br", "base", "img", "hr"}
DRAWN: Final = {"path", "rect", "circle", "line"}
"""SVG elements that pages close where they open."""

NOT_IN_PARAGRAPHS: Final = {"div", "p", "ul", "ol", "li", "h1", "h2", "h3", "table", "form", "section", "details", "dl"}
REFERRING: Final = {"for", "aria-labelledby", "aria-describedby"}
"""Attributes whose words are ids of other elements."""


class _Strict(HTMLParser):
    """Refuses tags that do not match, attributes or ids given twice, ids of nothing, and blocks in paragraphs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.referred: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        assert not ("p" in self.open and tag in NOT_IN_PARAGRAPHS), f"<{tag}> in a paragraph, {self.getpos()}"
        assert not ("a" in self.open and tag in {"a", "button", "input"}), f"<{tag}> in a link, {self.getpos()}"
        for name, value in attrs:
            self._attribute(tag, name, value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that closes itself must be one that is drawn."""
        assert tag in DRAWN, f"<{tag}/> is not closed by its slash"
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """It must be the one opened last."""
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()} closes something else"

    def _attribute(self, tag: str, name: str, value: str) -> None:
        assert not name.startswith("on"), f"<{tag} {name}> runs a script"
        assert name != "style", f"<{tag} style> is refused by the page's own policy"
        if name == "id":
            assert value not in self.ids, f"id {value} is used twice"
            assert value.split() == [value], f"id {value!r} is no word"
            self.ids.add(value)
        if name in REFERRING:
            self.referred.update(value.split())


def parsed(result: testing.Result) -> Any:
    """The page of an answer, as a tree of lxml's. Fails if it is not sound."""
    assert result.headers["content-type"] == "text/html; charset=utf-8"
    text = result.content.decode("utf-8")
    assert text.startswith("<!doctype html>\n") or text.lstrip().startswith("<!doctype html>"), text[:40]
    reader = _Strict()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    assert reader.referred <= reader.ids
    return html.document_fromstring(result.content, parser=html.HTMLParser(encoding="utf-8"))


def fragment(text: str) -> Any:
    """A piece of HTML, as a tree."""
    return html.fragment_fromstring(text, create_parent="div")


def said(element: Any) -> str:
    """An element's text, on one line."""
    return " ".join(element.text_content().split())


def of_class(tree: Any, name: str) -> list[Any]:
    """The elements with a class, in order."""
    found: list[Any] = tree.xpath(f"//*[contains(concat(' ', normalize-space(@class), ' '), ' {name} ')]")
    return found
