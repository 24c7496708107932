"""Request bodies: read up to a limit, and taken for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from gunicorn.http.errors import NoMoreData, ParseException

from service.problems import TooLarge, UnreadableBody

if TYPE_CHECKING:
    import falcon


def read_body(req: falcon.Request, limit_bytes: int) -> bytes:
    """The request's body. Raises `TooLarge` having read at most one byte too many, `UnreadableBody` for no HTTP.

    Where the next request would begin after such a body nobody knows, so gunicorn closes the connection.
    """
    if (req.content_length or 0) > limit_bytes:
        raise TooLarge(limit_bytes)
    if req.content_length is None and not req.env.get("wsgi.input_terminated"):
        return b""  # nothing says where a body would end, so there is none
    stream = req.stream if req.content_length is None else req.bounded_stream
    try:
        body = stream.read(limit_bytes + 1)
    except ParseException:  # which quotes what came, so nothing is told of it
        raise UnreadableBody("is not in chunks as HTTP has them") from None
    except NoMoreData:
        raise UnreadableBody("ends before it is whole") from None
    if len(body) > limit_bytes:
        raise TooLarge(limit_bytes)
    return body


def read_json_object(req: falcon.Request, limit_bytes: int, members: str = "the parameters") -> dict[str, object]:
    """The JSON object that the body is, `members` being what its members are. Raises `TooLarge` or `UnreadableBody`."""
    try:
        body = msgspec.json.decode(read_body(req, limit_bytes))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableBody(f"is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise UnreadableBody(f"must be a JSON object with {members} as its members")
    return body
