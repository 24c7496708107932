"""Where a document shows what was asked: passages as plain values, never HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.document import Document
    from search.query import Query


@dataclass(frozen=True, slots=True)
class Part:
    """A run of characters that matches the question, or does not."""

    text: str
    is_match: bool


@dataclass(frozen=True, slots=True)
class Highlight:
    """A passage of one field. `offset` is where it begins in the field's text; its parts joined are the passage."""

    field: str
    parts: tuple[Part, ...]
    offset: int


def highlights(query: Query, document: Document) -> tuple[Highlight, ...]:
    """The title if it matches, then the best passage of the body, then of the captions, where they match."""
    raise NotImplementedError
