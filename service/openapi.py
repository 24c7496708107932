"""`/openapi.json`: the API described for programs (OpenAPI 3.1), made from the tables and structs it is served by.

Parameters come from the rows of `service.params`, answers from the structs of `service.wire`; what is written here is
only which route takes and gives which. A test holds it against the routes, another every answer against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from service import wire
from service.asking import VERSION
from service.instantsearch import wire as instantsearch
from service.params import EXPORT, FACET, FACET_PATHS, MAX_VALUES, SEARCH, SUGGEST, Parameter
from service.wire_reuse import JsonFeed, OpenSearchSuggestions, SuggestAnswer

Json = dict[str, Any]

_REF: Final = "#/components/schemas/{name}"

_PROBLEMS: Final = {
    400: "Parameters that cannot be answered; `errors` names each of them.",
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
    410: "The cursor belongs to an index that has been replaced.",
    413: "The request body is too long.",
    415: "The request body is not JSON.",
    500: "Something went wrong here; it was logged under the request id.",
    503: "There is no index to answer from.",
}
_HEADERS: Final = {"X-Request-Id": {"description": "The request id.", "schema": {"type": "string"}}}
_ETAG: Final = {"ETag": {"description": "Send it back as If-None-Match.", "schema": {"type": "string"}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one method of one route takes and gives.

    `answer` is the type of a JSON answer, or `str` for what `media_types` say; `body` are the parameters that a JSON
    body may have, or `body_type` is the type of one.
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


_ARTICLE_ID: Final = (("article_id", "The article's id.", ()),)
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
        body=SEARCH,
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
        problems=(400, 404, 503),
    ),
    Operation(
        path="/v1/articles/{article_id}/evidence",
        name="evidence",
        summary="Why each thing known of an article is believed.",
        answer=wire.EvidenceAnswer,
        path_parameters=_ARTICLE_ID,
        problems=(400, 404, 503),
    ),
    Operation(
        path="/v1/suggest",
        name="suggest",
        summary="What could be meant by what was typed so far: titles, places, topics.",
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
        path="/v1/instantsearch",
        method="post",
        name="instantSearch",
        summary="Questions of InstantSearch, each answered as InstantSearch expects.",
        answer=instantsearch.Results,
        body_type=instantsearch.Requests,
        problems=(400, 413, 415, 503),
        is_cached=False,
    ),
    Operation(
        path="/opensearch.xml",
        name="openSearchDescription",
        summary="How a browser adds the archive to its searches.",
        answer=str,
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
        is_cached=False,
    ),
    Operation(path="/openapi.json", name="openapi", summary="This description.", answer=dict[str, Any]),
)

_MORE: Final = (instantsearch.SearchResult, instantsearch.FacetResult)
"""Types that answers refer to by name only."""


def openapi_document() -> Json:
    """The whole description."""
    types = [each for operation in OPERATIONS for each in (operation.answer, operation.body_type)]
    schemas, components = msgspec.json.schema_components((*types, *_MORE, wire.Problem), ref_template=_REF)
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
        "paths": paths,
        "components": {"schemas": components},
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
        described["requestBody"] = {"required": True, "content": _content(body)}
    described["responses"] = _responses(operation, schema)
    return described


def _responses(operation: Operation, schema: Json) -> Json:
    headers = _HEADERS | (_ETAG if operation.is_cached else {})
    content = {media_type: {"schema": schema} for media_type in operation.media_types}
    answers: Json = {"200": {"description": "The answer.", "headers": headers, "content": content}}
    if operation.is_cached:
        answers["304"] = {"description": "You have this very answer.", "headers": headers}
    problem = _content({"$ref": _REF.format(name="Problem")}, "application/problem+json")
    for status in (*operation.problems, 500):
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
    """A parameter's JSON schema; in JSON, flags may be booleans too and anything may be null."""
    one: Json = dict(row.schema)
    if in_json and bool in row.json_types:
        one = {"enum": [*one["enum"], *(bool(value) for value in one["enum"])]}
    schema = {"type": "array", "items": one, "maxItems": MAX_VALUES} if row.repeats else one
    if in_json:
        return {"anyOf": [schema, one, {"type": "null"}] if row.repeats else [schema, {"type": "null"}]}
    default = int(row.default) if isinstance(row.default, bool) else row.default
    return schema | ({"default": default} if default else {})
