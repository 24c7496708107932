"""What a CMS is told that was given an address of this service: an oEmbed 1.0 answer.

A search is `rich`: an iframe of `/embed` with the same question. An article is a `link` with its headline and source,
for its text is its publisher's.
"""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from service.asking import ask
from service.pages.addresses import EMBED, HOME, PAGE_PARAMETERS, page_arguments, search_address
from service.pages.choices import Names, canonical_params, question_in_words
from service.params import SITE
from service.problems import InvalidParameters, NotFound, ParamProblem

if TYPE_CHECKING:
    from search.thesaurus import Lexicon
    from service.archive import Archive

WIDTH: Final = 640
HEIGHT: Final = 720
_ARTICLE: Final = "/articles/"
_ENCODED: Final = "%=&+/:?~!$,;'@()*[]"
"""What stays in a query string that may hold letters of any script, as people's browsers show them."""


def oembed_answer(  # noqa: PLR0913 - what an answer is made of, by name
    url: str, *, base: str, name: str, width: int, height: int, archive: Archive, lexicon: Lexicon
) -> dict[str, Any]:
    """The answer for one address of ours, fit into `width` and `height` pixels.

    Raises `NotFound` for any other, `InvalidParameters` for what is no address.
    """
    parts = _parts(url)
    if not url.startswith(f"{base}/"):
        raise NotFound("url is not an address of this archive")
    path = parts.path.removeprefix(_parts(base).path)
    about = {"version": "1.0", "provider_name": name, "provider_url": f"{base}/", "cache_age": 3600}
    if path in {HOME, EMBED}:
        return about | _search(parts.query, base, name, (min(width, WIDTH), min(height, HEIGHT)), archive, lexicon)
    if path.startswith(_ARTICLE):
        return about | _article(unquote(path.removeprefix(_ARTICLE)), archive)
    raise NotFound("only searches and articles can be embedded")


def site_in(url: str) -> str:
    """The site that an address of ours names; empty if none. Raises `InvalidParameters` for what is no address."""
    return page_arguments(quote(_parts(url).query, safe=_ENCODED)).values.get(SITE.name, ("",))[-1].strip(" ")


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # a host that cannot be one
        raise InvalidParameters((ParamProblem("url", "is not an address"),)) from None


def _search(  # noqa: PLR0913, PLR0917 - likewise
    query: str, base: str, name: str, size: tuple[int, int], archive: Archive, lexicon: Lexicon
) -> dict[str, Any]:
    arguments = page_arguments(quote(query, safe=_ENCODED))
    params = replace(canonical_params(ask(arguments, lexicon, PAGE_PARAMETERS)), page=1)
    title = question_in_words(params, Names(archive.searcher, lexicon.gazetteer)) or name
    address = escape(base + search_address(params, EMBED))
    width, height = size
    html = f'<iframe src="{address}" title="{escape(title)}" width="{width}" height="{height}"></iframe>'
    return {"type": "rich", "title": title, "html": html, "width": width, "height": height}


def _article(article_id: str, archive: Archive) -> dict[str, Any]:
    document = archive.searcher.article(article_id)
    if document is None:
        raise NotFound("this archive has no article of that id")
    said = {"type": "link", "title": document.title.value}
    if document.authors:
        said["author_name"] = ", ".join(found.value for found in document.authors)
    return said
