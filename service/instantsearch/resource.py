"""The route `/v1/instantsearch`: every question of a request answered from one generation, equal ones asked once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from index.fields import KEYWORD_FIELDS
from search.engine import DateFacet, Facet, Interval, SearchRequest, Sort, ValueFacet
from search.errors import QueryRefused
from search.query import all_of, leaves, values_of
from search.rewrite import Question, correct, understand
from search.spelling import Speller
from search.syntax import Notice
from service import answers
from service import wire as api
from service.access.extents import refuse_uncounted
from service.bodies import read_json_object
from service.gone import again_if_gone
from service.instantsearch import wire
from service.instantsearch.answering import Marking, facet_result, search_result
from service.instantsearch.attributes import ATTRIBUTES, NUMBERS, TIMESTAMP, VALUES, YEAR, Vocabulary, field_of
from service.instantsearch.reading import items_from_body
from service.params import MAX_PAGED
from service.per_generation import PerGeneration
from service.problems import InvalidParameters, ParamProblem, UnsupportedMedia

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    import falcon

    from search.names import Likeness, Names
    from search.query import Query
    from search.searcher import Hits
    from service.archive import Archive
    from service.instantsearch.reading import Item
    from service.serving import Serving

PATH: Final = "/v1/instantsearch"
MEDIA_TYPES: Final = frozenset({"", "application/json", "text/plain", "application/x-www-form-urlencoded"})
"""What clients call their JSON. All but the first spare a browser the question whether it may ask (CORS)."""

_ALL: Final = 1_000_000
"""More values than any facet has: all of them are wanted, to be cut by another order."""


class InstantSearchResource:
    """`POST /v1/instantsearch`: `{requests}` to `{results}`."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._vocabularies = PerGeneration(_vocabulary_of)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer each question."""
        media_type = (req.content_type or "").partition(";")[0].strip().lower()
        if media_type not in MEDIA_TYPES:
            raise UnsupportedMedia
        self._answer(req, resp, items_from_body(read_json_object(req, self._serving.max_body_bytes)))

    @again_if_gone
    def _answer(self, req: falcon.Request, resp: falcon.Response, items: tuple[Item, ...]) -> None:
        with self._serving.lease(req) as archive:
            items = tuple(_as_counted(item, archive) for item in items)
            asking = _Asking(self._serving, archive, self._vocabularies.of(archive), self._serving.names.of(archive))
            resp.data = api.encode(wire.Results(tuple(map(asking.result, items))))


def _as_counted(item: Item, archive: Archive) -> Item:
    """An item that asks for every facet asks for those that may be counted. Raises `InvalidParameters` for others."""
    if item.facets == ATTRIBUTES:
        kept = tuple(name for name in item.facets if _counted_by(name) in archive.extent.facets)
        item = replace(item, facets=kept)
    counted = (item.facet,) if item.facet else item.facets
    refuse_uncounted(map(_counted_by, counted), archive, f"{item.where}.params.facets")
    return item


def _counted_by(attribute: str) -> str:
    """The field that an attribute's numbers come from."""
    return "date" if attribute in NUMBERS else field_of(attribute)


def _vocabulary_of(archive: Archive) -> Vocabulary:
    return Vocabulary({field: archive.searcher.labels(field) for field in KEYWORD_FIELDS})


@dataclass(frozen=True, slots=True)
class _Asked:
    """An item's question as read, and as an engine takes it."""

    question: Question
    request: SearchRequest
    notices: tuple[Notice, ...]


class _Asking:
    """Answers the items of one request from one generation."""

    def __init__(self, serving: Serving, archive: Archive, vocabulary: Vocabulary, names: Mapping[str, Names]) -> None:
        self._serving = serving
        self._searcher = archive.searcher
        self._mark = archive.mark
        self._vocabulary = vocabulary
        self._names = names
        self._questions: dict[str, Question] = {}
        self._found: dict[SearchRequest, Hits] = {}

    def result(self, item: Item) -> wire.SearchResult | wire.FacetResult:
        """The result of one item. Raises `InvalidParameters` that names it if its question asks too much."""
        started = self._serving.timer()
        try:
            asked = self._asked(item)
            answer = self._answer(item, asked)
        except QueryRefused as refused:
            raise InvalidParameters((ParamProblem(f"{item.where}.params.query", refused.detail),)) from None
        marking = Marking(item, asked.question.parsed)
        if item.facet is not None:
            return facet_result(
                item,
                answer,
                marking=marking,
                vocabulary=self._vocabulary,
                like=self._like(item.facet, item.facet_query),
                took_ms=self._took_ms(started),
            )
        return search_result(
            item,
            answer,
            marking=marking,
            vocabulary=self._vocabulary,
            days=self._days(asked.request) if TIMESTAMP in item.facets else None,
            took_ms=self._took_ms(started),
        )

    def _took_ms(self, started: float) -> int:
        return int(self._serving.took_ms(started))

    def _asked(self, item: Item) -> _Asked:
        question = self._question(item.query)
        filters = self._vocabulary.resolved(item.filters, self._serving.gazetteer)
        offset = min(item.page * item.hits_per_page, MAX_PAGED)
        request = SearchRequest(
            query=all_of([question.query, filters]),
            facets=tuple(_facets((item.facet,) if item.facet else item.facets)),
            sort=item.sort or (Sort.RELEVANCE if leaves(question.query) else Sort.NEWEST),
            offset=offset,
            limit=0 if item.facet else min(item.hits_per_page, MAX_PAGED - offset),
        )
        return _Asked(question, request, (*item.warnings, *self._unknown(filters)))

    def _question(self, text: str) -> Question:
        known = self._questions.get(text)
        if known is None:
            lexicon = self._serving.lexicon
            read = understand(text, gazetteer=lexicon.gazetteer, thesaurus=lexicon.thesaurus)
            if self._searcher.vocabulary is not None:
                speller = Speller(lexicon.place_words, self._searcher.vocabulary, self._searcher)
                read = correct(read, speller, lexicon, is_widened=True)
            known = self._questions[text] = replace(read, query=self._searcher.by_ids(read.query))
        return known

    def _unknown(self, filters: Query) -> Iterator[Notice]:
        """A notice for each value that is filtered by and that no article has."""
        for wanted in values_of(filters):
            if wanted.value not in self._searcher.labels(wanted.field):
                yield Notice("unknown-value", f"no article of this archive has the {wanted.field} {wanted.value}")

    def _answer(self, item: Item, asked: _Asked) -> api.SearchAnswer:
        """The answer that `/v1/search` would give."""
        return answers.search_answer(
            self._hits(asked.request),
            query=answers.query_echo(asked.question, asked.notices),
            page=item.page + 1,
            per_page=item.hits_per_page,
            next_cursor=None,
            links=api.SearchLinks(),
            took_ms=0,
            mark=self._mark,
        )

    def _hits(self, request: SearchRequest) -> Hits:
        found = self._found.get(request)
        if found is None:
            found = self._found[request] = self._searcher.search(request, facet_size=_ALL)
        return found

    def _days(self, request: SearchRequest) -> tuple[dt.date, dt.date] | None:
        """The first and the last day that any match may be from."""
        ends = [
            self._hits(SearchRequest(query=request.query, sort=sort, limit=1)).hits
            for sort in (Sort.OLDEST, Sort.NEWEST)
        ]
        found = [hit.document.published.value for hits in ends for hit in hits if hit.document.published]
        return (found[0].start, found[-1].end) if found else None

    def _like(self, facet: str, words: str) -> Likeness | None:
        """What of a facet is named like these words; None if no word is given."""
        return self._names[field_of(facet)].like(words) if words.strip() else None


def _facets(attributes: tuple[str, ...]) -> Iterator[Facet]:
    """The facets of an engine that attributes are made from, each once."""
    for field in dict.fromkeys(field_of(name) for name in attributes if name in VALUES):
        yield ValueFacet(field)
    if YEAR in attributes:
        yield DateFacet(Interval.YEAR)
