"""What a web page declares of its article, in markup made for machines.

`metadata_of` reads, the most deliberate first: JSON-LD (schema.org), meta tags (Open Graph, Dublin Core, citation and
the like), microdata, and the plain elements (`title`, `h1`, the page's language, the canonical link). What a page
merely shows, such as a date in its text, is not declared and left to those who read the text. Dates are kept as
written where they are ISO 8601 or RFC 2822; htmldate reads the others, and sees nothing but what is declared.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from htmldate import find_date as find_date_of_page
from lxml.html import Element, HtmlElement

from index.document import Declared
from index.read.markup import line_from_html
from index.read.metadata import (
    find_article_address,
    find_date,
    find_language,
    find_web_address,
    find_words,
    names,
    people,
)
from index.read.reading import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_TYPES: Final = (
    "Article NewsArticle AnalysisNewsArticle AskPublicNewsArticle BackgroundNewsArticle OpinionNewsArticle Report"
    " ReportageNewsArticle ReviewNewsArticle BlogPosting LiveBlogPosting SocialMediaPosting"
)
ARTICLE_TYPES: Final = frozenset(_TYPES.lower().split())
"""Types of https://schema.org whose instances are articles, in small letters."""

# Names of meta tags, in small letters, best first. Questionable and left out: "last-modified" and the like for the
# date; "copyright" and "article:publisher" (an address at Facebook) for the source; "keywords" for topics.
TITLES: Final = ("og:title", "citation_title", "dc.title", "dcterms.title", "headline", "twitter:title")
_DATES: Final = (
    "article:published_time og:article:published_time datepublished citation_publication_date citation_date"
    " dcterms.issued dc.date.issued dcterms.created dc.date dcterms.date parsely-pub-date sailthru.date pubdate"
    " publishdate publish-date publish_date date"
)
DATES: Final = tuple(_DATES.split())
AUTHORS: Final = ("author", "article:author", "citation_author", "dc.creator", "dcterms.creator", "byl")
SOURCES: Final = ("og:site_name", "dc.publisher", "dcterms.publisher", "citation_journal_title", "publisher")
TOPICS: Final = ("article:section", "article:tag", "parsely-section")
ADDRESSES: Final = ("og:url", "citation_public_url", "twitter:url")
LANGUAGES: Final = ("og:locale", "dc.language", "dcterms.language", "content-language", "language")

_MAX_JSON: Final = 1024 * 1024
_MAX_NODES: Final = 10_000
_SAVED_FROM = re.compile(r"<!-- saved from url=\(\d{1,6}\)(\S{1,2048}) -->")
_YEAR_FIRST = re.compile(
    r"(?P<year>(?:1[89]|20)\d\d)(?:[-./]\s?|년\s?|(?=\d{4}(?!\d)))"
    r"(?P<month>\d{1,2})(?:[-./]\s?|월\s?|(?=\d\d(?!\d)))(?P<day>\d{1,2})(?!\d)"
)
_NAMED_MONTH = re.compile(r"(?=.*\b(?:1[89]|20)\d\d\b)(?=.*\b\d{1,2}\b).*[^\W\d_]{3}", re.DOTALL)
"""Dates that can be read in one way only: "03/04/2019" cannot, "yesterday" has no year, "March 2019" no day."""


@dataclass(frozen=True, slots=True)
class PageMetadata:
    """What a page declares, and the address it says its article has."""

    url: str | None
    declared: Declared


@dataclass(frozen=True, slots=True)
class _Markup:
    """The machine-readable parts of a page: its article in JSON-LD, and meta tags by name."""

    page: HtmlElement
    article: dict[str, Any]
    metas: dict[str, list[str]] = field(default_factory=dict)

    def meta(self, names: Iterable[str]) -> list[str]:
        """What the meta tags of some names say, in the order of the names."""
        return [content for name in names for content in self.metas.get(name, ())]

    def texts(self, path: str) -> list[str]:
        """The words of elements, by XPath."""
        return ["".join(found.itertext()) for found in self.page.xpath(path)]

    def attributes(self, path: str) -> list[str]:
        """Attributes, by XPath."""
        return [str(found) for found in self.page.xpath(path)]


def metadata_of(page: HtmlElement, source: str) -> PageMetadata:
    """What a parsed page declares; `source` is the HTML it was parsed from, whose comments the tree has lost."""
    markup = _Markup(page, _find_article(page) or {}, _metas(page))
    site = find_words(_name(markup.article.get("publisher"))) or next(iter(names(markup.meta(SOURCES))), None)
    declared = Declared(
        title=_title(markup, site),
        date=_date(markup),
        source=site,
        topics=names([*_texts(markup.article.get("articleSection")), *markup.meta(TOPICS)]),
        authors=_authors(markup),
        language=find_language(_languages(markup)),
    )
    return PageMetadata(_address(markup, source), declared)


def _find_article(page: HtmlElement) -> dict[str, Any] | None:
    """The first article that the page's JSON-LD describes, one with a headline before others.

    Who wrote and who published it may stand beside it, and be told by their `@id`.
    """
    nodes = [
        node
        for script in page.iter("script")
        if script.get("type", "").strip().lower() == "application/ld+json"
        for node in _nodes(script.text or "")
    ]
    articles = [
        node
        for node in nodes
        if any(kind.lower().rpartition("/")[2] in ARTICLE_TYPES for kind in _texts(node.get("@type")))
    ]
    article = next((node for node in articles if node.get("headline")), articles[0] if articles else None)
    if article is None:
        return None
    named = {node["@id"]: node for node in reversed(nodes) if isinstance(node.get("@id"), str) and "name" in node}
    return article | {
        role: [_meant(one, named) for one in _each(article.get(role))] for role in ("author", "publisher")
    }


def _meant(one: object, named: Mapping[str, dict[str, Any]]) -> object:
    """What an object means that has no name, but the `@id` of one that has; all else as it is."""
    if isinstance(one, dict) and "name" not in one and isinstance(one.get("@id"), str):
        return named.get(one["@id"], one)
    return one


def _nodes(text: str) -> Iterator[dict[str, Any]]:
    """The objects in a piece of JSON-LD, outer before inner; nothing if it cannot be read."""
    if len(text) > _MAX_JSON:
        return
    try:
        waiting: list[Any] = [json.loads(text.strip().removesuffix(";"), strict=False)]
    except (ValueError, RecursionError):
        return
    for _ in range(_MAX_NODES):
        if not waiting:
            return
        node = waiting.pop(0)
        if isinstance(node, dict):
            yield node
            waiting += [value for name, value in node.items() if name in {"@graph", "mainEntity", "mainEntityOfPage"}]
        elif isinstance(node, list):
            waiting += node


def _metas(page: HtmlElement) -> dict[str, list[str]]:
    metas: dict[str, list[str]] = {}
    for element in page.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or element.get("http-equiv")
        content = element.get("content", "").strip()
        if name and content:
            metas.setdefault(name.strip().lower().replace("dc:", "dc."), []).append(content)
    return metas


def _title(markup: _Markup, site: str | None) -> str | None:
    """The headline, without the name of the site that some put behind it."""
    headings = markup.texts("//h1")
    candidates = [
        *map(_line, _texts(markup.article.get("headline"))),
        *markup.meta(TITLES),
        *markup.texts("//*[@itemprop='headline']"),
        *(headings if len(headings) == 1 else ()),
        *markup.texts("//title"),
    ]
    title = next((words for candidate in candidates if (words := find_words(candidate))), None)
    if title is None or site is None:
        return title
    bare = re.sub(rf"\s+[-–—|:·»]\s+{re.escape(site)}$", "", title)
    return bare or title


def _line(candidate: str) -> str:
    """A headline in JSON-LD, which many write as HTML, as text."""
    try:
        return line_from_html(candidate)
    except Refused:
        return ""


def _date(markup: _Markup) -> str | None:
    candidates = [
        *_texts(markup.article.get("datePublished")),
        *markup.meta(DATES),
        *markup.attributes("//*[@itemprop='datePublished']/@datetime"),
        *markup.attributes("//*[@itemprop='datePublished']/@content"),
        *markup.attributes("//time[@pubdate]/@datetime"),
        *markup.attributes("//time[contains(concat(' ', @class, ' '), ' entry-date ')]/@datetime"),
        *_texts(markup.article.get("dateCreated")),
    ]
    return find_date(candidates) or next((date for text in candidates if (date := _find_unusual_date(text))), None)


def _find_unusual_date(text: str) -> str | None:
    """A declared day that is not written as in ISO 8601 or RFC 2822, as YYYY-MM-DD; none is filled in."""
    if match := _YEAR_FIRST.match(text.strip()):
        return find_date(["-".join(match.groups())])
    if not _NAMED_MONTH.match(text):
        return None
    head = Element("head")
    head.append(Element("meta", property="article:published_time", content=text[:100]))
    page = Element("html")
    page.extend([head, Element("body")])
    found = find_date_of_page(
        page, extensive_search=False, original_date=True, min_date="1800-01-01", max_date="2200-01-01"
    )
    numbers = {int(number) for number in re.findall(r"\d+", text[:100])}
    return found if found and {int(found[:4]), int(found[8:])} <= numbers else None


def _authors(markup: _Markup) -> tuple[str, ...]:
    declared = people([*_names(markup.article.get("author")), *markup.meta(AUTHORS)])
    return declared or people(
        markup.texts("//*[@itemprop='author'] | //a[contains(concat(' ', @rel, ' '), ' author ')]")
    )


def _languages(markup: _Markup) -> list[str]:
    spoken = markup.article.get("inLanguage")
    of_article = [spoken.get("alternateName")] if isinstance(spoken, dict) else _texts(spoken)
    return [*filter(None, of_article), *markup.attributes("/html/@lang | /html/@xml:lang"), *markup.meta(LANGUAGES)]


def _address(markup: _Markup, source: str) -> str | None:
    """The article's own address: as the page declares it, or as the browser noted that saved it."""
    entity = markup.article.get("mainEntityOfPage")
    saved = _SAVED_FROM.search(source[:4096])
    base = find_web_address(next(iter(markup.attributes("//base/@href")), None))
    candidates = [
        *markup.attributes("//link[@rel='canonical']/@href"),
        *markup.meta(ADDRESSES),
        *_texts(markup.article.get("url")),
        *_texts(entity.get("@id") if isinstance(entity, dict) else entity),
        *([saved[1]] if saved else ()),
    ]
    whole = next((url for url in map(find_web_address, candidates) if url), None)
    return find_article_address(candidates, base or whole)


def _each(value: object) -> list[Any]:
    """The values of what may be one or several."""
    return value if isinstance(value, list) else [value]


def _texts(value: object) -> list[str]:
    """The texts of a JSON-LD value that may be one or several."""
    return [item for item in _each(value) if isinstance(item, str)]


def _names(value: object) -> list[str]:
    """The names of people who may be given as text or as objects."""
    return [name for item in _each(value) if (name := _name(item))]


def _name(value: object) -> str | None:
    if isinstance(value, list):
        return next(iter(_names(value)), None)
    name = value.get("name") if isinstance(value, dict) else value
    return next(iter(_texts(name)), None)
