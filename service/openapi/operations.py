"""What each method of each route takes and gives: the table that the description is made from."""

from __future__ import annotations

from typing import Any, Final

from index.archive.identity import MAX_ID_LENGTH
from service import wire
from service.access.keys import Scope
from service.instantsearch import wire as instantsearch
from service.openapi.operation import Group, Operation, PathParameter
from service.params import ARTICLE, EXPORT, FACET, FACET_PATHS, RELATED, SEARCH, SEARCH_BODY, SUGGEST, WRITE
from service.saved import wire as saved
from service.saved.searches import SHOWN, SINCE_AND_SITE
from service.wire_reuse import JsonFeed, OpenSearchSuggestions, SuggestAnswer
from service.writing import wire as writing
from service.writing.wire import LINES

_ARTICLE_ID: Final = (
    PathParameter(name="article_id", meaning="The article's id.", example="report-7", longest=MAX_ID_LENGTH),
)
_SEARCH_ID: Final = (PathParameter(name="search_id", meaning="The saved search's id.", example="border-trade"),)
_FIELD: Final = (
    PathParameter(
        name="field", meaning="The field whose values are searched.", example=FACET_PATHS[0], choices=FACET_PATHS
    ),
)

OPERATIONS: Final = (
    Operation(
        path="/v1", name="welcome", group=Group.SERVICE, summary="What this is, and its routes.", answer=wire.Welcome
    ),
    Operation(
        path="/v1/search",
        name="search",
        group=Group.SEARCH,
        summary="Search, filter and count.",
        description=(
            "Blank text is as good as not given. All problems of a question are told at once, each with its "
            "parameter. Counts are exact. By number the first 10,000 articles can be reached, all of them by "
            "cursor."
        ),
        answer=wire.SearchAnswer,
        parameters=SEARCH,
        problems=(400, 410, 503),
    ),
    Operation(
        path="/v1/search",
        method="post",
        name="searchByPost",
        group=Group.SEARCH,
        summary="The same by JSON: the same names, arrays for what repeats.",
        description=(
            "For questions that are too long for an address. `site` stays in the address, because browsers ask by "
            "address who may read the answer; anything else there is refused."
        ),
        answer=wire.SearchAnswer,
        parameters=ARTICLE,
        body=SEARCH_BODY,
        problems=(400, 410, 413, 415, 503),
        is_cached=False,
    ),
    Operation(
        path="/v1/facets/{field}",
        name="searchFacet",
        group=Group.SEARCH,
        summary="Search in the values of one facet.",
        description=(
            "`facet_q` keeps the values of which each word typed begins a word of one of their names, in any script."
        ),
        answer=wire.FacetAnswer,
        path_parameters=_FIELD,
        parameters=FACET,
        problems=(400, 404, 503),
    ),
    Operation(
        path="/v1/articles/{article_id}",
        name="article",
        group=Group.ARTICLES,
        summary="An article and what is known of it.",
        description="Its text, what each stretch of it is (`blocks`), and all that is known of it.",
        answer=wire.Article,
        path_parameters=_ARTICLE_ID,
        parameters=ARTICLE,
        problems=(400, 404, 503),
    ),
    Operation(
        path="/v1/articles/{article_id}",
        method="put",
        name="putArticle",
        group=Group.WRITING,
        summary="Keep an article under this id.",
        description=(
            "Kept when it is answered; found by searches when `/readyz` tells a `change` that is no less than the "
            "answer's. With `If-None-Match: *` only if there is none of that id, with `If-Match: *` only if there "
            "is one."
        ),
        answer=writing.PutAnswer,
        path_parameters=_ARTICLE_ID,
        parameters=WRITE,
        body_type=writing.NewArticle,
        problems=(400, 401, 403, 412, 413, 415, 422, 429, 503, 507),
        scope=Scope.WRITE,
        creates=True,
        is_cached=False,
    ),
    Operation(
        path="/v1/articles/{article_id}",
        method="delete",
        name="deleteArticle",
        group=Group.WRITING,
        summary="Delete an article.",
        description=(
            "Gone from the store when it is answered, and from searches as `change` says. `If-Match: *` and "
            "`If-None-Match: *` are heeded as by PUT."
        ),
        answer=writing.DeleteAnswer,
        path_parameters=_ARTICLE_ID,
        problems=(400, 401, 403, 404, 412, 429, 503, 507),
        scope=Scope.DELETE,
        is_cached=False,
    ),
    Operation(
        path="/v1/articles",
        method="post",
        name="postArticles",
        group=Group.WRITING,
        summary="Keep many articles, one JSON object on each line: all of them, or none.",
        description="Each line is such an object. The answer lists them by line; so does a refusal what is wrong.",
        answer=writing.BatchAnswer,
        parameters=WRITE,
        body_type=writing.NewArticle,
        body_media_type=LINES,
        problems=(400, 401, 403, 413, 415, 422, 429, 503, 507),
        scope=Scope.WRITE,
        is_cached=False,
    ),
    Operation(
        path="/v1/articles/{article_id}/evidence",
        name="evidence",
        group=Group.ARTICLES,
        summary="Why each thing known of an article is believed.",
        description="Every value with the rule that found it, the offsets in the article's text, and the words there.",
        answer=wire.EvidenceAnswer,
        path_parameters=_ARTICLE_ID,
        parameters=ARTICLE,
        problems=(400, 404, 503),
    ),
    Operation(
        path="/v1/articles/{article_id}/related",
        name="related",
        group=Group.ARTICLES,
        summary="Other articles that have to do with one, and why; and the same report in other versions or languages.",
        description=(
            "`shared` says what each has in common with it; `versions` are the same report, and `because` proves it."
        ),
        answer=wire.RelatedAnswer,
        path_parameters=_ARTICLE_ID,
        parameters=RELATED,
        problems=(400, 404, 503),
    ),
    Operation(
        path="/v1/suggest",
        name="suggest",
        group=Group.SEARCH,
        summary="What could be meant by what was typed so far: titles, places, topics, sources.",
        description="Always in groups, at most five items each, with exact counts.",
        answer=SuggestAnswer,
        parameters=SUGGEST,
        problems=(400, 503),
    ),
    Operation(
        path="/v1/suggest/browser",
        name="suggestToBrowser",
        group=Group.SEARCH,
        summary="The same as browsers take it.",
        description="An array of four: what was typed, then texts, descriptions and addresses, each one in its place.",
        answer=OpenSearchSuggestions,
        parameters=SUGGEST,
        media_types=("application/x-suggestions+json",),
        problems=(400, 503),
    ),
    Operation(
        path="/v1/feed.atom",
        name="atomFeed",
        group=Group.TAKE,
        summary="A search as an Atom feed, newest first.",
        answer=str,
        parameters=SEARCH,
        media_types=("application/atom+xml",),
        problems=(400, 503),
    ),
    Operation(
        path="/v1/feed.json",
        name="jsonFeed",
        group=Group.TAKE,
        summary="A search as a JSON Feed, newest first.",
        answer=JsonFeed,
        parameters=SEARCH,
        media_types=("application/feed+json",),
        problems=(400, 503),
    ),
    Operation(
        path="/v1/export",
        name="export",
        group=Group.TAKE,
        summary="Everything a search finds, to take away.",
        description="A table (CSV) or JSON Lines, article by article; two at a time are made.",
        answer=str,
        parameters=EXPORT,
        media_types=("text/csv", "application/x-ndjson"),
        problems=(400, 503),
    ),
    Operation(
        path="/v1/searches",
        name="savedSearches",
        group=Group.SAVED,
        summary="The saved searches.",
        answer=saved.SavedSearchList,
        parameters=ARTICLE,
        problems=(400, 503),
    ),
    Operation(
        path="/v1/searches/{search_id}",
        name="savedSearch",
        group=Group.SAVED,
        summary="A saved search: what it asks, how many articles it finds, how many of them since a mark.",
        description="With `since`, the mark of an earlier answer, `added` counts what has come since then.",
        answer=saved.SavedSearchAnswer,
        path_parameters=_SEARCH_ID,
        parameters=SINCE_AND_SITE,
        problems=(400, 404, 503),
    ),
    Operation(
        path="/v1/searches/{search_id}/results",
        name="savedSearchResults",
        group=Group.SAVED,
        summary="What a saved search finds, as the search it is.",
        answer=wire.SearchAnswer,
        path_parameters=_SEARCH_ID,
        parameters=SHOWN,
        problems=(400, 404, 410, 503),
    ),
    Operation(
        path="/v1/searches/{search_id}/feed.atom",
        name="savedSearchAtomFeed",
        group=Group.SAVED,
        summary="A saved search as an Atom feed, newest first.",
        answer=str,
        path_parameters=_SEARCH_ID,
        parameters=SHOWN,
        media_types=("application/atom+xml",),
        problems=(400, 404, 503),
    ),
    Operation(
        path="/v1/searches/{search_id}/feed.json",
        name="savedSearchJsonFeed",
        group=Group.SAVED,
        summary="A saved search as a JSON Feed, newest first.",
        answer=JsonFeed,
        path_parameters=_SEARCH_ID,
        parameters=SHOWN,
        media_types=("application/feed+json",),
        problems=(400, 404, 503),
    ),
    Operation(
        path="/v1/instantsearch",
        method="post",
        name="instantSearch",
        group=Group.SEARCH,
        summary="Questions of InstantSearch, each answered as InstantSearch expects.",
        description="As InstantSearch's client sends them; parameters that mean nothing here are named in warnings.",
        answer=instantsearch.Results,
        parameters=ARTICLE,
        body_type=instantsearch.Requests,
        problems=(400, 413, 415, 503),
        is_cached=False,
    ),
    Operation(
        path="/opensearch.xml",
        name="openSearchDescription",
        group=Group.SERVICE,
        summary="How a browser adds the archive to its searches.",
        answer=str,
        parameters=ARTICLE,
        media_types=("application/opensearchdescription+xml",),
        problems=(400,),
    ),
    Operation(
        path="/healthz",
        name="health",
        group=Group.SERVICE,
        summary="Whether it runs.",
        answer=wire.Health,
        is_cached=False,
    ),
    Operation(
        path="/readyz",
        name="readiness",
        group=Group.SERVICE,
        summary="What is served: generation, age, articles.",
        description="A service of a private archive tells strangers no more than that it is ready.",
        answer=wire.Readiness,
        problems=(503,),
        is_cached=False,
    ),
    Operation(
        path="/metrics",
        name="metrics",
        group=Group.SERVICE,
        summary="What the service counts of itself, as Prometheus reads it.",
        answer=str,
        media_types=("text/plain",),
        problems=(401, 403, 429, 503),
        is_cached=False,
        scope=Scope.METRICS,
    ),
    Operation(
        path="/openapi.json", name="openapi", group=Group.SERVICE, summary="This description.", answer=dict[str, Any]
    ),
)
