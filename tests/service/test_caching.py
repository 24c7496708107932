"""Entity tags and what may be reused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from index.layout import DataFolder
from search.thesaurus import load_synonyms
from service.access.keys import Scope
from service.headers import NO_ROUTE, ROUTES
from service.saved.file import KeptSearches
from service.settings import Settings
from service.wiring import archives_of
from tests.service.access.conftest import Admission
from tests.service.saved.conftest import keep, saved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from index.document import Document
    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api

CACHED = [
    pytest.param("/v1/search", "q=winter&facet=region", id="search"),
    pytest.param("/v1/facets/region", "facet_q=ryang", id="facet"),
    pytest.param("/v1/articles/report-4", "", id="article"),
    pytest.param("/v1/articles/report-4/evidence", "", id="evidence"),
    pytest.param("/openapi.json", "", id="openapi"),
    pytest.param("/v1", "", id="welcome"),
]


@pytest.mark.parametrize(("path", "query_string"), CACHED)
def test_who_has_an_answer_is_told_so(api: Api, path: str, query_string: str) -> None:
    """An answer has a strong tag and may be reused; sent back in any form, the tag is answered 304 with the headers."""
    answer = api.request("GET", path, query_string=query_string)
    tag = answer.headers["etag"]
    assert tag.startswith('"')
    for method, given in (("GET", tag), ("GET", f'"other", W/{tag}'), ("GET", "*"), ("HEAD", tag)):
        again = api.request(method, path, query_string=query_string, headers={"If-None-Match": given})
        assert again.status_code == 304
        for name in ("etag", "cache-control", "vary"):
            assert again.headers[name] == answer.headers[name]
    assert answer.headers["cache-control"] == "public, max-age=60, stale-while-revalidate=300"
    assert answer.headers["vary"] == "Origin, Accept-Encoding"
    other = api.request("GET", path, query_string=query_string, headers={"If-None-Match": '"other", nonsense'})
    assert other.status_code == 200


ADDRESSES = {
    "/": "/?q=winter",
    "/articles/{article_id}": "/articles/report-4?q=winter",
    "/docs": "/docs",
    "/embed": "/embed?q=winter",
    "/oembed": "/oembed?url=http%3A%2F%2Ffalconframework.org%2F%3Fq%3Dwinter",
    "/opensearch.xml": "/opensearch.xml",
    "/v1": "/v1",
    "/v1/search": "/v1/search?q=winter",
    "/v1/facets/{field}": "/v1/facets/region",
    "/v1/articles/{article_id}": "/v1/articles/report-4",
    "/v1/articles/{article_id}/evidence": "/v1/articles/report-4/evidence",
    "/v1/articles/{article_id}/related": "/v1/articles/report-4/related",
    "/v1/suggest": "/v1/suggest?q=win",
    "/v1/suggest/browser": "/v1/suggest/browser?q=win",
    "/v1/feed.atom": "/v1/feed.atom?q=winter",
    "/v1/feed.json": "/v1/feed.json?q=winter",
    "/v1/export": "/v1/export?q=winter",
    "/v1/searches": "/v1/searches",
    "/v1/searches/{search_id}": "/v1/searches/cold",
    "/v1/searches/{search_id}/results": "/v1/searches/cold/results",
    "/v1/searches/{search_id}/feed.atom": "/v1/searches/cold/feed.atom",
    "/v1/searches/{search_id}/feed.json": "/v1/searches/cold/feed.json",
    "/openapi.json": "/openapi.json",
}
"""An address of each route whose answers have tags."""

UNTAGGED = {
    "/static/{digest}/{name}", "/widget/{version}/{name}", "/v1/articles", "/v1/instantsearch", "/healthz", "/readyz",
    "/metrics", NO_ROUTE,
}  # fmt: skip
"""What is for good, is not read, or is true now only."""

OF_ONE_ANSWER = {"x-request-id", "content-length", "content-type", "server-timing", "content-disposition"}


def test_every_route_has_tags_or_has_a_reason() -> None:
    """A route that is in neither list is one whose tags nothing is known of."""
    assert set(ADDRESSES) | UNTAGGED == set(ROUTES)


@pytest.mark.parametrize("is_public", [pytest.param(True, id="public"), pytest.param(False, id="private")])
@pytest.mark.parametrize("template", ADDRESSES)
def test_a_304_says_of_itself_what_its_200_does(
    archives: Reloading[Archive],
    api_of: Callable[..., Api],
    tmp_path: Path,
    *,
    template: str,
    is_public: bool,
) -> None:
    """Caches take the headers of a 304 for those of what they have, so no route says other things by it."""
    admission = Admission()
    headers = {} if is_public else {"Authorization": f"Bearer {admission.key(Scope.READ)}"}
    keep(tmp_path, saved("cold", "Cold", q="winter"))
    access = admission.access(is_public=is_public)
    api = api_of(archives, access=access, searches=KeptSearches(tmp_path, look_every_s=0))
    path, _, query = ADDRESSES[template].partition("?")
    answer = api.client.simulate_get(path, query_string=query, headers=headers)
    assert answer.status_code == 200
    for name in ("GET", "HEAD"):
        tagged = headers | {"If-None-Match": answer.headers["etag"]}
        again = api.client.simulate_request(name, path, query_string=query, headers=tagged)
        assert again.status_code == 304
        for said in (answer.headers, again.headers):
            assert {"etag", "cache-control", "vary"} <= said.keys()
        assert _lasting(again.headers) == _lasting(answer.headers)


def _lasting(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that are not about one answer alone."""
    return {name: value for name, value in headers.items() if name not in OF_ONE_ANSWER}


BUILT_IN = {"/v1", "/openapi.json"}
"""What says the same whatever the archive and its rules."""


@pytest.mark.parametrize("options", [{"name": "Another"}, {"synonyms": load_synonyms()}], ids=["name", "synonyms"])
def test_a_tag_follows_from_whatever_else_an_answer_does(
    archives: Reloading[Archive], api_of: Callable[..., Api], tmp_path: Path, options: dict[str, Any]
) -> None:
    """By another name or other synonyms, no route tells who had an answer before that it is the same."""
    keep(tmp_path, saved("cold", "Cold", q="winter"))
    searches = KeptSearches(tmp_path, look_every_s=0)
    before, same, after = (_tags(api_of(archives, searches=searches, **others)) for others in ({}, {}, options))
    unchanged = {template for template, tag in after.items() if tag == before[template]}
    assert same == before
    assert unchanged == BUILT_IN | (set() if "name" in options else {"/opensearch.xml"})


def _tags(api: Api) -> dict[str, str]:
    """The tag of an answer by each route that has tags."""
    asked = {template: address.partition("?") for template, address in ADDRESSES.items()}
    return {
        template: api.client.simulate_get(path, query_string=query).headers["etag"]
        for template, (path, _, query) in asked.items()
    }


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        pytest.param("q=a&op=and", "q=a", True, id="a default said aloud"),
        pytest.param("region=kp&region=cn&q=a", "q=a&region=cn&region=kp&region=cn", True, id="order and repeats"),
        pytest.param("date_to=2019", "date_to=2019-12-31", True, id="the same last day"),
        pytest.param("q=a", "q=a&q=", None, id="repeated"),
        pytest.param("q=%E1%84%89%E1%85%B5%E1%86%AB", "q=%EC%8B%A0", True, id="two ways to write a syllable"),
        pytest.param("q=a+b", "q=a%20b", True, id="two ways to write a space"),
        pytest.param("q=a", "q=A", False, id="raw is echoed"),
        pytest.param("q=a", "q=a&page=2", False, id="page"),
        pytest.param("q=a", "q=a&facet=date", False, id="facet"),
        pytest.param("q=a", "q=a&highlight=0", False, id="highlight"),
        pytest.param("facet=date", "facet=date&facet_interval=day", False, id="interval"),
    ],
)
def test_equal_requests_share_a_tag(api: Api, one: str, other: str, is_same: bool | None) -> None:  # noqa: FBT001 - a table
    """The tag follows the request's meaning, not its spelling. A request that is refused has none."""
    tags = [api.request("GET", "/v1/search", query_string=text).headers.get("etag") for text in (one, other)]
    if is_same is None:
        assert tags[1] is None
    else:
        assert (tags[0] == tags[1]) is is_same


def test_an_unchanged_answer_costs_no_search(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 304 is decided from generation and parameters alone."""
    tag = api.get("/v1/search", {"q": "winter"}).headers["etag"]

    def fail(*_arguments: object, **_options: object) -> None:
        raise AssertionError("it searched")

    monkeypatch.setattr("search.searcher.Searcher.search", fail)
    assert api.get("/v1/search", {"q": "winter"}, headers={"If-None-Match": tag}).status_code == 304


def test_a_new_generation_changes_every_tag(
    api_of: Callable[..., Api],
    documents: Sequence[Document],
    publish_documents: Callable[[DataFolder, Sequence[Document]], object],
    tmp_path: Path,
) -> None:
    """After a build nobody is told that what they have is unchanged, though the articles be the same."""
    data = DataFolder(tmp_path)
    publish_documents(data, documents)
    archives = archives_of(Settings(data=tmp_path, reload_check_ms=0), None)  # type: ignore[arg-type] # nothing to log
    api = api_of(archives)
    paths = ("/v1/search", "/v1/facets/topic", "/v1/articles/report-1")
    tags = {path: api.get(path).headers["etag"] for path in paths}
    publish_documents(data, documents)
    for path, tag in tags.items():
        assert api.get(path, headers={"If-None-Match": tag}).status_code == 200
    archives.close()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_what_is_true_now_is_not_stored(api: Api, path: str) -> None:
    """Health and readiness are asked anew each time."""
    answer = api.get(path)
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


def test_an_answer_to_a_post_is_not_stored(api: Api) -> None:
    """Nobody may reuse the answer to a POST."""
    answer = api.post("/v1/search", {"q": "winter"})
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
