# ruff: noqa: ARG002, FBT001 - Falcon calls these methods, by position
"""Stands before every route: nobody reads what they may not, whichever route it is and whatever it forgets.

A route that is not in `OPEN` is answered to those only whom `Access.extent_of` lets in. What it answers from is cut
down by `Serving.lease`. Routes that change something ask `Access.require` themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from service.access.access import refuse_credentials_in_address
from service.access.methods import methods_that_read
from service.caching import VARY

if TYPE_CHECKING:
    import falcon

    from service.access.access import Access

OPEN: Final = frozenset(
    {
        "/healthz",
        "/readyz",
        "/metrics",
        "/widget/{version}/{name}",
        "/static/{digest}/{name}",
    }
)
"""Routes that hold nothing of an archive, or see to their own readers."""


class Guard:
    """Middleware that refuses who may not read, and keeps their answers out of caches that others share."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Refuse keys in addresses, wherever they go."""
        refuse_credentials_in_address(req)

    def process_resource(
        self, req: falcon.Request, resp: falcon.Response, resource: object, params: dict[str, Any]
    ) -> None:
        """Refuse who may not read this."""
        if req.uri_template not in OPEN and req.method in methods_that_read(req.uri_template):
            self._access.extent_of(req)

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Say that an answer is for this reader, if it may be for them alone."""
        if req.uri_template in OPEN or (self._access.is_public and req.get_header("Authorization") is None):
            return
        resp.set_header("Vary", f"{VARY}, Authorization")
        kept = resp.get_header("Cache-Control")
        if kept is not None:
            resp.set_header("Cache-Control", kept.replace("public", "private"))
