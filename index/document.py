"""The values an article passes through on the write side, and nothing else.

`RawDocument` is what a reader received, unaltered. `Document` is what we believe about it: every extracted value is a
`Found[T]`, the value together with the `Evidence` for it: the rule that fired, where in the text, the words as found.
The text itself is kept whole in `Document.text`; `blocks` says which stretch of it is headline, body, caption, byline
or boilerplate, so an offset in any piece of evidence always points into one string. `PublishedOn` is an interval of
days, because a date is only ever as certain as the text makes it. `Region` is a place on its path from the widest to
itself, with the role it plays in this article.

All values are frozen; `None` and the empty tuple mean "unknown". This module imports the standard library only.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")

LEAD_RULE = "title-lead"
"""The rule behind a title that is the beginning of the text, for want of a headline."""


class Role(StrEnum):
    """What a place is to an article."""

    DATELINE = "dateline"
    """Where the report was written: `SINUIJU, Mar. 27`."""
    EVENT = "event"
    """Where what is told of happened."""
    SENDER = "sender"
    """Where the person who told it is: "a source in Ryanggang"."""
    MENTIONED = "mentioned"
    """Named, and nothing more is known."""
    CAPTION = "caption"
    """Named only under a picture."""


class Basis(StrEnum):
    """How a value came to be known."""

    DECLARED = "declared"
    INFERRED = "inferred"


class Precision(StrEnum):
    """The unit in which a date is known."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    RANGE = "range"


class BlockKind(StrEnum):
    """What a stretch of an article's text is."""

    TITLE = "title"
    BODY = "body"
    CAPTION = "caption"
    BYLINE = "byline"
    BOILERPLATE = "boilerplate"


@dataclass(frozen=True, slots=True)
class Label:
    """A stable id, and the name people read. Sources and topics are labels."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Region:
    """A place by its path, widest first (`North Korea`, `North Pyongan`, `Sinuiju`), in one role."""

    path: tuple[Label, ...]
    role: Role

    @property
    def id(self) -> str:
        """The id of the place itself, the last of the path."""
        return self.path[-1].id

    @property
    def name(self) -> str:
        """The name of the place itself."""
        return self.path[-1].name


@dataclass(frozen=True, slots=True)
class PublishedOn:
    """The days an article may have been published on: `start` to `end`, both inclusive."""

    start: dt.date
    end: dt.date
    precision: Precision
    basis: Basis

    def __post_init__(self) -> None:
        if self.start > self.end:
            message = f"an interval of days must not end before it starts: {self.start} to {self.end}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of `Document.text`, as character offsets: `text[start:end]`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a value is believed: the rule's name, where its words stand (`None`: not in the text), the words as found."""

    rule: str
    where: Span | None
    quote: str


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A value with at least one piece of evidence, the strongest first."""

    value: T
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of the text and what it is. Blocks do not overlap and stand in the order of the text."""

    kind: BlockKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DeclaredRegion:
    """A place named by whoever handed the article in: a gazetteer id or any spelling, and the role if it was given."""

    name: str
    role: Role = Role.EVENT


@dataclass(frozen=True, slots=True)
class Declared:
    """Metadata that came with an article rather than from its text."""

    title: str | None = None
    date: str | None = None
    regions: tuple[DeclaredRegion, ...] = ()
    source: str | None = None
    topics: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class RawDocument:
    """An article as received.

    `id` is what its owner calls it, if anything. `origin` names the file it came from (and the row, for files of many)
    and is how an edited file is recognised as the same article; it is never shown to readers of the archive.
    """

    id: str | None
    url: str | None
    origin: str
    content: str
    media_type: str
    declared: Declared = field(default_factory=Declared)


@dataclass(frozen=True, slots=True)
class Document:
    """An article as understood. Offsets in all evidence and blocks point into `text`."""

    id: str
    url: str | None
    text: str
    blocks: tuple[Block, ...]
    title: Found[str]
    published: Found[PublishedOn] | None = None
    regions: tuple[Found[Region], ...] = ()
    source: Found[Label] | None = None
    topics: tuple[Found[Label], ...] = ()
    authors: tuple[Found[str], ...] = ()
    translators: tuple[Found[str], ...] = ()
    language: Found[str] | None = None

    @property
    def has_title(self) -> bool:
        """False if the text has no headline and `title` is the beginning of its lead."""
        return all(evidence.rule != LEAD_RULE for evidence in self.title.evidence)

    def parts(self, kind: BlockKind) -> tuple[str, ...]:
        """The stretches of text of one kind, in order."""
        return tuple(self.text[block.start : block.end] for block in self.blocks if block.kind is kind)

    @property
    def body(self) -> str:
        """The article proper: its body blocks, a blank line between them."""
        return "\n\n".join(self.parts(BlockKind.BODY))

    @property
    def captions(self) -> tuple[str, ...]:
        """The words under its pictures."""
        return self.parts(BlockKind.CAPTION)
