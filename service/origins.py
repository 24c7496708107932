# ruff: noqa: ARG002, FBT001 - Falcon calls these methods, by position
"""Origins, and which sites' pages may read answers (CORS).

An origin is what browsers say a page is from: scheme, host and port. An answer to a site (`service.access.sites`) names
the asking origin if it is one of that site's, and no other; one to no site goes by the setting
`DATELINE_ALLOWED_ORIGINS`. Origins are compared as they are written; `null` (a file, a sandbox) is never let in by a
list. No request carries cookies, and no answer to one that changes something is for another site's page.

`EarlyOrigins` decides the same for what is refused before it is read, by as much of it as has come.

This keeps pages from reading, in browsers that obey. It keeps nobody else from anything: that is what keys are for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from service.access.methods import methods_that_read
from service.access.sites import ORIGIN
from service.problems import ServiceProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import falcon

    from service.access.sites import Site

EVERY: Final = "*"
_READABLE: Final = "Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, ETag"
_ASKED_WITH: Final = "Content-Type, Authorization"
_PREFLIGHT_S: Final = "86400"
_HEAD_ENDS: Final = b"\r\n\r\n"
_ORIGIN_LINE: Final = re.compile(rb"\r\norigin:[ \t]*([!-~]*)[ \t]*(?=\r\n)", re.IGNORECASE)
_NAMES_SITE: Final = re.compile(r"(?:^|&)(?:s|%73)(?:i|%69)(?:t|%74)(?:e|%65)(?:=|&|$)")
"""A query string with a parameter `site`, its letters percent-encoded or not."""
_WIDGET: Final = "/widget/{version}/{name}"
"""Holds nothing of an archive: every page may load it, or pages of sites that the setting does not list could not."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def origin_from_text(text: str) -> str:
    """An origin as browsers send it, from one as people write it. Raises `ValueError` that says what is wrong.

    >>> origin_from_text("https://News.example:443/")
    'https://news.example'
    """
    try:
        parts = urlsplit(text.lower())
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{text!r} is no origin: {error}") from None
    if not text.isascii():
        raise ValueError(f"{text!r} is not written as browsers do: the host in Punycode (xn--…){_in_punycode(parts)}")
    shown = "" if port is None or port == _DEFAULT_PORTS.get(parts.scheme) else f":{port}"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    origin = f"{parts.scheme}://{host}{shown}"
    beyond = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if beyond or not re.fullmatch(ORIGIN, origin):
        raise ValueError(f"{text!r} is no origin: say the scheme and the host, as in https://news.example")
    return origin


def _in_punycode(parts: Any) -> str:  # noqa: ANN401 - what urlsplit gives
    try:
        return f", so https://{(parts.hostname or '').encode('idna').decode()}"
    except UnicodeError:
        return ""


def origins_from_text(text: str) -> str:
    """Read the setting: `*`, or origins with a blank between them, in lower case. Raises `ValueError`."""
    texts = text.split()
    if texts == [EVERY]:
        return EVERY
    try:
        return " ".join(map(origin_from_text, texts))
    except ValueError as error:
        message = f"must be * or origins such as https://news.example, with a blank between them; {error}"
        raise ValueError(message) from None


class Sites(Protocol):
    """What knows which site a request is from."""

    def site_of(self, req: falcon.Request) -> Site | None:
        """The site, or None for a request from none. Raises a `ServiceProblem` if that cannot be told."""
        ...


class CrossOrigin:
    """Tells browsers which pages may read an answer. `allowed` is as `origins_from_text` gives it."""

    def __init__(self, allowed: str, sites: Sites) -> None:
        self._allowed: Collection[str] | None = None if allowed == EVERY else frozenset(allowed.split())
        self._sites = sites

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Name the origin that may read this, if any. Answers vary by Origin, as all say."""
        origin = req.get_header("Origin")
        if origin is None:
            return
        asked = req.get_header("Access-Control-Request-Method") if req.method == "OPTIONS" else None
        reading = methods_that_read(req.uri_template)
        if (asked or req.method) not in reading:
            return
        readers = None if req.uri_template == _WIDGET else self._readers(req)
        if readers is not None and origin not in readers:
            return
        headers: dict[str, Any] = {
            "Access-Control-Allow-Origin": EVERY if readers is None else origin,
            "Access-Control-Expose-Headers": _READABLE,
        }
        if asked:
            headers |= {
                "Access-Control-Allow-Methods": ", ".join(sorted(reading)),
                "Access-Control-Allow-Headers": _ASKED_WITH,
                "Access-Control-Max-Age": _PREFLIGHT_S,
            }
        resp.set_headers(headers)

    def _readers(self, req: falcon.Request) -> Collection[str] | None:
        """The origins whose pages may read the answer to a request; None is all of them."""
        try:
            site = self._sites.site_of(req)
        except ServiceProblem:
            return ()
        return self._allowed if site is None else site.origins


class EarlyOrigins:
    """Tells browsers who may read a refusal that is made before its request is read: that too much is asked, say.

    Nothing but the head's first line and its Origin is looked at. A request that names no site goes by the setting. One
    that names a site is told to the pages of any site of this archive: which it is would take reading it, and the
    refusal says nothing of any. `origins_of_sites` gives all their origins.
    """

    def __init__(self, allowed: str, origins_of_sites: Callable[[], Collection[str]] = tuple) -> None:
        self._allowed: Collection[str] | None = None if allowed == EVERY else frozenset(allowed.split())
        self._origins_of_sites = origins_of_sites

    def headers_for(self, received: bytes) -> Mapping[str, str]:
        """The headers for a request of which so much has come; none unless it only reads and has one Origin."""
        head, _, _ = received.partition(_HEAD_ENDS)
        line, _, _ = head.partition(b"\r\n")
        method, _, rest = line.decode("latin-1").partition(" ")
        path, _, query = rest.partition(" ")[0].partition("?")
        named = _ORIGIN_LINE.findall(head + b"\r\n")
        if len(named) != 1 or method not in methods_that_read(path):
            return {}
        origin = named[0].decode("ascii")
        readers = self._origins_of_sites() if _NAMES_SITE.search(query) else self._allowed
        if readers is not None and origin not in readers:
            return {}
        return {
            "Access-Control-Allow-Origin": EVERY if readers is None else origin,
            "Access-Control-Expose-Headers": _READABLE,
        }
