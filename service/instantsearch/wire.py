"""The JSON of InstantSearch, named as InstantSearch names it. Goes on from `service.wire`.

`Requests` and what it holds describe a request; requests are read by `reading`, which names each problem.
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - msgspec reads the annotations
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from service.wire import ArticleLinks, Notice, Place, Published  # noqa: TC001 - msgspec reads the annotations


class RequestParams(msgspec.Struct, frozen=True, rename="camel"):
    """What an item asks; parameters that are not listed change nothing, and a warning says so."""

    query: str | UnsetType = UNSET
    page: int | UnsetType = UNSET
    hits_per_page: int | UnsetType = UNSET
    facets: str | tuple[str, ...] | UnsetType = UNSET
    facet_filters: str | tuple[str | tuple[str, ...], ...] | UnsetType = UNSET
    numeric_filters: str | tuple[str | tuple[str, ...], ...] | UnsetType = UNSET
    filters: str | UnsetType = UNSET
    max_values_per_facet: int | UnsetType = UNSET
    highlight_pre_tag: str | UnsetType = UNSET
    highlight_post_tag: str | UnsetType = UNSET
    facet_query: str | UnsetType = UNSET
    max_facet_hits: int | UnsetType = UNSET


class Request(msgspec.Struct, frozen=True, rename="camel"):
    """A search, or with `type` facet a search in the values of `facet`."""

    index_name: str
    type: Literal["default", "facet"] | UnsetType = UNSET
    facet: str | UnsetType = UNSET
    params: RequestParams | UnsetType = UNSET


class Requests(msgspec.Struct, frozen=True):
    """The questions of one moment of a page, at most fifty."""

    requests: tuple[Request, ...]


class Highlighted(msgspec.Struct, frozen=True, rename="camel"):
    """A text with the asked tags around what matches. HTML if the tags are, and then the text is escaped."""

    value: str
    match_level: Literal["none", "partial", "full"]
    matched_words: tuple[str, ...]


class HighlightResult(msgspec.Struct, frozen=True):
    """Whole fields."""

    title: Highlighted
    authors: tuple[Highlighted, ...]
    source: Highlighted | UnsetType = UNSET


class SnippetResult(msgspec.Struct, frozen=True):
    """Passages of long fields."""

    body: Highlighted
    captions: Highlighted | UnsetType = UNSET


class Levels(msgspec.Struct, frozen=True):
    """The places of an article by level: `lvl1` holds `North Korea > North Pyongan`. Four are the most there are."""

    lvl0: tuple[str, ...]
    lvl1: tuple[str, ...]
    lvl2: tuple[str, ...]
    lvl3: tuple[str, ...]


class HitDate(msgspec.Struct, frozen=True):
    """When it was published, in words as certain as is known, and every year it may be from."""

    text: str
    start: dt.date
    end: dt.date
    year: tuple[int, ...]


class ResultHit(msgspec.Struct, frozen=True, kw_only=True):
    """An article that matches. `date_timestamp` is the first second of the first day it may be from, in UTC."""

    object_id: str = msgspec.field(name="objectID")
    url: str | None
    title: str
    title_basis: Literal["declared", "text", "lead"]
    source: str | None
    authors: tuple[str, ...]
    translators: tuple[str, ...]
    topic: tuple[str, ...]
    language: str | None
    region: Levels
    regions: tuple[Place, ...]
    published: Published | None
    date: HitDate | None
    date_timestamp: int | None
    score: float
    links: ArticleLinks
    highlight_result: HighlightResult = msgspec.field(name="_highlightResult")
    snippet_result: SnippetResult = msgspec.field(name="_snippetResult")


class Stats(msgspec.Struct, frozen=True):
    """The least and the greatest value of an attribute over all matches."""

    min: int
    max: int


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a search. All counts are exact; `warnings` say what was changed or left out."""

    index: str
    hits: tuple[ResultHit, ...]
    nb_hits: int = msgspec.field(name="nbHits")
    page: int
    nb_pages: int = msgspec.field(name="nbPages")
    hits_per_page: int = msgspec.field(name="hitsPerPage")
    facets: dict[str, dict[str, int]]
    facets_stats: dict[str, Stats]
    exhaustive_nb_hits: Literal[True] = msgspec.field(name="exhaustiveNbHits", default=True)
    exhaustive_facets_count: Literal[True] = msgspec.field(name="exhaustiveFacetsCount", default=True)
    query: str
    params: str
    processing_time_ms: int = msgspec.field(name="processingTimeMS")
    warnings: tuple[Notice, ...]


class FacetHit(msgspec.Struct, frozen=True):
    """A value whose name is like what was asked."""

    value: str
    highlighted: str
    count: int


class FacetResult(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a search in a facet."""

    facet_hits: tuple[FacetHit, ...] = msgspec.field(name="facetHits")
    exhaustive_facets_count: Literal[True] = msgspec.field(name="exhaustiveFacetsCount", default=True)
    processing_time_ms: int = msgspec.field(name="processingTimeMS")
    warnings: tuple[Notice, ...]


_RESULTS: Final = [{"$ref": f"#/components/schemas/{kind.__name__}"} for kind in (SearchResult, FacetResult)]
"""What msgspec cannot say itself: it takes no two structs for one value."""


class Results(msgspec.Struct, frozen=True):
    """One result for each request, in their order."""

    results: Annotated[tuple[Any, ...], msgspec.Meta(extra_json_schema={"items": {"anyOf": _RESULTS}})]
