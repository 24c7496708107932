"""Everything the service answers with an error, as RFC 9457 problems.

ServiceProblem
├── InvalidParameters   400  every parameter that is wrong, and how
├── UnreadableBody      400  a body that is not a JSON object
├── CursorExpired       410  a cursor of another generation
├── NotFound            404  no such route, article or facet
├── MethodNotAllowed    405
├── TooLarge            413
├── UnsupportedMedia    415
├── Busy                503  too much of what is costly is going on
├── NotReady            503  there is no index to answer from
└── Internal            500  our fault; says nothing of its cause, which is logged

`problem_from_error` takes any exception to one of them: ours, Falcon's, the read side's. `service.wire` spells JSON.
"""

from __future__ import annotations

import http
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from index.errors import GenerationError, NoGeneration
from search.errors import QueryRefused, TooManyBuckets, UnsupportedQuery

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import falcon


@dataclass(frozen=True, slots=True)
class ParamProblem:
    """What is wrong with one parameter, said of it: `detail` continues the sentence that `param` begins."""

    param: str
    detail: str


_SAID = 3
"""How many wrong parameters a problem's `detail` speaks of; `errors` has them all."""


class ServiceProblem(Exception):
    """An error answer: its status, a code for programs, a detail for people, extra headers."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

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
        said = [f"{error.param} {error.detail}" for error in errors[:_SAID]]
        if len(errors) > _SAID:
            said.append(f"and {len(errors) - _SAID} more: see `errors`")
        super().__init__("; ".join(said), errors=errors)


class UnreadableBody(ServiceProblem):
    """A request body that is not a JSON object."""

    status, code = 400, "unreadable-body"

    def __init__(self, detail: str) -> None:
        super().__init__(f"the request body {detail}", errors=(ParamProblem("body", detail),))


class CursorExpired(ServiceProblem):
    """A cursor of a generation that is no longer served."""

    status, code = 410, "cursor-expired"

    def __init__(self) -> None:
        detail = "belongs to an index that has been replaced since; search again without it"
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
    """A request body beyond the limit."""

    status, code = 413, "too-large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"the request body is longer than {limit_bytes} bytes, which is the most that is taken")


class UnsupportedMedia(ServiceProblem):
    """A request body of a type that is not taken."""

    status, code = 415, "unsupported-media-type"

    def __init__(self) -> None:
        super().__init__("the request body must be JSON, sent with Content-Type: application/json")


class Busy(ServiceProblem):
    """Too much of what is costly is going on already."""

    status, code = 503, "busy"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": "10"})


class NotReady(ServiceProblem):
    """There is no index to answer from."""

    status, code = 503, "not-ready"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": "5"})


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


def problem_from_error(error: Exception) -> ServiceProblem:  # noqa: C901 - one case for each kind
    """The problem to answer an error with. What is not known to be the caller's fault is ours."""
    import falcon  # noqa: PLC0415 - commands raise these problems, too, and don't need a tenth of a second of HTTP

    match error:
        case ServiceProblem():
            return error
        case TooManyBuckets(detail=detail):
            return InvalidParameters((ParamProblem("facet_interval", f"asks too much: {detail}"),))
        case QueryRefused(detail=detail):
            return InvalidParameters((ParamProblem("q", detail),))
        case UnsupportedQuery(construct=construct):
            return InvalidParameters((ParamProblem("q", f"asks for {construct}, which this archive cannot answer"),))
        case NoGeneration():
            return NotReady(NOTHING_BUILT)
        case GenerationError():
            return NotReady(CANNOT_OPEN)
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
            return Internal()
