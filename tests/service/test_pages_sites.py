"""What is for other sites and programs: documentation that runs, the snippet, the iframe, oEmbed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from index.generation.publish import create_data_folder
from index.layout import DataFolder
from service.pages.docs_page import EXAMPLES, SYNTAX
from service.params import SEARCH
from service.settings import Settings
from service.wiring import archives_of
from tests.service.conftest import LogLines
from tests.service.html_page import fragment, of_class, parsed, said

if TYPE_CHECKING:
    from collections.abc import Callable

    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api

BASE = "http://falconframework.org"
"""What the test client's requests say the service's address is."""


def docs(api: Api, params: dict[str, Any] | None = None) -> Any:
    """The documentation page, as a tree."""
    return parsed(api.client.simulate_get("/docs", params=params or {}, params_csv=False))


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.text for example in EXAMPLES])
def test_every_example_runs(api: Api, example: Any) -> None:
    """An example is an address that answers."""
    assert api.client.simulate_get(example.path).status_code == 200


@pytest.mark.parametrize("typed", [typed for typed, _ in SYNTAX])
def test_what_can_be_typed_is_understood_without_a_notice(api: Api, typed: str) -> None:
    """Each example of the query language is of that language."""
    assert api.get("/v1/search", {"q": typed}).json["query"]["warnings"] == []


def test_what_can_be_typed_is_shown_with_its_count(api: Api) -> None:
    """Each example leads to a search, and says how many articles that finds in this archive."""
    rows = docs(api).xpath("//section[@id='language']//tbody/tr")
    assert [said(row.xpath(".//code")[0]) for row in rows] == [typed for typed, _ in SYNTAX]
    for row in rows:
        (address,) = row.xpath(".//@href")
        found = parsed(api.client.simulate_get(address)).xpath("//h1[@id='found']")[0]
        assert said(found).partition(" for")[0].lower() == said(row.xpath("./td")[2]).lower()


def test_without_an_index_the_page_has_no_counts(api_of: Callable[..., Api], tmp_path: Path) -> None:
    """The language is explained all the same."""
    data = tmp_path / "empty"
    create_data_folder(DataFolder(data))
    tree = docs(api_of(archives_of(Settings(data=data), LogLines())))
    rows = tree.xpath("//section[@id='language']//tbody/tr")
    assert [len(row.xpath("./td")) for row in rows] == [2] * len(SYNTAX)


def test_the_documents_examples_are_those_of_the_page() -> None:
    """docs/query-syntax.md explains whatever the page has an example of."""
    text = (Path(__file__).parents[2] / "docs" / "query-syntax.md").read_text(encoding="utf-8")
    assert [typed for typed, _ in SYNTAX if f"`{typed}`" not in text] == []


def test_every_parameter_and_route_is_there(api: Api) -> None:
    """The tables are the API's own: nothing is missing."""
    tree = docs(api)
    rows = [said(each) for each in tree.xpath("//section[@id='parameters']//tbody//th")]
    assert rows == [row.name for row in SEARCH]
    routes = {said(each).split()[1] for each in tree.xpath("//section[@id='routes']//tbody//th")}
    assert {"/v1/search", "/v1/articles/{article_id}", "/v1/facets/{field}"} <= routes


def test_the_snippet_is_what_was_picked(api: Api) -> None:
    """Mode, facets, language and colours are in the snippet and in the element that shows it."""
    picked = {"mode": "dialog", "facets": ["region", "topic"], "lang": "ko", "accent": "#123ABC", "ink": "red; x:y"}
    tree = docs(api, picked)
    snippet = fragment(tree.xpath("//pre[@id='snippet']")[0].text_content())
    (element,) = snippet.xpath("//dateline-search")
    assert (element.get("mode"), element.get("facets"), element.get("lang")) == ("dialog", "region topic", "ko")
    assert element.get("src") == BASE
    (script,) = snippet.xpath("//script")
    assert script.get("src").startswith(f"{BASE}/widget/")
    assert api.client.simulate_get(script.get("src").removeprefix(BASE)).status_code == 200
    assert snippet.xpath("//style")[0].text == "dateline-search { --dateline-accent: #123abc }"
    (live,) = tree.xpath("//dateline-search")
    assert (live.get("mode"), live.get("facets"), live.get("lang")) == ("dialog", "region topic", "ko")
    assert (live.get("data-accent"), live.get("data-ink")) == ("#123abc", None)
    assert tree.xpath("//input[@name='mode'][@checked]/@value") == ["dialog"]
    assert tree.xpath("//input[@name='facets'][@checked]/@value") == ["region", "topic"]


def test_what_cannot_be_picked_is_the_first_choice(api: Api) -> None:
    """A mode or language there is not is as good as none; a form sent without facets wants none."""
    tree = docs(api, {"mode": "popup", "lang": "xx"})
    (live,) = tree.xpath("//dateline-search")
    assert (live.get("mode"), live.get("facets"), live.get("lang")) == ("results", "", "en")
    assert docs(api).xpath("//dateline-search/@facets") == ["region topic source language date"]


def test_an_embedded_search_answers_like_the_page_and_leads_out_of_its_frame(api: Api) -> None:
    """The same articles; their links open elsewhere, searching and paging stay within."""
    params = {"q": "rice", "region": "kp"}
    tree = parsed(api.client.simulate_get("/embed", params=params))
    answer = api.get("/v1/search", params).json
    assert [said(each) for each in of_class(tree, "headline")] == [hit["title"] for hit in answer["hits"]]
    assert tree.xpath("//base/@target") == ["_blank"]
    assert tree.xpath("//form/@action") == ["/embed"]
    assert tree.xpath("//form/@target") == ["_self"]
    assert tree.xpath("//form//input[@name='region']/@value") == ["kp"]
    paged = parsed(api.client.simulate_get("/embed?page=2"))
    assert {(each.get("href"), each.get("target")) for each in paged.xpath("//nav//a")} == {
        ("/embed", "_self"),
        ("/embed?page=3", "_self"),
    }


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        pytest.param("/", "/embed", id="everything"),
        pytest.param(
            "/?q=a+%22b%22&region=%EC%8B%A0%EC%9D%98%EC%A3%BC&page=3&utm=x",
            "/embed?q=a+%22b%22&region=kp-sinuiju",
            id="search",
        ),
        pytest.param("/embed?q=x", "/embed?q=x", id="embedded"),
    ],
)
def test_oembed_gives_a_search_as_an_iframe(api: Api, asked: str, wanted: str) -> None:
    """A CMS that is given a search's address is told the iframe that shows it, as large as it allows."""
    params = {"url": BASE + asked, "format": "json", "maxwidth": "400", "maxheight": "99999"}
    answer = api.client.simulate_get("/oembed", params=params)
    assert answer.headers["content-type"] == "application/json"
    (frame,) = fragment(answer.json["html"])
    assert frame.get("src") == BASE + wanted
    assert (answer.json["type"], answer.json["width"], answer.json["height"]) == ("rich", 400, 720)
    assert (frame.get("width"), frame.get("height"), frame.get("title")) == ("400", "720", answer.json["title"])
    assert api.client.simulate_get(wanted).status_code == 200


def test_oembed_gives_an_article_as_a_link(api: Api) -> None:
    """An article is named, with who wrote it."""
    answer = api.client.simulate_get("/oembed", params={"url": f"{BASE}/articles/report-1?q=x"}).json
    assert (answer["type"], answer["version"], answer["title"]) == ("link", "1.0", "Report 1: Bridges")
    assert (answer["author_name"], answer["provider_name"]) == ("Mun Dong Hui", "Dateline")


@pytest.mark.parametrize(
    ("params", "status"),
    [
        pytest.param({"url": "https://elsewhere.example/"}, 404, id="another site's"),
        pytest.param({"url": f"{BASE}.example/"}, 404, id="looks like ours"),
        pytest.param({"url": "http://["}, 400, id="no address"),
        pytest.param({"url": "http://X\u2100.example/"}, 400, id="a host that cannot be one"),
        pytest.param({"url": f"{BASE}//["}, 404, id="ours, and no page"),
        pytest.param({"url": f"{BASE}//elsewhere.example/"}, 404, id="ours, with another site's as its path"),
        pytest.param({"url": f"{BASE}/?q=["}, 200, id="a bracket in the question"),
        pytest.param({"url": f"{BASE}/healthz"}, 404, id="no page"),
        pytest.param({"url": f"{BASE}/articles/none"}, 404, id="no such article"),
        pytest.param({"url": f"{BASE}/?date_from=soon"}, 400, id="a search that cannot be"),
        pytest.param({"url": f"{BASE}/?q=신의주"}, 200, id="not percent-encoded"),
        pytest.param({}, 400, id="nothing"),
        pytest.param({"url": f"{BASE}/", "format": "xml"}, 501, id="XML"),
    ],
)
def test_oembed_refuses_what_it_cannot_embed(api: Api, params: dict[str, str], status: int) -> None:
    """Every refusal is a problem with a status of its own."""
    answer = api.client.simulate_get("/oembed", params=params)
    assert answer.status_code == status
    assert status == 200 or answer.headers["content-type"] == "application/problem+json"


def test_oembed_knows_addresses_below_a_path(archives: Reloading[Archive], api_of: Callable[..., Api]) -> None:
    """Where readers reach the archive below a path, so do the addresses that are embedded."""
    api = api_of(archives, public_url="https://news.example/archive")
    answers = [
        api.client.simulate_get("/oembed", params={"url": f"https://news.example{path}"})
        for path in ("/archive/?q=rice", "/archive/articles/report-1", "/?q=rice")
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 404]


def test_pages_say_where_their_oembed_answer_is(api: Api) -> None:
    """A CMS finds the answer by the page's own link to it."""
    for address in ("/?q=rice&page=2", "/articles/report-4"):
        tree = parsed(api.client.simulate_get(address))
        (link,) = tree.xpath("//link[@type='application/json+oembed']/@href")
        assert link.startswith(f"{BASE}/oembed?")
        assert parse_qs(urlsplit(link).query)["url"] == [BASE + address]
        assert api.client.simulate_get(link.removeprefix(BASE)).status_code == 200
