"""What has to do with an article: `/v1/articles/{id}/related`.

Other articles with the reason, and those that are the same report, in another version or language, with the proof.
Both are worked out by `search.related`, and remembered there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from search.errors import QueryRefused
from search.highlight import LOOKED_AT_TOGETHER, highlights
from search.related import MOST_RELATED, query_from_shared
from search.searcher import Hit
from service import wire
from service.answers import RelatedHit, related_answer
from service.gone import again_if_gone
from service.params import RELATED, arguments_from_query_string, read_params
from service.problems import InvalidParameters, NotFound, ParamProblem

if TYPE_CHECKING:
    import falcon

    from index.document import Document
    from search.searcher import Searcher
    from service.archive import Archive
    from service.params import SearchParams
    from service.serving import Serving

PATH: Final = "/v1/articles/{article_id}/related"
_SHARE: Final = LOOKED_AT_TOGETHER // MOST_RELATED // 4
"""Characters of each article that are searched for what is shared: a report, many times over."""


class RelatedResource:
    """`/v1/articles/{id}/related`: other articles that have to do with one, and its versions."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    @again_if_gone
    def on_get(self, req: falcon.Request, resp: falcon.Response, article_id: str) -> None:
        """Answer with what has to do with the article."""
        params = _read(req)
        with self._serving.lease(req) as archive:
            tag = self._serving.etag(archive, req.path, params)
            if self._serving.cache.answers_same(req, resp, tag):
                return
            document = archive.searcher.article(article_id)
            if document is None:
                raise NotFound("this archive has no article of that id")
            if not self._serving.cache.answers_unchanged(req, resp, tag):
                resp.data = wire.encode(_answer(document, archive, params))

    on_head = on_get


def _read(req: falcon.Request) -> SearchParams:
    params, problems = read_params(arguments_from_query_string(req.query_string), RELATED)
    if problems:
        raise InvalidParameters(problems)
    return params


def _answer(document: Document, archive: Archive, params: SearchParams) -> wire.RelatedAnswer:
    searcher = archive.searcher
    try:
        related = searcher.related(document)
    except QueryRefused as refused:
        raise InvalidParameters((ParamProblem("article_id", refused.detail),)) from None
    versions = searcher.documents([version.serial for version in related.versions])
    return related_answer(
        document,
        hits=_hits(document, searcher, params.limit),
        versions=tuple(zip(versions, related.versions, strict=True)),
        generation=archive.generation,
        site=params.site,
    )


def _hits(document: Document, searcher: Searcher, limit: int) -> tuple[RelatedHit, ...]:
    """The nearest articles, each with passages that show what is shared."""
    relatives = searcher.related(document).articles[:limit]
    documents = searcher.documents([relative.serial for relative in relatives])
    return tuple(
        (
            Hit(other, relative.score, highlights(query_from_shared(relative.shared), other, looked_at=_SHARE)),
            relative.shared,
        )
        for relative, other in zip(relatives, documents, strict=True)
    )
