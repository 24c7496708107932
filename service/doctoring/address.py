"""Asks a service at its public address, as a stranger would, and tells what a proxy in between does wrong.

`check_address` asks a handful of questions and holds the answers against what the service says when nothing is in
between: that it is Dateline, encrypted, under its own name, with its headers, compressed, not kept by the proxy where
it must not be, and counted by who asks.
"""

from __future__ import annotations

import http.client
import json
import re
import secrets
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from service.doctoring.findings import Examined, Finding, Sound
from service.doctoring.machine import SKEW
from service.doctoring.settings_checks import is_near
from service.headers import KINDS, ROUTES

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping

AREA: Final = "address"
PATIENCE_S: Final = 10
_AT_ONCE: Final = 8
_MOST_READ: Final = 4 * 1024 * 1024
_OK, _MULTIPLE_CHOICES = 200, 300
_EXAMPLES: Final = "docs/deploying.md has a configuration for Caddy and for nginx that does"
_UNREADABLE: Final = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, all headers (names in lower case, several of a name in a row), the body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every header of that name."""
        return [value for key, value in self.headers if key == name.lower()]

    def first(self, name: str) -> str:
        """The first header of that name, or nothing."""
        return next(iter(self.all(name)), "")


class Visitor:
    """Asks at an address. Follows no redirect, keeps no cookie."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url.rstrip("/")
        self.scheme, self.host = parts.scheme, parts.hostname or ""
        self._port, self._path = parts.port, parts.path.rstrip("/")

    def ask(self, path: str, *, scheme: str | None = None, **headers: str) -> Answer:
        """The answer at a path. Raises `OSError` or `http.client.HTTPException` if none comes."""
        secure = (scheme or self.scheme) == "https"
        port = None if scheme and scheme != self.scheme else self._port
        connection = (
            http.client.HTTPSConnection(self.host, port, timeout=PATIENCE_S, context=ssl.create_default_context())
            if secure
            else http.client.HTTPConnection(self.host, port, timeout=PATIENCE_S)
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request("GET", self._path + path, headers={"User-Agent": "dateline-doctor", **named})
            response = connection.getresponse()
            kept = tuple((name.lower(), value) for name, value in response.getheaders())
            return Answer(response.status, kept, response.read(_MOST_READ))
        finally:
            connection.close()


def check_address(url: str, now: Callable[[], dt.datetime]) -> Iterator[Examined]:
    """What is wrong with the way from readers to the service."""
    visitor = Visitor(url)
    try:
        about = visitor.ask("/healthz")
    except _UNREADABLE as error:
        yield Finding(
            AREA, f"{url} does not answer: {error}", "nobody can read the archive there", _mend_unreachable(error)
        )
        return
    if not _is_dateline(about):
        to = about.first("Location")
        yield Finding(
            AREA,
            f"what answers at {url} is not Dateline (status {about.status}{f', leads to {to}' if to else ''})",
            "readers get to something else",
            "see where the proxy sends requests, and name the address as readers do: scheme, host, and path if any",
        )
        return
    wrong = [finding for check in _CHECKS for finding in _tried(check, visitor)] + [*_clock(about, now())]
    yield from wrong
    if not wrong:
        yield Sound(AREA, f"{url} leads here, and what is in between changes nothing")


def _tried(check: Callable[[Visitor], Iterator[Finding]], visitor: Visitor) -> list[Finding]:
    try:
        return list(check(visitor))
    except _UNREADABLE as error:
        return [
            Finding(AREA, f"{visitor.url} stopped answering: {error}", "readers meet that, too", "see the proxy's log")
        ]


def _mend_unreachable(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return "get a certificate that browsers know: Caddy does so by itself, certbot does for nginx"
    return (
        "see whether the proxy and the service run, whether the name leads to this machine, and what a firewall lets in"
    )


def _is_dateline(about: Answer) -> bool:
    try:
        return about.status == _OK and bool(json.loads(about.body)["status"] == "ok")
    except (ValueError, KeyError, TypeError):
        return False


def _encryption(visitor: Visitor) -> Iterator[Finding]:
    """Strangers are let in encrypted or not at all."""
    if is_near(visitor.host):
        return
    if visitor.scheme == "http":
        yield Finding(
            AREA,
            f"{visitor.url} is not encrypted",
            "whoever is between a reader and this machine sees what is asked",
            f"have the proxy end TLS; {_EXAMPLES}",
        )
        return
    if not visitor.ask("/v1").first("Strict-Transport-Security"):
        yield Finding(
            AREA,
            "there is no Strict-Transport-Security",
            "a reader who types the address without https can be led elsewhere, each time",
            f"have the proxy add it once all works encrypted; {_EXAMPLES}",
        )
    try:
        plain = visitor.ask("/v1", scheme="http").status
    except _UNREADABLE:
        return
    if plain < _MULTIPLE_CHOICES:
        yield Finding(
            AREA,
            f"http://{visitor.host} answers without encryption, too",
            "readers who come that way are seen",
            f"have the proxy redirect it to https; {_EXAMPLES}",
        )


def _name(visitor: Visitor) -> Iterator[Finding]:
    """Absolute addresses that the service gives out are those that readers use."""
    found = re.search(rb'template="([^"]*?)/(?:v1/|\?|articles)', visitor.ask("/opensearch.xml").body)
    said = found.group(1).decode("utf-8", "replace") if found else ""
    if said and said != visitor.url:
        yield Finding(
            AREA,
            f"the service takes its address for {said}",
            "feeds, embeds and what browsers keep of it lead there",
            f"DATELINE_PUBLIC_URL={visitor.url}, where the service is started",
        )


def _headers(visitor: Visitor) -> Iterator[Finding]:
    """What the service tells browsers reaches them, once and unchanged."""
    changed: dict[str, list[str]] = {}
    for path in ("/v1", "/docs"):
        answer = visitor.ask(path)
        if answer.status == _OK:
            wanted: Mapping[str, str] = KINDS[ROUTES[path]]
            changed |= {name: answer.all(name) for name, value in wanted.items() if answer.all(name) != [value]}
    if changed:
        yield Finding(
            AREA,
            f"the proxy drops, changes or doubles {', '.join(sorted(changed))}",
            "browsers then protect readers less than the service asks them to",
            "have the proxy pass on the service's headers as they are, and add none of these",
        )


def _cookies(visitor: Visitor) -> Iterator[Finding]:
    answer = visitor.ask("/v1")
    if answer.all("Set-Cookie"):
        name = answer.first("Set-Cookie").partition("=")[0]
        yield Finding(
            AREA,
            f"the proxy sets a cookie ({name})",
            "readers can be recognised by it; the service itself sets none",
            "turn it off in the proxy (sticky sessions, bot protection and statistics set such)",
        )


def _keeping(visitor: Visitor) -> Iterator[Finding]:
    """What must not be kept by what is in between is not."""
    ids = {visitor.ask("/healthz").first("X-Request-Id") for _ in range(3)}
    if len(ids) == 1:
        yield Finding(
            AREA,
            "the proxy keeps answers that say Cache-Control: no-store",
            "readers of a private archive could get what was meant for another; errors outlive their cause",
            "have the proxy obey Cache-Control, or keep nothing (nginx: proxy_cache off)",
        )


def _compression(visitor: Visitor) -> Iterator[Finding]:
    if is_near(visitor.host):
        return
    answer = visitor.ask("/openapi.json", Accept_Encoding="gzip, br, zstd")
    if answer.status == _OK and not answer.first("Content-Encoding"):
        yield Finding(
            AREA,
            "answers are not compressed",
            f"readers wait for several times as many bytes ({len(answer.body):,} for /openapi.json)",
            f"have the proxy compress JSON, HTML, CSS, Atom and CSV; {_EXAMPLES}",
        )


def _origins(visitor: Visitor) -> Iterator[Finding]:
    """Only one of service and proxy says which sites may read answers."""
    said = visitor.ask("/v1", Origin="https://doctor.example").all("Access-Control-Allow-Origin")
    if len(said) > 1 or any("," in value for value in said):
        yield Finding(
            AREA,
            "Access-Control-Allow-Origin is there twice",
            "browsers then let no site's page read an answer: the widget does not work",
            "the service says it itself (DATELINE_ALLOWED_ORIGINS); remove it from the proxy",
        )


def _counting(visitor: Visitor) -> Iterator[Finding]:
    """Readers are told apart by what the proxy says of them, and only the proxy can say so."""
    if is_near(visitor.host):
        return
    first = visitor.ask("/v1", X_Forwarded_For=_made_up_address()).first("RateLimit")
    if not first:
        yield Finding(
            AREA,
            "requests are not counted by who makes them",
            "one stranger can take all of the service's time: it sees the proxy's address, which is never limited",
            "for one proxy on this machine: DATELINE_TRUSTED_HOPS=1 DATELINE_TRUSTED_PROXIES=127.0.0.1 (and see to it "
            "that DATELINE_RATE is not 0)",
        )
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # at once, or what was counted is forgiven before the next comes
        left = set(pool.map(_remaining, [visitor] * _AT_ONCE))
    if len(left) == 1:
        yield Finding(
            AREA,
            "whoever makes up an X-Forwarded-For is counted as somebody else",
            "limits can be evaded by anybody",
            "have the proxy add the client's address to X-Forwarded-For, and set DATELINE_TRUSTED_HOPS to the number "
            "of proxies, no more",
        )


def _numbers(visitor: Visitor) -> Iterator[Finding]:
    if visitor.ask("/metrics").status == _OK:
        yield Finding(
            AREA,
            "/metrics is told to everybody",
            "strangers can watch how much is asked, and when",
            "send the public address to DATELINE_PORT, not to DATELINE_METRICS_PORT",
        )


_CHECKS: Final[tuple[Callable[[Visitor], Iterator[Finding]], ...]] = (
    _encryption,
    _name,
    _headers,
    _cookies,
    _keeping,
    _compression,
    _origins,
    _counting,
    _numbers,
)


def _clock(about: Answer, now: dt.datetime) -> Iterator[Finding]:
    try:
        theirs = parsedate_to_datetime(about.first("Date"))
    except ValueError:
        return
    if theirs.tzinfo and abs(theirs - now) > SKEW:
        yield Finding(
            AREA,
            f"its clock says {theirs:%Y-%m-%d %H:%M} UTC, this machine's {now:%Y-%m-%d %H:%M}",
            "keys, tokens and certificates expire by the clock",
            "set the one that is wrong, best by a time server: timedatectl set-ntp true",
        )


def _made_up_address() -> str:
    """An address of the range that documents use (RFC 3849), in another /64 each time."""
    return f"2001:db8:{secrets.randbelow(0xFFFF):x}:{secrets.randbelow(0xFFFF):x}::1"


def _remaining(visitor: Visitor) -> str:
    """How many requests are left to who asks as somebody that nobody has heard of."""
    header = visitor.ask("/v1", X_Forwarded_For=_made_up_address()).first("RateLimit")
    found = re.search(r'"address";r=(\d+)', header)
    return found.group(1) if found else header
