"""What is answered, as OpenAPI: the answers of each operation, and every problem it may meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from service.openapi.operation import Operation

Json: TypeAlias = dict[str, Any]

REFERENCE: Final = "#/components/schemas/{name}"

_PROBLEMS: Final = {
    400: "Parameters that cannot be answered, `errors` naming each; or what is not HTTP.",
    401: "A key is needed, or the one that came is not known.",
    403: "The key does not allow this, or the page it is used from may not.",
    404: "There is nothing at this address, or no such site.",
    408: "The request did not come in time.",
    410: "The cursor belongs to an index that has been replaced, or was asked by other rules.",
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
_OF_ANY: Final = (400, 408, 414, 431, 500)
"""What may be answered to any request at all."""

_WAITS: Final = (429, 503)


def _header(meaning: str, example: str, **schema: object) -> Json:
    return {"description": meaning, "schema": {"type": "string", **schema}, "example": example}


_HEADERS: Final = {"X-Request-Id": _header("The request's id, which the service's log has, too.", "5b3cbbd44dd7a6a8")}
_LOCATION: Final = {"Location": _header("Where the article will be.", "/v1/articles/report-7")}
_ETAG: Final = {
    "ETag": _header("Send it back as If-None-Match: 304 then says that nothing has changed.", '"0f343b0931126a20"')
}
_RATE: Final = {
    "RateLimit-Policy": _header("How often may be asked, if that is limited: q in w seconds.", '"address";q=120;w=12'),
    "RateLimit": _header(
        "What remains of it, and in how many seconds all of it is there again.", '"address";r=118;t=1'
    ),
}
_RETRY: Final = {"Retry-After": _header("In how many seconds to ask again.", "2", pattern="^[0-9]+$")}


def responses(operation: Operation, schema: Json) -> Json:
    """The answers of an operation, by status; `schema` is that of what it gives."""
    headers = _HEADERS | (_RATE if operation.is_counted else {}) | (_ETAG if operation.is_cached else {})
    content = {media_type: {"schema": schema} for media_type in operation.media_types}
    answers: Json = {"200": {"description": "The answer.", "headers": headers, "content": content}}
    if operation.creates:
        answers["201"] = {"description": "It is new.", "headers": headers | _LOCATION, "content": content}
    if operation.is_cached:
        answers["304"] = {"description": "You have this very answer.", "headers": headers}
    for status in sorted({*operation.problems, *operation.problems_of_readers, *_OF_ANY}):
        answers[str(status)] = _problem(status)
    return answers


def _problem(status: int) -> Json:
    schema = {"$ref": REFERENCE.format(name="Problem")}
    return {
        "description": _PROBLEMS[status],
        "headers": _HEADERS | (_RETRY if status in _WAITS else {}),
        "content": {"application/problem+json": {"schema": schema}},
    }
