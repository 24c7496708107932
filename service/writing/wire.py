"""The JSON of the routes that write, spelled here and nowhere else; `service.wire` has that of all others."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from index.archive.identity import MAX_ID_LENGTH
from index.document import Role  # noqa: TC001 - msgspec reads the annotations
from index.read.rows import LEAST_NUMBER, MOST_NUMBER
from service import wire  # noqa: TC001 - likewise

LINES = "application/x-ndjson"
"""The media type of JSON objects, one on each line."""

WORDS = r"^[^\u0000]*$"
WEB_ADDRESS = r"^(https?://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?([/?#][!-~]*)?)?$"

Words = Annotated[str, msgspec.Meta(pattern=WORDS)]
Number = Annotated[int, msgspec.Meta(ge=LEAST_NUMBER, le=MOST_NUMBER)]


class NamedRegion(msgspec.Struct, frozen=True):
    """A place by its gazetteer id or any of its names, and what it is to the article: event if nothing is said."""

    id: Words | None = None
    name: Words | None = None
    role: Role | None = None


class NewArticle(msgspec.Struct, frozen=True):
    """An article as sent. Only `body` must be there; what is left out is understood from it.

    Its `id` is made of letters and digits of any script and `._~:@-`.
    """

    # Lists are of plain `str`: msgspec 0.22 may crash on annotated items of a list in a union that occurs twice.
    body: Words
    id: Annotated[str, msgspec.Meta(max_length=MAX_ID_LENGTH, pattern=WORDS)] | Number | None = None
    url: Annotated[str, msgspec.Meta(max_length=2000, pattern=WEB_ADDRESS)] | None = None
    title: Words | None = None
    date: Words | None = None
    region: str | NamedRegion | list[str | NamedRegion | None] | None = None
    source: Words | None = None
    topic: str | list[str | None] | None = None
    authors: str | list[str | None] | None = None
    language: Words | None = None


class UnknownField(msgspec.Struct, frozen=True):
    """A field that was not used, and in how many articles it is."""

    name: str
    articles: int


class Understood(msgspec.Struct, frozen=True):
    """What an article is understood as, and why. It is in no generation, so `generation` is empty."""

    article: wire.Article
    evidence: wire.EvidenceAnswer


class PutAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an article, which is on disk; in a dry run, what would, and what it is understood as.

    `change` is the number of its last change: searching shows it when `/readyz` tells a `change` that is no less.
    """

    id: str
    effect: Literal["added", "updated", "unchanged"]
    change: int
    dry_run: bool
    unknown_fields: tuple[UnknownField, ...]
    links: wire.ArticleLinks
    understood: Understood | UnsetType = UNSET


class BatchItem(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the article on a line, or in a dry run would."""

    line: int
    id: str
    effect: Literal["added", "updated", "unchanged"]
    understood: Understood | UnsetType = UNSET


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch, all of which is on disk; in a dry run, what would.

    `change` is the number of the last change to any of its articles.
    """

    added: int
    updated: int
    unchanged: int
    change: int
    dry_run: bool
    unknown_fields: tuple[UnknownField, ...]
    articles: tuple[BatchItem, ...]


class DeleteAnswer(msgspec.Struct, frozen=True):
    """The article is deleted, on disk. Searching shows it no more when `/readyz` tells a `change` that is no less."""

    id: str
    effect: Literal["deleted"]
    change: int
