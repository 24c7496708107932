"""The JSON of InstantSearch, named as InstantSearch names it. Goes on from `service.wire`.

`Requests` and what it holds describe a request; requests are read by `reading`, which names each problem.
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - msgspec reads the annotations
import re
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from search.syntax import PUBLIC_LIMITS
from service.instantsearch.attributes import ATTRIBUTES, INDICES, VALUES
from service.instantsearch.filters import LONGEST as LONGEST_CONDITION
from service.params import MAX_VALUE_LENGTH, NO_CONTROL
from service.wire import ArticleLinks, Notice, Place, Published  # noqa: TC001 - msgspec reads the annotations

MOST_ITEMS: Final = 50
LARGEST: Final = 1_000_000_000
LONGEST_TAG: Final = 100
_FACET: Final = rf"({'|'.join(map(re.escape, ('*', *ATTRIBUTES)))})"

Index = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(INDICES)})]
ValueField = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(VALUES)})]
Number = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
Question = Annotated[str, msgspec.Meta(max_length=PUBLIC_LIMITS.characters, pattern=NO_CONTROL)]
Tag = Annotated[str, msgspec.Meta(max_length=LONGEST_TAG, pattern=NO_CONTROL)]
Typed = Annotated[str, msgspec.Meta(max_length=MAX_VALUE_LENGTH, pattern=NO_CONTROL)]
Facets = Annotated[str, msgspec.Meta(pattern=rf"^({_FACET}(,{_FACET})*)?$", examples=["region.lvl0,topic"])]
Condition = Annotated[str, msgspec.Meta(max_length=LONGEST_CONDITION)]


class RequestParams(msgspec.Struct, frozen=True, rename="camel"):
    """What an item asks; parameters that are not listed change nothing, and a warning says so."""

    # Lists are of plain `str`: msgspec 0.22 may crash on annotated items of a list in a union that occurs twice.
    query: Question | UnsetType | None = UNSET
    page: Number | UnsetType | None = UNSET
    hits_per_page: Number | UnsetType | None = UNSET
    facets: Facets | tuple[str, ...] | UnsetType | None = UNSET
    facet_filters: str | tuple[str | tuple[str, ...], ...] | UnsetType | None = UNSET
    numeric_filters: str | tuple[str | tuple[str, ...], ...] | UnsetType | None = UNSET
    filters: Condition | UnsetType | None = UNSET
    max_values_per_facet: Number | UnsetType | None = UNSET
    highlight_pre_tag: Tag | UnsetType | None = UNSET
    highlight_post_tag: Tag | UnsetType | None = UNSET
    facet_query: Typed | UnsetType | None = UNSET
    max_facet_hits: Number | UnsetType | None = UNSET


class Request(msgspec.Struct, frozen=True, rename="camel"):
    """A search, or with `type` facet a search in the values of `facet`."""

    index_name: Index
    type: Literal["default", "facet"] | UnsetType = UNSET
    facet: ValueField | UnsetType | None = UNSET
    params: RequestParams | UnsetType | None = UNSET


class Requests(msgspec.Struct, frozen=True):
    """The questions of one moment of a page, at most fifty."""

    requests: Annotated[tuple[Request, ...], msgspec.Meta(max_length=MOST_ITEMS)]


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
