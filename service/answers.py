"""From the read side's values to the API's JSON: `Hits` to `SearchAnswer`, a `Document` to `Article` and so on.

One function for each answer; the structs and their keys are `service.wire`'s. Nothing is computed here that the read
side could have said, and nothing is left out because it is unknown: unknown is null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from urllib.parse import quote, urlencode, urlsplit

from msgspec import UNSET, UnsetType

from search.facets import DateFacetView, ValueFacetView
from service import wire
from service.explaining import explanation_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from index.document import Document, Evidence, Found, PublishedOn, Region
    from search.facets import FacetValue
    from search.highlight import Highlight
    from search.related import Shared, Version
    from search.rewrite import Question
    from search.searcher import Hit, Hits
    from search.syntax import Notice
    from search.thesaurus import Variant
    from service.asking import Better
    from service.problems import ServiceProblem
    from service.wire_explaining import Explanation

RelatedHit: TypeAlias = "tuple[Hit, Shared]"
"""A related article, and what it shares."""

_WEB: Final = {"http", "https"}


def search_answer(  # noqa: PLR0913 - the parts of an answer, by name
    hits: Hits,
    *,
    query: wire.QueryEcho,
    page: int,
    per_page: int,
    next_cursor: str | None,
    links: wire.SearchLinks,
    took_ms: float,
    mark: str,
    site: str = "",
    explain: bool = False,
    variants: tuple[Variant, ...] = (),
) -> wire.SearchAnswer:
    """The JSON of a page of hits. Links go on at `site`, if it was asked from one.

    With `explain`, hits are explained as matches of a question that asked for these other names, too.
    """
    return wire.SearchAnswer(
        query=query,
        total=hits.total,
        exact=True,
        page=page,
        per_page=per_page,
        next_cursor=next_cursor,
        took_ms=took_ms,
        generation=hits.generation,
        mark=mark,
        hits=tuple(_hit(hit, site, _explained(hit, variants) if explain else UNSET) for hit in hits.hits),
        facets=_facets(hits.facets),
        links=links,
    )


def facet_answer(  # noqa: PLR0913 - the parts of an answer, by name
    view: ValueFacetView, *, query: wire.QueryEcho, field: str, facet_q: str, took_ms: float, generation: str
) -> wire.FacetAnswer:
    """The JSON of one facet."""
    return wire.FacetAnswer(
        query=query,
        field=field,
        facet_q=facet_q,
        total_values=view.total_values,
        missing=view.missing,
        values=tuple(map(_facet_value, view.values)),
        took_ms=took_ms,
        generation=generation,
    )


def query_echo(
    question: Question,
    notices: Iterable[Notice] = (),
    matched: Iterable[tuple[Variant, int]] = (),
    better: Better | None = None,
) -> wire.QueryEcho:
    """The JSON of a question; with `notices` about its filters, other names that `matched`, what may be `better`."""
    return wire.QueryEcho(
        raw=question.raw,
        parsed=str(question.parsed),
        corrections=tuple(wire.Correction(each.asked, each.used, each.articles) for each in question.corrections),
        variants=tuple(
            wire.Variant(variant.asked, variant.text, variant.reason, articles) for variant, articles in matched
        ),
        did_you_mean=wire.DidYouMean(better.q, better.total) if better else None,
        warnings=tuple(wire.Notice(notice.code, notice.detail) for notice in (*question.warnings, *notices)),
    )


def article_answer(document: Document, generation: str, site: str = "") -> wire.Article:
    """The JSON of an article."""
    return wire.Article(
        **_metadata(document),
        text=document.text,
        blocks=tuple(wire.Block(block.kind, block.start, block.end) for block in document.blocks),
        body=document.body,
        captions=document.captions,
        generation=generation,
        links=article_links(document.id, site),
    )


def evidence_answer(document: Document, generation: str, _site: str = "") -> wire.EvidenceAnswer:
    """The JSON of everything known of an article, and why."""
    published, source, language = document.published, document.source, document.language
    return wire.EvidenceAnswer(
        id=document.id,
        title=_found_text(document.title),
        published=wire.FoundPublished(_published(published.value), _reasons(published)) if published else None,
        regions=tuple(wire.FoundPlace(_place(found.value), _reasons(found)) for found in document.regions),
        source=wire.FoundLabel(wire.Label(source.value.id, source.value.name), _reasons(source)) if source else None,
        topics=tuple(
            wire.FoundLabel(wire.Label(found.value.id, found.value.name), _reasons(found)) for found in document.topics
        ),
        authors=tuple(map(_found_text, document.authors)),
        translators=tuple(map(_found_text, document.translators)),
        language=_found_text(language) if language else None,
        generation=generation,
    )


def related_answer(
    document: Document,
    *,
    hits: Iterable[RelatedHit],
    versions: Iterable[tuple[Document, Version]],
    generation: str,
    site: str = "",
) -> wire.RelatedAnswer:
    """The JSON of what has to do with an article."""
    return wire.RelatedAnswer(
        id=document.id,
        hits=tuple(wire.RelatedHit(**_hit_parts(hit, site), shared=_shared(shared)) for hit, shared in hits),
        versions=tuple(_version(other, version, site) for other, version in versions),
        generation=generation,
    )


def problem_answer(problem: ServiceProblem, request_id: str) -> wire.Problem:
    """The JSON of an error."""
    return wire.Problem(
        type="about:blank",
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        instance=f"urn:dateline:request:{request_id}",
        code=problem.code,
        errors=tuple(wire.ParamError(error.param, error.detail) for error in problem.errors),
    )


def _hit(hit: Hit, site: str, explanation: Explanation | UnsetType | None) -> wire.Hit:
    return wire.Hit(**_hit_parts(hit, site), explanation=explanation)


def _explained(hit: Hit, variants: tuple[Variant, ...]) -> Explanation | None:
    return explanation_of(hit.explanation, hit.document, variants) if hit.explanation else None


def _hit_parts(hit: Hit, site: str) -> dict[str, Any]:
    return {
        **_metadata(hit.document),
        "score": hit.score,
        "highlights": tuple(map(_highlight, hit.highlights)),
        "links": article_links(hit.document.id, site),
    }


def _shared(shared: Shared) -> wire.Shared:
    places, topics = (
        tuple(wire.Label(label.id, label.name) for label in labels) for labels in (shared.places, shared.topics)
    )
    return wire.Shared(places, topics, shared.words)


def _version(document: Document, version: Version, site: str) -> wire.Version:
    return wire.Version(
        id=document.id,
        language=document.language.value if document.language else None,
        title=document.title.value,
        kind=version.kind,
        because=version.because,
        links=article_links(document.id, site),
    )


def _metadata(document: Document) -> dict[str, Any]:
    """What hits and articles say alike."""
    return {
        "id": document.id,
        "url": _web_address(document.url),
        "title": document.title.value,
        "title_basis": _title_basis(document),
        "source": document.source.value.name if document.source else None,
        "authors": tuple(found.value for found in document.authors),
        "translators": tuple(found.value for found in document.translators),
        "published": _published(document.published.value) if document.published else None,
        "regions": tuple(_place(found.value) for found in document.regions),
        "topics": tuple(wire.Label(found.value.id, found.value.name) for found in document.topics),
        "language": document.language.value if document.language else None,
    }


def _title_basis(document: Document) -> Literal["declared", "text", "lead"]:
    if not document.has_title:
        return "lead"
    return "text" if any(evidence.where for evidence in document.title.evidence) else "declared"


def _web_address(url: str | None) -> str | None:
    """The address if it is one that a browser may be sent to: never `javascript:` or the like."""
    try:
        return url if url and urlsplit(url).scheme in _WEB else None
    except ValueError:
        return None


def article_links(article_id: str, site: str = "") -> wire.ArticleLinks:
    """Where more about an article is, for a site if one is named."""
    address = f"/v1/articles/{quote(article_id, safe='')}"
    asked = f"?{urlencode({'site': site})}" if site else ""
    return wire.ArticleLinks(
        self=address + asked, evidence=f"{address}/evidence{asked}", related=f"{address}/related{asked}"
    )


def _published(value: PublishedOn) -> wire.Published:
    return wire.Published(value.start, value.end, value.precision, value.basis)


def _place(region: Region) -> wire.Place:
    return wire.Place(region.id, region.name, tuple(label.name for label in region.path), region.role)


def _highlight(highlight: Highlight) -> wire.Highlight:
    parts = tuple((part.text,) if part.is_match else part.text for part in highlight.parts)
    return wire.Highlight(highlight.field, parts, highlight.offset)


def _facets(views: Mapping[str, ValueFacetView | DateFacetView]) -> wire.Facets:
    asked_for: dict[str, Any] = {field: _facet(view) for field, view in views.items()}
    return wire.Facets(**asked_for)


def _facet(view: ValueFacetView | DateFacetView) -> wire.ValueFacet | wire.DateFacet:
    if isinstance(view, DateFacetView):
        buckets = tuple(wire.DateBucket(start, count) for start, count in view.buckets)
        return wire.DateFacet(view.interval, view.missing, buckets)
    return wire.ValueFacet(view.total_values, view.missing, tuple(map(_facet_value, view.values)))


def _facet_value(value: FacetValue) -> wire.FacetValue:
    children = tuple(map(_facet_value, value.children))
    return wire.FacetValue(value.id, value.name, value.path, value.count, value.selected, children)


def _found_text(found: Found[str]) -> wire.FoundText:
    return wire.FoundText(found.value, _reasons(found))


def _reasons(found: Found[Any]) -> tuple[wire.Reason, ...]:
    return tuple(map(_reason, found.evidence))


def _reason(evidence: Evidence) -> wire.Reason:
    where = evidence.where
    return wire.Reason(evidence.rule, where.start if where else None, where.end if where else None, evidence.quote)
