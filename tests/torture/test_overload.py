"""More is asked than can be answered: some are told so at once, the rest is answered, and then all is well again."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.torture.flooding import flood, get, tell
from tests.torture.serving import archive, articles, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.torture.conftest import Rounds
    from tests.torture.serving import Served

THREADS, QUEUE = 2, 4
RECOVERED_S = 5


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built archive."""
    return archive(tmp_path_factory.mktemp("overload"), articles(300))


def questions(seconds: float, *headers: str) -> Callable[[], Iterator[bytes]]:
    """Different questions for so many seconds, for each client its own."""
    numbers = count()

    def each() -> Iterator[bytes]:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            yield get(f"/v1/search?q=rice+OR+market+OR+report+{next(numbers)}&facet=region&facet=date", *headers)

    return each


def test_four_times_what_is_held_is_told_so_and_passes(data: Path, rounds: Rounds) -> None:
    """Only 200 and 503 are answered, health always, and five seconds later everything is answered."""
    with served(data, DATELINE_WORKERS="1", DATELINE_THREADS=str(THREADS), DATELINE_QUEUE=str(QUEUE)) as service:
        at_once = 4 * (THREADS + QUEUE)
        outcome = flood(service, questions(rounds(2, 60)), at_once=at_once)
        tell(f"{at_once} clients at once, room for {THREADS + QUEUE}: {outcome}")
        assert set(outcome.statuses) == {200, 503}
        time.sleep(RECOVERED_S)
        calm = flood(service, questions(1), at_once=1)
        assert set(calm.statuses) == {200}


def said(service: Served, request: bytes) -> str:
    """All that is answered on a connection of its own."""
    with service.connected() as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65_536), b"")).decode()


@contextmanager
def occupied(service: Served) -> Iterator[None]:
    """All of a service that holds but one request, with one that is only half sent; as soon as it has room for it."""
    until = time.monotonic() + RECOVERED_S
    while True:
        with service.connected() as connection:
            connection.sendall(
                b"POST /v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            )
            answer = connection.recv(4096)
            if answer.startswith(b"HTTP/1.1 100"):
                yield
                connection.sendall(b"{}")
                return
        assert time.monotonic() < until, answer


def test_a_page_of_another_site_can_tell_that_it_is_busy(data: Path) -> None:
    """Who is turned away before being read is told so in a problem, which pages of allowed origins alone may read."""
    settings = {"DATELINE_WORKERS": "1", "DATELINE_THREADS": "1", "DATELINE_QUEUE": "0"}
    origins = ("https://news.example", "https://evil.example")
    with served(data, DATELINE_ALLOWED_ORIGINS=origins[0], **settings) as service, occupied(service):
        told = [said(service, get("/v1/search?q=rice", f"Origin: {origin}")) for origin in origins]
    for origin, answer in zip(origins, told, strict=True):
        head, _, body = answer.partition("\r\n\r\n")
        assert head.startswith("HTTP/1.1 503 ")
        assert "\r\nContent-Type: application/problem+json\r\n" in head
        assert "\r\nRetry-After: 1\r\n" in head
        assert json.loads(body)["code"] == "overloaded"
        assert (f"\r\nAccess-Control-Allow-Origin: {origins[0]}" in head) == (origin == origins[0])
        assert "evil" not in answer


def test_one_address_is_told_to_wait_and_others_are_not(data: Path, rounds: Rounds) -> None:
    """Under a flood from one address it gets 429 but for its allowance, and another address all its answers."""
    settings = {"DATELINE_WORKERS": "2", "DATELINE_RATE": "60/day", "DATELINE_RATE_BURST": "10"}
    flooder, reader = "X-Forwarded-For: 198.51.100.7", "X-Forwarded-For: 198.51.100.8"
    with served(data, DATELINE_TRUSTED_HOPS="1", **settings) as service:
        times = rounds(40, 2_000)
        many = flood(service, lambda: (get(f"/v1/search?q=rice+{n}", flooder) for n in range(times)), at_once=8)
        other = flood(service, lambda: (get("/v1", reader) for _ in range(10)), at_once=1)
        tell(f"the flood: {many}")
        assert many.statuses == {200: 10, 429: 8 * times - 10}
        assert other.statuses == {200: 10}
