"""What lies outside a site's or a token's filter is nowhere to be seen, whichever route is asked and however."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from service.access.keys import Scope
from service.marks import mark_from_serial
from service.openapi.operations import OPERATIONS
from service.pages.resources import page_routes
from service.resources import routes
from tests.service.access.conftest import HIDDEN, SEEN, site

if TYPE_CHECKING:
    from collections.abc import Callable

    from falcon import testing

    from tests.service.access.conftest import Admission
    from tests.service.conftest import Api

SEARCH: Final = (
    "",
    "q=xylo*",
    "q=title:xylo*",
    "q=-source:daily-nk",
    "q=*",
    "q=date:1950",
    "q=rice OR xylo*",
    "exclude_source=daily-nk",
    "exclude_source=daily-nk&exclude_source=rodong-sinmun",
    "source=secret-press&q=xylo*",
    "region=cn",
    "role=caption&role=event",
    "language=de",
    "date_to=1951",
    "sort=oldest",
    "sort=oldest&per_page=50",
    "facet=region&facet=source&facet=topic&facet=language&facet=date&facet_size=200",
    "facet=date&facet_interval=day&date_match=certain",
    "op=or&q=sold lessons&explain=1&recency=1y",
    "op=or&q=sold lessons",
)
"""Questions that would find or count the article, or say something of it."""

ASKED: Final[dict[str, tuple[str, ...]]] = {
    "/v1/search": SEARCH,
    "/v1/facets/region": ("", "facet_q=tib", "facet_q=tibte", "q=xylo*", "role=event", "exclude_source=daily-nk"),
    "/v1/facets/source": ("", "facet_q=sec", "q=xylo*"),
    "/v1/facets/topic": ("", "facet_q=zep", "facet_q=zpepelins"),
    "/v1/facets/language": ("", "facet_q=ger"),
    "/v1/articles/report-hidden": ("",),
    "/v1/articles/report-hidden/evidence": ("",),
    "/v1/suggest": ("q=xylo", "q=lessons", "q=zep", "q=tib", "q=sec", "q=xylophnoe", "q=zeplepins", "q=secert"),
    "/v1/suggest/browser": ("q=xylo", "q=zep", "q=tib"),
    "/v1/feed.atom": ("", "q=xylo*", "q=-source:daily-nk", "per_page=50"),
    "/v1/feed.json": ("", "q=xylo*", "q=-source:daily-nk", "per_page=50"),
    "/v1/export": ("format=csv", "format=jsonl", "format=csv&q=xylo*", "format=jsonl&exclude_source=daily-nk"),
    "/v1/searches/saved/results": ("", "facet=topic&facet=source", "per_page=50"),
    "/v1/searches/saved/feed.atom": ("", "per_page=50"),
    "/v1/searches/saved/feed.json": ("", "per_page=50"),
    "/": SEARCH[:-3],
    "/embed": ("", "q=xylo*", "q=-source:daily-nk", "sort=oldest"),
    "/articles/report-hidden": ("", "q=sold"),
}
TEMPLATES: Final = {
    "/v1/searches/{search_id}/results": "/v1/searches/saved/results",
    "/v1/searches/{search_id}/feed.atom": "/v1/searches/saved/feed.atom",
    "/v1/searches/{search_id}/feed.json": "/v1/searches/saved/feed.json",
    "/v1/facets/{field}": "/v1/facets/region",
    "/v1/articles/{article_id}": "/v1/articles/report-hidden",
    "/v1/articles/{article_id}/evidence": "/v1/articles/report-hidden/evidence",
    "/articles/{article_id}": "/articles/report-hidden",
}
SEE_NOTHING: Final = {
    "/v1", "/openapi.json", "/opensearch.xml", "/docs", "/static/{digest}/{name}", "/healthz", "/readyz", "/metrics",
}  # fmt: skip
"""Routes that say nothing of articles: of the archive as a whole, or of the software."""
WRITING: Final = {"/v1/articles"}
APART: Final = {
    "/v1/instantsearch",
    "/oembed",
    "/v1/searches",
    "/v1/searches/{search_id}",
    "/v1/articles/{article_id}/related",
}
"""Routes with tests of their own below, or in `test_access_related`."""

INSTANT: Final = {
    "requests": [
        {"indexName": "articles", "params": {"query": "xylo*", "facets": ["*"], "hitsPerPage": 50}},
        {"indexName": "articles", "params": {"filters": "NOT source:daily-nk", "facets": "*"}},
        {"indexName": "articles/sort/oldest", "params": {"hitsPerPage": 50, "facets": ["date_timestamp", "date.year"]}},
        {"indexName": "articles", "type": "facet", "facet": "region", "params": {"facetQuery": "tib"}},
        {"indexName": "articles", "type": "facet", "facet": "topic", "params": {"facetQuery": "zep"}},
        {"indexName": "articles", "params": {"facetFilters": [["source:-Daily NK"]], "query": ""}},
    ]
}


def whispers(result: testing.Result) -> list[str]:
    """What an answer says of the hidden article."""
    return [word for word in HIDDEN if word.lower() in result.text.lower()]


@pytest.fixture(params=["site", "token", "key", "site and token"])
def narrowed(request: pytest.FixtureRequest, split_api: Callable[..., Api], admission: Admission) -> dict[str, Any]:
    """An API, and what a reader of part of it sends along: parameters, headers."""
    admission.add(site(filters=(SEEN,)), site("all"))
    whole = admission.key(Scope.READ)
    filtered = admission.key(Scope.READ, filters=(SEEN,))
    match request.param:
        case "site":
            return {"api": split_api(), "site": "newsroom", "headers": {}}
        case "token":
            token = admission.token(whole, SEEN)
            return {"api": split_api(is_public=False), "site": "", "headers": {"Authorization": f"Bearer {token}"}}
        case "key":
            return {"api": split_api(is_public=False), "site": "", "headers": {"Authorization": f"Bearer {filtered}"}}
        case _:
            token = admission.token(whole, "language:en OR language:ko")
            asked = {"Authorization": f"Bearer {token}"}
            return {"api": split_api(is_public=False), "site": "newsroom", "headers": asked}


def ask(narrowed: dict[str, Any], method: str, path: str, query: str = "", **options: Any) -> testing.Result:
    """Ask as the reader of a part."""
    named = f"site={narrowed['site']}" if narrowed["site"] else ""
    asked = "&".join(part for part in (query, named) if part)
    result: testing.Result = narrowed["api"].client.simulate_request(
        method, path, query_string=asked, headers=narrowed["headers"], **options
    )
    return result


def test_every_route_is_asked(split_api: Callable[..., Api]) -> None:
    """A new route must say here how it could give something away, or that it cannot."""
    serving = split_api().serving
    known = {TEMPLATES.get(template, template) for template in (routes(serving) | page_routes(serving))}
    assert known == ASKED.keys() - {
        path for path in ASKED if path.startswith("/v1/facets/") and "region" not in path
    } | (SEE_NOTHING | WRITING | APART)


def test_what_is_hidden_could_be_seen(split_api: Callable[..., Api]) -> None:
    """To whom all is open, each of these routes does say something of the article: so what follows proves something."""
    api = split_api()
    for path, queries in ASKED.items():
        told = [whispers(api.client.simulate_get(path, query_string=query)) for query in queries]
        assert any(told), path
    assert set(whispers(api.client.simulate_post("/v1/instantsearch", json=INSTANT))) >= {"xylophone", "Zeppelins"}


def test_no_route_tells_of_what_lies_outside(narrowed: dict[str, Any]) -> None:
    """Neither search, facets, articles, suggestions, feeds, exports nor pages tell anything of the hidden article."""
    for path, queries in ASKED.items():
        for query in queries:
            result = ask(narrowed, "GET", path, query)
            assert result.status_code in {200, 404}, (path, query, result.text)
            assert not whispers(result), (path, query)


def test_an_article_outside_is_not_there(narrowed: dict[str, Any]) -> None:
    """It is answered as one that never was, in every form; one inside is answered."""
    for path in ("/v1/articles/{}", "/v1/articles/{}/evidence", "/v1/articles/{}/related", "/articles/{}"):
        outside, never, inside = (ask(narrowed, "GET", path.format(f"report-{end}")) for end in ("hidden", "none", "2"))
        assert outside.status_code == never.status_code == 404
        assert inside.status_code == 200
        if path.startswith("/v1"):
            assert outside.json["detail"] == never.json["detail"]


def test_nothing_leaks_by_post(narrowed: dict[str, Any]) -> None:
    """A question in a body is answered from the same part."""
    for body in ({"q": "xylo*"}, {"exclude_source": ["daily-nk"]}, {"facet": ["topic", "region"], "sort": "oldest"}):
        result = ask(narrowed, "POST", "/v1/search", json=body)
        assert result.status_code == 200
        assert not whispers(result)


def test_nothing_leaks_to_other_peoples_interfaces(narrowed: dict[str, Any]) -> None:
    """InstantSearch's requests are answered from the same part: hits, counts, facet searches, first and last day."""
    result = ask(narrowed, "POST", "/v1/instantsearch", json=INSTANT)
    assert result.status_code == 200
    assert not whispers(result)


def test_nothing_leaks_by_a_saved_search(narrowed: dict[str, Any], split_api: Callable[..., Api]) -> None:
    """What a saved search asks is told; how much it finds is counted within the part, with a mark and without."""
    mark = mark_from_serial(0, identity="test")
    for query in ("", f"since={mark}"):
        assert split_api().client.simulate_get("/v1/searches/saved", query_string=query).json["total"] == 1
        result = ask(narrowed, "GET", "/v1/searches/saved", query)
        assert (result.json["query"], result.json["total"]) == ("xylo*", 0)
        assert not result.json["added"]
        assert not whispers(result)
    listed = ask(narrowed, "GET", "/v1/searches")
    assert [search["id"] for search in listed.json["searches"]] == ["saved"]
    assert not whispers(listed)


def test_nothing_leaks_to_a_cms(narrowed: dict[str, Any]) -> None:
    """How to embed an article outside is not told, whether the site is said beside the address or within it."""
    for url in (
        "http://falconframework.org/articles/report-hidden",
        "http://falconframework.org/articles/report-hidden?site=newsroom",
    ):
        result = ask(narrowed, "GET", "/oembed", f"url={url}")
        assert result.status_code == 404
        assert not whispers(result)


def test_a_site_within_an_embedded_address_counts(split_api: Callable[..., Api], admission: Admission) -> None:
    """Who asks how to embed a site's address is answered for that site, though they name none themselves."""
    admission.add(site(filters=(SEEN,)))
    api = split_api()
    address = "http://falconframework.org/articles/report-hidden"
    assert api.client.simulate_get("/oembed", params={"url": address}).status_code == 200
    assert api.client.simulate_get("/oembed", params={"url": f"{address}?site=newsroom"}).status_code == 404
    search = api.client.simulate_get("/oembed", params={"url": "http://falconframework.org/?q=rice&site=newsroom"})
    assert "/embed?site=newsroom&amp;q=rice" in search.json["html"]


def test_a_cursor_does_not_change_sides(narrowed: dict[str, Any], split_api: Callable[..., Api]) -> None:
    """A cursor of the whole archive is refused within a part, and the other way round."""
    whole = split_api()
    outer = whole.client.simulate_get("/v1/search", query_string="per_page=1").json["next_cursor"]
    inner = ask(narrowed, "GET", "/v1/search", "per_page=1").json["next_cursor"]
    assert ask(narrowed, "GET", "/v1/search", f"per_page=1&cursor={inner}").status_code == 200
    assert ask(narrowed, "GET", "/v1/search", f"per_page=1&cursor={outer}").status_code == 400
    assert whole.client.simulate_get("/v1/search", query_string=f"per_page=1&cursor={inner}").status_code == 400


def test_tags_are_of_the_part(narrowed: dict[str, Any], split_api: Callable[..., Api]) -> None:
    """Nobody is told that they have an answer which was given to somebody who sees something else."""
    whole = split_api()
    for path, query in (
        ("/v1/search", "q=rice"),
        ("/v1/articles/report-2", ""),
        ("/v1/suggest", "q=si"),
        ("/v1/feed.json", ""),
    ):
        tag = whole.client.simulate_get(path, query_string=query).headers["etag"]
        own = ask(narrowed, "GET", path, query)
        assert own.headers["etag"] != tag
        asked = {**narrowed, "headers": {**narrowed["headers"], "If-None-Match": tag}}
        assert ask(asked, "GET", path, query).status_code == 200


def test_links_stay_at_the_site(split_api: Callable[..., Api], admission: Admission) -> None:
    """Every link of an answer to a site goes on at that site, in JSON, feeds and pages."""
    admission.add(site(filters=(SEEN,)))
    api = split_api()
    answer = api.get("/v1/search", {"site": "newsroom", "q": "rice", "per_page": 2}).json
    assert all("site=newsroom" in link for link in answer["links"].values())
    assert all("site=newsroom" in link for hit in answer["hits"] for link in hit["links"].values())
    article = api.get("/v1/articles/report-2", {"site": "newsroom"}).json
    assert all("site=newsroom" in link for link in article["links"].values())
    suggested = api.get("/v1/suggest", {"site": "newsroom", "q": "re"}).json
    assert all("site=newsroom" in item["url"] for group in suggested["groups"] for item in group["items"])
    feed = api.get("/v1/feed.json", {"site": "newsroom"}).json
    assert all("site=newsroom" in item["url"] for item in feed["items"])
    for path in ("/", "/embed", "/articles/report-2"):
        page = api.client.simulate_get(path, query_string="site=newsroom&q=rice").text
        links = [part.split('"')[0] for part in page.split('href="/')[1:]]
        away = [link for link in links if not link.startswith(("static/", "docs", "opensearch.xml"))]
        assert away
        assert [link for link in away if "site=newsroom" not in link] == []


def test_an_error_page_stays_at_the_site(split_api: Callable[..., Api], admission: Admission) -> None:
    """Who typed something that cannot be asked goes on at the same site."""
    admission.add(site(filters=(SEEN,)))
    page = split_api().client.simulate_get("/", query_string="site=newsroom&page=x", headers={"Accept": "text/html"})
    assert page.status_code == 400
    assert '<input type="hidden" name="site" value="newsroom">' in page.text
    assert 'href="/?site=newsroom">start over' in page.text


def test_all_routes_that_read_take_a_site() -> None:
    """The description says so of each."""
    for operation in OPERATIONS:
        if operation.scope is None and operation.path.startswith("/v1/"):
            assert any(row.name == "site" for row in operation.parameters), operation.path
