"""What every answer tells browsers about itself: one table, by route.

`ROUTES` says of each route of which kind its answers are, `KINDS` which headers that kind has; `headers_of` looks both
up. docs/security.md shows the same two tables, and tests hold code, document and answers against each other: a route
without a row fails them. Not here: CORS, which follows from who asks (`service.origins`), caching (`service.caching`),
and Strict-Transport-Security, which belongs to whatever ends TLS before us and alone knows that there is TLS.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NO_ROUTE: Final = "(none)"
"""Stands for the template of addresses there are not."""

_DATA: Final = "default-src 'none'; frame-ancestors 'none'"
"""The policy of what is not a page: opened in a browser it loads, runs and sends nothing, and is framed nowhere."""

_PAGE: Final = {
    "default-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

_NEVER_USED: Final = (
    "accelerometer",
    "autoplay",
    "bluetooth",
    "browsing-topics",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "hid",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "serial",
    "usb",
)
"""What a browser could do for a page and ours never ask for."""

_PERMISSIONS: Final = ", ".join(f"{feature}=()" for feature in _NEVER_USED)


def page_policy(*, frame_src: str | None = None, frame_ancestors: Iterable[str] = ("'none'",)) -> str:
    """The Content-Security-Policy of a page: what this service serves, and nothing else.

    `frame_src` is what it may show in frames, `frame_ancestors` are the sites (origins) that may show it in one.
    """
    exceptions = {"frame-ancestors": " ".join(frame_ancestors) or "'none'"} | (
        {"frame-src": frame_src} if frame_src else {}
    )
    return "; ".join(f"{name} {value}" for name, value in (_PAGE | exceptions).items())


def _kind(policy: str, referrer: str, readers: str, **others: str) -> Mapping[str, str]:
    named = {name.replace("_", "-"): value for name, value in others.items()}
    return MappingProxyType(
        {
            "Content-Security-Policy": policy,
            "Cross-Origin-Resource-Policy": readers,
            "Referrer-Policy": referrer,
            "X-Content-Type-Options": "nosniff",
            **named,
        }
    )


_WINDOW: Final = {"Cross_Origin_Opener_Policy": "same-origin", "Permissions_Policy": _PERMISSIONS}

KINDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "data": _kind(_DATA, "no-referrer", "cross-origin"),
        "own": _kind(_DATA, "no-referrer", "same-origin"),
        "page": _kind(page_policy(), "same-origin", "same-origin", **_WINDOW),
        "docs page": _kind(page_policy(frame_src="'self'"), "same-origin", "same-origin", **_WINDOW),
        "framed page": _kind(
            page_policy(frame_ancestors=("*",)), "same-origin", "cross-origin", Permissions_Policy=_PERMISSIONS
        ),
        "asset": _kind(_DATA, "no-referrer", "same-origin"),
        "widget": _kind(_DATA, "no-referrer", "cross-origin"),
    }
)
"""The headers of each kind of answer. `data` and `widget` may be loaded by other sites' pages, the rest by ours."""

ROUTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/": "page",
        "/articles/{article_id}": "page",
        "/docs": "docs page",
        "/embed": "framed page",
        "/oembed": "data",
        "/opensearch.xml": "data",
        "/static/{digest}/{name}": "asset",
        "/widget/{version}/{name}": "widget",
        "/v1": "data",
        "/v1/search": "data",
        "/v1/facets/{field}": "data",
        "/v1/articles": "data",
        "/v1/articles/{article_id}": "data",
        "/v1/articles/{article_id}/evidence": "data",
        "/v1/articles/{article_id}/related": "data",
        "/v1/suggest": "data",
        "/v1/suggest/browser": "data",
        "/v1/feed.atom": "data",
        "/v1/feed.json": "data",
        "/v1/export": "data",
        "/v1/instantsearch": "data",
        "/v1/searches": "data",
        "/v1/searches/{search_id}": "data",
        "/v1/searches/{search_id}/results": "data",
        "/v1/searches/{search_id}/feed.atom": "data",
        "/v1/searches/{search_id}/feed.json": "data",
        "/openapi.json": "data",
        "/healthz": "own",
        "/readyz": "own",
        "/metrics": "own",
        NO_ROUTE: "data",
    }
)
"""The kind of each route's answers, errors included. An error that is shown as a page has a page's headers."""


def headers_of(template: str | None, *, is_page: bool) -> Mapping[str, str]:
    """The headers of an answer, by its route's template and whether it is a page (HTML)."""
    kind = ROUTES.get(template or NO_ROUTE, "own")
    if is_page and not kind.endswith("page"):
        kind = "page"
    return KINDS[kind]
