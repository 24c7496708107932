"""The service's measurement: an archive published like any other, questions the API takes, a load that is counted."""

from __future__ import annotations

import shutil
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from benchmarks.load import load
from benchmarks.over_http import fill, search_paths
from benchmarks.questions import Sample
from benchmarks.synthetic import synthetic_records
from index.gazetteer import load_gazetteer
from index.layout import DataFolder
from search.engine import SearchRequest
from search.thesaurus import Lexicon
from service.asking import ask
from service.params import SEARCH, arguments_from_query_string
from service.wiring import open_archive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def paths() -> list[str]:
    """Searches of a small archive."""
    return search_paths(Sample(synthetic_records(300)), 200)


def test_searches_differ_and_are_taken(paths: list[str]) -> None:
    """No two are alike, each asks for four facets, and the API has nothing to object to."""
    assert len(paths) == len(set(paths)) == 200
    lexicon = Lexicon.of(load_gazetteer())
    for path in paths:
        address, _, query = path.partition("?")
        assert address == "/v1/search"
        asked = ask(arguments_from_query_string(query), lexicon, SEARCH)
        assert len(asked.request.facets) == 4
    assert search_paths(Sample(synthetic_records(300)), 200) == paths


def test_an_archive_is_filled(tmp_path: Path) -> None:
    """The articles are stored, published and found, with their facts."""
    fill(DataFolder(tmp_path), 40)
    with closing(open_archive(DataFolder(tmp_path))) as archive:
        assert archive.articles == 40
        hits = archive.searcher.search(SearchRequest(limit=40))
        assert hits.total == 40
        assert {hit.document.id for hit in hits.hits} == {f"article-{number}" for number in range(1, 41)}


class _Answering(BaseHTTPRequestHandler):
    """Answers every path but /missing."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Say so."""
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - its own name
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """A server on a free port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answering) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("tool", ["wrk", None], ids=["wrk", "threads"])
def test_a_load_is_counted(tool: str | None, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are counted, errors among them, and percentiles are in order, whatever makes the load."""
    if tool is None:
        monkeypatch.setattr(shutil, "which", lambda _name: None)
    elif shutil.which(tool) is None:
        pytest.skip("needs wrk")
    found = load(address, ["/a", "/missing"], connections=2, seconds=1.0)
    assert found.requests > 10
    assert 0.4 < found.errors / found.requests < 0.6
    assert 0 < found.p50_ms <= found.p90_ms <= found.p99_ms
