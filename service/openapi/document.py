"""The description, put together."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any, Final

import msgspec

from service import wire
from service.asking import VERSION
from service.instantsearch import wire as instantsearch
from service.openapi.operation import Group, Operation
from service.openapi.operations import OPERATIONS
from service.openapi.requests import body_of_parameters, body_of_type, path_parameter, query_parameter
from service.openapi.responses import REFERENCE, responses
from service.writing import wire as writing

Json = dict[str, Any]

_MORE: Final = (instantsearch.SearchResult, instantsearch.FacetResult)
"""Types that answers refer to by name only."""

_INFO: Final = {
    "title": "Dateline",
    "version": VERSION,
    "summary": "Full-text search for a news archive.",
    "description": (
        "Every error is a problem (RFC 9457): `code` is for programs, `detail` for people, `errors` names each "
        "parameter that is wrong. Parameters that are not described are refused. Ask again after `Retry-After` when "
        "that is said, and send `ETag` back as `If-None-Match` to be told only what is new."
    ),
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}
_KEY: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": (
        "A key for this: on the server, run dateline keys create --scope write. Reading needs one, or a token made "
        "from one, only where the archive is not public."
    ),
}


def openapi_document() -> Json:
    """The whole description."""
    types = [each for operation in OPERATIONS for each in (operation.answer, operation.body_type)]
    schemas, components = msgspec.json.schema_components((*types, *_MORE, wire.Problem), ref_template=REFERENCE)
    for component in components.values():
        component["description"] = cleandoc(component.get("description", ""))
        _forget_places(component)
    _pattern_words(components[writing.NewArticle.__name__])
    paths: dict[str, Json] = {}
    for operation, schema, body in zip(OPERATIONS, schemas[::2], schemas[1::2], strict=False):
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, schema, body)
    return {
        "openapi": "3.1.1",
        "info": _INFO,
        "tags": [{"name": group.tag, "description": group.value} for group in Group],
        "security": [{}, {"key": []}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"key": _KEY}},
    }


def _operation(operation: Operation, schema: Json, body: Json) -> Json:
    described: Json = {"operationId": operation.name, "tags": [operation.group.tag], "summary": operation.summary}
    if operation.description:
        described["description"] = operation.description
    parameters = [path_parameter(row) for row in operation.path_parameters]
    parameters += [query_parameter(row) for row in operation.parameters]
    if parameters:
        described["parameters"] = parameters
    if operation.body:
        described["requestBody"] = body_of_parameters(operation.body)
    elif operation.body_type:
        described["requestBody"] = body_of_type(body, operation.body_media_type)
    if operation.scope:
        described["security"] = [{"key": [operation.scope.value]}]
    described["responses"] = responses(operation, schema)
    return described


def _pattern_words(schema: Any) -> None:  # noqa: ANN401 - any part of a schema
    """Say of every text that it holds no NUL, also in lists, whose items its type cannot annotate (see there)."""
    if isinstance(schema, list):
        for part in schema:
            _pattern_words(part)
    elif isinstance(schema, dict):
        if schema.get("type") == "string" and not schema.keys() & {"pattern", "enum"}:
            schema["pattern"] = writing.WORDS
        for part in list(schema.values()):
            _pattern_words(part)


def _forget_places(schema: Json) -> None:
    """Describe an array whose items differ by place as one of items that are any of them.

    Programs that read descriptions seldom know `prefixItems`; that an item is in its place, other tests see to.
    """
    kinds = schema.pop("prefixItems", None)
    if kinds is not None:
        schema["maxItems"] = len(kinds)
        schema["items"] = {"anyOf": [kind for number, kind in enumerate(kinds) if kind not in kinds[:number]]}
