"""The search page as a value: everything `search.html` shows, and nothing it would have to work out.

`search_page` asks one generation: for the hits and the facets of values, for the histogram, and, if nothing was found,
for what would be found without each filter and each word. `embedded_page` is the little of it that fits into another
site.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from search.engine import Sort, ValueFacet
from search.facets import FacetValue, ValueFacetView
from search.query import And, all_of, leaves
from search.spelling import Correction
from search.syntax import Notice
from service.asking import ask, corrected, find_better, matched_variants, request_of, unknown_values
from service.pages.addresses import EMBED, HOME, PAGE_PARAMETERS, hidden_fields, question_address, search_address
from service.pages.choices import (
    FIELDS,
    ActiveFilter,
    Choice,
    FacetShown,
    Names,
    active_filters,
    canonical_params,
    filters_in_words,
    question_in_words,
    role_choices,
    shown_facet,
)
from service.pages.histogram import Histogram, histogram
from service.pages.province_map import ProvinceMap, province_map
from service.pages.results import Result, result_of
from service.params import MAX_PAGED, SearchParams, arguments_from_query_string

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from search.searcher import Hits
    from search.thesaurus import Lexicon, Variant
    from service.archive import Archive
    from service.asking import Asked

MOST_DROPS: Final = 8
"""Ways out of an empty answer that are tried: each is a search of its own."""

EVERY_VALUE: Final = 1_000_000
"""More values than a facet has: the map needs those of its provinces, however few articles they have."""

SORTS: Final = {Sort.RELEVANCE: "best match", Sort.NEWEST: "newest", Sort.OLDEST: "oldest"}

_FORMS: Final = {
    "Atom": ("/v1/feed.atom", {}),
    "JSON Feed": ("/v1/feed.json", {}),
    "CSV": ("/v1/export", {"format": "csv"}),
    "JSONL": ("/v1/export", {"format": "jsonl"}),
    "API": ("/v1/search", {}),
}


@dataclass(frozen=True, slots=True)
class Link:
    """An address and its words."""

    text: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was made of the words: those replaced, other names that matched and how many articles, a better question.

    `literally` is the address of the same question with nothing made of it.
    """

    corrections: tuple[Correction, ...]
    variants: tuple[tuple[str, int], ...]
    literally: str
    better: Link | None
    better_total: int
    is_better_any_word: bool


@dataclass(frozen=True, slots=True)
class Drop:
    """Something to leave out of a question that found nothing, and how many articles that would find."""

    text: str
    count: int
    address: str


@dataclass(frozen=True, slots=True)
class Paging:
    """Where among the pages of results this one is. `first` is the number of its first result.

    Pages by number end before a very long answer does: `is_cut` then.
    """

    first: int
    page: int
    pages: int
    previous: str | None
    next: str | None
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """What a search page shows."""

    q: str
    said: str
    said_of_filters: str
    hidden: tuple[tuple[str, str], ...]
    total: int
    archive_articles: int
    archive_days: tuple[dt.date, dt.date] | None
    notices: tuple[Notice, ...]
    reading: Reading
    results: tuple[Result, ...]
    active: tuple[ActiveFilter, ...]
    clear: str
    facets: tuple[FacetShown, ...]
    region_hidden: tuple[tuple[str, str], ...]
    map: ProvinceMap | None
    roles: tuple[Choice, ...]
    histogram: Histogram | None
    sorts: tuple[Choice, ...]
    paging: Paging
    forms: tuple[Link, ...]
    here: str
    drops: tuple[Drop, ...]
    saved: tuple[Link, ...]

    @property
    def is_question(self) -> bool:
        """Whether anything was asked for at all."""
        return bool(self.q or self.active)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedPage:
    """What a search shows within another site's page."""

    q: str
    said: str
    said_of_filters: str
    hidden: tuple[tuple[str, str], ...]
    total: int
    notices: tuple[Notice, ...]
    reading: Reading
    results: tuple[Result, ...]
    paging: Paging
    here: str


def search_page(
    asked: Asked,
    archive: Archive,
    lexicon: Lexicon,
    days: tuple[dt.date, dt.date] | None,
    saved: tuple[Link, ...] = (),
) -> SearchPage:
    """The page that answers a question. `days` are the archive's (`days_of_archive`), `saved` searches to begin with.

    Raises `QueryRefused`.
    """
    searcher = archive.searcher
    asked = corrected(asked, archive, lexicon)
    names = Names(searcher, lexicon.gazetteer)
    params = canonical_params(asked)
    counted = [field for field in FIELDS if field in archive.extent.facets]
    request = replace(request_of(asked, archive), facets=tuple(map(ValueFacet, counted)))
    hits = searcher.search(request, facet_size=EVERY_VALUE, explain=params.explain)
    views = {field: view for field, view in hits.facets.items() if isinstance(view, ValueFacetView)}
    active = active_filters(params, names)
    return SearchPage(
        q=params.q,
        said=question_in_words(params, names),
        said_of_filters=filters_in_words(params, names),
        hidden=tuple(hidden_fields(params, "q", "page")),
        total=hits.total,
        archive_articles=archive.articles,
        archive_days=days,
        notices=(*asked.question.warnings, *unknown_values(request, searcher)),
        reading=_reading(asked, hits.total, archive, lexicon),
        results=_results(hits, params, asked.question.variants),
        active=active,
        clear=search_address(_without_filters(params)),
        facets=tuple(
            shown_facet(field, views[field], params, names) for field in counted if _is_a_choice(views[field])
        ),
        region_hidden=tuple(hidden_fields(params, "page")),
        map=province_map(views["region"].values, params, names) if "region" in views else None,
        roles=role_choices(params),
        histogram=histogram(searcher, request, params, days) if days and "date" in archive.extent.facets else None,
        sorts=tuple(_sorts(asked, params)),
        paging=_paging(params, hits.total, HOME),
        forms=tuple(Link(name, question_address(path, params, **more)) for name, (path, more) in _FORMS.items()),
        here=search_address(params),
        drops=() if hits.total else tuple(_drops(asked, archive, lexicon, active)),
        saved=saved,
    )


def embedded_page(asked: Asked, archive: Archive, lexicon: Lexicon) -> EmbeddedPage:
    """The same answer in little. Raises `QueryRefused`."""
    asked = corrected(asked, archive, lexicon)
    params = canonical_params(asked)
    names = Names(archive.searcher, lexicon.gazetteer)
    hits = archive.searcher.search(request_of(asked, archive), explain=params.explain)
    return EmbeddedPage(
        q=params.q,
        said=question_in_words(params, names),
        said_of_filters=filters_in_words(params, names),
        hidden=tuple(hidden_fields(params, "q", "page")),
        total=hits.total,
        notices=asked.question.warnings,
        reading=_reading(asked, hits.total, archive, lexicon),
        results=_results(hits, params, asked.question.variants),
        paging=_paging(params, hits.total, EMBED),
        here=search_address(params),
    )


def _reading(asked: Asked, total: int, archive: Archive, lexicon: Lexicon) -> Reading:
    params = canonical_params(asked)
    better = find_better(asked, asked.request, total, archive, lexicon) if params.page == 1 else None
    matched: dict[str, int] = {}
    for variant, articles in matched_variants(asked, asked.request, archive.searcher):
        matched[variant.text] = max(articles, matched.get(variant.text, 0))
    return Reading(
        corrections=asked.question.corrections,
        variants=tuple(matched.items()),
        literally=search_address(replace(params, page=1, variants=False, corrections=False)),
        better=Link(better.q, search_address(replace(params, q=better.q, page=1))) if better else None,
        better_total=better.total if better else 0,
        is_better_any_word=better is not None and better.is_for_any_word,
    )


def _results(hits: Hits, params: SearchParams, variants: tuple[Variant, ...]) -> tuple[Result, ...]:
    return tuple(result_of(hit, q=params.q, site=params.site, variants=variants) for hit in hits.hits)


def _is_a_choice(view: ValueFacetView) -> bool:
    """Whether there is anything to choose: several values, a chosen one, or articles that lack one."""
    return view.total_values > 1 or any(map(_has_chosen, view.values)) or bool(view.total_values and view.missing)


def _has_chosen(value: FacetValue) -> bool:
    return value.selected or any(map(_has_chosen, value.children))


def _without_filters(params: SearchParams) -> SearchParams:
    """The words alone, in their order."""
    return SearchParams(site=params.site, q=params.q, sort=params.sort)


def _sorts(asked: Asked, params: SearchParams) -> Iterator[Choice]:
    """The orders to choose from. Without words nothing is a better match than anything else."""
    has_words = bool(leaves(asked.question.query))
    for sort, text in SORTS.items():
        if has_words or sort is not Sort.RELEVANCE:
            yield Choice(text, asked.request.sort is sort, search_address(replace(params, page=1, sort=sort)))


def _paging(params: SearchParams, total: int, path: str) -> Paging:
    reachable = min(total, MAX_PAGED)
    pages = max(1, -(-reachable // params.per_page))

    def address(page: int) -> str | None:
        return search_address(replace(params, page=page), path) if 1 <= page <= pages else None

    return Paging(
        first=(params.page - 1) * params.per_page + 1,
        page=params.page,
        pages=pages,
        previous=address(min(params.page - 1, pages)),
        next=address(params.page + 1),
        is_cut=total > reachable,
    )


def _drops(asked: Asked, archive: Archive, lexicon: Lexicon, active: tuple[ActiveFilter, ...]) -> Iterator[Drop]:
    """What could be left out, the most fruitful first; all filters at once only if no single thing is enough."""
    params = canonical_params(asked)
    ways = [(filter_.text, filter_.without) for filter_ in active]
    ways += [(text, replace(params, q=shorter, page=1)) for text, shorter in _shorter_questions(asked)]
    found = list(_fruitful(ways[:MOST_DROPS], archive, lexicon))
    if not found and len(active) > 1:
        found = list(_fruitful([("all filters", _without_filters(params))], archive, lexicon))
    yield from sorted(found, key=lambda drop: -drop.count)


def _fruitful(ways: Iterable[tuple[str, SearchParams]], archive: Archive, lexicon: Lexicon) -> Iterator[Drop]:
    """Each way that finds something. It is asked by its very address, so the count is what following it will show."""
    for text, params in ways:
        address = search_address(params)
        asked = ask(arguments_from_query_string(address.partition("?")[2]), lexicon, PAGE_PARAMETERS)
        asked = corrected(asked, archive, lexicon)
        count = archive.searcher.matches(replace(asked.request, limit=0)).total
        if count:
            yield Drop(text, count, address)


def _shorter_questions(asked: Asked) -> Iterator[tuple[str, str]]:
    """Each part of a question that must match, and the question without it."""
    parsed = asked.question.parsed
    if isinstance(parsed, And):
        for part in parsed.parts:
            yield str(part), str(all_of(other for other in parsed.parts if other is not part))
