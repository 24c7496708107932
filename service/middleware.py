# ruff: noqa: ARG002, FBT001 - Falcon calls these methods, by position
"""What every request goes through: it gets an id, its answer gets the headers all answers have, and it is logged.

For the safety of an archive's readers, a line of the log holds neither what was asked nor who asked: the route's
template instead of the address, no query string, no client, no id that came with the request. Where source safety is
turned off it holds a little of both: `Told`.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import falcon

from service.caching import NO_STORE, VARY
from service.headers import NO_ROUTE, headers_of
from service.limiting.addresses import Address
from service.measuring import take_spent
from service.params import arguments_from_query_string

if TYPE_CHECKING:
    from service.metrics import Metrics

LONGEST_QUESTION: Final = 80
"""Characters of a question that the log holds, where it may hold any."""

_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NETWORK_BITS: Final = {4: 24, 6: 48}


class Log(Protocol):
    """What the service needs of a structlog logger."""

    def info(self, event: str, **values: object) -> object:
        """Log what happened."""
        ...

    def error(self, event: str, **values: object) -> object:
        """Log what went wrong."""
        ...


def request_id(req: falcon.Request) -> str:
    """The request's id: the one it brought, if that was taken (`RequestLog`), else one of our own."""
    known = req.context.get("request_id")
    if known is None:
        known = req.context["request_id"] = secrets.token_hex(8)
    return str(known)


def route_of(req: falcon.Request) -> str:
    """The template of the request's route, which says nothing of what was asked."""
    return req.uri_template or NO_ROUTE


class EveryAnswer:
    """Sets the headers that all answers have."""

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Add them where the answer has none of its own; what nobody said may be kept, may not be."""
        is_page = (resp.content_type or "").startswith(falcon.MEDIA_HTML)
        for name, value in headers_of(req.uri_template, is_page=is_page).items():
            if resp.get_header(name) is None:
                resp.set_header(name, value)
        if resp.get_header("Vary") is None:
            resp.set_header("Vary", VARY)
        resp.set_header("X-Request-Id", request_id(req))
        if resp.get_header("Cache-Control") is None:
            resp.set_header("Cache-Control", NO_STORE)


class RequestMetrics:
    """Counts each request when it has been answered. `timer` gives seconds."""

    def __init__(self, metrics: Metrics, timer: Callable[[], float] = time.perf_counter) -> None:
        self._metrics = metrics
        self._timer = timer

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Note the time, and forget what engines did in this thread before."""
        req.context["counted_from"] = self._timer()
        take_spent()
        self._metrics.began()

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Count it."""
        now = self._timer()
        started = req.context.get("counted_from")
        self._metrics.answered(route_of(req), resp.status_code, now - (started or now), take_spent())
        if started is not None:
            self._metrics.ended()


@dataclass(frozen=True, slots=True)
class Told:
    """What the log tells of a request where source safety is turned off. `address_of` says who asks."""

    address_of: Callable[[falcon.Request], Address | None]

    def find_id(self, req: falcon.Request) -> str | None:
        """The id that the request brought, if it can be trusted not to break anything."""
        given = req.get_header("X-Request-Id") or ""
        return given if _SANE_ID.fullmatch(given) else None

    def of(self, req: falcon.Request) -> dict[str, str]:
        """The network that the client is in, and how its question begins."""
        told = {}
        address = self.address_of(req)
        if address is not None:
            told["network"] = str(ipaddress.ip_network((address, _NETWORK_BITS[address.version]), strict=False))
        question = arguments_from_query_string(req.query_string).values.get("q", ("",))[-1]
        if question:
            told["q"] = question[:LONGEST_QUESTION]
        return told


class RequestLog:
    """Logs each request when it has been answered. `told` is what it may tell of it besides; `timer` gives seconds."""

    def __init__(self, log: Log, told: Told | None = None, timer: Callable[[], float] = time.perf_counter) -> None:
        self._log = log
        self._told = told
        self._timer = timer

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Note the time, and the id it brings if that may be told."""
        req.context["started"] = self._timer()
        given = self._told and self._told.find_id(req)
        if given:
            req.context["request_id"] = given

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Log it."""
        now = self._timer()
        started = req.context.get("started")
        self._log.info(
            "request",
            route=route_of(req),
            method=req.method if req.method in falcon.COMBINED_METHODS else "(other)",
            status=resp.status_code,
            duration_ms=round((now - (started or now)) * 1000, 1),
            request_id=request_id(req),
            **(self._told.of(req) if self._told else {}),
        )
