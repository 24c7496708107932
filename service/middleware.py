# ruff: noqa: ARG002, FBT001 - Falcon calls these methods, by position
"""What every request goes through: it gets an id, its answer gets the headers all answers have, and it is logged.

For the safety of an archive's readers, a line of the log holds neither what was asked nor who asked: the route's
template instead of the address, no query string, no client.
"""

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING, Final, Protocol

from service.caching import NO_STORE, VARY

if TYPE_CHECKING:
    from collections.abc import Callable

    import falcon

    from service.metrics import Metrics

_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Vary": VARY,
}
"""What every answer says: it is data, to be run or framed nowhere, and may differ by Origin and Accept-Encoding."""


class Log(Protocol):
    """What the service needs of a structlog logger."""

    def info(self, event: str, **values: object) -> object:
        """Log what happened."""
        ...

    def error(self, event: str, **values: object) -> object:
        """Log what went wrong."""
        ...


def request_id(req: falcon.Request) -> str:
    """The request's id: its `X-Request-Id` if that can be trusted not to break anything, else one of our own."""
    known = req.context.get("request_id")
    if known is None:
        given = req.get_header("X-Request-Id") or ""
        known = given if _SANE_ID.fullmatch(given) else secrets.token_hex(8)
        req.context["request_id"] = known
    return str(known)


def route_of(req: falcon.Request) -> str:
    """The template of the request's route, which says nothing of what was asked."""
    return req.uri_template or "(none)"


class EveryAnswer:
    """Sets the headers that all answers have."""

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Add them where the answer has none of its own; what nobody said may be kept, may not be."""
        for name, value in HEADERS.items():
            if resp.get_header(name) is None:
                resp.set_header(name, value)
        resp.set_header("X-Request-Id", request_id(req))
        if resp.get_header("Cache-Control") is None:
            resp.set_header("Cache-Control", NO_STORE)


class RequestMetrics:
    """Counts each request when it has been answered. `timer` gives seconds."""

    def __init__(self, metrics: Metrics, timer: Callable[[], float] = time.perf_counter) -> None:
        self._metrics = metrics
        self._timer = timer

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Note the time."""
        req.context["counted_from"] = self._timer()

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Count it."""
        now = self._timer()
        started = req.context.get("counted_from")
        self._metrics.answered(route_of(req), resp.status_code, now - (started or now))


class RequestLog:
    """Logs each request when it has been answered. `timer` gives seconds."""

    def __init__(self, log: Log, timer: Callable[[], float] = time.perf_counter) -> None:
        self._log = log
        self._timer = timer

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Note the time."""
        req.context["started"] = self._timer()

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Log it."""
        now = self._timer()
        started = req.context.get("started")
        self._log.info(
            "request",
            route=route_of(req),
            method=req.method if req.method.isalpha() and len(req.method) <= len("PROPPATCH") else "(other)",
            status=resp.status_code,
            duration_ms=round((now - (started or now)) * 1000, 1),
            request_id=request_id(req),
        )
