"""What a cluster answers that is an error is told in words that say what to do."""

from __future__ import annotations

import json
import socket
import sys
import threading
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import (
    ClientMissing,
    ClusterBusy,
    ClusterError,
    ClusterFull,
    ClusterOverloaded,
    ClusterRefused,
    ClusterTooOld,
    ClusterUnreachable,
    NoClusterIndex,
)
from index.opensearch.client import NODES_WAITED_FOR, Cluster, Connection, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FLOOD = "index [news-1] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]"


def error(kind: str, reason: str, **more: object) -> dict[str, Any]:
    """An error as the cluster tells it."""
    return {"error": {"type": kind, "reason": reason, **more}}


@pytest.fixture
def answering() -> Iterator[Callable[[int, object], Cluster]]:
    """A cluster that answers whatever it is asked with a status and JSON, or text."""
    pytest.importorskip("opensearchpy", reason="the extra `opensearch` is not installed")
    stops: list[Callable[[], None]] = []

    def answering(status: int, body: object) -> Cluster:
        sent = body.encode() if isinstance(body, str) else json.dumps(body).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"] or 0))
                self.send_response(status)
                self.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_arguments: object) -> None:
                """Nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        cluster = Cluster(Connection(urls=(f"http://127.0.0.1:{server.server_port}",)))
        stops.extend((cluster.close, server.shutdown, server.server_close))
        return cluster

    yield answering
    for stop in stops:
        stop()


@pytest.mark.parametrize(
    ("status", "body", "expected", "words"),
    [
        pytest.param(401, "Unauthorized", ClusterRefused, "not know this user .* See the user", id="who asks"),
        pytest.param(403, error("security_exception", "no rights"), ClusterRefused, "no rights", id="may not"),
        pytest.param(403, error("cluster_block_exception", FLOOD), ClusterFull, "Free some space", id="full, as 403"),
        pytest.param(
            429, error("cluster_block_exception", FLOOD), ClusterFull, "news takes no more", id="full, as 429"
        ),
        pytest.param(429, error("rejected", "queue is full"), ClusterOverloaded, "queue is full", id="too much to do"),
        pytest.param(
            400,
            error("parsing_exception", "unknown query [combined_fields]"),
            ClusterTooOld,
            r"version 3\.2 or later",
            id="too old a cluster",
        ),
        pytest.param(503, error("too_many_buckets_exception", "65536"), Refused, "65536", id="too many values"),
        pytest.param(503, "no server", ClusterBusy, "it says 503", id="a proxy without a server"),
        pytest.param(
            404,
            error("index_not_found_exception", "no such index"),
            NoClusterIndex,
            "no index news. .*dateline migrate",
            id="no index",
        ),
        pytest.param(
            400,
            error(
                "outer", "all shards failed", failed_shards=[{"reason": {"type": "x", "caused_by": {"type": "inner"}}}]
            ),
            Refused,
            "inner",
            id="the innermost cause is told",
        ),
    ],
)
def test_errors_say_what_to_do(
    answering: Callable[[int, object], Cluster], status: int, body: object, expected: type[ClusterError], words: str
) -> None:
    """Each answer becomes the error that fits it."""
    with pytest.raises(expected, match=words):
        answering(status, body).ask("POST", "/news/_search", {})


def test_an_answer_is_json(answering: Callable[[int, object], Cluster]) -> None:
    """What the cluster answers comes back as it is."""
    assert answering(200, {"took": 1}).ask("POST", "/_search", {}) == {"took": 1}


def test_nobody_answers() -> None:
    """An address without a server is told with all that were tried."""
    pytest.importorskip("opensearchpy", reason="the extra `opensearch` is not installed")
    cluster = Cluster(Connection(urls=("http://127.0.0.1:9", "http://127.0.0.2:9"), user="u", password="secret"))  # noqa: S106 - no secret
    with pytest.raises(
        ClusterUnreachable, match=r"127\.0\.0\.1:9, http://127\.0\.0\.2:9.*DATELINE_OPENSEARCH_URL"
    ) as told:
        cluster.ask("GET", "/")
    assert "secret" not in str(told.value) + repr(cluster.connection)
    cluster.close()


class Silent:
    """A node that hangs: it takes connections, and never says anything."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.url = "http://{}:{}".format(*self._socket.getsockname())

    def asked(self) -> int:
        """How often it was asked since the last time."""
        times = 0
        with suppress(BlockingIOError):
            while True:
                self._socket.accept()[0].close()
                times += 1
        return times

    def close(self) -> None:
        """End it."""
        self._socket.close()


@pytest.fixture
def silent() -> Iterator[list[Silent]]:
    """Four nodes that hang."""
    pytest.importorskip("opensearchpy", reason="the extra `opensearch` is not installed")
    nodes = [Silent() for _ in range(4)]
    yield nodes
    for node in nodes:
        node.close()


def test_a_node_that_hangs_is_waited_for_once(
    answering: Callable[[int, object], Cluster], silent: list[Silent]
) -> None:
    """Whoever asks it first is answered by another, and those who ask after that ask others."""
    answers = answering(200, {"took": 1}).connection.urls
    with closing(Cluster(Connection(urls=(silent[0].url, *answers)))) as cluster:
        assert [cluster.ask("POST", "/_search", {}, timeout_s=0.5) for _ in range(10)] == [{"took": 1}] * 10
    assert silent[0].asked() == 1


def test_a_request_does_not_wait_for_one_node_after_the_other(silent: list[Silent]) -> None:
    """Where none answers, it ends after some of them: each costs the whole time that it may take."""
    urls = tuple(node.url for node in silent)
    with closing(Cluster(Connection(urls=urls))) as cluster, pytest.raises(ClusterUnreachable):
        cluster.ask("POST", "/news/_search", {}, timeout_s=0.2)
    assert sum(node.asked() for node in silent) == NODES_WAITED_FOR


def test_the_client_may_not_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, what to install is said, when a cluster is opened and not before."""
    monkeypatch.setitem(sys.modules, "opensearchpy", None)
    with pytest.raises(ClientMissing, match=r"pip install '\.\[opensearch\]'"):
        Cluster(Connection(urls=("http://127.0.0.1:9",)))
