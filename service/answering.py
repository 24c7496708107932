"""How a question by HTTP comes to its answer with no more work than it needs.

`Answering` is one route's way. In this order: who has the answer is told so (304); an answer that was kept is given
again; else the question is understood and refused if it must be, and its answer worked out, encoded once, and kept.
The first two need no more than the parameters, for nothing is kept or tagged that was not understood and answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from service import wire
from service.access.extents import refuse_uncounted
from service.asking import asked_from_params, corrected, request_at_cursor
from service.caching import NO_STORE
from service.gone import again_if_gone
from service.params import SITE, Arguments, arguments_from_query_string, read_params
from service.problems import ParamProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    import falcon
    import msgspec

    from service.archive import Archive
    from service.asking import Asked
    from service.params import Parameter, SearchParams
    from service.serving import Serving

    WorkOut = Callable[[Asked, Archive, float], msgspec.Struct]

_NOT_IN_ADDRESS: Final = (
    f"is not taken from the address of a POST, only {SITE.name} is; what is asked goes into the body"
)


class Answering:
    """Answers questions at one address, which take these parameters.

    `work_out` makes the answer of a question from an archive; it is told when the request was taken up. `counts` are
    the fields that it counts besides those asked for.
    """

    def __init__(
        self,
        serving: Serving,
        address: str,
        parameters: tuple[Parameter, ...],
        work_out: WorkOut,
        counts: tuple[str, ...] = (),
    ) -> None:
        self._serving = serving
        self._address = address
        self._parameters = parameters
        self._work_out = work_out
        self._counts = counts

    def get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer the question in the query string. A HEAD is not worked out: it has a length if one is known."""
        self.answer(req, resp, self._read(arguments_from_query_string(req.query_string)))

    def answer(self, req: falcon.Request, resp: falcon.Response, params: SearchParams) -> None:
        """As `get`, for parameters that were read already."""
        self._answer(req, resp, params, self._serving.timer())

    @again_if_gone
    def _answer(self, req: falcon.Request, resp: falcon.Response, params: SearchParams, started: float) -> None:
        serving = self._serving
        with serving.lease(req) as archive:
            refuse_uncounted((*self._counts, *params.facet), archive)
            tag = serving.etag(archive, self._address, params)
            if serving.cache.answers_same(req, resp, tag):
                return
            kept = self._find(archive, tag)
            asked = None if kept else asked_from_params(params, serving.lexicon)
            if serving.cache.answers_unchanged(req, resp, tag):
                return
            if asked and req.method == "HEAD":
                request_at_cursor(asked, archive, serving.fingerprint)
                resp.stream = iter(())  # no body, and no length of one either
                return
            self._send(resp, self._worked_out(asked, archive, tag, started) if asked else kept, started)

    def post(self, req: falcon.Request, arguments: Arguments, resp: falcon.Response) -> None:
        """Answer the question in a body, exactly as `get` would; nobody else may reuse that answer.

        The site alone stands in the address: see `service.params.SITE`.
        """
        started = self._serving.timer()
        self._post(req, resp, self._read(_at_site(req, arguments)), started)

    @again_if_gone
    def _post(self, req: falcon.Request, resp: falcon.Response, params: SearchParams, started: float) -> None:
        with self._serving.lease(req) as archive:
            refuse_uncounted((*self._counts, *params.facet), archive)
            tag = self._serving.etag(archive, self._address, params)
            body = self._find(archive, tag)
            if body is None:
                asked = asked_from_params(params, self._serving.lexicon)
                body = self._worked_out(asked, archive, tag, started)
            resp.set_header("Cache-Control", NO_STORE)
            self._send(resp, body, started)

    def _read(self, arguments: Arguments) -> SearchParams:
        params, problems = read_params(arguments, self._parameters)
        if problems:
            asked_from_params(params, self._serving.lexicon, problems)  # raises, with what is wrong with the question
        return params

    def _find(self, archive: Archive, tag: str) -> bytes | None:
        kept = archive.answers.find(tag)
        self._serving.metrics.looked_up(found=kept is not None)
        return kept

    def _worked_out(self, asked: Asked, archive: Archive, tag: str, started: float) -> bytes:
        asked = corrected(asked, archive, self._serving.lexicon)
        body = wire.encode(self._work_out(asked, archive, started))
        archive.answers.keep(tag, body)
        self._serving.metrics.keeps_bytes(archive.answers.size_bytes)
        return body

    def _send(self, resp: falcon.Response, body: bytes | None, started: float) -> None:
        """`took_ms` in a body is what working it out took, then; the header says what this answer takes, now."""
        resp.data = body
        resp.set_header("Server-Timing", f"answer;dur={self._serving.took_ms(started)}")


def _at_site(req: falcon.Request, body: Arguments) -> Arguments:
    """A body's arguments, with the site that the address names. Whatever else the address asks for is a problem."""
    address = arguments_from_query_string(req.query_string)
    problems = [*body.problems, *address.problems]
    problems += [ParamProblem(name, _NOT_IN_ADDRESS) for name in address.values if name != SITE.name]
    if SITE.name in body.values:
        problems.append(ParamProblem(SITE.name, f"goes into the address, not the body: {req.path}?site=…"))
    named = address.values.get(SITE.name)
    values = {**body.values, SITE.name: named} if named and SITE.name not in body.values else body.values
    return Arguments(values, tuple(problems))
