"""What is answered to requests that never reach the application, for they are not HTTP, or too much of it.

gunicorn would answer those itself, with a page of HTML that repeats what was sent and has none of our headers.
`refuse` is called in its place (`service/gunicorn.conf.py` sees to that): a problem like all others, about the kind of
mistake, and without a word of the request.
"""

from __future__ import annotations

import http
import secrets
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from service import wire
from service.answers import problem_answer
from service.caching import NO_STORE, VARY
from service.headers import NO_ROUTE, headers_of
from service.problems import Overloaded, ServiceProblem, TooSlow

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

LONGEST_LINE_BYTES: Final = 8190  # a question of 256 Korean letters and fifty filters still fits
MOST_HEADERS: Final = 50
LONGEST_HEADER_BYTES: Final = 8190

OVERLOADED: Final = 503
_CODES: Final = {408: TooSlow.code, 503: Overloaded.code}
_DETAILS: Final = {
    400: "this is not a request of HTTP/1.1 as it should be",
    403: "this is not a request that is taken here",
    408: "the request did not come: its sender was waited for long enough",
    414: (
        f"the address is longer than {LONGEST_LINE_BYTES} bytes, which is the most that is taken; a search can be "
        "asked by POST"
    ),
    417: "expectations other than 100-continue are not met",
    431: (
        f"there are more than {MOST_HEADERS} headers, or one is longer than {LONGEST_HEADER_BYTES} bytes, which is the "
        "most that is taken"
    ),
    501: "this transfer encoding is not understood",
    503: "more is asked than can be answered in time; ask again in a moment",
}


class Refused(ServiceProblem):
    """A request that was not read to its end. `status` is what gunicorn chose."""

    def __init__(self, status: int) -> None:
        self.status = status  # type: ignore[misc] # the server's choice, not ours
        phrase = http.HTTPStatus(status).phrase.lower().replace(" ", "-")
        self.code = _CODES.get(status, phrase)  # type: ignore[misc] # likewise
        super().__init__(_DETAILS.get(status, "something went wrong here before the request was read"))


def refuse(connection: socket.socket, status: int, _reason: str, _said: str) -> None:
    """Answer a request that was not understood, and say that the connection is over. Instead of gunicorn's own.

    Never waits for who sent it: an answer this short fits into the system's buffer, or nobody reads. Raises `OSError`
    then, which gunicorn expects.
    """
    connection.setblocking(False)
    try:
        connection.sendall(refusal(status))
    finally:
        connection.setblocking(True)


def refusal(status: int, readers: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """The whole answer, head and body; `readers` are the headers that say which pages may read it."""
    problem, request_id = Refused(status), secrets.token_hex(8)
    body = wire.encode(problem_answer(problem, request_id))
    headers = {
        "Connection": "close",
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Cache-Control": NO_STORE,
        "X-Request-Id": request_id,
        **({"Retry-After": "1"} if status == OVERLOADED else {}),
        "Vary": VARY,
        **headers_of(NO_ROUTE, is_page=False),
        **readers,
    }
    lines = [f"HTTP/1.1 {status} {problem.title}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("ascii") + body
