"""Readers leave no trace: whatever comes with a request, nothing of it is written, counted by name, or kept.

Every place of a request is filled with a word that occurs nowhere else, then everything the server wrote is searched
for it: its log at the most talkative level, its numbers, its answers to others, the files it could write to, and the
memory it shares between processes.
"""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest
import structlog

import service
from index.layout import DataFolder
from service.limiting.addresses import address_from_text
from service.logs import catch_strays, configure_logging
from service.middleware import LONGEST_QUESTION, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.document import Document
    from tests.service.conftest import Api

ROOT = Path(service.__file__).parents[1]
SHARED = Path("/dev/shm")  # noqa: S108 - looked into, not written to
CANARY = "zqcanary"
ADDRESS = "127.0.0.77"
PATIENCE_S = 20

SAID = f"{CANARY}%20{CANARY}"
PROPER = [
    f"GET /v1/search?q={SAID}&{CANARY}={CANARY} HTTP/1.1",
    f"GET /v1/search?q={SAID}&region={CANARY} HTTP/1.1",
    f"GET /v1/search?cursor={CANARY}&page={CANARY} HTTP/1.1",
    f"GET /v1/suggest?q={CANARY} HTTP/1.1",
    f"GET /v1/suggest/browser?q={CANARY} HTTP/1.1",
    f"GET /v1/articles/{CANARY}/related?limit={CANARY} HTTP/1.1",
    f"GET /v1/searches/{CANARY}/results?since={CANARY}&site={CANARY} HTTP/1.1",
    f"GET /v1/searches/{CANARY}/feed.json?since={CANARY} HTTP/1.1",
    f"GET /v1/feed.atom?q={CANARY} HTTP/1.1",
    f"GET /v1/feed.json?q={CANARY}&since={CANARY} HTTP/1.1",
    f"GET /v1/export?format=csv&q={CANARY} HTTP/1.1",
    f"GET /v1/articles/{CANARY} HTTP/1.1",
    f"GET /articles/{CANARY}?q={CANARY} HTTP/1.1",
    f"GET /?q={CANARY} HTTP/1.1",
    f"GET /?search={CANARY} HTTP/1.1",
    f"GET /embed?q={CANARY} HTTP/1.1",
    f"GET /oembed?url={CANARY} HTTP/1.1",
    f"GET /{CANARY}/{CANARY} HTTP/1.1",
    f"GET /metrics?{CANARY} HTTP/1.1",
    f"{CANARY.upper()} /v1/search HTTP/1.1",
    f"PUT /v1/articles/{CANARY} HTTP/1.1",
]
"""First lines of requests that reach the application."""

IMPROPER = [
    f"{CANARY}\r\n\r\n",
    f"GET /{CANARY} HTTP/9.9\r\n\r\n",
    f"GET /{CANARY} {CANARY}/1.1\r\n\r\n",
    f"GET /{CANARY} HTTP/1.1\r\n{CANARY}\r\n\r\n",
    f"GET /{CANARY} HTTP/1.1\r\nHost: a\r\n{CANARY} {CANARY}: b\r\n\r\n",
    f"GET /{CANARY} HTTP/1.1\r\nHost: a\r\nX: b\r\n {CANARY}\r\n\r\n",
    f"GET /{CANARY} HTTP/1.1\r\nHost: a\r\nX_{CANARY}: b\r\n\r\n",
    f"GET /{CANARY} HTTP/1.1\r\nHost: a\r\nContent-Length: {CANARY}\r\n\r\n",
    f"POST /{CANARY} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {CANARY}\r\n\r\n",
    f"POST /v1/search HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{CANARY}\r\n\r\n",
    f"GET /{CANARY} HTTP/1.1\r\nHost: a\r\nExpect: {CANARY}\r\n\r\n",
    f"GET /{CANARY}{'a' * 9000} HTTP/1.1\r\nHost: a\r\n\r\n",
    f"GET /{CANARY} HTTP/1.1\r\nHost: a\r\nX-{CANARY}: {'a' * 9000}\r\n\r\n",
    f"PROXY TCP4 {CANARY} 10.0.0.1 1 2\r\n\r\n",
    f"GET /{CANARY} HTTP/1.1\r\nHost: {CANARY} <{CANARY}>\r\n\r\n",
    f"GET /v1/feed.atom HTTP/1.1\r\nHost: <{CANARY}>\r\n\r\n",
]
"""Requests that are not as they should be."""

HEADERS = {
    "Host": "localhost",
    "User-Agent": CANARY,
    "Referer": f"https://{CANARY}.example/",
    "Cookie": f"{CANARY}={CANARY}",
    "Authorization": f"Bearer {CANARY}",
    "X-Request-Id": CANARY,
    "X-Forwarded-For": f"{CANARY}, 203.0.113.9",
    "Forwarded": f"for={CANARY}",
    "Origin": f"https://{CANARY}.example",
    "If-None-Match": f'"{CANARY}"',
    "Accept-Language": CANARY,
    f"X-{CANARY}": CANARY,
}


@contextlib.contextmanager
def served(data: DataFolder, folder: Path, **settings: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server whose output goes to files in `folder`, and where it is; stopped in the end whatever happens."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATELINE_")}
    environment |= {"DATELINE_INDEXER": "0", "TMPDIR": str(folder), "PYTHONPATH": str(ROOT), **settings}
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        command = [sys.executable, "-m", "service", "serve", "--data", str(data.path), "--port", "0"]
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=err, cwd=folder)
    try:
        yield process, address_in(folder / "out", process)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def address_in(output: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the server says that it is."""
    waiting = threading.Event()
    for _ in range(PATIENCE_S * 20):
        found = re.search(r"serving on (http://\S+)", output.read_text())
        if found:
            return found.group(1)
        assert process.poll() is None, output.with_name("err").read_text()
        waiting.wait(0.05)
    raise AssertionError("it does not say where it is serving")


def sent(address: str, request: str) -> bytes:
    """The answer to a request as it is written here, sent from an address that can be told from others."""
    parts = urlsplit(address)
    assert parts.hostname
    with socket.create_connection((parts.hostname, parts.port or 80), PATIENCE_S, (ADDRESS, 0)) as connection:
        connection.sendall(request.encode("latin-1"))
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while more := connection.recv(65536):
                answer += more
        return answer


def send_everything(address: str) -> None:
    """Every request, the improper ones as well."""
    head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    body = json.dumps({"q": CANARY, CANARY: CANARY})
    for first in PROPER:
        assert sent(address, f"{first}\r\n{head}Connection: close\r\n\r\n").startswith(b"HTTP/1.1 "), first
    post = f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    for path in ("/v1/search", "/v1/instantsearch", "/v1/articles"):
        assert sent(address, f"POST {path} HTTP/1.1\r\n{post}").startswith(b"HTTP/1.1 ")
    for request in IMPROPER:
        answer = sent(address, request)
        assert answer.startswith(b"HTTP/1.1 "), request
        assert CANARY.encode() not in answer.lower() or b" 404 " in answer or b" 200 " in answer, answer


def processes_of(number: int) -> Iterator[int]:
    """A process and all that it started, where the system tells."""
    yield number
    for children in Path(f"/proc/{number}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from processes_of(int(child))


def shared_memory_of(number: int) -> Iterator[bytes]:
    """The memory that a process shares with others, piece by piece."""
    maps = Path(f"/proc/{number}/maps")
    if not maps.exists():
        return
    with Path(f"/proc/{number}/mem").open("rb", buffering=0) as memory:
        for line in maps.read_text().splitlines():
            span, rights, _offset, _device, _inode, *name = line.split(None, 5)
            if rights.endswith("s") and "r" in rights and (not name or "deleted" in name[0] or str(SHARED) in name[0]):
                first, last = (int(end, 16) for end in span.split("-"))
                memory.seek(first)
                yield memory.read(last - first)


def test_nothing_that_comes_with_a_request_is_kept(
    tmp_path: Path, documents: Sequence[Document], publish_documents: Callable[..., Any]
) -> None:
    """Not in the log at its most talkative, not in numbers, a file, or shared memory; nor would a crash write it."""
    data, folder = DataFolder(tmp_path / "data"), tmp_path / "server"
    folder.mkdir()
    publish_documents(data, documents)
    before = set(SHARED.glob("*"))
    port = free_port()
    settings = {
        "DATELINE_LOG_LEVEL": "debug",
        "DATELINE_WORKERS": "1",
        "DATELINE_METRICS_PORT": str(port),
        "DATELINE_CLIENT_TIMEOUT_SECONDS": "1",
    }
    with served(data, folder, **settings) as (process, address):
        send_everything(address)
        numbers = sent(f"http://127.0.0.1:{port}", "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert b"dateline_requests_total" in numbers
        assert CANARY.encode() not in numbers.lower()
        numbers_of_all = list(processes_of(process.pid))
        assert len(numbers_of_all) in {1, 3}  # what looks after the server, the server, its worker
        for piece in itertools.chain.from_iterable(map(shared_memory_of, numbers_of_all)):
            assert CANARY.encode() not in piece.lower()
        for number in numbers_of_all[1:]:
            limits = Path(f"/proc/{number}/limits").read_text()
            assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE), limits
        for path in set(SHARED.glob("*")) - before:
            with contextlib.suppress(OSError):  # another program's, gone again
                assert CANARY.encode() not in path.read_bytes().lower()
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
    log = (folder / "err").read_bytes()
    assert log.count(b'"event":"request"') + log.count(b'"event": "request"') >= len(PROPER)
    for path in (each for each in (*data.path.rglob("*"), *folder.rglob("*")) if each.is_file()):
        written = path.read_bytes().lower()
        assert CANARY.encode() not in written, path
        if path.parent == folder:
            assert ADDRESS.encode() not in written
            assert b"203.0.113" not in written


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_the_search_for_traces_would_find_one(
    tmp_path: Path, documents: Sequence[Document], publish_documents: Callable[..., Any]
) -> None:
    """With source safety off the log tells how a question begins and from which network: the search above can fail."""
    data, folder = DataFolder(tmp_path / "data"), tmp_path / "server"
    folder.mkdir()
    publish_documents(data, documents)
    with served(data, folder, DATELINE_SOURCE_SAFETY="0", DATELINE_WORKERS="1") as (_process, address):
        sent(
            address, f"GET /v1/search?q={CANARY} HTTP/1.1\r\nHost: a\r\nX-Request-Id: abc\r\nConnection: close\r\n\r\n"
        )
    (line,) = [json.loads(line) for line in (folder / "err").read_text().splitlines()]
    assert (line["q"], line["network"], line["request_id"]) == (CANARY, "127.0.0.0/24", "abc")
    assert ADDRESS not in str(line)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        pytest.param("203.0.113.77", "203.0.113.0/24", id="IPv4"),
        pytest.param("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48", id="IPv6"),
        pytest.param("::ffff:203.0.113.77", "203.0.113.0/24", id="IPv4 in IPv6"),
    ],
)
def test_addresses_are_cut_to_networks(api_of: Callable[..., Api], archives: Any, address: str, network: str) -> None:
    """What is left of an address is shared by 256 machines or more."""
    api = api_of(archives, source_safety=False)
    api.get("/healthz", remote_addr=address)
    assert api.log.lines[-1]["network"] == network
    assert ipaddress.ip_network(network).num_addresses >= 256


def test_questions_are_cut(api_of: Callable[..., Api], archives: Any) -> None:
    """At most eighty characters, and only of the question itself."""
    api = api_of(archives, source_safety=False)
    api.get("/v1/search", {"q": "x" * 200, "region": "kp"})
    assert api.log.lines[-1]["q"] == "x" * LONGEST_QUESTION
    assert "kp" not in api.log.lines[-1].values()


def test_without_a_question_or_an_address_nothing_is_told(api_of: Callable[..., Api], archives: Any) -> None:
    """A Unix socket has no address, a health check no question."""
    told = Told(lambda req: address_from_text(req.get_header("X-Test-Address") or ""))
    api = api_of(archives, source_safety=False)
    seen: list[dict[str, str]] = []

    class Look:
        def process_request(self, req: Any, _resp: Any) -> None:
            seen.append(told.of(req))

    api.client.app.add_middleware(Look())
    api.get("/healthz")
    assert seen == [{}]


def test_a_log_line_is_one_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Line ends, escape sequences and separators cannot start a line of their own or reach a terminal."""
    evil = 'a\nb\r\x1b[31m\x00\x85\u2028{"event":"forged"}\ud800'
    try:
        configure_logging("info")
        structlog.get_logger().info("request", q=evil)
    finally:
        structlog.reset_defaults()
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert len(written.splitlines()) == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", written)
    assert json.loads(written)["q"] == evil


def test_libraries_remarks_lose_what_they_say(capsys: pytest.CaptureFixture[str]) -> None:
    """A library's warning and an exception that ends a thread are kept by place and type."""
    hook, handlers = threading.excepthook, logging.getLogger().handlers

    def fail() -> None:
        raise ValueError(CANARY)

    try:
        configure_logging("info")
        catch_strays()
        logging.getLogger("some.package").warning("cannot read %s", CANARY)
        try:
            fail()
        except ValueError:
            logging.getLogger("some.package").exception(f"failed on {CANARY}")  # noqa: G004 - as a library might
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    finally:
        structlog.reset_defaults()
        threading.excepthook, logging.getLogger().handlers = hook, handlers
    written = capsys.readouterr().err
    assert CANARY not in written
    first, second, third = (json.loads(line) for line in written.splitlines())
    assert (first["logger"], first["level"]) == ("some.package", "warning")
    assert second["error"][0]["type"] == third["error"][0]["type"] == "builtins.ValueError"
    assert third["event"] == "a thread ended with an error"


def test_addresses_of_pages_do_not_leave_with_links() -> None:
    """Pages tell other sites nothing of the question in their address when a reader follows a link out."""
    from service.headers import KINDS  # noqa: PLC0415 - one test's business

    assert {headers["Referrer-Policy"] for headers in KINDS.values()} == {"no-referrer", "same-origin"}


def test_what_pages_are_made_of_asks_nobody_else() -> None:
    """No template, script or style sheet names another origin to load from: only links that readers follow."""
    folder = Path(service.__file__).parent
    files = [*(folder / "templates").iterdir(), *(folder / "static").iterdir()]
    assert len(files) > 8
    loading = re.compile(
        r"""(?:\bsrc|\bsrcset|\baction|\bposter|\bdata)\s*=\s*["']?(?:https?:)?//"""
        r"""|<link\b[^>]*href\s*=\s*["']?(?:https?:)?//"""
        r"""|url\(\s*["']?(?:https?:)?//|@import|\bfetch\(\s*["'`](?:https?:)?//|\bimport\s*\(?\s*["'](?:https?:)?//"""
        r"""|sendBeacon|WebSocket|EventSource""",
        re.IGNORECASE,
    )
    for path in files:
        if path.is_file():
            assert not loading.search(path.read_text(encoding="utf-8")), path


def test_a_question_is_quoted_in_no_header(api: Api) -> None:
    """Headers are what proxies log: none repeats the question."""
    for path in ("/v1/search", "/", "/v1/feed.atom", "/v1/export", "/embed"):
        answer = api.client.simulate_get(path, query_string=f"q={quote(CANARY)}")
        assert CANARY not in str(answer.headers)
