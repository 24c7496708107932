"""From a request to what readers are shown: matches become hits, counts become facets.

A `Searcher` holds one generation: its engine and its `Articles` (a `Snapshot`, say). `search` gives `Hits`: the
documents of one page with highlights as (text, is_match) parts, and the facets named and arranged. Everything in one
answer is from one generation. To follow the newest generation, see `search.reloading`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from index.analysis import AnalysedText, slug
from index.document import Document, Role
from index.fields import record_from_document
from search.engine import DateCounts, DateFacet, SearchRequest, ValueCounts, ValueFacet
from search.explaining import Explainer, Explanation
from search.facets import DateFacetView, ValueFacetView, date_facet_from_counts, facet_from_counts
from search.highlight import LOOKED_AT, LOOKED_AT_TOGETHER, Highlight, highlights
from search.query import Everything, Query, Term, all_of, with_values
from search.related import Relations
from search.spans import matches, words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from index.document import Label
    from search.engine import Engine, Facet, Match, Matches
    from search.related import Related
    from search.spelling import Vocabulary

_EVERYTHING: Final = Everything()

READ_FOR_FORMS: Final = 32
"""Articles that are read for how they write a word."""

READ_AT_ONCE: Final = 4
"""Of these, those that are asked for in one go: mostly the form that is looked for is in the first."""


class Articles(Protocol):
    """The articles of one generation, by serial or by id. Safe to use from many threads."""

    @property
    def last_serial(self) -> int:
        """No article has a serial above this; one that was deleted may have had it."""
        ...

    def documents(self, serials: Sequence[int]) -> tuple[Document, ...]:
        """The documents of these serials, in this order."""
        ...

    def find(self, article_id: str) -> Document | None:
        """The article of that id."""
        ...

    def labels(self, field: str) -> Mapping[str, tuple[Label, ...]]:
        """By id, the path of labels of every value that occurs in a keyword field."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A match with its document, and why it has its score if that was asked for and the document is not too long."""

    document: Document
    score: float
    highlights: tuple[Highlight, ...]
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of an answer."""

    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, ValueFacetView | DateFacetView]
    generation: str


class Searcher:
    """Answers requests from one generation. Safe to use from many threads.

    Only the articles that match `within` are there for it: see `Searcher.within`.
    """

    def __init__(
        self,
        engine: Engine,
        articles: Articles,
        within: Query = _EVERYTHING,
        *,
        vocabulary: Vocabulary | None = None,
    ) -> None:
        self._engine = engine
        self._articles = articles
        self._within = within
        self.vocabulary = vocabulary
        """The terms of the whole generation, if they can be told."""
        self._occurring: dict[str, Mapping[str, tuple[Label, ...]]] = {}
        self._named: dict[str, Mapping[str, tuple[str, ...]]] = {}
        self._relations = Relations()

    def within(self, query: Query) -> Searcher:
        """One of the same generation for which only those of its articles are there that match (values and dates).

        Whatever is asked of it: what lies outside is not found, counted, named or given by its id. It is closed with
        this one.
        """
        within = all_of([self._within, self.by_ids(query)])
        return Searcher(self._engine, self._articles, within, vocabulary=self.vocabulary)

    @property
    def generation(self) -> str:
        """The id of the generation it answers from."""
        return self._engine.generation

    @property
    def last_serial(self) -> int:
        """The serial of the article of this generation that was added last, even if it lies outside `within`."""
        return self._articles.last_serial

    def search(
        self, request: SearchRequest, *, facet_size: int = 20, highlight: bool = True, explain: bool = False
    ) -> Hits:
        """Answer a request. `facet_size` is how many values of a facet are shown; all are counted.

        With `explain`, hits say why they have their score, but for those of documents that are longer than what of them
        is searched for passages; raises `UnexplainedScores` if the engine scores otherwise.
        """
        matches = self.matches(request)
        documents = self._articles.documents([match.serial for match in matches.top])
        share = min(LOOKED_AT, LOOKED_AT_TOGETHER // max(1, len(documents)))
        explainer = self._explainer(request) if explain else None

        def hit(match: Match, document: Document) -> Hit:
            passages = highlights(request.query, document, looked_at=share) if highlight else ()
            if explainer is None or len(document.text) > share:
                return Hit(document, match.score, passages)
            explanation = explainer.explain(record_from_document(match.serial, document))
            return Hit(document, match.score, passages, explanation)

        return Hits(
            total=matches.total,
            hits=tuple(map(hit, matches.top, documents)),
            facets={_field_of(facet): self._view(facet, request, matches, facet_size) for facet in request.facets},
            generation=matches.generation,
        )

    def _explainer(self, request: SearchRequest) -> Explainer:
        """What explains the request's matches. Scores are of the whole generation, so counts would tell of the rest."""

        def count(query: Query) -> int:
            return self._engine.search(SearchRequest(query=query, ranking=request.ranking, limit=0)).total

        return Explainer(request, self._engine.statistics(), count, tells_counts=not self._is_restricted)

    def facet(
        self, request: SearchRequest, facet: ValueFacet, *, accepted: Collection[str] | None = None, size: int = 20
    ) -> ValueFacetView:
        """One facet of a request's matches; only those values if ids are `accepted`."""
        counts = self.matches(request).facets[facet]
        if not isinstance(counts, ValueCounts):
            message = f"engine answered {facet} with {type(counts).__name__}"
            raise TypeError(message)
        return facet_from_counts(
            counts,
            self.labels(facet.field),
            selected=_selected(request, facet.field),
            size=size,
            accepted=accepted,
        )

    def matches(self, request: SearchRequest) -> Matches:
        """What the engine answers: serials, scores and counts, with no document read."""
        return self._engine.search(replace(request, within=self._within) if self._is_restricted else request)

    def count(self, query: Query) -> int:
        """How many articles match a query in analysed form."""
        return self.matches(SearchRequest(query=query, limit=0)).total

    def forms(self, term: str) -> Iterator[str]:
        """How the best articles for a term write it, in small letters, no form twice. They are read as it goes on.

        An index has stems, which are no words: only articles say which words there are.
        """
        top = self.matches(SearchRequest(query=Term(term), limit=READ_FOR_FORMS)).top
        told: set[str] = set()
        for start in range(0, len(top), READ_AT_ONCE):
            for document in self.documents([match.serial for match in top[start : start + READ_AT_ONCE]]):
                new = [form for form in _forms(term, document) if form not in told]
                told.update(new)
                yield from new

    def documents(self, serials: Sequence[int]) -> tuple[Document, ...]:
        """The documents of these serials, which `matches` gave, in this order."""
        return self._articles.documents(serials)

    def article(self, article_id: str) -> Document | None:
        """The article of that id, if this generation has it."""
        document = self._articles.find(article_id)
        if document is None or not self._is_restricted:
            return document
        record = record_from_document(0, document)
        return document if matches(self._within, words_of(record), record) else None

    def related(self, document: Document) -> Related:
        """What has to do with one of the articles, and why. Raises `QueryRefused` if that would cost too much."""
        return self._relations.of(document, self)

    def labels(self, field: str) -> Mapping[str, tuple[Label, ...]]:
        """The path of labels of each value that any article of this generation has in a keyword field."""
        if not self._is_restricted:
            return self._articles.labels(field)
        if field not in self._occurring:
            facet = ValueFacet(field)
            counts = self.matches(SearchRequest(roles=frozenset(Role), facets=(facet,), limit=0)).facets[facet]
            occurring = {value for value, _ in counts.values} if isinstance(counts, ValueCounts) else set()
            known = self._articles.labels(field).items()
            self._occurring[field] = {value: path for value, path in known if value in occurring}
        return self._occurring[field]

    def ids(self, field: str, value: str) -> tuple[str, ...]:
        """What a value stands for: itself, or if no article has it, what it is the name of, folded to an id.

        Most ids are made from names, but a topic's id may be shorter and a language's is its code.
        """
        if field == "region" or value in self.labels(field):
            return (value,)
        if field not in self._named:
            named: dict[str, tuple[str, ...]] = {}
            for known, path in self.labels(field).items():
                name = slug(path[-1].name)
                named[name] = (*named.get(name, ()), known)
            self._named[field] = named
        return self._named[field].get(value, (value,))

    def by_ids(self, query: Query) -> Query:
        """A query with ids where it has the names of values: what engines take."""
        return with_values(query, self.ids)

    def close(self) -> None:
        """Close engine and articles."""
        self._engine.close()
        self._articles.close()

    @property
    def _is_restricted(self) -> bool:
        return self._within != _EVERYTHING

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


def _forms(term: str, document: Document) -> Iterable[str]:
    """How an article writes a term, in small letters. Of a very long text only the beginning is looked at."""
    record, share = record_from_document(0, document), LOOKED_AT_TOGETHER // READ_FOR_FORMS
    found: dict[str, None] = {}
    for text in (record.title, record.body, record.captions, record.authors):
        places = AnalysedText(text[:share]).places(term)  # the last word of which may be cut
        found |= dict.fromkeys(text[start:end].lower().rstrip("_") for start, end in places if end < share)
    return found


def _field_of(facet: Facet) -> str:
    return facet.field if isinstance(facet, ValueFacet) else "date"


def _selected(request: SearchRequest, field: str) -> frozenset[str]:
    return frozenset(value for f in request.filters if f.field == field for value in f.any_of)
