"""`/openapi.json`: the API described for programs (OpenAPI 3.1), made from the tables and structs it is served by.

Parameters come from the rows of `service.params`, answers from the structs of `service.wire`; what is written here is
only which route takes and gives which. A test holds it against the routes, another every answer against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from inspect import cleandoc
from typing import Any, Final

import msgspec

from service import wire
from service.access.guard import OPEN
from service.access.keys import Scope
from service.asking import VERSION
from service.instantsearch import wire as instantsearch
from service.params import (
    ARTICLE,
    EXPORT,
    FACET,
    FACET_PATHS,
    MAX_VALUES,
    NO_CONTROL,
    RELATED,
    SEARCH,
    SEARCH_BODY,
    SITE,
    SUGGEST,
    WRITE,
    Parameter,
)
from service.saved import wire as saved
from service.saved.searches import SHOWN, SINCE_AND_SITE
from service.wire_reuse import JsonFeed, OpenSearchSuggestions, SuggestAnswer
from service.writing import wire as writing
from service.writing.resources import LINES

Json = dict[str, Any]

_REF: Final = "#/components/schemas/{name}"

_PROBLEMS: Final = {
    400: "Parameters that cannot be answered, `errors` naming each; or what is not HTTP.",
    401: "A key is needed, or the one that came is not known.",
    403: "The key does not allow this, or the page it is used from may not.",
    404: "There is nothing at this address, or no such site.",
    405: "This address does not take this method.",
    408: "The request did not come in time.",
    410: "The cursor belongs to an index that has been replaced.",
    412: "What the request was conditional on is not so.",
    413: "The request body is too long.",
    414: "The address is too long; a search can be asked by POST.",
    415: "The request body is not JSON.",
    422: "Articles that cannot be taken; `errors` names each of them and says why. Nothing was kept.",
    429: "Too many requests, or too many tries with keys that are not known.",
    431: "The headers are too many or too long.",
    500: "Something went wrong here; it was logged under the request id.",
    503: "There is no index to answer from, or the archive cannot be written now.",
    507: "There is no space left to keep articles. Nothing was kept.",
}
_BLANK: Final = {"type": "string", "pattern": "^ *$"}
"""What forms send for fields nobody filled in: as good as not given."""

_OF_ANY: Final = (400, 408, 414, 431, 500)
"""What may be answered to any request at all."""

_HEADERS: Final = {"X-Request-Id": {"description": "The request id.", "schema": {"type": "string"}}}
_LOCATION: Final = {"Location": {"description": "Where the article will be.", "schema": {"type": "string"}}}
_KEY: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": (
        "A key for this: on the server, run dateline keys create --scope write. Reading needs one, or a token made "
        "from one, only where the archive is not public."
    ),
}
_ETAG: Final = {"ETag": {"description": "Send it back as If-None-Match.", "schema": {"type": "string"}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one method of one route takes and gives.

    `answer` is the type of a JSON answer, or `str` for what `media_types` say; `body` are the parameters that a JSON
    body may have, or `body_type` is the type of one, sent as `body_media_type`. `scope` is what the key that
    it needs must be for; with `creates` it may answer 201.
    """

    path: str
    name: str
    summary: str
    answer: Any
    method: str = "get"
    path_parameters: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: tuple[Parameter, ...] = ()
    body_type: Any = None
    media_types: tuple[str, ...] = ("application/json",)
    problems: tuple[int, ...] = ()
    is_cached: bool = True
    body_media_type: str = "application/json"
    scope: Scope | None = None
    creates: bool = False

    @property
    def problems_of_readers(self) -> tuple[int, ...]:
        """What any route that reads answers to those who may not, or who ask from a site that is not known."""
        if self.scope or self.path in OPEN:
            return ()
        return (401, 403, 404, 429, 503) if SITE in self.parameters else (401, 403, 429, 503)


_ARTICLE_ID: Final = (("article_id", "The article's id.", ()),)
_SEARCH_ID: Final = (("search_id", "The saved search's id.", ()),)
_FIELD: Final = (("field", "The field whose values are searched.", FACET_PATHS),)

OPERATIONS: Final = (
    Operation(path="/v1", name="welcome", summary="What this is, and its routes.", answer=wire.Welcome),
    Operation(
        path="/v1/search",
        name="search",
        summary="Search, filter and count.",
        answer=wire.SearchAnswer,
        parameters=SEARCH,
        problems=(400, 410, 503),
    ),
    Operation(
        path="/v1/search",
        method="post",
        name="searchByPost",
        summary="The same by JSON: the same names, arrays for what repeats.",
        answer=wire.SearchAnswer,
        parameters=ARTICLE,
        body=SEARCH_BODY,
        problems=(400, 410, 413, 415, 503),
        is_cached=False,
    ),
    Operation(
        path="/v1/facets/{field}",
        name="searchFacet",
        summary="Search in the values of one facet.",
        answer=wire.FacetAnswer,
        path_parameters=_FIELD,
        parameters=FACET,
        problems=(400, 404, 503),
    ),
    Operation(
        path="/v1/articles/{article_id}",
        name="article",
        summary="An article and what is known of it.",
        answer=wire.Article,
        path_parameters=_ARTICLE_ID,
        parameters=ARTICLE,
        problems=(400, 404, 503),
    ),
    Operation(
        path="/v1/articles/{article_id}",
        method="put",
        name="putArticle",
        summary="Keep an article under this id.",
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
        summary="Delete an article.",
        answer=writing.DeleteAnswer,
        path_parameters=_ARTICLE_ID,
        problems=(400, 401, 403, 404, 429, 503, 507),
        scope=Scope.DELETE,
        is_cached=False,
    ),
    Operation(
        path="/v1/articles",
        method="post",
        name="postArticles",
        summary="Keep many articles, one JSON object on each line: all of them, or none.",
        answer=writing.BatchAnswer,
        parameters=WRITE,
        body_type=str,
        body_media_type=LINES,
        problems=(400, 401, 403, 413, 415, 422, 429, 503, 507),
        scope=Scope.WRITE,
        is_cached=False,
    ),
    Operation(
        path="/v1/articles/{article_id}/evidence",
        name="evidence",
        summary="Why each thing known of an article is believed.",
        answer=wire.EvidenceAnswer,
        path_parameters=_ARTICLE_ID,
        parameters=ARTICLE,
        problems=(400, 404, 503),
    ),
    Operation(
        path="/v1/articles/{article_id}/related",
        name="related",
        summary="Other articles that have to do with one, and why; and the same report in other versions or languages.",
        answer=wire.RelatedAnswer,
        path_parameters=_ARTICLE_ID,
        parameters=RELATED,
        problems=(400, 404, 503),
    ),
    Operation(
        path="/v1/suggest",
        name="suggest",
        summary="What could be meant by what was typed so far: titles, places, topics, sources.",
        answer=SuggestAnswer,
        parameters=SUGGEST,
        problems=(400, 503),
    ),
    Operation(
        path="/v1/suggest/browser",
        name="suggestToBrowser",
        summary="The same as browsers take it.",
        answer=OpenSearchSuggestions,
        parameters=SUGGEST,
        media_types=("application/x-suggestions+json",),
        problems=(400, 503),
    ),
    Operation(
        path="/v1/feed.atom",
        name="atomFeed",
        summary="A search as an Atom feed, newest first.",
        answer=str,
        parameters=SEARCH,
        media_types=("application/atom+xml",),
        problems=(400, 503),
    ),
    Operation(
        path="/v1/feed.json",
        name="jsonFeed",
        summary="A search as a JSON Feed, newest first.",
        answer=JsonFeed,
        parameters=SEARCH,
        media_types=("application/feed+json",),
        problems=(400, 503),
    ),
    Operation(
        path="/v1/export",
        name="export",
        summary="Everything a search finds, to take away.",
        answer=str,
        parameters=EXPORT,
        media_types=("text/csv", "application/x-ndjson"),
        problems=(400, 503),
    ),
    Operation(
        path="/v1/searches",
        name="savedSearches",
        summary="The saved searches.",
        answer=saved.SavedSearchList,
        parameters=ARTICLE,
        problems=(400, 503),
    ),
    Operation(
        path="/v1/searches/{search_id}",
        name="savedSearch",
        summary="A saved search: what it asks, how many articles it finds, how many of them since a mark.",
        answer=saved.SavedSearchAnswer,
        path_parameters=_SEARCH_ID,
        parameters=SINCE_AND_SITE,
        problems=(400, 404, 503),
    ),
    Operation(
        path="/v1/searches/{search_id}/results",
        name="savedSearchResults",
        summary="What a saved search finds, as the search it is.",
        answer=wire.SearchAnswer,
        path_parameters=_SEARCH_ID,
        parameters=SHOWN,
        problems=(400, 404, 410, 503),
    ),
    Operation(
        path="/v1/searches/{search_id}/feed.atom",
        name="savedSearchAtomFeed",
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
        summary="Questions of InstantSearch, each answered as InstantSearch expects.",
        answer=instantsearch.Results,
        parameters=ARTICLE,
        body_type=instantsearch.Requests,
        problems=(400, 413, 415, 503),
        is_cached=False,
    ),
    Operation(
        path="/opensearch.xml",
        name="openSearchDescription",
        summary="How a browser adds the archive to its searches.",
        answer=str,
        parameters=ARTICLE,
        media_types=("application/opensearchdescription+xml",),
        problems=(400,),
    ),
    Operation(path="/healthz", name="health", summary="Whether it runs.", answer=wire.Health, is_cached=False),
    Operation(
        path="/readyz",
        name="readiness",
        summary="What is served: generation, age, articles.",
        answer=wire.Readiness,
        problems=(503,),
        is_cached=False,
    ),
    Operation(
        path="/metrics",
        name="metrics",
        summary="What the service counts of itself, as Prometheus reads it.",
        answer=str,
        media_types=("text/plain",),
        problems=(401, 403, 429, 503),
        is_cached=False,
        scope=Scope.METRICS,
    ),
    Operation(path="/openapi.json", name="openapi", summary="This description.", answer=dict[str, Any]),
)

_MORE: Final = (instantsearch.SearchResult, instantsearch.FacetResult)
"""Types that answers refer to by name only."""


def openapi_document() -> Json:
    """The whole description."""
    types = [each for operation in OPERATIONS for each in (operation.answer, operation.body_type)]
    schemas, components = msgspec.json.schema_components((*types, *_MORE, wire.Problem), ref_template=_REF)
    for component in components.values():
        component["description"] = cleandoc(component.get("description", ""))
    paths: dict[str, Json] = {}
    for operation, schema, body in zip(OPERATIONS, schemas[::2], schemas[1::2], strict=False):
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, schema, body)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Dateline",
            "version": VERSION,
            "summary": "Full-text search for a news archive.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{}, {"key": []}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"key": _KEY}},
    }


def _operation(operation: Operation, schema: Json, body: Json) -> Json:
    parameters = [_path_parameter(*row) for row in operation.path_parameters]
    parameters += [_query_parameter(row) for row in operation.parameters]
    described: Json = {"operationId": operation.name, "summary": operation.summary}
    if parameters:
        described["parameters"] = parameters
    if operation.body:
        described["requestBody"] = _request_body(operation.body)
    elif operation.body_type:
        described["requestBody"] = {"required": True, "content": _content(body, operation.body_media_type)}
    if operation.scope:
        described["security"] = [{"key": [operation.scope.value]}]
    described["responses"] = _responses(operation, schema)
    return described


def _responses(operation: Operation, schema: Json) -> Json:
    headers = _HEADERS | (_ETAG if operation.is_cached else {})
    content = {media_type: {"schema": schema} for media_type in operation.media_types}
    answers: Json = {"200": {"description": "The answer.", "headers": headers, "content": content}}
    if operation.creates:
        answers["201"] = {"description": "It is new.", "headers": headers | _LOCATION, "content": content}
    if operation.is_cached:
        answers["304"] = {"description": "You have this very answer.", "headers": headers}
    problem = _content({"$ref": _REF.format(name="Problem")}, "application/problem+json")
    for status in sorted({*operation.problems, *operation.problems_of_readers, *_OF_ANY}):
        answers[str(status)] = {"description": _PROBLEMS[status], "headers": _HEADERS, "content": problem}
    return answers


def _content(schema: Json, media_type: str = "application/json") -> Json:
    return {media_type: {"schema": schema}}


def _path_parameter(name: str, meaning: str, choices: tuple[str, ...]) -> Json:
    schema = {"type": "string"} | ({"enum": list(choices)} if choices else {})
    return {"name": name, "in": "path", "required": True, "description": meaning, "schema": schema}


def _query_parameter(row: Parameter) -> Json:
    return {"name": row.name, "in": "query", "description": row.meaning, "schema": _schema(row)}


def _request_body(rows: tuple[Parameter, ...]) -> Json:
    properties = {row.name: _schema(row, in_json=True) | {"description": row.meaning} for row in rows}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"required": True, "content": _content(schema)}


def _schema(row: Parameter, *, in_json: bool = False) -> Json:
    """A parameter's JSON schema: anything may be blank; in JSON, flags may be booleans, too, and anything null."""
    one: Json = dict(row.schema)
    if in_json and bool in row.json_types:
        one = {"enum": [*one["enum"], *(bool(value) for value in one["enum"])]}
    takes_blank = one.get("type") == "string" and "enum" not in one and one.get("pattern") == NO_CONTROL
    if not takes_blank and (str in row.json_types or not in_json):
        one = {"anyOf": [one, _BLANK]}
    schema = {"type": "array", "items": one, "maxItems": MAX_VALUES} if row.repeats else one
    if in_json:
        return {"anyOf": [schema, one, {"type": "null"}] if row.repeats else [schema, {"type": "null"}]}
    default = int(row.default) if isinstance(row.default, bool) else row.default
    return schema | ({"default": default} if default else {})
