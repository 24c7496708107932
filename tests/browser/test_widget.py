"""The widget in somebody's page, with the real service: searching, filtering, its address, its manners."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.embedding import SEARCH, embedded, found, host_html
from tests.browser.websites import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Service

FACETS = "region topic source language date"


@pytest.fixture
def results_page(page: Page, service: Service, host_page: Callable[..., str]) -> Callable[..., Page]:
    """`results_page(query="", **attributes)`: a page with the widget in mode `results`, with its own query string."""

    def open_page(query: str = "", *, lang: str = "en", body: str = "{}", **attributes: Any) -> Page:
        attributes = {"facets": FACETS, **attributes}
        page.goto(host_page(host_html(body.format(embedded(service.address, **attributes)), lang=lang)) + query)
        page.locator("dateline-search .input").first.wait_for()
        return page

    return open_page


def asked(page: Page, prefix: str = "ds_") -> dict[str, list[str]]:
    """What a page's address says is asked."""
    query = parse_qs(urlsplit(page.url).query)
    return {name.removeprefix(prefix): values for name, values in query.items() if name.startswith(prefix)}


def test_a_reader_searches_filters_and_goes_back(results_page: Callable[..., Page]) -> None:
    """Typing replaces the address, choosing adds to history, Back and Forward restore everything, so does a reload."""
    page = results_page("?edition=3")
    widget = page.locator("dateline-search")
    before = page.evaluate("history.length")
    widget.locator(".input").press_sequentially("rice", delay=5)
    everything = found(page).count()
    count = widget.locator(".count")
    total = count.inner_text()
    assert everything == 10
    assert asked(page) == {"q": ["rice"]}
    assert page.evaluate("history.length") == before

    widget.locator(".option", has_text="North Korea").click()
    widget.locator(".chip", has_text="North Korea").wait_for()
    assert asked(page) == {"q": ["rice"], "region": ["kp"]}
    assert page.evaluate("history.length") == before + 1
    assert count.inner_text() != total
    assert "edition=3" in page.url

    widget.get_by_role("button", name="Next").click()
    expect(widget.locator(".pages")).to_contain_text("2 / ")
    assert widget.locator(".count").evaluate("node => node === node.getRootNode().activeElement")
    page.go_back()
    expect(widget.locator(".pages")).to_contain_text("1 / ")
    page.go_back()
    expect(count).to_have_text(total)
    expect(widget.locator(".chip")).to_have_count(0)
    page.go_forward()
    expect(widget.locator(".chip")).to_have_text("North Korea ×")
    filtered = count.inner_text()
    page.reload()
    expect(count).to_have_text(filtered)
    expect(widget.locator(".input")).to_have_value("rice")
    expect(widget.locator(".chip")).to_have_text("North Korea ×")
    assert widget.get_by_role("checkbox", name="North Korea").is_checked()


def test_every_filter_can_be_chosen_and_cleared(results_page: Callable[..., Page], service: Service) -> None:
    """Place, topic, source, dates and sort are asked of the API; a narrower place takes the place of a wider one."""
    page = results_page("?ds_q=rice")
    widget = page.locator("dateline-search")
    found(page)
    widget.locator(".option", has_text="North Korea").click()
    widget.locator(".chip").first.wait_for()
    widget.locator("summary[aria-label='North Korea']").click()
    widget.locator("summary[aria-label='North Hamgyong']").click()
    widget.locator(".option", has_text="Chongjin").click()
    expect(widget.locator(".chip")).to_have_text("Chongjin ×")
    widget.locator(".option", has_text="Daily NK").click()
    expect(widget.locator(".chip")).to_have_count(2)
    widget.get_by_label("From").fill("2016")
    widget.get_by_label("From").press("Tab")
    expect(widget.locator(".chip")).to_have_count(3)
    widget.locator(".sort").select_option("oldest")
    page.wait_for_url("**ds_sort=oldest**")
    everything = {"q": ["rice"], "region": ["kp-chongjin"], "source": ["daily-nk"], "date_from": ["2016"]}
    assert asked(page) == {**everything, "sort": ["oldest"]}
    parameters: dict[str, str | float | bool] = {
        "q": "rice",
        "region": "kp-chongjin",
        "source": "daily-nk",
        "date_from": "2016",
    }
    total = page.request.get(service.address + SEARCH, params=parameters).json()["total"]
    expect(widget.locator(".count")).to_have_text(f"{total} article{'' if total == 1 else 's'}")

    widget.locator(".chip", has_text="Daily NK").click()
    expect(widget.locator(".chip")).to_have_count(2)
    widget.get_by_role("button", name="Clear all").click()
    expect(widget.locator(".chip")).to_have_count(0)
    assert asked(page) == {"q": ["rice"]}


def test_a_word_just_typed_is_asked_with_what_is_chosen(results_page: Callable[..., Page]) -> None:
    """Who types and chooses at once, as after a syllable of hangul is composed, loses neither."""
    page = results_page("?ds_q=goods")
    found(page)
    page.locator("dateline-search").evaluate("""widget => {
      const input = widget.shadowRoot.querySelector(".input");
      input.value = "rice";
      input.dispatchEvent(new InputEvent("input"));
      widget.shadowRoot.querySelector("[id='regionkp']").click();
    }""")
    page.locator(".chip", has_text="North Korea").wait_for()
    assert asked(page) == {"q": ["rice"], "region": ["kp"]}
    assert page.locator("dateline-search .input").input_value() == "rice"
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator(".chip")).to_have_count(0)
    assert asked(page) == {"q": ["rice"]}


def test_a_date_that_is_none_is_not_asked(results_page: Callable[..., Page]) -> None:
    """What is no date is refused where it was typed; one that cannot be is answered by what the API says of it."""
    page = results_page("?ds_q=rice")
    widget = page.locator("dateline-search")
    found(page)
    field = widget.get_by_label("From")
    field.fill("autumn")
    field.press("Tab")
    assert not field.evaluate("field => field.validity.valid")
    assert asked(page) == {"q": ["rice"]}
    field.fill("2019-13")
    field.press("Tab")
    expect(widget.locator(".count")).to_contain_text("date_from")


def test_results_open_like_a_dispatch(results_page: Callable[..., Page]) -> None:
    """Place, date as certain as it is, source; the headline leads to the article, or to the archive's page of it."""
    page = results_page("?ds_q=%22solar+panels%22+-stairwells")
    result = found(page).filter(has_text="ordered a tough crackdown")
    expect(result.locator(".dateline")).to_have_text("Chongjin, North Hamgyong · March 2022, inferred · Daily NK")
    expect(result.locator(".snippet mark").first).to_have_text("solar panels")
    href = result.locator("a").get_attribute("href") or ""
    assert re.search(r"^http://127\.0\.0\.1:\d+/articles/000_dc6ee7a821a23bf1\?q=", href)


def test_thirteen_keystrokes_are_one_request(page: Page, embed: Callable[..., str]) -> None:
    """A request leaves when the typing has paused for a fifth of a second, and not before."""
    page.clock.install()
    page.goto(embed())
    page.locator("dateline-search .input").wait_for()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if SEARCH in request.url else None)
    page.clock.pause_at(page.evaluate("Date.now() + 60000"))
    words = "solar panels "
    assert len(words) == 13
    for letter in words:
        page.locator("dateline-search .input").press(letter if letter != " " else "Space")
        page.clock.run_for(150)
    assert sent == []
    page.clock.run_for(50)
    found(page)
    assert len(sent) == 1
    assert parse_qs(urlsplit(sent[0]).query)["q"] == ["solar panels "]


def test_two_widgets_do_not_disturb_each_other(page: Page, service: Service, host_page: Callable[..., str]) -> None:
    """Each has parameters of its own in the address, and its own answer; Back takes each to where it was."""
    both = embedded(service.address, label="News") + embedded(service.address, label="Archive")
    page.goto(host_page(host_html(both)))
    first, second = page.locator("dateline-search").all()
    first.evaluate("node => node.ask({ q: 'rice' })")
    first.locator(".result").first.wait_for()
    expect(second.locator(".body")).to_be_hidden()
    total = first.locator(".count").inner_text()
    second.evaluate("node => node.ask({ q: 'wharf' })")
    second.locator(".result").first.wait_for()
    assert (asked(page), asked(page, "ds2_")) == ({"q": ["rice"]}, {"q": ["wharf"]})
    assert first.locator(".count").inner_text() == total
    page.go_back()
    expect(second.locator(".body")).to_be_hidden()
    expect(first.locator(".count")).to_have_text(total)


def test_it_takes_nothing_and_leaves_nothing(results_page: Callable[..., Page], service: Service) -> None:
    """No cookie, no storage, no referrer; it asks the service and nobody else."""
    page = results_page()
    requests: list[Any] = []
    page.on("request", lambda request: requests.append(request))  # noqa: PLW0108 - Playwright marks what it is given
    page.locator("dateline-search .input").fill("rice")
    found(page)
    assert {urlsplit(request.url).netloc for request in requests} == {urlsplit(service.address).netloc}
    assert not any({"cookie", "referer", "authorization"} & request.all_headers().keys() for request in requests)
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_a_host_hears_of_it_and_may_step_in(results_page: Callable[..., Page]) -> None:
    """Events say what is asked, found and chosen; a request can be changed or stopped, a choice can be taken over."""
    page = results_page()
    page.evaluate("""() => {
      window.heard = [];
      for (const name of ["request", "results", "select", "error"])
        document.addEventListener("dateline-" + name, (event) => {
          heard.push([name, {...event.detail, url: String(event.detail.url ?? ""), asked: String(event.detail.asked)}]);
          if (name === "request" && event.detail.url.searchParams.get("q") === "stop") event.preventDefault();
          if (name === "request") event.detail.url.searchParams.set("language", "en");
          if (name === "select") event.preventDefault();
        });
      return document.querySelector("dateline-search").ask({ q: "rice", sort: "newest" });
    }""")
    found(page).nth(1).locator("a").click()
    page.evaluate("document.querySelector('dateline-search').ask({ q: 'stop' })")
    heard = page.evaluate("heard")
    assert [name for name, _ in heard] == ["request", "results", "select", "request"]
    assert heard[0][1]["cause"] == "choice"
    assert heard[1][1]["asked"] == "q=rice&sort=newest"
    assert heard[1][1]["total"] > 5
    assert heard[2][1]["position"] == 2
    assert heard[2][1]["url"].startswith("https://news.example/")
    assert urlsplit(page.url).hostname == "localhost"
    page.evaluate("""() => {
      const widget = document.querySelector("dateline-search");
      widget.ask({ q: "solar" });
      widget.ask({ q: "stop" });
    }""")
    expect(page.locator("dateline-search .body")).to_have_attribute("aria-busy", "false")


@pytest.mark.parametrize(
    ("lang", "button", "count"),
    [
        pytest.param("ko", "검색", r"기사 \d+건", id="Korean"),
        pytest.param("ko-KP", "검색", r"기사 \d+건", id="a kind of Korean"),
        pytest.param("kok", "Search", r"\d+ articles", id="a language whose code begins like Korean's"),
        pytest.param("en_US", "Search", r"\d+ articles", id="no language tag at all"),
    ],
)
def test_it_speaks_the_language_around_it(
    results_page: Callable[..., Page], lang: str, button: str, count: str
) -> None:
    """Its words are those of the nearest `lang`, English where it has none."""
    page = results_page("?ds_q=rice", lang="fr", body=f'<div lang="{lang}">{{}}</div>')
    found(page)
    assert page.locator("dateline-search .button").inner_text() == button
    assert re.fullmatch(count, page.locator("dateline-search .count").inner_text())


def test_a_host_may_bring_its_own_words(page: Page, service: Service, host_page: Callable[..., str]) -> None:
    """The property `strings` comes before ours, whether it is set before or after the script has run."""
    words = {"search": "Suchen", "count": {"one": "{n} Artikel", "other": "{n} Artikel"}}
    page.goto(host_page(host_html(embedded(service.address), lang="de")))
    page.locator("dateline-search .input").wait_for()
    page.evaluate(
        "words => { const e = document.querySelector('dateline-search'); e.strings = words; e.lang = 'de-AT'; }", words
    )
    expect(page.locator("dateline-search .button")).to_have_text("Suchen")
    page.locator("dateline-search .input").fill("rice")
    found(page)
    made = """words => {
      const made = document.createElement("dateline-search");
      document.querySelector("footer").append(Object.assign(made, { strings: words }));
    }"""
    page.evaluate(made, words)
    expect(page.locator("footer dateline-search .button")).to_have_text("Suchen")
    assert re.fullmatch(r"\d+ Artikel", page.locator("main dateline-search .count").inner_text())


def test_a_removed_element_leaves_nothing_behind(page: Page, service: Service, host_page: Callable[..., str]) -> None:
    """Its listeners are gone, what it was about to ask is not asked, and nothing holds it in memory."""
    page.goto(host_page(host_html(embedded(service.address, facets=FACETS) + embedded(service.address, mode="dialog"))))
    page.locator("dateline-search .input").first.wait_for()
    debugger = page.context.new_cdp_session(page)

    def listeners() -> list[str]:
        window = debugger.send("Runtime.evaluate", {"expression": "window"})["result"]["objectId"]
        every = debugger.send("DOMDebugger.getEventListeners", {"objectId": window})["listeners"]
        return [listener["type"] for listener in every if listener["type"] == "popstate"]

    assert listeners() == ["popstate", "popstate"]
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.evaluate("""() => {
      const all = [...document.querySelectorAll("dateline-search")];
      window.gone = all.map((one) => new WeakRef(one));
      const input = all[0].shadowRoot.querySelector("input");
      input.value = "rice";
      input.dispatchEvent(new InputEvent("input"));
      all.forEach((one) => one.remove());
    }""")
    assert listeners() == []
    page.wait_for_timeout(300)
    assert sent == []

    def is_collected() -> bool:
        debugger.send("HeapProfiler.collectGarbage")
        return bool(page.evaluate("gone.every((one) => one.deref() === undefined)"))

    wait_until(is_collected, "both were collected")


def test_a_site_may_restrict_it_and_start_it(results_page: Callable[..., Page], service: Service) -> None:
    """`filter` holds for everything, `browse` shows the newest unasked, an empty `param` leaves the address alone."""
    page = results_page(filter="language=ko&date_from=2015", browse="browse", param=" ", per_page="4")
    page.evaluate("document.querySelector('dateline-search').setAttribute('param', '')")
    page.evaluate("document.querySelector('dateline-search').setAttribute('query', '')")
    results = found(page)
    assert results.count() == 4
    assert {result.get_attribute("lang") for result in results.all()} == {"ko"}
    everything = page.request.get(f"{service.address}{SEARCH}?language=ko&date_from=2015").json()
    assert page.locator("dateline-search .count").inner_text() == f"{everything['total']} articles"
    dates = [hit["published"]["start"] for hit in everything["hits"][:4]]
    assert dates == sorted(dates, reverse=True)
    before = page.url
    page.locator("dateline-search .input").fill("쌀값이")
    page.wait_for_timeout(300)
    page.locator("dateline-search .button").click()
    found(page)
    assert page.url == before


def test_it_can_be_moved_and_changed(results_page: Callable[..., Page]) -> None:
    """Moved in the page it goes on; an attribute that changes counts at once; there is one of everything."""
    page = results_page("?ds_q=rice")
    found(page)
    page.evaluate("document.querySelector('footer').append(document.querySelector('dateline-search'))")
    assert found(page).count() == 10
    page.evaluate("document.querySelector('dateline-search').setAttribute('per-page', '3')")
    expect(page.locator("dateline-search .result")).to_have_count(3)
    assert page.locator("dateline-search form.form").count() == 1
    assert asked(page) == {"q": ["rice"]}
