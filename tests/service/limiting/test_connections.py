"""A connection whose client dawdles: what waits, what does not, and for how long."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from gunicorn import config, http

from service.limiting.connections import ENOUGH_BYTES, BodyWaits, Connection
from service.problems import Overloaded, TooSlow

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 0.2
MUCH_PATIENCE_S = 60.0
"""For clients that do what they should: on a busy machine, they may be late."""


@pytest.fixture
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[Connection, socket.socket]]:
    """A connection and its client's end, with small buffers and little patience, or what the test asks for."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    patience_s = getattr(request, "param", PATIENCE_S)
    connection = Connection(
        ours, client="", server="", short_bytes=100, patience_s=patience_s, waits=BodyWaits(threads=2)
    )
    connection.parser = http.get_parser(config.Config(), connection, ("", 0))
    with theirs:
        yield connection, theirs
    connection.close()


def test_an_answer_waits_for_nobody(ends: tuple[Connection, socket.socket]) -> None:
    """A long answer is taken at once, and the event loop sends it as the client takes it."""
    connection, client = ends
    connection.sendall(b"a" * 1_000_000)
    assert connection.unsent
    received = 0
    while not connection.send_more() or received < 1_000_000:
        received += len(client.recv(65_536))
    assert received == 1_000_000


@pytest.mark.parametrize("ends", [MUCH_PATIENCE_S], indirect=True)
def test_another_piece_waits_until_the_client_has_taken_most(ends: tuple[Connection, socket.socket]) -> None:
    """An answer made piece by piece is as quick as its client, and ends if that takes nothing."""
    connection, client = ends

    def take_all() -> None:
        while client.recv(65_536):
            pass

    taking = threading.Thread(target=take_all)
    connection.sendall(b"a" * 2 * ENOUGH_BYTES)
    taking.start()
    connection.sendall(b"b")
    assert len(connection.unsent) <= ENOUGH_BYTES
    client.shutdown(socket.SHUT_RDWR)
    taking.join()


def test_a_client_that_takes_nothing_is_given_up(ends: tuple[Connection, socket.socket]) -> None:
    """After the patience is over the answer is broken off."""
    connection, _client = ends
    connection.sendall(b"a" * 2 * ENOUGH_BYTES)
    started = time.monotonic()
    with pytest.raises(BrokenPipeError):
        connection.sendall(b"b")
    assert time.monotonic() - started >= PATIENCE_S
    assert connection.is_broken
    with pytest.raises(BrokenPipeError):
        connection.sendall(b"c")


def test_a_body_that_does_not_come_is_given_up(ends: tuple[Connection, socket.socket]) -> None:
    """A thread waits for a long body as long as the patience lasts, and for nothing when it is done."""
    connection, client = ends
    client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + b"a" * 10)
    connection.receive()
    assert connection.is_whole()
    request = next(connection.parser)
    with pytest.raises(TooSlow):
        request.body.read(1000)
    connection.finish()
    with pytest.raises(TimeoutError):
        connection.recv(1)


def test_few_threads_wait_for_bodies_at_a_time(ends: tuple[Connection, socket.socket]) -> None:
    """One more than may is told to come again, and may when another is done."""
    connection, client = ends
    waits = BodyWaits(threads=2)
    connection._waits = waits  # noqa: SLF001 - shared with others by the worker
    waits.begin()
    with pytest.raises(Overloaded):
        connection.recv(1)
    waits.end()
    client.sendall(b"a")
    assert connection.recv(1) == b"a"
    with pytest.raises(Overloaded):
        waits.begin()
    connection.finish()
    waits.begin()


def test_what_was_read_too_much_is_the_next_request(ends: tuple[Connection, socket.socket]) -> None:
    """Requests sent one after the other are told apart."""
    connection, client = ends
    client.sendall(b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3")
    connection.receive()
    for path in ("/1", "/2"):
        assert connection.is_whole()
        assert next(connection.parser).path == path
        connection.finish()
        connection.begin()
    assert not connection.is_whole()
    assert bytes(connection.received) == b"GET /3"
