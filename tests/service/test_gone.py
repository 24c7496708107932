"""Where what was being read is gone, every route that answers from the archive asks what is newer instead."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import ViewGone
from service import gone
from service.gone import again_if_gone
from service.saved.file import KeptSearches
from service.serving import Serving
from tests.service.saved.conftest import keep, saved
from tests.service.test_headers import filled, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import falcon
    from falcon import testing

    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api

READ_LATER = {"/v1/export"}
"""What is read while it is sent: once that began, nobody can begin anew."""

FROM_THE_ARCHIVE = {
    "/", "/articles/{article_id}", "/docs", "/embed", "/oembed", "/v1/articles/{article_id}",
    "/v1/articles/{article_id}/evidence", "/v1/articles/{article_id}/related", "/v1/export", "/v1/facets/{field}",
    "/v1/feed.atom", "/v1/feed.json", "/v1/search", "/v1/searches/{search_id}", "/v1/searches/{search_id}/feed.atom",
    "/v1/searches/{search_id}/feed.json", "/v1/searches/{search_id}/results", "/v1/suggest", "/v1/suggest/browser",
}  # fmt: skip
CLOCKS = re.compile(rb'"took_ms":[\d.]+|"processingTimeMS":\d+')


@dataclass
class Leases:
    """Leases that are gone so many times: `left`; how many were taken; when, as they are taken or as they end."""

    left: int = 0
    taken: int = 0
    at_end: bool = False

    def fail_if_gone(self) -> None:
        """Raise `ViewGone`, if that is still to be."""
        if self.left:
            self.left -= 1
            raise ViewGone("dateline", "1-00000000")


@pytest.fixture
def leases(monkeypatch: pytest.MonkeyPatch) -> Leases:
    """All leases that readers are answered from, from now on."""
    leases, lease = Leases(), Serving.lease

    @contextmanager
    def failing(serving: Serving, req: falcon.Request, *, site: str = "") -> Iterator[Archive]:
        leases.taken += 1
        if not leases.at_end:
            leases.fail_if_gone()
        with lease(serving, req, site=site) as archive:
            yield archive
        if leases.at_end:
            leases.fail_if_gone()

    monkeypatch.setattr(Serving, "lease", failing)
    return leases


@pytest.fixture
def readers(archives: Reloading[Archive], api_of: Callable[..., Api], tmp_path: Path) -> Api:
    """The API of an archive with a saved search."""
    keep(tmp_path, saved("rice", "Rice", q="rice"))
    return api_of(archives, searches=KeptSearches(tmp_path, look_every_s=0))


def asked(api: Api, template: str) -> testing.Result:
    """The answer of a route."""
    query = "url=http%3A%2F%2Ffalconframework.org%2Farticles%2Freport-1" if template == "/oembed" else ""
    return api.client.simulate_get(filled(template).replace("/none", "/rice"), query_string=query)


def told(answer: testing.Result) -> tuple[int, bytes]:
    """What an answer says, without the clock."""
    return answer.status_code, CLOCKS.sub(b"", answer.content)


@pytest.mark.parametrize("at_end", [False, True], ids=["as it is asked", "when it was read"])
def test_every_route_asks_again(readers: Api, leases: Leases, at_end: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Each route that reads the archive answers as if nothing had been; and those named here are all of them."""
    read = set()
    for template in sorted(served(readers)):
        leases.taken, leases.left, leases.at_end = 0, 0, at_end
        wanted = asked(readers, template)
        if not leases.taken:
            continue
        read.add(template)
        if not (at_end and template in READ_LATER):
            leases.left = 2
            assert told(asked(readers, template)) == told(wanted), template
            assert (wanted.status_code, leases.left) == (200, 0), template
    assert read == FROM_THE_ARCHIVE


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/search", {"q": "smuggl*", "facet": ["region"]}),
        ("/v1/instantsearch", {"requests": [{"indexName": "articles", "params": {"query": "rice"}}]}),
    ],
)
def test_a_question_in_a_body_is_asked_again(readers: Api, leases: Leases, path: str, body: dict[str, Any]) -> None:
    """Though a body can be read only once."""
    wanted = readers.post(path, body)
    leases.left, leases.at_end = 2, True
    assert told(readers.post(path, body)) == told(wanted)
    assert leases.left == 0


def test_where_nothing_newer_comes_it_is_told(readers: Api, leases: Leases, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while whoever asks hears what it is, and to ask again."""
    monkeypatch.setattr("service.gone.PATIENCE_S", 0.2)
    leases.left = 1000
    answer = readers.get("/v1/search", {"q": "rice"})
    assert answer.status_code == 503
    assert answer.json["detail"] == "what was being read was replaced by something newer; ask again"
    assert answer.headers["retry-after"]
    assert 0 < leases.left < 998


def test_it_is_asked_again_however_late_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that hangs is waited for half a minute; what is newer is waited for after that."""
    now, late = [0.0], [30.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], sleep=lambda _seconds: None)
    monkeypatch.setattr(gone, "time", clock)

    @again_if_gone
    def read() -> str:
        if late:
            now[0] += late.pop()
            raise ViewGone("dateline", "1-00000000")
        return "newer"

    assert read() == "newer"


def test_other_failures_are_not_asked_again() -> None:
    """They would only come again."""
    calls = []

    @again_if_gone
    def read() -> None:
        calls.append(1)
        raise KeyError

    with pytest.raises(KeyError):
        read()
    assert calls == [1]
