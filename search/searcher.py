"""From a request to what readers are shown: matches become hits, counts become facets.

A `Searcher` holds one generation: its engine and its `Snapshot` of the articles. `search` gives `Hits`: the documents
of one page with highlights as (text, is_match) parts, and the facets named and arranged. Everything in one answer is
from one generation. To follow the newest generation, see `search.reloading`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.document import Document
from search.engine import DateCounts, DateFacet, ValueCounts, ValueFacet
from search.facets import DateFacetView, ValueFacetView, date_facet_from_counts, facet_from_counts, named_like
from search.highlight import Highlight, highlights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.document import Label
    from index.snapshot import Snapshot
    from search.engine import Engine, Facet, Matches, SearchRequest


@dataclass(frozen=True, slots=True)
class Hit:
    """A match with its document."""

    document: Document
    score: float
    highlights: tuple[Highlight, ...]


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of an answer."""

    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, ValueFacetView | DateFacetView]
    generation: str


class Searcher:
    """Answers requests from one generation. Safe to use from many threads."""

    def __init__(self, engine: Engine, snapshot: Snapshot) -> None:
        self._engine = engine
        self._snapshot = snapshot

    @property
    def generation(self) -> str:
        """The id of the generation it answers from."""
        return self._engine.generation

    def search(self, request: SearchRequest, *, facet_size: int = 20, highlight: bool = True) -> Hits:
        """Answer a request. `facet_size` is how many values of a facet are shown; all are counted."""
        matches = self._engine.search(request)
        documents = self._snapshot.documents([match.serial for match in matches.top])
        return Hits(
            total=matches.total,
            hits=tuple(
                Hit(document, match.score, highlights(request.query, document) if highlight else ())
                for match, document in zip(matches.top, documents, strict=True)
            ),
            facets={_field_of(facet): self._view(facet, request, matches, facet_size) for facet in request.facets},
            generation=matches.generation,
        )

    def facet(self, request: SearchRequest, facet: ValueFacet, *, words: str = "", size: int = 20) -> ValueFacetView:
        """One facet of a request's matches, only the values whose names hold `words`."""
        counts = self._engine.search(request).facets[facet]
        if not isinstance(counts, ValueCounts):
            message = f"engine answered {facet} with {type(counts).__name__}"
            raise TypeError(message)
        return facet_from_counts(
            counts,
            self.labels(facet.field),
            selected=_selected(request, facet.field),
            size=size,
            accept=named_like(words),
        )

    def matches(self, request: SearchRequest) -> Matches:
        """What the engine answers: serials, scores and counts, with no document read."""
        return self._engine.search(request)

    def documents(self, serials: Sequence[int]) -> tuple[Document, ...]:
        """The documents of these serials, in this order."""
        return self._snapshot.documents(serials)

    def article(self, article_id: str) -> Document | None:
        """The article of that id, if this generation has it."""
        return self._snapshot.find(article_id)

    def labels(self, field: str) -> Mapping[str, tuple[Label, ...]]:
        """The path of labels of each value that any article of this generation has in a keyword field."""
        return self._snapshot.labels(field)

    def close(self) -> None:
        """Close engine and snapshot."""
        self._engine.close()
        self._snapshot.close()

    def _view(
        self, facet: Facet, request: SearchRequest, matches: Matches, size: int
    ) -> ValueFacetView | DateFacetView:
        match facet, matches.facets[facet]:
            case ValueFacet(field), ValueCounts() as counts:
                return facet_from_counts(counts, self.labels(field), selected=_selected(request, field), size=size)
            case DateFacet(interval), DateCounts() as counts:
                return date_facet_from_counts(counts, interval)
            case _, counts:
                message = f"engine answered {facet} with {type(counts).__name__}"
                raise TypeError(message)


def _field_of(facet: Facet) -> str:
    return facet.field if isinstance(facet, ValueFacet) else "date"


def _selected(request: SearchRequest, field: str) -> frozenset[str]:
    return frozenset(value for f in request.filters if f.field == field for value in f.any_of)
