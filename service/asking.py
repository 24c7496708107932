"""From what was asked over HTTP to what an engine is asked.

`ask` reads arguments, understands the question and makes the `SearchRequest`, or raises `InvalidParameters` with every
problem at once. `Asked` keeps all stages. Its `sequence` is equal for questions with the same hits in the same order,
which cursors are bound to (`cursor_at`, `request_at_cursor`). Tags are `service.serving`'s.
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import msgspec

from index.fields import KEYWORD_FIELDS
from search.engine import (
    ALL_BUT_CAPTION,
    DateFacet,
    DateFilter,
    DateMatch,
    Recency,
    SearchRequest,
    Sort,
    ValueFacet,
    ValueFilter,
)
from search.errors import QueryRefused
from search.query import all_of, leaves, values_of
from search.rewrite import Question, asking_for_any_word, correct, reread, understand, value_ids
from search.spelling import Speller
from search.syntax import Notice
from search.thesaurus import NO_THESAURUS
from service.cursors import cursor_from_offset, offset_from_cursor
from service.marks import serial_from_mark
from service.params import DEFAULTS, FACET_FIELDS, SITE, SearchParams, days_of_half_life, read_params
from service.problems import InvalidParameters, ParamProblem

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from index.gazetteer import Gazetteer
    from search.engine import Facet
    from search.query import Query
    from search.searcher import Searcher
    from search.thesaurus import Lexicon, Variant
    from service.archive import Archive
    from service.params import Arguments, Parameter

VERSION: Final = version("dateline")
"""Part of every tag and cursor: another version may answer the same request otherwise."""

ENOUGH: Final = 5
"""Articles found from which no other question is offered."""

_PRESENTATION: Final = (
    "facet", "facet_interval", "facet_size", "facet_q", "page", "per_page", "cursor", "highlight", "explain",
)  # fmt: skip
"""Parameters that do not change which articles match, nor their order."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question at every stage: as read, as understood, as engines take it (but for a cursor's offset)."""

    params: SearchParams
    question: Question
    request: SearchRequest

    @property
    def sequence(self) -> bytes:
        """16 bytes that are equal for questions with the same hits in the same order."""
        same = {name: getattr(DEFAULTS, name) for name in _PRESENTATION}
        return digest(dataclasses.replace(self.params, **same))[:16]


def ask(arguments: Arguments, lexicon: Lexicon, parameters: Iterable[Parameter]) -> Asked:
    """Read and understand. Raises `InvalidParameters` with all that is wrong."""
    params, problems = read_params(arguments, parameters)
    return asked_from_params(params, lexicon, problems)


def asked_from_params(params: SearchParams, lexicon: Lexicon, problems: tuple[ParamProblem, ...] = ()) -> Asked:
    """Understand what was read, with its problems if there were any. Raises `InvalidParameters` with all of them."""
    try:
        thesaurus = lexicon.thesaurus if params.variants else NO_THESAURUS
        question = understand(params.q, op=params.op, gazetteer=lexicon.gazetteer, thesaurus=thesaurus)
    except QueryRefused as refused:
        problems = (*problems, ParamProblem("q", refused.detail))
    if problems:
        raise InvalidParameters(problems)
    return Asked(params, question, _request(params, question, lexicon.gazetteer))


def corrected(asked: Asked, archive: Archive, lexicon: Lexicon) -> Asked:
    """The question as this archive takes it: with ids for names of values, and for words that no article has, others.

    Words stay as they are if that was asked for.
    """
    speller = _speller(archive.searcher, lexicon)
    question = asked.question
    if speller is not None and asked.params.corrections:
        question = correct(question, speller, lexicon, is_widened=asked.params.variants)
    question = dataclasses.replace(question, query=archive.searcher.by_ids(question.query))
    request = _request(asked.params, question, lexicon.gazetteer)
    filters = tuple(_by_ids(wanted, archive.searcher) for wanted in request.filters)
    return dataclasses.replace(asked, question=question, request=dataclasses.replace(request, filters=filters))


def _by_ids(wanted: ValueFilter, searcher: Searcher) -> ValueFilter:
    def ids(values: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted({known for value in values for known in searcher.ids(wanted.field, value)}))

    return ValueFilter(wanted.field, ids(wanted.any_of), ids(wanted.none_of))


@dataclass(frozen=True, slots=True)
class Better:
    """Another question that finds more: its words, how many articles, and whether it asks for any word, not all."""

    q: str
    total: int
    is_for_any_word: bool = False


def find_better(asked: Asked, request: SearchRequest, total: int, archive: Archive, lexicon: Lexicon) -> Better | None:
    """What to offer in place of a request that found so many articles; None if that is enough or nothing is better.

    That is other spellings of its words; or, if no article has all of the words, any of them.
    """
    if total >= ENOUGH:
        return None
    speller = _speller(archive.searcher, lexicon)
    better = None
    if speller is not None and asked.params.corrections and not asked.question.corrections:
        better = speller.find_better(asked.question.parsed)
    any_word = None if total else asking_for_any_word(asked.question.parsed)
    offers = ((None if better is None else better.query, False), (any_word, True))
    for query, is_for_any_word in offers:
        if query is not None and (found := _count(asked, request, query, archive, lexicon)) > total:
            return Better(str(query), found, is_for_any_word)
    return None


def _count(asked: Asked, request: SearchRequest, parsed: Query, archive: Archive, lexicon: Lexicon) -> int:
    """How many articles a request finds with another query."""
    question = reread(asked.question, parsed, lexicon, is_widened=asked.params.variants)
    query = archive.searcher.by_ids(question.query)
    return archive.searcher.matches(dataclasses.replace(request, query=query, facets=(), offset=0, limit=0)).total


def matched_variants(asked: Asked, request: SearchRequest, searcher: Searcher) -> Iterator[tuple[Variant, int]]:
    """The other names by which articles match a request, each with how many do."""
    for variant in asked.question.variants:
        query = all_of([request.query, variant.query])
        by_variant = dataclasses.replace(request, query=query, facets=(), offset=0, limit=0)
        if articles := searcher.matches(by_variant).total:
            yield variant, articles


def _speller(searcher: Searcher, lexicon: Lexicon) -> Speller | None:
    return Speller(lexicon.place_words, searcher.vocabulary, searcher) if searcher.vocabulary else None


def refuse_parameters(arguments: Arguments) -> None:
    """See that a route that takes no parameters was given none. Raises `InvalidParameters`."""
    _, problems = read_params(arguments, ())
    if problems:
        raise InvalidParameters(problems)


def read_site(arguments: Arguments) -> str:
    """The site that a route was given which takes nothing else. Raises `InvalidParameters`."""
    params, problems = read_params(arguments, (SITE,))
    if problems:
        raise InvalidParameters(problems)
    return params.site


def request_of(asked: Asked, archive: Archive) -> SearchRequest:
    """The request of an archive: by the age of its articles and after a mark, if asked. Raises `InvalidParameters`."""
    params, request = asked.params, asked.request
    if params.recency:
        recency = Recency(days_of_half_life(params.recency), _newest_day(archive))
        request = dataclasses.replace(request, recency=recency)
    if not params.since:
        return request
    try:
        after = serial_from_mark(params.since, identity=archive.identity)
    except ValueError as error:
        raise InvalidParameters((ParamProblem("since", str(error)),)) from None
    return dataclasses.replace(request, after=after)


def _newest_day(archive: Archive) -> dt.date:
    """The day of the newest article that was certainly out when the generation was made: ages count back from it.

    So scores do not change while a generation answers, an archive of long ago has articles that are new in it, and one
    date in the future by mistake makes nothing else old.
    """
    made = archive.created.date()
    newest = SearchRequest(dates=DateFilter(None, made, DateMatch.CERTAIN), sort=Sort.NEWEST, limit=1)
    found = archive.searcher.search(newest, highlight=False).hits
    published = found[0].document.published if found else None
    return published.value.end if published else made


def cursor_at(offset: int, asked: Asked, archive: Archive, fingerprint: str) -> str:
    """The cursor that goes on at `offset` of a question's hits, for a service of this `fingerprint` (`Serving`)."""
    return cursor_from_offset(
        offset, key=archive.cursor_key, generation=_walked(archive, fingerprint), sequence=asked.sequence
    )


def request_at_cursor(asked: Asked, archive: Archive, fingerprint: str) -> SearchRequest:
    """As `request_of`, and going on where its cursor says if it has one. Raises also `CursorExpired`."""
    request = request_of(asked, archive)
    if not asked.params.cursor:
        return request
    try:
        offset = offset_from_cursor(
            asked.params.cursor,
            key=archive.cursor_key,
            generation=_walked(archive, fingerprint),
            sequence=asked.sequence,
        )
    except ValueError as error:
        raise InvalidParameters((ParamProblem("cursor", str(error)),)) from None
    return dataclasses.replace(request, offset=offset)


def _walked(archive: Archive, fingerprint: str) -> str:
    """What hits are walked through: by other synonyms the same question has others, in another order."""
    return f"{archive.generation} {fingerprint}"


def unknown_values(request: SearchRequest, searcher: Searcher) -> Iterator[Notice]:
    """A notice for each value that is asked for or excluded and that no article has: it finds or hides nothing.

    Places in the words of the question have their own, which names them as they were typed.
    """
    filtered = ((wanted.field, value) for wanted in request.filters for value in (*wanted.any_of, *wanted.none_of))
    asked = ((value.field, value.value) for value in values_of(request.query) if value.field != "region")
    for field, value in dict.fromkeys((*filtered, *asked)):
        if value not in searcher.labels(field):
            yield Notice("unknown-value", f"no article of this archive has the {field} {value}")


def _request(params: SearchParams, question: Question, gazetteer: Gazetteer) -> SearchRequest:
    sort = params.sort or (Sort.RELEVANCE if leaves(question.query) else Sort.NEWEST)
    dates = DateFilter(params.date_from, params.date_to, params.date_match)
    return SearchRequest(
        query=question.query,
        filters=tuple(_filters(params, gazetteer)),
        dates=dates if dates.start or dates.end else None,
        roles=frozenset(params.role) or ALL_BUT_CAPTION,
        facets=tuple(_facet(name, params) for name in FACET_FIELDS if name in params.facet),
        sort=sort,
        offset=(params.page - 1) * params.per_page,
        limit=params.per_page,
    )


def _filters(params: SearchParams, gazetteer: Gazetteer) -> Iterator[ValueFilter]:
    for field in KEYWORD_FIELDS:
        any_of = _ids(field, getattr(params, field), gazetteer)
        none_of = _ids(field, getattr(params, f"exclude_{field}", ()), gazetteer)
        if any_of or none_of:
            yield ValueFilter(field, any_of, none_of)


def _ids(field: str, values: Iterable[str], gazetteer: Gazetteer) -> tuple[str, ...]:
    """The ids that values stand for, sorted, so that a place by another name is the same filter.

    A value with a minus before it is kept as it is, an id that nothing has: without the minus it would ask for just
    what was not to be found.
    """

    def ids(value: str) -> tuple[str, ...]:
        if value.lstrip().startswith("-"):
            return (value,)
        return value_ids(field, value, gazetteer)

    return tuple(sorted({known for value in values for known in ids(value)}))


def _facet(name: str, params: SearchParams) -> Facet:
    if name in KEYWORD_FIELDS:
        return ValueFacet(name)
    return DateFacet(params.facet_interval, params.date_match)


def digest(value: object) -> bytes:
    """32 bytes that are equal for equal values, in whatever process."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).digest()
