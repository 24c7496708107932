"""What may be reused: entity tags, conditional requests, Cache-Control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import falcon

if TYPE_CHECKING:
    from service.settings import Settings

NO_STORE: Final = "no-store"
VARY: Final = "Origin, Accept-Encoding"


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """For how many seconds answers may be reused, and for how many more while a fresh one is fetched."""

    max_age_seconds: int
    stale_seconds: int

    @classmethod
    def from_settings(cls, settings: Settings) -> CachePolicy:
        """The policy an archive's keeper has set."""
        return cls(settings.cache_seconds, settings.cache_stale_seconds)

    def apply(self, resp: falcon.Response, etag: str) -> None:
        """Let an answer be reused under its tag."""
        resp.etag = etag
        resp.cache_control = (
            "public",
            f"max-age={self.max_age_seconds}",
            f"stale-while-revalidate={self.stale_seconds}",
        )

    def answers_same(self, req: falcon.Request, resp: falcon.Response, etag: str) -> bool:
        """As `answers_unchanged`, but only to who names this very tag, so has asked this before and was answered."""
        if etag not in (req.if_none_match or ()):
            return False
        return self.answers_unchanged(req, resp, etag)

    def answers_unchanged(self, req: falcon.Request, resp: falcon.Response, etag: str) -> bool:
        """Apply the policy; if the asker has this very answer, say so (304) and be done: True."""
        self.apply(resp, etag)
        have = req.if_none_match or []
        if not any(tag in {"*", etag} for tag in have):
            return False
        resp.status = falcon.HTTP_304
        return True
