"""Two hundred clients that send or take a byte a second, and one that is served as if they were not there.

Each slow client does one of: begin a request and go on with it a byte at a time; the same with the body of a question
by POST, of known length and in chunks; ask for an article of three million characters and take it a byte at a time;
connect and say nothing.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from itertools import cycle, islice
from typing import TYPE_CHECKING

import pytest

from tests.torture.flooding import flood, get, tell
from tests.torture.serving import LONG, archive, articles, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.torture.conftest import Rounds
    from tests.torture.serving import Served

SLOW = 200
P99_S = 0.25
_POST = b"POST /v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BEGINNINGS = {
    "head": b"GET /v1/search?q=",
    "nothing": b"",
    "body": _POST + b"Content-Length: 2000\r\n\r\n{",
    "chunks": _POST + b"Transfer-Encoding: chunked\r\n\r\n7ff\r\n{",
    "answer": get(f"/v1/articles/{LONG}"),
    "pipelined answers": get(f"/v1/articles/{LONG}") * 5,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built archive."""
    return archive(tmp_path_factory.mktemp("slow"), articles(100))


@pytest.fixture(scope="module")
def service(data: Path, rounds: Rounds) -> Iterator[Served]:
    """The service with little patience, in the short form."""
    with served(data, DATELINE_CLIENT_TIMEOUT_SECONDS=str(rounds(2, 10))) as service:
        flood(service, lambda: (get(f"/v1/search?q=market+{n}") for n in range(20)), at_once=4)
        yield service


@contextmanager
def slow_clients(service: Served, kinds: list[str], number: int) -> Iterator[None]:
    """So many slow clients, who come again when they are sent away."""
    over = threading.Event()

    def torment() -> None:
        clients = [(kind, _begun(service, kind)) for kind in islice(cycle(kinds), number)]
        while not over.wait(1.0):
            clients = [(kind, _went_on(service, kind, client)) for kind, client in clients]
        for _, client in clients:
            client.close()

    thread = threading.Thread(target=torment)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _begun(service: Served, kind: str) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(10)
    client.connect((service.host, service.port))
    client.setblocking(False)
    client.send(BEGINNINGS[kind])
    return client


def _went_on(service: Served, kind: str, client: socket.socket) -> socket.socket:
    """Send or take a byte; a client that was sent away comes again."""
    try:
        if kind.endswith(("answer", "answers")):
            is_away = client.recv(1) == b""
        else:
            is_away = kind != "nothing" and client.send(b"a") == 0
    except BlockingIOError:
        return client
    except OSError:
        is_away = True
    if not is_away:
        return client
    client.close()
    return _begun(service, kind)


@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param(["head", "nothing"], id="requests that do not come"),
        pytest.param(["body", "chunks"], id="bodies that do not come"),
        pytest.param(["answer", "pipelined answers"], id="answers that are not taken"),
        pytest.param(list(BEGINNINGS), id="everything at once"),
    ],
)
def test_slow_clients_do_not_slow_a_good_one(service: Served, kinds: list[str], rounds: Rounds) -> None:
    """All its questions are answered while the others dawdle, and once they are gone."""
    times = rounds(60, 2_000)
    with slow_clients(service, kinds, SLOW):
        time.sleep(1.5)
        outcome = flood(
            service, lambda: (get(f"/v1/search?q=rice+OR+river+{n}&facet=region") for n in range(times)), at_once=1
        )
    tell(f"beside {SLOW} slow clients ({', '.join(kinds)}): {outcome}")
    assert outcome.statuses == {200: times}
    if rounds(0, 1):
        assert outcome.percentile(0.99) <= P99_S
    assert flood(service, lambda: iter([get("/healthz")]), at_once=1).statuses == {200: 1}


def test_a_request_that_does_not_come_is_told_so(service: Served, rounds: Rounds) -> None:
    """Who began a request and does not finish it is answered 408; who took part of an answer is cut off."""
    with service.connected() as client:
        client.sendall(b"GET /v1/sea")
        assert client.recv(4096).startswith(b"HTTP/1.1 408 ")
    with _begun(service, "answer") as client:
        time.sleep(2 + rounds(2, 10))
        client.setblocking(True)
        received = b"".join(iter(lambda: client.recv(65_536), b""))
        assert 0 < len(received) < 3_000_000


def test_longer_bodies_than_are_waited_for_are_refused_unread(service: Served) -> None:
    """A body that is announced as too long is answered at once, and nothing of it is waited for."""
    with service.connected() as client:
        client.sendall(_POST + b"Content-Length: 1000000\r\n\r\n{")
        assert client.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_there_is_always_room_for_another_connection(data: Path) -> None:
    """More idle connections than are held do not keep a new one out: the longest idle make room."""
    with served(data, DATELINE_WORKERS="1", DATELINE_THREADS="2", DATELINE_CONNECTIONS="16") as service:
        idle = [service.connected() for _ in range(100)]
        try:
            assert flood(service, lambda: iter([get("/healthz")]), at_once=4).statuses == {200: 4}
        finally:
            for connection in idle:
                connection.close()
