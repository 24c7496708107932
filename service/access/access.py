"""Who asks, and what they may: the one place that decides it, for every request.

`Access.require` sees that a request carries a key for what it does; `site_of` which site it is from; `extent_of` what
of the archive it is answered from, which is nothing at all for a stranger to a private archive.

Keys come in the header `Authorization: Bearer`, never in an address, which is kept in histories and logs. Failed tries
are counted by address; a key that is right is let in whatever else was tried from there.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from service.access.extents import WHOLE, Extent
from service.access.filters import canonical
from service.access.keys import Key, Scope, find_key_id
from service.access.last_use import LastUse
from service.access.register import AccessError, Register
from service.access.rules import Rules
from service.access.tokens import LONGEST, is_token, read_token
from service.limiting.addresses import EVERYONE, Clients, counted_as
from service.limiting.rates import Rate
from service.params import SITE, arguments_from_query_string
from service.problems import (
    AccessUnknown,
    Forbidden,
    InvalidParameters,
    NotFound,
    ParamProblem,
    TooManyRequests,
    Unauthorized,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import falcon

    from service.access.sites import Site
    from service.limiting.limiter import Limiter

FAILED_TRIES: Final = Rate(5, 60)
"""How many keys that are not right may be tried from one address."""

_TRIES: Final = "failed key"
_CREDENTIAL: Final = re.compile(r"dl_[0-9a-f]{8}_[A-Za-z0-9_-]{8}|dlt_[A-Za-z0-9_-]{8}")
_MAY_NAME_SITE: Final = re.compile("site|%7[34]|%6[59]")
_MAY_HOLD_CREDENTIAL: Final = re.compile("dl|%6[4Cc]")
"""What a query string has that may be one, its letters percent-encoded or not."""
_NOBODY: Final = "nobody"
_HOW: Final = {
    Scope.READ: "this archive is not public: send a key or a token as Authorization: Bearer …",
    Scope.METRICS: "this needs a key: on the server, run dateline keys create --scope metrics",
    Scope.WRITE: "this needs a key: on the server, run dateline keys create --scope write",
    Scope.DELETE: "this needs a key: on the server, run dateline keys create --scope delete",
    Scope.ADMIN: "this needs a key: on the server, run dateline keys create --scope admin",
}


class Access:
    """Decides by the rules of a data folder. Safe to use from many threads.

    `public_url` is where readers reach the service, empty if it is where they ask. `limiter` counts failed tries; None
    counts none. `now` is in UTC.
    """

    def __init__(  # noqa: PLR0913 - what it decides by, by name
        self,
        rules: Rules | None = None,
        *,
        is_public: bool = True,
        public_url: str = "",
        last_use: LastUse | None = None,
        limiter: Limiter | None = None,
        clients: Clients = EVERYONE,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._rules = rules or Rules(None)
        self.is_public = is_public
        self._public_url = public_url
        self._last_use = last_use or LastUse(None)
        self._limiter = limiter
        self._clients = clients
        self._now = now

    def require(self, req: falcon.Request, scope: Scope) -> Key:
        """The key that allows a request what it is about to do.

        Raises `Unauthorized` if none came with it, `Forbidden` if it is for other things or comes from another site's
        page, `TooManyRequests` after too many failed tries, `AccessUnknown` while the file of keys cannot be read.
        """
        if scope is not Scope.READ:
            self._refuse_foreign_page(req)
        text = _bearer(req)
        if text is None:
            raise Unauthorized(_HOW[scope])
        if is_token(text):
            raise Forbidden("a token is for reading only; this needs a key")
        key = self._known_key(req, text)
        if not key.allows(scope):
            raise Forbidden(f"this key is for {', '.join(key.scopes)}; this needs one for {scope}")
        return key

    def find_key(self, req: falcon.Request) -> Key | None:
        """The key that a request carries, if it is a right one; counts no failed try, and raises nothing."""
        text = _bearer(req)
        if text is None or is_token(text):
            return None
        try:
            key = self._key_of(text)
        except AccessUnknown:
            return None
        return None if key is None or key.has_expired(self._now()) else key

    def site_of(self, req: falcon.Request) -> Site | None:
        """The site that the parameter `site` names, if it is given.

        Raises `NotFound` for one that is not known, `InvalidParameters` for several, `AccessUnknown`.
        """
        if "site" not in req.context:
            req.context["site"] = self._named_site(req)
        site: Site | None = req.context["site"]
        return site

    def find_site(self, req: falcon.Request) -> Site | None:
        """As `site_of`, but None for one that cannot be told either: for what must not fail."""
        try:
            return self.site_of(req)
        except (NotFound, InvalidParameters, AccessUnknown):
            return None

    def extent_of(self, req: falcon.Request) -> Extent:
        """What of the archive a request is answered from.

        Raises what `site_of` does and, where a key or token is needed or was sent, what `require` does.
        """
        known: Extent | None = req.context.get("extent")
        if known is None:
            readable = self._readable(req)
            site = self.site_of(req)
            known = req.context["extent"] = readable.narrowed(site.filters, site.facets) if site else readable
        return known

    def extent_in(self, req: falcon.Request, site_id: str) -> Extent:
        """What of the archive a request is answered from for one more site. Raises as `extent_of` does."""
        site = self._known_site(site_id)
        return self.extent_of(req).narrowed(site.filters, site.facets)

    def may_know_whole(self, req: falcon.Request) -> bool:
        """Whether a request may be told of the archive as a whole: who reads all of it, or writes it."""
        if self.is_public:
            return True
        text = _bearer(req)
        try:
            if text is None or is_token(text):
                return self._readable(req) == WHOLE
            return not self._known_key(req, text).filters
        except (Unauthorized, Forbidden, TooManyRequests, AccessUnknown):
            return False

    def _readable(self, req: falcon.Request) -> Extent:
        """What a request may read, whatever the site."""
        text = _bearer(req)
        if text is None:
            if self.is_public:
                return WHOLE
            raise Unauthorized(_HOW[Scope.READ])
        if is_token(text):
            return self._token_extent(req, text)
        key = self._known_key(req, text)
        if not self.is_public and not key.allows(Scope.READ):
            raise Forbidden(f"this key is for {', '.join(key.scopes)}; reading needs one for {Scope.READ}")
        return WHOLE.narrowed(key.filters)

    def _token_extent(self, req: falcon.Request, text: str) -> Extent:
        try:
            token = read_token(text)
        except ValueError as error:
            raise self._failed(req, f"the token {error}") from None
        key = self._register.find_key(token.payload.key)
        is_signed = token.is_signed_by(key.sha256 if key else "00" * 32)
        if key is None or not is_signed:
            raise self._failed(req, "the token was not made from a key of this archive, or that was revoked")
        now = self._now()
        left_s = token.payload.expires - now.timestamp()
        if left_s <= 0 or key.has_expired(now):
            raise Unauthorized("the token has expired; have the site's server make another")
        if left_s > LONGEST.total_seconds():
            raise Unauthorized(f"the token expires more than {LONGEST.days} days ahead, which none may")
        if not key.allows(Scope.READ):
            raise Forbidden(f"the token was made from a key for {', '.join(key.scopes)}; reading needs one for read")
        try:
            extent = WHOLE.narrowed((*key.filters, *map(canonical, token.payload.filters)))
        except ValueError as error:
            raise Unauthorized(f"the token cannot be used: {error}") from None
        self._last_use.note(key.id)
        return extent

    def _known_key(self, req: falcon.Request, text: str) -> Key:
        """The key whose text this is."""
        key = self._key_of(text)
        if key is None:
            raise self._failed(req, "this key is not known here, or was revoked")
        if key.has_expired(self._now()):
            raise Unauthorized(f"this key expired on {key.expires:%Y-%m-%d}")
        self._last_use.note(key.id)
        return key

    def _key_of(self, text: str) -> Key | None:
        """The key whose text this is, be it expired. Raises `AccessUnknown`."""
        key_id = find_key_id(text)
        key = self._register.find_key(key_id) if key_id else None
        return key if key is not None and key.is_of(text) else None

    def _failed(self, req: falcon.Request, detail: str) -> Unauthorized | TooManyRequests:
        """What to answer a try that failed, which is counted."""
        if self._limiter is not None:
            address = self._clients.address_of(req)
            who = counted_as(address) if address else _NOBODY
            verdict = self._limiter.allow(_TRIES, who, FAILED_TRIES)
            if not verdict.allowed:
                after_s = max(1, math.ceil(verdict.retry_after_s))
                detail = f"too many keys that are not right were tried from this address; try again in {after_s} s"
                return TooManyRequests(detail, retry_after_s=after_s, turned_away="key-rate")
        return Unauthorized(detail, turned_away="wrong-key")

    def _refuse_foreign_page(self, req: falcon.Request) -> None:
        """See that a request was not made by another site's page. Raises `Forbidden`."""
        origin = req.get_header("Origin")
        if origin is None:
            return
        public = urlsplit(self._public_url)
        own = f"{public.scheme}://{public.netloc}" if self._public_url else f"{req.scheme}://{req.netloc}"
        if origin != own.lower():
            raise Forbidden("this is not taken from other sites' pages: the request has their Origin")

    def _named_site(self, req: falcon.Request) -> Site | None:
        query = req.query_string
        if not _MAY_NAME_SITE.search(query):  # nearly all, which need not be read twice
            return None
        named = [text for text in arguments_from_query_string(query).values.get(SITE.name, ()) if text.strip(" ")]
        if not named:
            return None
        if len(named) > 1:
            detail = f"was given {len(named)} times; it takes one value"
            raise InvalidParameters((ParamProblem(SITE.name, detail),))
        return self._known_site(named[0])

    def _known_site(self, site_id: str) -> Site:
        site = self._register.find_site(site_id)
        if site is None:
            detail = "names no site of this archive; on the server, dateline sites list shows them"
            raise NotFound(f"{SITE.name} {detail}", errors=(ParamProblem(SITE.name, detail),))
        return site

    @property
    def _register(self) -> Register:
        try:
            return self._rules.register
        except AccessError:
            raise AccessUnknown from None


def refuse_credentials_in_address(req: falcon.Request) -> None:
    """See that no key or token stands in a request's address. Raises `InvalidParameters`."""
    query = req.query_string
    if not _MAY_HOLD_CREDENTIAL.search(query):  # nearly all
        return
    for name, texts in arguments_from_query_string(query).values.items():
        if any(map(_CREDENTIAL.search, (name, *texts))):
            detail = (
                "holds a key or token, which never goes into an address: those are kept in histories and logs. Send it "
                "as Authorization: Bearer …, and revoke this one: dateline keys revoke"
            )
            raise InvalidParameters((ParamProblem(_CREDENTIAL.sub("(key)", name)[:64], detail),))


def _bearer(req: falcon.Request) -> str | None:
    """The key or token that a request carries; None for none, or for another scheme: a proxy's, say."""
    scheme, _, text = (req.get_header("Authorization") or "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None
