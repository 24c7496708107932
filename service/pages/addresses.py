"""Every address that a page links to, written in one place.

A search page's address is its question: `search_address` writes the same parameters as the API takes, so the feeds,
exports and JSON of what is seen are the same words behind another path; `page_arguments` reads them back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode, urlsplit

from service.params import SEARCH, SINCE, Arguments, arguments_from_query_string, query_string_from_params

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.params import SearchParams

HOME: Final = "/"
EMBED: Final = "/embed"

PAGE_PARAMETERS: Final = tuple(row for row in SEARCH if row.name not in {
    "facet", "facet_interval", "facet_size", "per_page", "cursor", "highlight", "since",
})  # fmt: skip
"""What a search page takes: the question, the order, the page. How much is shown is the page's own affair."""

_QUESTION: Final = (*(row for row in PAGE_PARAMETERS if row.name not in {"sort", "recency", "page", "explain"}), SINCE)
_WEB: Final = {"http", "https"}


def page_arguments(query_string: str) -> Arguments:
    """The arguments of a page's query string. What is no parameter of a page is passed over: others add to links."""
    given = arguments_from_query_string(query_string)
    known = {row.name for row in PAGE_PARAMETERS}
    return Arguments(
        {name: values for name, values in given.values.items() if name in known},
        tuple(problem for problem in given.problems if problem.param in known),
    )


def search_address(params: SearchParams, path: str = HOME) -> str:
    """The page that answers a question."""
    return _with_query(path, query_string_from_params(params, PAGE_PARAMETERS))


def question_address(path: str, params: SearchParams, **more: str) -> str:
    """Another form of a question's answer: a feed, an export. Neither order nor page belong to it."""
    asked = query_string_from_params(params, _QUESTION)
    return _with_query(path, "&".join(part for part in (urlencode(more), asked) if part))


def article_address(article_id: str, *, q: str = "", part: str = "", site: str = "") -> str:
    """The page of an article: with the words of a question marked, at a part of the page, for a site."""
    asked = urlencode({name: value for name, value in (("q", q), ("site", site)) if value})
    address = _with_query(f"/articles/{quote(article_id, safe='')}", asked)
    return f"{address}#{part}" if part else address


def hidden_fields(params: SearchParams, *names_left_out: str) -> Iterator[tuple[str, str]]:
    """What a form must send along for a question to stay as it is, but for the fields it has itself."""
    first = replace(params, page=1)
    for row in PAGE_PARAMETERS:
        value = getattr(first, row.name)
        if value != row.default and row.name not in names_left_out:
            for item in value if row.repeats else (value,):
                yield row.name, str(item)


def find_web_address(url: str | None) -> str | None:
    """The address if it is one that a reader may be sent to: never `javascript:` or the like."""
    try:
        parts = urlsplit(url or "")
        return url if url and parts.scheme in _WEB and parts.netloc else None
    except ValueError:
        return None


def _with_query(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
