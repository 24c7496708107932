"""The routes of saved searches: which there are, one of them, what it finds, and that as a feed.

    /v1/searches    /v1/searches/{id}    /v1/searches/{id}/results    /v1/searches/{id}/feed.atom    …/feed.json

Whoever may read is told which searches there are and what they ask; what they find is of the part of the archive that
the reader may see, as everywhere. `results` is the very answer that the search's question has at `/v1/search`, whose
links go on there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import msgspec

from service import wire
from service.asking import asked_from_params, read_site, request_of
from service.feeds import ATOM_FORM, JSON_FORM, FeedQuestion, entries_asked, send_feed
from service.gone import again_if_gone
from service.params import (
    DEFAULTS,
    MAX_PER_PAGE,
    Arguments,
    SearchParams,
    arguments_from_query_string,
    query_string_from_params,
    read_params,
)
from service.problems import InvalidParameters, NotFound, SearchUnusable
from service.saved.file import SearchesError
from service.saved.searches import SHOWN, SINCE_AND_SITE, SearchUnreadable, find_problem, params_of
from service.saved.wire import SavedSearchAnswer, SavedSearchEntry, SavedSearchLinks, SavedSearchList

if TYPE_CHECKING:
    import falcon

    from service.answering import Answering
    from service.archive import Archive
    from service.feeds import FeedForm
    from service.params import Parameter
    from service.saved.file import KeptSearches, Searches
    from service.saved.searches import SavedSearch
    from service.serving import Serving

PATH: Final = "/v1/searches"
ONE: Final = f"{PATH}/{{search_id}}"


class SavedSearchesResource:
    """`/v1/searches`: which there are."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with all of them."""
        site = read_site(arguments_from_query_string(req.query_string))
        searches = current_searches(self._serving.searches).searches
        body = wire.encode(SavedSearchList(tuple(_entry(search, site) for search in searches)))
        tag = self._serving.etag(None, f"{PATH} {body.decode()}")
        if not self._serving.cache.answers_unchanged(req, resp, tag):
            resp.data = body

    on_head = on_get


class SavedSearchResource:
    """`/v1/searches/{id}`: what one asks, and how many articles it finds."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    @again_if_gone
    def on_get(self, req: falcon.Request, resp: falcon.Response, search_id: str) -> None:
        """Answer with it."""
        shown = _shown(arguments_from_query_string(req.query_string), SINCE_AND_SITE)
        search = find_search(self._serving.searches, search_id)
        with self._serving.lease(req) as archive:
            answer = self._answer(search, shown, archive)
            body = wire.encode(answer)
            tag = self._serving.etag(archive, body.decode(), shown)
            if not self._serving.cache.answers_unchanged(req, resp, tag):
                resp.data = body

    on_head = on_get

    def _answer(self, search: SavedSearch, shown: SearchParams, archive: Archive) -> SavedSearchAnswer:
        entry = _entry(search, shown.site)
        total = added = None
        if entry.problem is None:
            asked = asked_from_params(params_of(search, shown), self._serving.lexicon)
            request = replace(request_of(asked, archive), limit=0)
            found = archive.searcher.matches(request).total
            total = archive.searcher.matches(replace(request, after=0)).total if shown.since else found
            added = found if shown.since else None
        return SavedSearchAnswer(
            **msgspec.structs.asdict(entry),
            total=total,
            added=added,
            mark=archive.mark,
            generation=archive.generation,
        )


class SavedResultsResource:
    """`/v1/searches/{id}/results`: what one finds."""

    def __init__(self, serving: Serving, answering: Answering) -> None:
        self._serving = serving
        self._answering = answering

    def on_get(self, req: falcon.Request, resp: falcon.Response, search_id: str) -> None:
        """Answer as `/v1/search` answers its question."""
        shown = _shown(arguments_from_query_string(req.query_string), SHOWN)
        self._answering.answer(req, resp, saved_params(self._serving.searches, search_id, shown))

    on_head = on_get


class SavedFeedResource:
    """A saved search as a feed, whose address and ids stay whatever becomes of its question."""

    def __init__(self, serving: Serving, name: str, form: FeedForm) -> None:
        self._serving = serving
        self._name = name
        self._form = form

    def on_get(self, req: falcon.Request, resp: falcon.Response, search_id: str) -> None:
        """Answer with the feed."""
        arguments = arguments_from_query_string(req.query_string)
        shown = _shown(arguments, SHOWN)
        entries = entries_asked(arguments, shown)
        params = saved_params(self._serving.searches, search_id, shown)
        own = replace(DEFAULTS, site=shown.site, since=shown.since)
        said = [query_string_from_params(own, SHOWN)] + ([f"per_page={entries}"] if entries != MAX_PER_PAGE else [])
        question = FeedQuestion(
            asked=asked_from_params(params, self._serving.lexicon),
            entries=entries,
            words=find_search(self._serving.searches, search_id).name,
            address=_with(f"{PATH}/{search_id}/{self._name}", "&".join(filter(None, said))),
            page=saved_page_address("/", search_id, shown.site),
        )
        send_feed(self._serving, req, resp, self._form, question)

    on_head = on_get


def saved_routes(serving: Serving, answering: Answering) -> dict[str, object]:
    """Each route: its template and what answers it. `answering` is what answers `/v1/search`."""
    return {
        PATH: SavedSearchesResource(serving),
        ONE: SavedSearchResource(serving),
        f"{ONE}/results": SavedResultsResource(serving, answering),
        f"{ONE}/feed.atom": SavedFeedResource(serving, "feed.atom", ATOM_FORM),
        f"{ONE}/feed.json": SavedFeedResource(serving, "feed.json", JSON_FORM),
    }


def current_searches(kept: KeptSearches) -> Searches:
    """The saved searches there are now. Raises `SearchUnusable`."""
    try:
        return kept.current
    except SearchesError:
        raise SearchUnusable("the saved searches cannot be read just now; the log of the service says why") from None


def find_search(kept: KeptSearches, search_id: str) -> SavedSearch:
    """The search of that id. Raises `NotFound` or `SearchUnusable`."""
    search = current_searches(kept).find(search_id)
    if search is None:
        raise NotFound(f"there is no saved search of that id; {PATH} lists those there are")
    return search


def saved_params(kept: KeptSearches, search_id: str, shown: SearchParams) -> SearchParams:
    """What a saved search asks, answered as is to be `shown`. Raises `NotFound` or `SearchUnusable`."""
    try:
        return params_of(find_search(kept, search_id), shown)
    except SearchUnreadable as error:
        raise SearchUnusable(str(error)) from None


def _shown(arguments: Arguments, parameters: tuple[Parameter, ...]) -> SearchParams:
    """How an answer is to be. Raises `InvalidParameters`."""
    params, problems = read_params(arguments, parameters)
    if problems:
        raise InvalidParameters(problems)
    return params


def _entry(search: SavedSearch, site: str) -> SavedSearchEntry:
    address = f"{PATH}/{search.id}"
    asked = urlencode({"site": site}) if site else ""
    return SavedSearchEntry(
        id=search.id,
        name=search.name,
        q=search.typed,
        query=search.query,
        options=search.options,
        created=search.created,
        problem=find_problem(search),
        links=SavedSearchLinks(
            self=_with(address, asked),
            results=_with(f"{address}/results", asked),
            atom=_with(f"{address}/feed.atom", asked),
            jsonfeed=_with(f"{address}/feed.json", asked),
            page=saved_page_address("/", search.id, site),
            embed=saved_page_address("/embed", search.id, site),
        ),
    )


def saved_page_address(path: str, search_id: str, site: str) -> str:
    """The address of a page that leads on to a saved search's question."""
    return _with(path, urlencode({"search": search_id, **({"site": site} if site else {})}))


def _with(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
