"""Access as the settings of a service ask for it, with what else must know of sites and keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from service.access.access import Access
from service.access.last_use import LastUse
from service.access.rules import Rules
from service.limiting.requests import RateLimits, SiteRate

if TYPE_CHECKING:
    import falcon

    from service.access.register import AccessError
    from service.middleware import Log
    from service.settings import Settings


def access_from_settings(settings: Settings, limits: RateLimits, log: Log) -> Access:
    """Who may do what, by the data folder's file of keys and sites."""

    def report(error: AccessError) -> None:
        log.error("the file of keys and sites cannot be used", reason=str(error))

    return Access(
        Rules(settings.data, report=report),
        is_public=settings.public,
        public_url=settings.public_url,
        last_use=LastUse(settings.data),
        limiter=limits.limiter,
        clients=limits.clients,
    )


def limits_by_access(limits: RateLimits, access: Access) -> RateLimits:
    """The limits, with the rates of sites, and who has a key counted by it."""

    def site_rate_of(req: falcon.Request) -> SiteRate | None:
        site = access.find_site(req)
        return SiteRate(site.id, site.rate) if site and site.rate else None

    def key_of(req: falcon.Request) -> str | None:
        key = access.find_key(req)
        return key.id if key else None

    return replace(limits, site_rate_of=site_rate_of, key_of=key_of)
