"""Every request is counted by who asks, and by the site whose page it comes from if that has a rate of its own.

Who asks is whoever the key is of that a request carries, else the address it comes from.

`RateLimits` is Falcon middleware. Answers say what is left in the headers `RateLimit` and `RateLimit-Policy` (IETF
draft-ietf-httpapi-ratelimit-headers-10: structured fields, `q` a quota, `w` its window, `r` what remains, `t` seconds
until all of it is there again); who asks too often gets 429 with `Retry-After`.

Not counted: `/healthz`, `/readyz` and `/metrics`, which those who run the service ask; and, key or not, addresses of
this machine and of private networks, for they are a proxy that nobody told us of, behind which all readers stand, or
colleagues. So limits are on from the start and never hit a whole readership by mistake; `DATELINE_TRUSTED_PROXIES` and
`DATELINE_TRUSTED_HOPS` make them count readers behind a proxy. Sites are counted wherever they are asked from.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import falcon

from service.limiting.addresses import EVERYONE, Clients, counted_as, networks_from_text
from service.limiting.limiter import Limiter, Verdict
from service.limiting.rates import Rate, rate_from_text
from service.problems import TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.limiting.addresses import Address
    from service.settings import Settings

ADDRESS, KEY, SITE = "address", "key", "site"
_WHO: Final = {
    ADDRESS: "this address has",
    KEY: "whoever has this key has",
    SITE: "the pages of this site, all their readers together, have",
}
_NEAR: Final = networks_from_text(
    "127.0.0.0/8 ::1 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 fc00::/7 fe80::/10"
)
UNCOUNTED: Final = frozenset({"/healthz", "/readyz", "/metrics"})

_of_this_worker: ContextVar[Limiter] = ContextVar("limiter of this worker")


def join(limiter: Limiter) -> None:
    """Make this process count with a limiter made before it forked. Called once, in the main thread."""
    _of_this_worker.set(limiter)


@cache
def shared_limiter() -> Limiter:
    """The limiter that all workers of this process are to join, the same when settings are read again."""
    return Limiter()


def limiter_of_worker() -> Limiter:
    """What this process counts with: the limiter it joined, or one of its own."""
    return _of_this_worker.get(None) or Limiter()


@dataclass(frozen=True, slots=True)
class SiteRate:
    """How often the pages of a site may ask, all its readers together."""

    site: str
    rate: Rate


def limits_from_settings(settings: Settings) -> RateLimits:
    """The limits that settings ask for, counted with all workers."""
    return RateLimits(
        limiter_of_worker(),
        clients=Clients(settings.trusted_hops, networks_from_text(settings.trusted_proxies)),
        rate=rate_from_text(settings.rate, settings.rate_burst),
        key_rate=rate_from_text(settings.key_rate),
    )


def _no_site(_req: falcon.Request) -> SiteRate | None:
    return None


def _no_key(_req: falcon.Request) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Counts each request before anything is done for it. `rate` is an address's, `key_rate` a key's (None: no limit).

    `site_rate_of` says whether a request comes from a site with a rate of its own, `key_of` the id of the key that it
    carries if that is a right one.
    """

    limiter: Limiter = field(default_factory=Limiter)
    clients: Clients = EVERYONE
    rate: Rate | None = None
    key_rate: Rate | None = None
    site_rate_of: Callable[[falcon.Request], SiteRate | None] = _no_site
    key_of: Callable[[falcon.Request], str | None] = _no_key

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Count it. Raises `TooManyRequests`."""
        if req.path in UNCOUNTED:
            return
        counted = [(policy, rate, self.limiter.allow(policy, who, rate)) for policy, who, rate in self._counted(req)]
        if not counted:
            return
        resp.set_headers(_headers(counted))
        refused = [(policy, rate, verdict) for policy, rate, verdict in counted if not verdict.allowed]
        if refused:
            raise _too_many(*max(refused, key=lambda row: row[2].retry_after_s))

    def _counted(self, req: falcon.Request) -> Iterator[tuple[str, str, Rate]]:
        """By what a request is counted: policy, who, rate."""
        address = self.clients.address_of(req) if self.rate or self.key_rate else None
        if address is not None and not _is_near(address):
            key_id = self.key_of(req)
            policy, who, rate = (KEY, key_id, self.key_rate) if key_id else (ADDRESS, counted_as(address), self.rate)
            if rate is not None:
                yield policy, who, rate
        site = self.site_rate_of(req)
        if site is not None:
            yield SITE, site.site, site.rate


def _is_near(address: Address) -> bool:
    """Whether an address is this machine's or a private network's, so a proxy's or a colleague's."""
    return any(address in network for network in _NEAR)


def _headers(counted: list[tuple[str, Rate, Verdict]]) -> dict[str, Any]:
    policies = [f'"{policy}";q={rate.at_once};w={_window_s(rate)}' for policy, rate, _ in counted]
    left = [f'"{policy}";r={verdict.remaining};t={math.ceil(verdict.reset_s)}' for policy, _, verdict in counted]
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(left)}


def _window_s(rate: Rate) -> int:
    """Seconds in which all of a burst is there again, which is the window a quota of that size is for."""
    return max(1, math.ceil(rate.at_once * rate.interval_ns / 1e9))


def _too_many(policy: str, rate: Rate, verdict: Verdict) -> TooManyRequests:
    after_s = max(1, math.ceil(verdict.retry_after_s))
    return TooManyRequests(
        f"{_WHO[policy]} asked more than {rate}; ask again in {after_s} s",
        retry_after_s=after_s,
        turned_away="site-rate" if policy == SITE else "rate",
    )
