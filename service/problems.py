"""Everything the service answers with an error, as RFC 9457 problems.

ServiceProblem
├── InvalidParameters   400  every parameter that is wrong, and how
├── UnreadableBody      400  a body that is not a JSON object
├── Unauthorized        401  a key is needed, or this one is not known
├── Forbidden           403  the key, or the page it is used from, may not do this
├── CursorExpired       410  a cursor of another generation
├── NotFound            404  no such route, article or facet
├── MethodNotAllowed    405
├── TooSlow             408  a body that does not come
├── PreconditionFailed  412  If-Match or If-None-Match is not so
├── TooLarge            413
├── UnsupportedMedia    415
├── UnusableArticles    422  articles that cannot be taken, and why
├── TooManyRequests     429  more than are allowed in that time
├── Overloaded          503  more is asked than can be answered in time
├── Busy                503  too much of what is costly is going on
├── AccessUnknown       503  who may do what cannot be told, so nobody may
├── SearchUnusable      503  a saved search, or all of them, cannot be read
├── NotReady            503  there is no index to answer from
├── CannotWrite         503  the archive cannot be written from here, or not now
├── StorageFull         507  there is no space left to keep an article
└── Internal            500  our fault; says nothing of its cause, which is logged

`problem_from_error` takes any exception to one of them: ours, Falcon's, the read side's. `service.wire` spells JSON.
"""

from __future__ import annotations

import http
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from index.errors import (
    BusyError,
    ClusterError,
    DataFileError,
    DiskFull,
    GenerationError,
    NoGeneration,
    ReadOnlyStore,
    StoreError,
)
from search.errors import QueryRefused, StillOpening, TooManyBuckets, UnexplainedScores, UnsupportedQuery
from service.clustering.told import NotAsOnCluster, told
from service.fallback import NotAsPublished

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import falcon


@dataclass(frozen=True, slots=True)
class ParamProblem:
    """What is wrong with one parameter: `detail` goes on from `param`, or is a sentence of its own: a colon joins them.

    Of an article it is what its reader says.
    """

    param: str
    detail: str


TurnedAway: TypeAlias = Literal["rate", "site-rate", "key-rate", "wrong-key", "busy"]
"""Why a request was turned away, for the numbers: too many from an address or with a key, from a site, with
wrong keys; one; too much."""

_SAID = 3
"""How many wrong parameters a problem's `detail` speaks of; `errors` has them all."""


class ServiceProblem(Exception):
    """An error answer: its status, a code for programs, a detail for people, extra headers."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    turned_away: TurnedAway | None = None

    def __init__(
        self,
        detail: str,
        *,
        errors: tuple[ParamProblem, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.detail, self.errors, self.headers = detail, errors, headers or {}
        super().__init__(detail)

    @property
    def title(self) -> str:
        """The phrase of its status, as RFC 9457 asks of problems without a type of their own."""
        return http.HTTPStatus(self.status).phrase


class InvalidParameters(ServiceProblem):
    """Parameters that cannot be answered, all of them at once."""

    status, code = 400, "invalid-parameters"

    def __init__(self, errors: tuple[ParamProblem, ...]) -> None:
        said = [f"{error.param}: {error.detail}" for error in errors[:_SAID]]
        if len(errors) > _SAID:
            said.append(f"and {len(errors) - _SAID} more: see `errors`")
        super().__init__("; ".join(said), errors=errors)


class UnreadableBody(ServiceProblem):
    """A request body that is not a JSON object."""

    status, code = 400, "unreadable-body"

    def __init__(self, detail: str) -> None:
        super().__init__(f"the request body {detail}", errors=(ParamProblem("body", detail),))


class Unauthorized(ServiceProblem):
    """What was asked needs a key, and none that is known came with it."""

    status, code = 401, "unauthorized"

    def __init__(self, detail: str, *, turned_away: TurnedAway | None = None) -> None:
        self.turned_away = turned_away
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="dateline"'})


class Forbidden(ServiceProblem):
    """Who asked is known, or is asking from a page, and may not do this."""

    status, code = 403, "forbidden"


class CursorExpired(ServiceProblem):
    """A cursor of a generation that is no longer served, or not by the same version and synonyms."""

    status, code = 410, "cursor-expired"

    def __init__(self) -> None:
        detail = (
            "belongs to an index that has been replaced since, or was asked by other rules; search again without it"
        )
        super().__init__(f"the cursor {detail}", errors=(ParamProblem("cursor", detail),))


class NotFound(ServiceProblem):
    """There is nothing at this address."""

    status, code = 404, "not-found"


class MethodNotAllowed(ServiceProblem):
    """This address does not take this method."""

    status, code = 405, "method-not-allowed"

    def __init__(self, allowed: Iterable[str]) -> None:
        methods = ", ".join(sorted(allowed))
        super().__init__(f"this address does not take that method, only {methods}", headers={"Allow": methods})


class TooLarge(ServiceProblem):
    """A request body beyond the limit, or something in it: `what` is longer than `limit` of a `unit`."""

    status, code = 413, "too-large"

    def __init__(self, limit: int, what: str = "the request body", unit: str = "bytes") -> None:
        super().__init__(f"{what} is longer than {limit} {unit}, which is the most that is taken")


class UnsupportedMedia(ServiceProblem):
    """A request body of a type that is not taken."""

    status, code = 415, "unsupported-media-type"

    def __init__(self, media_type: str = "application/json", what: str = "JSON") -> None:
        super().__init__(f"the request body must be {what}, sent with Content-Type: {media_type}")


class PreconditionFailed(ServiceProblem):
    """What a request was conditional on is not so; nothing was done."""

    status, code = 412, "precondition-failed"


class UnusableArticles(ServiceProblem):
    """Articles that cannot be taken: each with its line (or `body`), and why. Nothing was kept."""

    status, code = 422, "unusable-articles"

    def __init__(self, errors: tuple[ParamProblem, ...], *, count: int) -> None:
        said = "; ".join(f"{error.param}: {error.detail}" for error in errors[:_SAID])
        more = f"; and {count - _SAID} more" if count > _SAID else ""
        super().__init__(f"{said}{more}. Nothing was kept", errors=errors)


class TooManyRequests(ServiceProblem):
    """More requests than are allowed in that time."""

    status, code = 429, "too-many-requests"

    def __init__(
        self,
        detail: str,
        *,
        retry_after_s: int,
        headers: Mapping[str, str] | None = None,
        turned_away: TurnedAway = "rate",
    ) -> None:
        self.turned_away = turned_away
        super().__init__(detail, headers={"Retry-After": str(retry_after_s), **(headers or {})})


class TooSlow(ServiceProblem):
    """A request body that comes more slowly than anybody's connection is."""

    status, code = 408, "too-slow"

    def __init__(self, patience_s: float) -> None:
        super().__init__(f"the request body did not come: it was waited for {patience_s:g} s, and again while it came")


class Overloaded(ServiceProblem):
    """More requests than can be answered in time."""

    status, code = 503, "overloaded"
    turned_away = "busy"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": "1"})


class Busy(ServiceProblem):
    """Too much of what is costly is going on already."""

    status, code = 503, "busy"
    turned_away = "busy"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": "10"})


class AccessUnknown(ServiceProblem):
    """The file of keys and sites cannot be read: nobody is let in by it."""

    status, code = 503, "access-unknown"

    def __init__(self) -> None:
        super().__init__(
            "who may do what cannot be told just now, so nothing that needs a key, token or site is answered; the log "
            "of the service says why",
            headers={"Retry-After": "30"},
        )


class SearchUnusable(ServiceProblem):
    """A saved search cannot be read, or none can: it is said, and nothing else is answered in its stead."""

    status, code = 503, "search-unusable"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": "30"})


class NotReady(ServiceProblem):
    """There is no index to answer from."""

    status, code = 503, "not-ready"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": "5"})


class CannotWrite(ServiceProblem):
    """The archive cannot be written from here, or not now. Nothing was kept."""

    status, code = 503, "cannot-write"

    def __init__(self, detail: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(detail, headers={} if retry_after_s is None else {"Retry-After": str(retry_after_s)})


class StorageFull(ServiceProblem):
    """There is no space left to keep an article. Nothing was kept."""

    status, code = 507, "storage-full"

    def __init__(self) -> None:
        super().__init__("the archive's disk is full. Nothing was kept; send it again when there is space")


class Internal(ServiceProblem):
    """Something went wrong that is not the caller's fault. Says nothing of the cause: that is logged, not sent."""

    def __init__(self) -> None:
        super().__init__("something went wrong here; it was logged under the request id in `instance`")


class OtherProblem(ServiceProblem):
    """An HTTP error of the framework that has no class of its own here."""

    def __init__(self, error: falcon.HTTPError) -> None:
        self.status = error.status_code  # type: ignore[misc] # the framework's choice, not ours
        self.code = self.title.lower().replace(" ", "-")  # type: ignore[misc] # likewise
        super().__init__(error.description or self.title)


NOTHING_BUILT = (
    "nothing has been built yet. On the server, run: dateline ingest PATH --data DIR, then: dateline build --data DIR "
    "(DIR being what this service was started with); it will be noticed without a restart"
)
CANNOT_OPEN = (
    "the index cannot be used; the log says why. On the server, run: dateline check --data DIR "
    "(DIR being what this service was started with); it says what to do"
)

UNEXPLAINED = "asks for what this archive cannot tell: its index is on a cluster, which rounds scores; leave it out"

MAY_ONLY_READ = (
    "this service may only read the archive. Send articles to one that may write its folder, or add them on the "
    "server: dateline ingest PATH"
)
CANNOT_WRITE = (
    "the archive cannot be written; the log says why. Nothing was kept. On the server, run: dateline check --data DIR"
)


def problem_from_error(error: Exception) -> ServiceProblem:
    """The problem to answer an error with. What is not known to be the caller's fault is ours."""
    if isinstance(error, ServiceProblem):
        return error
    return _problem_with_question(error) or _problem_with_archive(error) or _problem_with_http(error) or Internal()


def _problem_with_question(error: Exception) -> ServiceProblem | None:
    match error:
        case TooManyBuckets(detail=detail):
            return InvalidParameters((ParamProblem("facet_interval", f"asks too much: {detail}"),))
        case QueryRefused(detail=detail):
            return InvalidParameters((ParamProblem("q", detail),))
        case UnexplainedScores():
            return InvalidParameters((ParamProblem("explain", UNEXPLAINED),))
        case UnsupportedQuery(construct=construct):
            return InvalidParameters((ParamProblem("q", f"asks for {construct}, which this archive cannot answer"),))
        case _:
            return None


def _problem_with_archive(error: Exception) -> ServiceProblem | None:
    match error:
        case NoGeneration():
            return NotReady(NOTHING_BUILT)
        case NotAsPublished(told=why) | NotAsOnCluster(told=why):
            return NotReady(why)
        case ClusterError():
            return NotReady(told(error))
        case StillOpening():
            return NotReady(str(error))
        case GenerationError():
            return NotReady(CANNOT_OPEN)
        case DiskFull():
            return StorageFull()
        case BusyError():
            return CannotWrite("another process is writing the archive. Nothing was kept; try again", retry_after_s=2)
        case ReadOnlyStore():
            return CannotWrite(MAY_ONLY_READ)
        case StoreError() | DataFileError():
            return CannotWrite(CANNOT_WRITE, retry_after_s=30)
        case _:
            return None


def _problem_with_http(error: Exception) -> ServiceProblem | None:
    import falcon  # noqa: PLC0415 - commands raise these problems, too, and don't need a tenth of a second of HTTP

    match error:
        case falcon.HTTPRouteNotFound():
            return NotFound("there is nothing at this address; /v1 lists the routes")
        case falcon.HTTPMethodNotAllowed():
            return MethodNotAllowed(dict(error.headers or {})["Allow"].split(", "))
        case falcon.HTTPInvalidHeader():
            # Content-Length is the one header of a form that Falcon reads for us.
            return InvalidParameters((ParamProblem("Content-Length", "must be a whole number of bytes"),))
        case falcon.HTTPBadRequest():
            return MethodNotAllowed(("GET", "HEAD"))  # what Falcon says to methods it has never heard of
        case falcon.HTTPError():
            return OtherProblem(error)
        case _:
            return None
