# ruff: noqa: ARG002, FBT001 - Falcon calls these methods, by position
"""Which sites may read the archive from their pages: the setting `DATELINE_ALLOWED_ORIGINS`, and CORS.

Everything served here is public and no request carries credentials, so `*` is the default: a list keeps other sites'
pages from reading, not people. The origin `null` (a file, a sandbox) is never let in by a list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import falcon

EVERY: Final = "*"

_ORIGIN: Final = re.compile(r"https?://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")
_READABLE: Final = "Retry-After, X-Request-Id, ETag"
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "86400",
}
"""What a page may ask for beyond the simplest: a question by POST. Nothing that writes is among it."""


def origins_from_text(text: str) -> str:
    """Read the setting: `*`, or origins with a blank between them, in lower case. Raises `ValueError`."""
    origins = text.lower().split()
    for origin in origins:
        if not _ORIGIN.fullmatch(origin) and origins != [EVERY]:
            message = f"must be * or origins such as https://news.example, with a blank between them; not {origin!r}"
            raise ValueError(message)
    return " ".join(origins)


@dataclass(frozen=True, slots=True)
class CrossOrigin:
    """Tells browsers which pages may read an answer. `allowed` is as `origins_from_text` gives it."""

    allowed: str = EVERY

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Name the origin that may read this, if any. Answers vary by Origin, as all say."""
        origin = req.get_header("Origin")
        if origin is None:
            return
        if self.allowed != EVERY and origin not in self.allowed.split():
            return
        headers: dict[str, Any] = {
            "Access-Control-Allow-Origin": EVERY if self.allowed == EVERY else origin,
            "Access-Control-Expose-Headers": _READABLE,
        }
        if req.method == "OPTIONS" and req.get_header("Access-Control-Request-Method"):
            headers |= _PREFLIGHT
        resp.set_headers(headers)
