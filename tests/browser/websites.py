"""Web sites for tests: pages on origins of their own, and services that answer what a test wants, however odd.

`Website` listens on a free port of `localhost`, which to a browser is another origin than the service's 127.0.0.1. A
test puts an `Answer` at a path, or a function that makes one; every `Request` is kept, in order.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

HTML: Final = "text/html; charset=utf-8"
LONGEST_DELAY_S: Final = 30


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came: `query` has the values of each parameter, `headers` names in lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site answers; after `delay_s` seconds, or at once when it is closed."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0

    @classmethod
    def of_html(cls, html: str, headers: Mapping[str, str] | None = None) -> Answer:
        """A page."""
        return cls(html.encode("utf-8", "surrogatepass"), headers={"Content-Type": HTML, **(headers or {})})

    @classmethod
    def of_json(cls, value: object, *, status: int = 200, delay_s: float = 0, **headers: str) -> Answer:
        """JSON that pages of every origin may read."""
        kind = "application/json" if status < 400 else "application/problem+json"
        both = {
            "Content-Type": kind,
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": "Retry-After",
        }
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(json.dumps(value).encode(), status, both | named, delay_s)


Answering: TypeAlias = Answer | Callable[[Request], Answer]

NOTHING: Final = Answer(b"nothing is here", 404, {"Content-Type": "text/plain"})


class Website:
    """A site on a port of its own, answering from threads until it is closed."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._answers: dict[str, Answering] = {}
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where it is, as an origin."""
        return f"http://localhost:{self._server.server_address[1]}"

    def put(self, path: str, answer: Answering) -> str:
        """Answer so at a path from now on; its whole address."""
        self._answers[path] = answer
        return self.address + path

    def clear(self) -> None:
        """Forget every answer and every request."""
        self._answers.clear()
        self.requests.clear()

    def requests_to(self, path: str) -> list[Request]:
        """The requests for a path, in order."""
        return [request for request in self.requests if request.path == path]

    def close(self) -> None:
        """Stop."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, request: Request) -> Answer:
        self.requests.append(request)
        found = self._answers.get(request.path, NOTHING)
        answer = found if isinstance(found, Answer) else found(request)
        if answer.delay_s:
            self._closing.wait(min(answer.delay_s, LONGEST_DELAY_S))
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            """Hands each request to the site."""

            def do_GET(self) -> None:
                """Answer it."""
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): text for name, text in self.headers.items()}
                query = parse_qs(parts.query, keep_blank_values=True)
                answer = site._answer(Request(self.command, parts.path, query, headers, body))
                try:
                    self._send(answer)
                except ConnectionError:  # the browser has lost interest, as it may
                    return

            do_POST = do_GET  # noqa: N815 - the base class's naming

            def _send(self, answer: Answer) -> None:
                self.send_response(answer.status)
                for name, text in {"Content-Type": "text/plain", "Cache-Control": "no-store", **answer.headers}.items():
                    self.send_header(name, text)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Keep quiet."""

        return Handler


def wait_until(true: Callable[[], bool], what: str, patience_s: float = 10) -> None:
    """Ask until it is so; for what happens outside a browser."""
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)
