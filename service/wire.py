"""The JSON of the API, spelled here and nowhere else.

Each struct is a schema of `/openapi.json` (its docstring the description) and is encoded as it stands, in this order.
`service.answers` makes them from the read side's values; requests are read by `service.params`.
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - msgspec reads the annotations
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from index.document import Basis, BlockKind, Precision, Role  # noqa: TC001 - msgspec reads the annotations
from search.engine import Interval  # noqa: TC001 - msgspec reads the annotations
from search.thesaurus import Reason as VariantReason  # noqa: TC001 - likewise
from search.versions import VersionKind  # noqa: TC001 - msgspec reads the annotations
from service.wire_explaining import Explanation  # noqa: TC001 - likewise


class Notice(msgspec.Struct, frozen=True):
    """Something about the question that was changed, added or left out."""

    code: str
    detail: str


class Correction(msgspec.Struct, frozen=True):
    """A word that no article has, as typed, and the one that was searched instead, which so many articles have."""

    asked: str
    used: str
    articles: int


class Variant(msgspec.Struct, frozen=True):
    """Another name for words of the question, by which so many of those found match, and why it was asked for."""

    asked: str
    text: str
    reason: VariantReason
    articles: int


class DidYouMean(msgspec.Struct, frozen=True):
    """Another question, and how many articles it finds."""

    q: str
    total: int


class QueryEcho(msgspec.Struct, frozen=True):
    """The question as typed, as read, and what was made of it.

    `corrections` are words that no article has, and what was searched in their place; `variants` other names by which
    articles matched; `did_you_mean` a question that finds more, if this one finds little.
    """

    raw: str
    parsed: str
    corrections: tuple[Correction, ...]
    variants: tuple[Variant, ...]
    warnings: tuple[Notice, ...]
    did_you_mean: DidYouMean | None = None


class Published(msgspec.Struct, frozen=True):
    """The days an article may have been published on, both inclusive: as certain as is known, never more."""

    start: dt.date
    end: dt.date
    precision: Precision
    basis: Basis


class Place(msgspec.Struct, frozen=True):
    """A place and what it is to the article. `path` runs from the widest place to this one."""

    id: str
    name: str
    path: tuple[str, ...]
    role: Role


class Label(msgspec.Struct, frozen=True):
    """A stable id, and the name people read."""

    id: str
    name: str


class Highlight(msgspec.Struct, frozen=True):
    """A passage: a plain string is text, a one-element array is a match. `offset` counts characters in the field."""

    field: str
    parts: tuple[str | tuple[str], ...]
    offset: int


class ArticleLinks(msgspec.Struct, frozen=True):
    """Where more about an article is."""

    self: str
    evidence: str
    related: str


class ArticleMetadata(msgspec.Struct, frozen=True):
    """What is known about an article. `title_basis` is declared, text (a headline) or lead (the text's beginning)."""

    id: str
    url: str | None
    title: str
    title_basis: Literal["declared", "text", "lead"]
    source: str | None
    authors: tuple[str, ...]
    translators: tuple[str, ...]
    published: Published | None
    regions: tuple[Place, ...]
    topics: tuple[Label, ...]
    language: str | None


class Hit(ArticleMetadata, frozen=True):
    """An article that matches, and how well; with `explain`, also why: null for one that is too long for that."""

    score: float
    highlights: tuple[Highlight, ...]
    links: ArticleLinks
    explanation: Explanation | UnsetType | None = UNSET


class FacetValue(msgspec.Struct, frozen=True):
    """A value with its exact count. A place's count is of distinct articles, never the sum of its children."""

    id: str
    value: str
    path: tuple[str, ...]
    count: int
    selected: bool
    children: tuple[FacetValue, ...]


class ValueFacet(msgspec.Struct, frozen=True):
    """A field's values, largest first. `total_values` counts those not shown too; `missing`, articles without any."""

    total_values: int
    missing: int
    values: tuple[FacetValue, ...]


class DateBucket(msgspec.Struct, frozen=True):
    """A calendar unit by its first day, and the articles that were or may have been published in it."""

    start: dt.date
    count: int


class DateFacet(msgspec.Struct, frozen=True):
    """A histogram of dates; empty buckets between the first and the last are kept."""

    interval: Interval
    missing: int
    buckets: tuple[DateBucket, ...]


class Facets(msgspec.Struct, frozen=True, kw_only=True):
    """The facets that were asked for."""

    region: ValueFacet | UnsetType = UNSET
    source: ValueFacet | UnsetType = UNSET
    topic: ValueFacet | UnsetType = UNSET
    language: ValueFacet | UnsetType = UNSET
    date: DateFacet | UnsetType = UNSET


class SearchLinks(msgspec.Struct, frozen=True, kw_only=True):
    """The same question by GET, what follows this page, and all of it as feeds and a table. Left out where too long."""

    self: str | UnsetType = UNSET
    next: str | UnsetType = UNSET
    atom: str | UnsetType = UNSET
    jsonfeed: str | UnsetType = UNSET
    csv: str | UnsetType = UNSET


class SearchAnswer(msgspec.Struct, frozen=True):
    """One page of an answer. `total` and all counts are exact and over all matches.

    Asked again with `since` being this `mark`, the question is for articles that were added later.
    """

    query: QueryEcho
    total: int
    exact: bool
    page: int
    per_page: int
    next_cursor: str | None
    took_ms: float
    generation: str
    mark: str
    hits: tuple[Hit, ...]
    facets: Facets
    links: SearchLinks


class FacetAnswer(msgspec.Struct, frozen=True):
    """One facet of all matches of a question: the values named like `facet_q`."""

    query: QueryEcho
    field: str
    facet_q: str
    total_values: int
    missing: int
    values: tuple[FacetValue, ...]
    took_ms: float
    generation: str


class Block(msgspec.Struct, frozen=True):
    """What the characters `start` to `end` of the text are: title, body, caption, byline or boilerplate."""

    kind: BlockKind
    start: int
    end: int


class Article(ArticleMetadata, frozen=True):
    """An article: its text as received, what its parts are, and what is known about it."""

    text: str
    blocks: tuple[Block, ...]
    body: str
    captions: tuple[str, ...]
    generation: str
    links: ArticleLinks


class Reason(msgspec.Struct, frozen=True):
    """Why a value is believed: the rule, the characters of `text` it rests on (null: not in the text), the words."""

    rule: str
    start: int | None
    end: int | None
    quote: str


class FoundText(msgspec.Struct, frozen=True):
    """A text and the evidence for it, the strongest first."""

    value: str
    evidence: tuple[Reason, ...]


class FoundPublished(msgspec.Struct, frozen=True):
    """A date and the evidence for it, the strongest first."""

    value: Published
    evidence: tuple[Reason, ...]


class FoundPlace(msgspec.Struct, frozen=True):
    """A place in a role and the evidence for it, the strongest first."""

    value: Place
    evidence: tuple[Reason, ...]


class FoundLabel(msgspec.Struct, frozen=True):
    """A source or topic and the evidence for it, the strongest first."""

    value: Label
    evidence: tuple[Reason, ...]


class EvidenceAnswer(msgspec.Struct, frozen=True):
    """Each value known of an article, with the evidence for it. Offsets count characters of the article's `text`."""

    id: str
    title: FoundText
    published: FoundPublished | None
    regions: tuple[FoundPlace, ...]
    source: FoundLabel | None
    topics: tuple[FoundLabel, ...]
    authors: tuple[FoundText, ...]
    translators: tuple[FoundText, ...]
    language: FoundText | None
    generation: str


class Shared(msgspec.Struct, frozen=True):
    """What two articles share: the narrowest places, topics, and telling words as the one asked about writes them."""

    places: tuple[Label, ...]
    topics: tuple[Label, ...]
    words: tuple[str, ...]


class RelatedHit(Hit, frozen=True, kw_only=True):
    """An article that has to do with another, and why. Scores compare within one answer only."""

    shared: Shared


class Version(msgspec.Struct, frozen=True):
    """An article that is the same report in another version or language; `because` is what proves it, in words."""

    id: str
    language: str | None
    title: str
    kind: VersionKind
    because: tuple[str, ...]
    links: ArticleLinks


class RelatedAnswer(msgspec.Struct, frozen=True):
    """What has to do with the article `id`: others, the nearest first, and its versions, which are not among them."""

    id: str
    hits: tuple[RelatedHit, ...]
    versions: tuple[Version, ...]
    generation: str


class Health(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"]


class Held(msgspec.Struct, frozen=True):
    """Nothing newer is published until somebody says so: since when, and why."""

    since: dt.datetime
    reason: str


class Readiness(msgspec.Struct, frozen=True):
    """What is served. `status` is ready, or degraded if that is not what was published last: `reason` says why.

    `change` is the number of the last change of the archive that every worker of the server shows. Of an archive that
    is not public, strangers are told the status alone.
    """

    status: Literal["ready", "degraded"]
    generation: str | UnsetType = UNSET
    created: dt.datetime | UnsetType = UNSET
    age_seconds: int | UnsetType = UNSET
    articles: int | UnsetType = UNSET
    change: int | UnsetType = UNSET
    held: Held | UnsetType | None = UNSET
    reason: str | UnsetType | None = UNSET


class Welcome(msgspec.Struct, frozen=True):
    """What this is, and where to go on."""

    name: str
    version: str
    about: str
    routes: dict[str, str]


class ParamError(msgspec.Struct, frozen=True):
    """What is wrong with one parameter."""

    param: str
    detail: str


class Problem(msgspec.Struct, frozen=True):
    """An error (RFC 9457). `code` is for programs, `instance` has the request id, `errors` each wrong parameter."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: tuple[ParamError, ...]


_ENCODER: Final = msgspec.json.Encoder()


def encode(answer: msgspec.Struct | dict[str, Any]) -> bytes:
    """The JSON of an answer, as UTF-8."""
    return _ENCODER.encode(answer)
