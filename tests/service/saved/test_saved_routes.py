"""Saved searches by HTTP: which there are, what they find, as feeds and pages; and what is said when they can't be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import pytest

from service.saved.file import FILE, KeptSearches
from tests.service.html_page import parsed, said
from tests.service.saved.conftest import keep, saved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from index.document import Document
    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api
    from tests.service.saved.conftest import Kept

RICE = saved(q="rice market", op="or", region="Sinuiju", sort="oldest")
BROKEN = msgspec.structs.replace(saved("broken", "Broken", q="rice"), query='"rice')
FORMS = ("/results", "/feed.atom", "/feed.json")


def test_searches_are_listed(kept: Kept) -> None:
    """In the order they were saved, with what each asks and where it is to be had; one that can't be read says so."""
    assert kept.api.get("/v1/searches").json == {"searches": []}
    kept.keep(RICE, BROKEN)
    rice, broken = kept.api.get("/v1/searches").json["searches"]
    assert rice == {
        "id": "rice",
        "name": "Rice",
        "q": "rice market",
        "query": "rice OR market",
        "options": {"region": ["kp-sinuiju"], "sort": ["oldest"]},
        "created": "2026-03-01T12:00:00Z",
        "problem": None,
        "links": {
            "self": "/v1/searches/rice",
            "results": "/v1/searches/rice/results",
            "atom": "/v1/searches/rice/feed.atom",
            "jsonfeed": "/v1/searches/rice/feed.json",
            "page": "/?search=rice",
            "embed": "/embed?search=rice",
        },
    }
    assert "quotation" in broken["problem"]


def test_a_search_is_counted(kept: Kept) -> None:
    """How many articles it finds now, and how far the archive had come."""
    kept.keep(RICE)
    found = kept.api.get("/v1/searches/rice").json
    asked = kept.api.get("/v1/search", {"q": "rice OR market", "region": "kp-sinuiju"}).json
    assert found["total"] == asked["total"] > 0
    assert (found["added"], found["mark"], found["generation"]) == (None, asked["mark"], asked["generation"])


def test_what_was_added_since_is_counted(
    documents: tuple[Document, ...],
    archives_with: Callable[[Sequence[Document]], Reloading[Archive]],
    api_of: Callable[..., Api],
    tmp_path: Path,
) -> None:
    """With the mark of an earlier answer, what came later is counted beside the whole, and found by the same mark."""
    keep(tmp_path, saved(q="rice"))
    api = api_of(archives_with(documents[:20]), searches=KeptSearches(tmp_path))
    first = api.get("/v1/searches/rice").json
    archives_with(documents)
    second = api.get("/v1/searches/rice", {"since": first["mark"]}).json
    assert second["added"] == second["total"] - first["total"] > 0
    results = api.get("/v1/searches/rice/results", {"since": first["mark"]}).json
    assert results["total"] == second["added"]
    assert results["mark"] == second["mark"] != first["mark"]
    feed = api.get("/v1/searches/rice/feed.json", {"since": first["mark"]}).json
    assert len(feed["items"]) == second["added"]


def test_results_are_those_of_its_question(kept: Kept) -> None:
    """The very answer of the search it is, facets and pages as asked for; its links go on there."""
    kept.keep(RICE)
    shown = {"facet": ["source", "date"], "per_page": 2, "highlight": 0}
    answer = kept.api.get("/v1/searches/rice/results", shown).json
    asked = {"q": "rice OR market", "region": "kp-sinuiju", "sort": "oldest"}
    wanted = kept.api.get("/v1/search", {**asked, **shown}).json
    assert answer | {"took_ms": 0} == wanted | {"took_ms": 0}
    assert answer["hits"]
    following = kept.api.get("/v1/searches/rice/results", {"per_page": 2, "cursor": answer["next_cursor"]}).json
    assert {hit["id"] for hit in following["hits"]}.isdisjoint(hit["id"] for hit in answer["hits"])


def test_a_feed_keeps_its_address_and_id(kept: Kept) -> None:
    """Whatever a search comes to ask, its feed is the same feed: id, address and title stay, articles change."""
    kept.keep(RICE)
    before = kept.api.get("/v1/searches/rice/feed.json")
    kept.keep(saved(q="winter"))
    after = kept.api.get("/v1/searches/rice/feed.json")
    assert before.headers["etag"] != after.headers["etag"]
    assert [item["id"] for item in before.json["items"]] != [item["id"] for item in after.json["items"]]
    for feed in (before.json, after.json):
        assert feed["title"] == "Dateline: Rice"
        assert urlsplit(feed["feed_url"]).path == "/v1/searches/rice/feed.json"
        assert feed["home_page_url"].endswith("/?search=rice")
    atom = kept.api.get("/v1/searches/rice/feed.atom", {"per_page": 2}).text
    assert atom.count("<entry>") == 2
    assert "/v1/searches/rice/feed.atom?per_page=2" in atom


@pytest.mark.parametrize("path", ["/", "/embed"])
def test_pages_lead_on_to_its_question(kept: Kept, path: str) -> None:
    """An address with a search's id leads to what it asks today, for the site that was named."""
    kept.keep(RICE)
    led: Any = kept.api.client.simulate_get(path, query_string="search=rice&utm_source=x")
    assert led.status_code == 307
    assert led.headers["location"] == f"{path}?q=rice+OR+market&region=kp-sinuiju&sort=oldest"
    assert led.headers["cache-control"] == "no-cache"
    page = kept.api.client.simulate_get(path, query_string=urlsplit(led.headers["location"]).query)
    assert page.status_code == 200
    assert kept.api.client.simulate_get(path, query_string="search=none").status_code == 404
    assert kept.api.client.simulate_get(path, query_string="search=").status_code == 200


@pytest.mark.parametrize("form", ["", *FORMS])
def test_a_search_that_is_not_there_is_said(kept: Kept, form: str) -> None:
    """With where to see those there are."""
    result = kept.api.get(f"/v1/searches/none{form}")
    assert result.status_code == 404
    assert "/v1/searches lists those there are" in result.json["detail"]


@pytest.mark.parametrize("form", FORMS)
def test_a_search_that_cannot_be_read_is_not_answered_otherwise(kept: Kept, form: str) -> None:
    """What it finds is refused with the reason, while the search itself is shown, without counts."""
    kept.keep(BROKEN)
    refused = kept.api.get(f"/v1/searches/broken{form}")
    assert (refused.status_code, refused.json["code"]) == (503, "search-unusable")
    assert "quotation" in refused.json["detail"]
    shown = kept.api.get("/v1/searches/broken").json
    assert shown["total"] is None
    assert "quotation" in shown["problem"]


@pytest.mark.parametrize("path", ["/v1/searches", "/v1/searches/rice", *(f"/v1/searches/rice{form}" for form in FORMS)])
def test_a_damaged_file_is_no_empty_one(kept: Kept, path: str) -> None:
    """Nothing of saved searches is answered then, everything else is; and all is well once it is mended."""
    kept.keep(RICE)
    whole = (kept.data / FILE).read_bytes()
    (kept.data / FILE).write_bytes(whole[:-9])
    refused = kept.api.get(path)
    assert (refused.status_code, refused.json["code"]) == (503, "search-unusable")
    assert str(kept.data) not in refused.text
    assert kept.api.get("/v1/search").status_code == 200
    (kept.data / FILE).write_bytes(whole)
    assert kept.api.get(path).status_code == 200


@pytest.mark.parametrize(
    ("path", "param"),
    [
        pytest.param("/v1/searches", "q", id="list"),
        pytest.param("/v1/searches/rice", "per_page", id="one"),
        pytest.param("/v1/searches/rice/results", "q", id="results"),
        pytest.param("/v1/searches/rice/results", "sort", id="order of results"),
        pytest.param("/v1/searches/rice/feed.atom", "region", id="feed"),
    ],
)
def test_what_a_search_decides_itself_is_refused(kept: Kept, path: str, param: str) -> None:
    """Its question and order are its own; nothing that is asked beside is silently ignored."""
    kept.keep(RICE)
    result = kept.api.get(path, {param: "1"})
    assert result.status_code == 400
    assert [error["param"] for error in result.json["errors"]] == [param]


@pytest.mark.parametrize("path", ["/v1/searches", "/v1/searches/rice", *(f"/v1/searches/rice{form}" for form in FORMS)])
def test_answers_are_tagged(kept: Kept, path: str) -> None:
    """Who has an answer is told that it is the same, until the search is another."""
    kept.keep(RICE)
    first = kept.api.get(path)
    asked = {"headers": {"If-None-Match": first.headers["etag"]}}
    assert kept.api.get(path, **asked).status_code == 304
    kept.keep(msgspec.structs.replace(saved(q="winter"), name="Winter"))
    assert kept.api.get(path, **asked).status_code == 200


def listed(kept: Kept, address: str = "/") -> list[tuple[str, str]]:
    """The saved searches that a page lists: name and address."""
    tree = parsed(kept.api.client.simulate_get(address))
    return [(said(link), link.get("href")) for link in tree.xpath("//nav[@class='saved']//a")]


def test_the_search_page_lists_them_while_nothing_is_asked(kept: Kept) -> None:
    """Each leads to its question; one that cannot be read any more is left out, and all are once something is asked."""
    assert listed(kept) == []
    kept.keep(saved(q="rice"), saved("market", "Market <b>", q="market"), BROKEN)
    assert listed(kept) == [("Rice", "/?search=rice"), ("Market <b>", "/?search=market")]
    assert kept.api.client.simulate_get("/?search=rice").status_code == 307
    assert listed(kept, "/?q=rice") == []


def test_more_than_a_dozen_are_folded_away(kept: Kept) -> None:
    """All of them are there, the later ones behind one click."""
    kept.keep(*(saved(f"s{number}", f"Search {number}", q="rice") for number in range(15)))
    assert len(listed(kept)) == 15
    tree = parsed(kept.api.client.simulate_get("/"))
    assert said(tree.xpath("//details[@id='more-saved']/summary")[0]) == "3 more"


def test_a_file_that_cannot_be_read_leaves_the_page(kept: Kept) -> None:
    """The search page answers without saved searches."""
    (kept.data / FILE).write_text("{")
    assert listed(kept) == []
