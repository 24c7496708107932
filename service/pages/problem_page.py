"""Errors as pages, for whoever asks as a browser does: what happened, what still works, what to try."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from service.access.sites import ID
from service.pages.addresses import HOME, search_address
from service.pages.rendering import render
from service.params import SITE, SearchParams, arguments_from_query_string
from service.problems import NOTHING_BUILT, NotFound, NotReady, ParamProblem, Unauthorized

if TYPE_CHECKING:
    import falcon

    from service.problems import ServiceProblem

LONGEST_SHOWN: Final = 300
_SERVER_FAULT: Final = 500
_NO_ROUTE: Final = None
_BAD_REQUEST: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemPage:
    """What an error's page shows. `q` is what was typed, so that it need not be typed again."""

    status: int
    heading: str
    detail: str
    problems: tuple[ParamProblem, ...]
    is_empty_archive: bool
    is_private_archive: bool
    is_ours: bool
    q: str
    hidden: tuple[tuple[str, str], ...]
    home: str
    again: str
    request_id: str


def wants_page(req: falcon.Request, page_routes: frozenset[str]) -> bool:
    """Whether an error should be a page: on a page's route, and for a browser that asked for what is not there."""
    if req.uri_template is _NO_ROUTE:
        return "text/html" in (req.get_header("Accept") or "")
    return req.uri_template in page_routes


def problem_html(problem: ServiceProblem, req: falcon.Request, *, request_id: str, name: str) -> bytes:
    """The page of an error."""
    return render("problem.html", page=_problem_page(problem, req, request_id), name=name)


def _problem_page(problem: ServiceProblem, req: falcon.Request, request_id: str) -> ProblemPage:
    is_empty = isinstance(problem, NotReady) and problem.detail == NOTHING_BUILT
    given = arguments_from_query_string(req.query_string).values
    typed, named = (given.get(name, ("",))[-1] for name in ("q", SITE.name))
    site = named if problem.status == _BAD_REQUEST and re.fullmatch(ID, named) else ""
    return ProblemPage(
        status=problem.status,
        heading=_heading(problem, is_empty=is_empty),
        detail=problem.detail,
        problems=problem.errors,
        is_empty_archive=is_empty,
        is_private_archive=isinstance(problem, Unauthorized),
        is_ours=problem.status >= _SERVER_FAULT and not is_empty,
        q=typed[:LONGEST_SHOWN],
        hidden=((SITE.name, site),) if site else (),
        home=search_address(SearchParams(site=site)),
        again=req.relative_uri if req.method == "GET" and req.relative_uri.startswith("/") else HOME,
        request_id=request_id,
    )


def _heading(problem: ServiceProblem, *, is_empty: bool) -> str:
    if is_empty:
        return "This archive is empty"
    if isinstance(problem, Unauthorized):
        return "This archive is not public"
    if isinstance(problem, NotFound):
        return "There is nothing here"
    if problem.status == _BAD_REQUEST:
        return "That cannot be asked"
    return "Something went wrong here" if problem.status >= _SERVER_FAULT else "That does not work"
