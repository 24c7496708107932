"""The routes of the API, one class for each. They read what was asked, ask the archive, and answer in JSON.

Each takes what it needs from `Serving`. Errors are raised and become problems in `service.app`; headers that every
answer has are `service.middleware`'s. A HEAD is a GET whose body is not sent.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import falcon

from search.engine import SearchRequest, ValueFacet
from service import answers, wire
from service.answering import Answering
from service.asking import (
    VERSION,
    cursor_at,
    find_better,
    matched_variants,
    read_site,
    request_at_cursor,
    request_of,
    unknown_values,
)
from service.bodies import read_json_object
from service.caching import NO_STORE
from service.exposition import PATH as METRICS
from service.exposition import MetricsResource
from service.gone import again_if_gone
from service.openapi.document import openapi_document
from service.params import (
    FACET,
    FACET_PATHS,
    SEARCH,
    SEARCH_BODY,
    Arguments,
    SearchParams,
    arguments_from_json,
    arguments_from_query_string,
    query_string_from_params,
)
from service.problems import NotFound, UnsupportedMedia
from service.readiness import ReadinessResource
from service.relating import PATH as RELATED
from service.relating import RelatedResource
from service.reuse import reuse_links, reuse_routes
from service.saved.resources import saved_routes
from service.writing.resources import writing_routes

if TYPE_CHECKING:
    from collections.abc import Callable

    import msgspec

    from index.document import Document
    from search.thesaurus import Lexicon
    from service.archive import Archive
    from service.asking import Asked
    from service.serving import Serving

LONGEST_LINK: Final = 8000
"""Characters of a link that HTTP servers take as a request line; a question by POST can be longer than that."""


class SearchResource:
    """`/v1/search`: the question as parameters (GET) or as a JSON object with the same names (POST).

    `answering` gives the same answers to whoever has a question's parameters.
    """

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self.answering = Answering(serving, "/v1/search", SEARCH, self._answer)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer a question in the query string."""
        self.answering.get(req, resp)

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer a question in the body, exactly as by GET."""
        self.answering.post(req, _json_arguments(req, self._serving.max_body_bytes), resp)

    def _answer(self, asked: Asked, archive: Archive, started: float) -> wire.SearchAnswer:
        request = request_at_cursor(asked, archive, self._serving.fingerprint)
        params = asked.params
        hits = archive.searcher.search(
            request, facet_size=params.facet_size, highlight=params.highlight, explain=params.explain
        )
        after = request.offset + len(hits.hits)
        cursor = None
        if hits.hits and after < hits.total:
            cursor = cursor_at(after, asked, archive, self._serving.fingerprint)
        return answers.search_answer(
            hits,
            query=_search_echo(asked, request, hits.total, archive, self._serving.lexicon),
            page=request.offset // request.limit + 1,
            per_page=request.limit,
            next_cursor=cursor,
            links=_search_links(asked, cursor),
            took_ms=self._serving.took_ms(started),
            mark=archive.mark,
            site=params.site,
            explain=params.explain,
            variants=asked.question.variants,
        )


def _search_echo(
    asked: Asked, request: SearchRequest, total: int, archive: Archive, lexicon: Lexicon
) -> wire.QueryEcho:
    """What became of the question, and what to ask instead if it found little."""
    return answers.query_echo(
        asked.question,
        unknown_values(request, archive.searcher),
        matched_variants(asked, request, archive.searcher),
        find_better(asked, request, total, archive, lexicon) if not request.offset else None,
    )


class FacetResource:
    """`/v1/facets/{field}`: the values of one field in all matches, those named like some words."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._answering = {
            field: Answering(serving, f"/v1/facets/{field}", FACET, partial(self._answer, field), (field,))
            for field in FACET_PATHS
        }

    def on_get(self, req: falcon.Request, resp: falcon.Response, field: str) -> None:
        """Answer which values there are."""
        if field not in self._answering:
            raise NotFound(f"there is no facet of that name to search in; there are {', '.join(FACET_PATHS)}")
        self._answering[field].get(req, resp)

    on_head = on_get

    def _answer(self, field: str, asked: Asked, archive: Archive, started: float) -> wire.FacetAnswer:
        facet = ValueFacet(field)
        params = asked.params
        request = replace(request_of(asked, archive), facets=(facet,), offset=0, limit=0)
        words = params.facet_q
        like = self._serving.names.of(archive)[field].like(words).values if words else None
        view = archive.searcher.facet(request, facet, accepted=like, size=params.facet_size)
        return answers.facet_answer(
            view,
            query=answers.query_echo(asked.question, unknown_values(request, archive.searcher)),
            field=field,
            facet_q=params.facet_q,
            took_ms=self._serving.took_ms(started),
            generation=archive.generation,
        )


class ArticleResource:
    """An article (`/v1/articles/{id}`) in one of its forms: what `answer` makes of it."""

    def __init__(
        self, serving: Serving, answer: Callable[[Document, str, str], wire.Article | wire.EvidenceAnswer]
    ) -> None:
        self._serving = serving
        self._answer = answer

    @again_if_gone
    def on_get(self, req: falcon.Request, resp: falcon.Response, article_id: str) -> None:
        """Answer with the article."""
        site = read_site(arguments_from_query_string(req.query_string))
        with self._serving.lease(req) as archive:
            tag = self._serving.etag(archive, req.path, SearchParams(site=site))
            if self._serving.cache.answers_same(req, resp, tag):
                return
            document = archive.searcher.article(article_id)
            if document is None:
                raise NotFound("this archive has no article of that id")
            if not self._serving.cache.answers_unchanged(req, resp, tag):
                _send(resp, self._answer(document, archive.generation, site))

    on_head = on_get


class HealthResource:
    """`/healthz`: the process answers."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Say so."""
        _send(resp, wire.Health(status="ok"))

    on_head = on_get


class FixedResource:
    """An answer that is the same until the software changes: `/v1` and `/openapi.json`."""

    def __init__(self, serving: Serving, answer: msgspec.Struct | dict[str, Any]) -> None:
        self._serving = serving
        self._body = wire.encode(answer)
        self._tag = hashlib.sha256(self._body).hexdigest()[:32]

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with it."""
        if not self._serving.cache.answers_unchanged(req, resp, self._tag):
            resp.data = self._body

    on_head = on_get


def routes(serving: Serving) -> dict[str, object]:
    """Every route: its template and what answers it."""
    document = openapi_document()
    search = SearchResource(serving)
    return {
        "/v1": FixedResource(serving, _welcome(document)),
        "/v1/search": search,
        "/v1/facets/{field}": FacetResource(serving),
        **writing_routes(serving, ArticleResource(serving, answers.article_answer)),
        "/v1/articles/{article_id}/evidence": ArticleResource(serving, answers.evidence_answer),
        RELATED: RelatedResource(serving),
        **reuse_routes(serving),
        **saved_routes(serving, search.answering),
        "/healthz": HealthResource(),
        "/readyz": ReadinessResource(serving),
        METRICS: MetricsResource(serving),
        "/openapi.json": FixedResource(serving, document),
    }


def _welcome(document: dict[str, Any]) -> wire.Welcome:
    return wire.Welcome(
        name="Dateline",
        version=VERSION,
        about="Full-text search for a news archive. Try /v1/search?q=words&facet=region; /openapi.json says the rest.",
        routes={path: next(iter(methods.values()))["summary"] for path, methods in document["paths"].items()},
    )


def _send(resp: falcon.Response, answer: msgspec.Struct) -> None:
    resp.data = wire.encode(answer)
    if resp.get_header("Cache-Control") is None:
        resp.set_header("Cache-Control", NO_STORE)


def _search_links(asked: Asked, cursor: str | None) -> wire.SearchLinks:
    links = {"self": _link(asked, cursor=None), **reuse_links(asked.params)}
    if cursor:
        links["next"] = _link(asked, cursor=cursor)
    return wire.SearchLinks(**{name: link for name, link in links.items() if len(link) <= LONGEST_LINK})


def _link(asked: Asked, *, cursor: str | None) -> str:
    """The address of this question's answer, or of what follows at `cursor`."""
    params = replace(asked.params, page=1, cursor=cursor) if cursor else asked.params
    query = query_string_from_params(params, SEARCH)
    return f"/v1/search?{query}" if query else "/v1/search"


def _json_arguments(req: falcon.Request, limit_bytes: int) -> Arguments:
    """The arguments in a JSON body of at most `limit_bytes`."""
    media_type = (req.content_type or "").partition(";")[0].strip().lower()
    if media_type != falcon.MEDIA_JSON:
        raise UnsupportedMedia
    return arguments_from_json(read_json_object(req, limit_bytes), SEARCH_BODY)
