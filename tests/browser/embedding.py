"""Pages of somebody's site that hold the widget, made of the snippets that `dateline embed` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from service.widget import Mode, load_widgets, snippet

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

WIDGET: Final = load_widgets()[0]
SEARCH: Final = "/v1/search"
SUGGEST: Final = "/v1/suggest"

_PAGE: Final = """<!doctype html>
<html lang="{lang}" dir="{dir}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>The Example Times</title><link rel="stylesheet" href="/site.css">{head}
<header><h1>The Example Times</h1></header><main>{body}</main><footer><p>Imprint</p></footer></html>"""

STYLE: Final = """:root { color-scheme: light dark } body { margin: 1rem; font: 16px/1.5 sans-serif;
background: light-dark(#fbfaf7, #1b1a17); color: light-dark(#1b1a17, #fbfaf7) }"""


def host_html(body: str, *, head: str = "", lang: str = "en", direction: str = "ltr") -> str:
    """A page of the site; its style sheet is at /site.css."""
    return _PAGE.format(body=body, head=head, lang=lang, dir=direction)


def embedded(
    service: str, *, src: str | None = None, mode: Mode = "results", facets: str = "", **attributes: str
) -> str:
    """The snippet for a service; `src` is where the API is asked, if elsewhere; `per_page` stands for per-page."""
    html = snippet(
        WIDGET,
        service=service,
        mode=mode,
        facets=tuple(facets.split()),
        attributes=tuple((name.replace("_", "-"), value) for name, value in attributes.items()),
    )
    return html.replace(f'<dateline-search src="{service}"', f'<dateline-search src="{src}"') if src else html


def found(page: Page) -> Locator:
    """The results on a page, when there are some."""
    results = page.locator("dateline-search .result")
    results.first.wait_for()
    return results


def answer(*hits: dict[str, Any], total: int | None = None, facets: dict[str, Any] | None = None) -> dict[str, Any]:
    """What `/v1/search` answers, as far as the widget reads it."""
    return {"total": len(hits) if total is None else total, "hits": list(hits), "facets": facets or {}}


def hit(number: int, **changes: Any) -> dict[str, Any]:
    """A hit of an answer."""
    return {
        "id": f"a-{number}",
        "url": f"https://news.example/{number}",
        "title": f"Headline {number}",
        "source": "The Made-up Mail",
        "published": {"start": "2018-10-01", "end": "2018-10-31", "precision": "month", "basis": "inferred"},
        "regions": [{"id": "kp-sinuiju", "path": ["North Korea", "North Pyongan", "Sinuiju"], "role": "event"}],
        "topics": [{"id": "markets", "name": "Markets"}],
        "language": "en",
        "highlights": [{"field": "body", "parts": ["Some words of the ", ["text"], "."], "offset": 0}],
        **changes,
    }
