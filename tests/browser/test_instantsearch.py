"""The real InstantSearch, in a browser, on a page of another site: the page of docs/instantsearch.md, word for word.

Every number that the page shows is held against `/v1/search`. InstantSearch comes from npm, as it is published, by the
hashes in `instantsearch/package-lock.json`; without npm, or where it cannot be had, these tests are skipped, but fail
where CI is set.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from tests.browser.websites import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.conftest import Service
    from tests.browser.websites import Website

PACKAGES: Final = Path(__file__).parent / "instantsearch"
DOCS: Final = Path(__file__).parents[2] / "docs" / "instantsearch.md"
INSTALLING_S: Final = 300
SCRIPTS: Final = {
    "/instantsearch.js": "instantsearch.js/dist/instantsearch.production.min.js",
    "/helper.js": "algoliasearch-helper/dist/algoliasearch.helper.min.js",
}


def cannot(reason: str) -> NoReturn:
    """Skip, or fail where CI is to have everything."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """InstantSearch as npm gives it, by the lock file; installed beside it once, and anew when that changes."""
    modules = PACKAGES / "node_modules"
    stamp = modules / ".of-this-lock"
    lock = (PACKAGES / "package-lock.json").read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != lock:
        npm = shutil.which("npm") or cannot("needs npm: install it (Debian: apt install npm)")
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(
                command, cwd=PACKAGES, capture_output=True, text=True, check=False, timeout=INSTALLING_S
            )
        except subprocess.TimeoutExpired:
            cannot(f"npm took longer than {INSTALLING_S} seconds to install InstantSearch")
        if done.returncode:
            cannot(f"npm cannot install InstantSearch: {done.stderr[-1000:]}")
        stamp.write_text(lock, encoding="utf-8")
    return modules


@pytest.fixture
def scripts(host: Website, node_modules: Path) -> Website:
    """Somebody's site, with InstantSearch's scripts on it."""
    for path, file in SCRIPTS.items():
        host.put(path, Answer((node_modules / file).read_bytes(), headers={"Content-Type": "text/javascript"}))
    return host


def documented(marker: str) -> str:
    """The block of code in docs/instantsearch.md that begins so."""
    [block] = re.findall(rf"```\w+\n({re.escape(marker)}.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


@pytest.fixture
def address(scripts: Website, service: Service) -> str:
    """The documented page on somebody's site, asking this service."""
    html = documented("<!doctype html>").replace("https://archive.example.org", service.address)
    html, changed = re.subn(r'src="https://[^"]+/instantsearch\.production\.min\.js"', 'src="/instantsearch.js"', html)
    assert changed == 1
    return scripts.put("/search", Answer.of_html(html))


class Shown:
    """What the page shows, and what it must."""

    def __init__(self, page: Page, service: Service) -> None:
        self.page = page
        self._service = service

    def api(self, **params: Any) -> dict[str, Any]:
        """`/v1/search`."""
        query = urlencode(params, doseq=True)
        with urlopen(f"{self._service.address}/v1/search?{query}", timeout=30) as answer:  # noqa: S310 - our own service
            found: dict[str, Any] = json.load(answer)
        return found

    def counts(self, container: str) -> dict[str, int]:
        """The values and counts of a list or menu, all levels."""
        found = self.page.evaluate(
            """container => [...document.querySelectorAll(`${container} li`)].map(item => [
                (item.querySelector("[class$=-labelText]") ?? item.querySelector("[class$=-label]")).textContent,
                item.querySelector("[class$=-count]").textContent.replace(",", "")])""",
            container,
        )
        return {label.strip(): int(count) for label, count in found}

    def total(self) -> int:
        """The number of results."""
        text = self.page.locator("#stats .ais-Stats-text").inner_text()
        match = re.match(r"([\d,]+|No) results?", text)
        assert match, text
        return 0 if match[1] == "No" else int(match[1].replace(",", ""))

    def titles(self) -> list[str]:
        """The headlines of the hits."""
        return self.page.locator("#hits h2").all_inner_texts()

    def settle(self, **params: Any) -> dict[str, Any]:
        """Wait until the page shows as many results as the search says there are, and see that the rest agrees."""
        answer = self.api(per_page=20, facet=["region", "source", "topic"], facet_size=200, **params)
        self.page.wait_for_function(
            """([total, titles]) => {
                const text = document.querySelector("#stats .ais-Stats-text")?.textContent ?? "";
                const shown = [...document.querySelectorAll("#hits h2")].map(h => h.innerText.trim());
                return (text.replace(",", "").startsWith(total ? `${total} ` : "No ")
                        && JSON.stringify(shown) === JSON.stringify(titles));
            }""",
            arg=[answer["total"], [hit["title"] for hit in answer["hits"]]],
        )
        return answer

    def check_lists(self, answer: dict[str, Any]) -> None:
        """See that sources and topics have the search's counts, in its order of size."""
        for container, facet, most in (("#source", "source", 10), ("#topic", "topic", 5)):
            expected = {value["value"]: value["count"] for value in answer["facets"][facet]["values"]}
            shown = self.counts(container)
            assert shown.items() <= expected.items()
            assert len(shown) == min(len(expected), most)


@pytest.fixture
def shown(page: Page, service: Service, address: str) -> Iterator[Shown]:
    """The documented page, loaded. It asks nobody but its own site and the service."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    yield Shown(page, service)
    origins = {"/".join(url.split("/")[:3]) for url in asked}
    assert origins == {service.address, "/".join(address.split("/")[:3])}


def test_the_lock_holds_versions_and_hashes_only() -> None:
    """It names no address, and every package has its hash."""
    text = (PACKAGES / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in text
    packages = json.loads(text)["packages"]
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
    wanted = json.loads((PACKAGES / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert packages[""]["dependencies"] == wanted
    assert f"instantsearch.js@{wanted['instantsearch.js']}/" in DOCS.read_text(encoding="utf-8")


def test_the_documented_client_is_the_one_in_the_page() -> None:
    """The five lines at the top of the document are those that the page below them uses."""
    client = [line.strip() for line in documented("const archive").splitlines()]
    page = [line.strip() for line in documented("<!doctype html>").splitlines()]
    start = page.index(client[0])
    assert page[start : start + len(client)] == client


def test_box_lists_and_sort(shown: Shown) -> None:
    """Typing searches, matches are marked, every count is the search's, another order is another index."""
    shown.check_lists(shown.settle())
    shown.page.locator("#box input").fill("rice market")
    answer = shown.settle(q="rice market")
    shown.check_lists(answer)
    marks = shown.page.locator("#hits mark").all_inner_texts()
    assert {mark.lower() for mark in marks} >= {"rice", "market"}
    shown.page.locator("#sort select").select_option("articles/sort/oldest")
    shown.settle(q="rice market", sort="oldest")
    shown.page.locator("#box input").fill("nothinglikethis")
    shown.settle(q="nothinglikethis")


def test_hierarchical_menu(shown: Shown) -> None:
    """A level opens under its parent with the tree's counts; the levels above stay, with what could be chosen there."""
    shown.settle()
    tree = shown.api(facet="region", facet_size=200)["facets"]["region"]["values"]
    assert shown.counts("#region") == {value["value"]: value["count"] for value in tree}
    korea = next(value for value in tree if value["id"] == "kp")
    shown.page.locator("#region a", has_text="North Korea").first.click()
    shown.settle(region="kp")
    provinces = {value["value"]: value["count"] for value in korea["children"]}
    countries = {value["value"]: value["count"] for value in tree}
    assert shown.counts("#region") == countries | provinces
    province = next(value for value in korea["children"] if value["children"])
    shown.page.locator("#region a", has_text=province["value"]).first.click()
    answer = shown.settle(region=province["id"])
    assert answer["total"] == province["count"]
    cities = {value["value"]: value["count"] for value in province["children"]}
    assert shown.counts("#region") == countries | provinces | cities
    shown.page.locator("#region a", has_text=province["value"]).first.click()
    shown.settle(region="kp")


def test_multi_select_and_search_in_a_facet(shown: Shown) -> None:
    """Chosen values are OR within a list and AND across; counts say what else could be chosen; words find topics."""
    shown.settle()
    shown.page.locator("#source label", has_text="Daily NK").click()
    shown.check_lists(shown.settle(source="daily-nk"))
    shown.page.locator("#source label", has_text="Rodong Sinmun").click()
    shown.check_lists(shown.settle(source=["daily-nk", "rodong-sinmun"]))
    shown.page.locator("#topic input[type=search]").fill("smug")
    shown.page.wait_for_function("document.querySelectorAll('#topic li').length === 1")
    topics = shown.api(source=["daily-nk", "rodong-sinmun"], facet="topic", facet_size=200)["facets"]["topic"]["values"]
    smuggling = next(topic for topic in topics if topic["id"] == "smuggling")
    assert shown.counts("#topic") == {"Smuggling": smuggling["count"]}
    assert shown.page.locator("#topic mark").all_inner_texts() == ["Smuggling"]
    shown.page.locator("#topic label", has_text="Smuggling").click()
    answer = shown.settle(source=["daily-nk", "rodong-sinmun"], topic="smuggling")
    assert answer["total"] == smuggling["count"]


def test_pages_and_range(shown: Shown) -> None:
    """Pages are the search's pages; a range of years finds what was possibly published in it."""
    answer = shown.settle()
    pages = -(-answer["total"] // 20)
    assert shown.page.locator("#pages .ais-Pagination-item--page").count() == min(pages, 7)
    shown.page.locator("#pages a", has_text="3").first.click()
    shown.settle(page=3)
    years = shown.api(facet="date", facet_interval="year")["facets"]["date"]["buckets"]
    least, most = (shown.page.locator(f"#year .ais-RangeInput-input--{end}") for end in ("min", "max"))
    assert least.get_attribute("placeholder") == years[0]["start"][:4]
    assert most.get_attribute("placeholder") == years[-1]["start"][:4]
    least.fill("2018")
    most.fill("2019")
    shown.page.locator("#year button").click()
    shown.settle(date_from="2018", date_to="2019")
    assert least.get_attribute("placeholder") == years[0]["start"][:4], (
        "the range offered is of all, not of what is chosen"
    )


def test_routing(shown: Shown) -> None:
    """An address holds the whole question: a reload and Back show the same again."""
    shown.settle()
    shown.page.locator("#box input").fill("rice")
    shown.settle(q="rice")
    shown.page.locator("#region a", has_text="North Korea").first.click()
    shown.settle(q="rice", region="kp")
    shown.page.wait_for_url(re.compile("hierarchicalMenu"))
    shown.page.reload()
    shown.settle(q="rice", region="kp")
    assert shown.page.locator("#box input").input_value() == "rice"
    shown.page.locator("#source label", has_text="Daily NK").click()
    shown.settle(q="rice", region="kp", source="daily-nk")
    shown.page.wait_for_url(re.compile("refinementList"))
    shown.page.go_back()
    shown.settle(q="rice", region="kp")
    assert shown.page.locator("#source input:checked").count() == 0


def test_a_question_that_is_refused_says_why(shown: Shown) -> None:
    """The client hands the detail of the problem on."""
    shown.settle()
    message = shown.page.evaluate(
        """async address => {
            const answer = await fetch(address, {method: "POST", body: JSON.stringify({requests: [{indexName: "x"}]})});
            return (await answer.json()).detail;
        }""",
        f"{shown._service.address}/v1/instantsearch",  # noqa: SLF001 - this test's own
    )
    assert message.startswith("requests[0].indexName: must be one of articles")


HELPER: Final = """async ([address, words]) => {
  const client = {search: requests => fetch(address, {method: "POST", headers: {"Content-Type": "application/json"},
    body: JSON.stringify({requests})}).then(answer => answer.json())};
  const helper = algoliasearchHelper(client, "articles", {
    facets: ["language"], disjunctiveFacets: ["source", "topic", "date.year"], maxValuesPerFacet: 200,
    hierarchicalFacets: [{name: "places", attributes: ["region.lvl0", "region.lvl1", "region.lvl2"]}]});
  helper.setQuery("rice").addFacetRefinement("language", "English").addDisjunctiveFacetRefinement("source", "Daily NK")
    .addFacetExclusion("language", "Korean").toggleFacetRefinement("places", "North Korea")
    .addNumericRefinement("date.year", ">=", 2016);
  const {content} = await helper.searchOnce({hitsPerPage: 50});
  const facet = await helper.searchForFacetValues("topic", words, 5);
  const values = name => Object.fromEntries(content.getFacetValues(name).map(value => [value.name, value.count]));
  const [korea] = content.getFacetValues("places").data.filter(place => place.name === "North Korea");
  return {total: content.nbHits, ids: content.hits.map(hit => hit.objectID), source: values("source"),
    topic: values("topic"), stats: content.getFacetStats("date.year"), exhaustive: content.exhaustiveNbHits,
    korea: {count: korea.count, isRefined: korea.isRefined, data: korea.data.map(place => [place.name, place.count])},
    facetHits: facet.facetHits.map(hit => [hit.value, hit.count, hit.highlighted])};
}"""


@pytest.mark.usefixtures("scripts")
def test_the_helper_alone(page: Page, service: Service, host_page: Callable[..., str]) -> None:
    """algoliasearch-helper, which every InstantSearch is built on, gets the search's numbers for all it can ask."""
    shown = Shown(page, service)
    chosen = {"q": "rice", "language": "en", "source": "daily-nk", "region": "kp", "date_from": "2016"}
    answer = shown.api(**chosen, per_page=50, facet=["source", "topic", "region"], facet_size=200)
    facets = answer["facets"]
    topic = facets["topic"]["values"][0]
    first_word, _, rest = topic["value"].partition(" ")
    page.goto(host_page('<!doctype html><title>Helper</title><script src="/helper.js"></script>', path="/helper"))
    found = page.evaluate(HELPER, [f"{service.address}/v1/instantsearch", first_word[:4]])
    assert found["total"] == answer["total"] > 0
    assert found["exhaustive"] is True
    assert found["ids"] == [hit["id"] for hit in answer["hits"]]
    for name in ("source", "topic"):
        assert found[name] == {value["value"]: value["count"] for value in facets[name]["values"]}
    korea = next(value for value in facets["region"]["values"] if value["id"] == "kp")
    assert found["korea"]["isRefined"] is True
    assert found["korea"]["count"] == korea["count"]
    assert dict(found["korea"]["data"]) == {value["value"]: value["count"] for value in korea["children"]}
    years = shown.api(**(chosen | {"date_from": ""}), facet="date", facet_interval="year")["facets"]["date"]["buckets"]
    assert found["stats"] == {"min": int(years[0]["start"][:4]), "max": int(years[-1]["start"][:4])}
    marked = f"<em>{first_word}</em> {rest}".strip()
    assert [topic["value"], topic["count"], marked] in found["facetHits"]
