"""The widget's other modes: suggestions under a box, and a dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.embedding import SUGGEST, embedded, found, host_html
from tests.browser.websites import Answer, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Service
    from tests.browser.websites import Request, Website


@pytest.fixture
def open_widget(page: Page, host: Website, service: Service, embed: Callable[..., str]) -> Callable[..., Locator]:
    """`open_widget(**attributes)`: the widget in a page, ready; at /search the site has a page of results."""

    def open_page(query: str = "", **attributes: str) -> Locator:
        host.put("/search", Answer.of_html(host_html(embedded(service.address, facets="region"))))
        page.goto(embed(**attributes) + query)
        widget = page.locator("dateline-search")
        widget.locator(".form").or_(widget.locator(".opener")).first.wait_for()
        return widget

    return open_page


def test_suggestions_follow_the_combobox_pattern(open_widget: Callable[..., Locator], page: Page) -> None:
    """The focus stays in the box; arrows walk through the options and the box itself; Escape closes."""
    widget = open_widget(mode="suggest")
    box = widget.get_by_role("combobox")
    assert box.get_attribute("aria-expanded") == "false"
    box.press_sequentially("sinui", delay=5)
    options = widget.get_by_role("option")
    options.first.wait_for()
    groups = widget.get_by_role("group")
    assert [group.get_attribute("aria-label") for group in groups.all()] == ["Articles", "Place"]
    assert box.get_attribute("aria-expanded") == "true"
    walked = []
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown"):
        box.press(key)
        active = box.get_attribute("aria-activedescendant")
        chosen = widget.locator("[aria-selected=true]")
        assert chosen.count() == (1 if active else 0)
        walked.append(active and [option.get_attribute("id") for option in options.all()].index(active))
    assert walked == [0, 1, 0, "", options.count() - 1, ""]
    assert box.evaluate("node => node === node.getRootNode().activeElement")
    box.press("Escape")
    expect(widget.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_value("sinui")
    assert page.url.endswith("/")


def test_a_place_leads_to_the_sites_own_page_of_results(open_widget: Callable[..., Locator], page: Page) -> None:
    """With `action`, a place that is chosen and words that are typed are asked of the widget on that page."""
    widget = open_widget(mode="suggest", action="/search")
    box = widget.get_by_role("combobox")
    box.press_sequentially("sinui", delay=5)
    option = widget.get_by_role("option", name="Sinuiju").last
    option.wait_for()
    option.click()
    found(page)
    assert parse_qs(urlsplit(page.url).query) == {"ds_region": ["kp-sinuiju"]}
    expect(page.locator("dateline-search .chip")).to_have_text("Sinuiju ×")
    widget = open_widget(mode="suggest", action="/search")
    widget.get_by_role("combobox").fill("rice")
    widget.get_by_role("combobox").press("Enter")
    found(page)
    assert parse_qs(urlsplit(page.url).query) == {"ds_q": ["rice"]}


def test_an_article_leads_to_the_archive(open_widget: Callable[..., Locator], page: Page, service: Service) -> None:
    """Without `action` everything leads to the archive's own pages: an article to its page, words to the search."""
    widget = open_widget(mode="suggest")
    box = widget.get_by_role("combobox")
    box.press_sequentially("smugglers wait", delay=5)
    widget.get_by_role("option").first.wait_for()
    box.press("ArrowDown")
    with page.expect_request(f"{service.address}/articles/*"):
        box.press("Enter")
    widget = open_widget(mode="suggest")
    widget.get_by_role("combobox").fill("rice & fish")
    with page.expect_request(f"{service.address}/?q=rice+%26+fish"):
        widget.get_by_role("button").click()


def test_without_suggestions_the_box_still_searches(page: Page, embed: Callable[..., str], api_site: Website) -> None:
    """When there is no answer, nothing opens and nothing is said; Enter goes to the search all the same."""
    page.goto(embed(src=api_site.address, mode="suggest", action="/found"))
    box = page.get_by_role("combobox")
    with page.expect_event("requestfailed"):
        box.press_sequentially("rice")
    expect(page.get_by_role("listbox", include_hidden=True)).to_be_hidden()
    with page.expect_request("**/found?ds_q=rice"):
        box.press("Enter")


def suggestions(request: Request, *, delay_s: float) -> Answer:
    """One place, named as what was asked, after a while."""
    item = {"id": "kp", "text": request.query["q"][0], "count": 1, "url": "/?region=kp"}
    return Answer.of_json({"groups": [{"kind": "place", "items": [item]}]}, delay_s=delay_s)


@pytest.mark.parametrize("key", ["Tab", "Escape"])
@pytest.mark.parametrize("waited_ms", [pytest.param(0, id="about to ask"), pytest.param(300, id="under way")])
def test_who_has_left_the_box_is_not_called_back(
    page: Page, embed: Callable[..., str], api_site: Website, key: str, waited_ms: int
) -> None:
    """Suggestions that come when the reader has gone on, or wanted none, are not shown."""
    api_site.put(SUGGEST, lambda request: suggestions(request, delay_s=0.4))
    page.goto(embed(src=api_site.address, mode="suggest"))
    box = page.get_by_role("combobox")
    box.press_sequentially("rice")
    page.wait_for_timeout(waited_ms)
    assert len(api_site.requests) == bool(waited_ms)
    page.keyboard.press(key)
    page.wait_for_timeout(800)
    expect(page.get_by_role("listbox", include_hidden=True)).to_be_hidden()
    assert box.get_attribute("aria-expanded") == "false"
    box.focus()
    box.press_sequentially("s")
    expect(page.get_by_role("option")).to_have_text(["rices1"])


def test_suggestions_stay_until_others_come(page: Page, embed: Callable[..., str], api_site: Website) -> None:
    """A letter typed while an answer is under way takes nothing away: the list changes once, when there is another."""
    api_site.put(SUGGEST, lambda request: suggestions(request, delay_s=0.5 if len(request.query["q"][0]) > 1 else 0))
    page.goto(embed(src=api_site.address, mode="suggest"))
    box = page.get_by_role("combobox")
    box.press("r")
    option = page.get_by_role("option")
    expect(option).to_have_text(["r1"])
    page.locator("dateline-search .list").evaluate("""list => {
      window.shut = 0;
      new MutationObserver(() => (shut += list.hidden)).observe(list, { attributes: true });
    }""")
    for number, letter in enumerate("ic", start=2):
        box.press(letter)
        wait_until(lambda number=number: len(api_site.requests) == number, "it is asked")  # type: ignore[misc] # its type
    expect(option).to_have_text(["ric1"])
    assert page.evaluate("shut") == 0


def test_the_dialog_opens_searches_and_closes(open_widget: Callable[..., Locator], page: Page) -> None:
    """A button opens it; what is asked in it is in the address; Escape closes it and gives the focus back."""
    widget = open_widget(mode="dialog", facets="region")
    opener = widget.locator(".opener")
    opener.click()
    dialog = widget.get_by_role("dialog")
    dialog.locator(".input").fill("rice")
    found(page)
    page.wait_for_url("**/?ds_q=rice")
    dialog.locator(".input").press("Escape")
    dialog.locator(".input").press("Escape")
    expect(dialog).to_be_hidden()
    page.wait_for_url("**/")
    assert opener.evaluate("node => node === node.getRootNode().activeElement")
    page.go_back()
    expect(dialog).to_be_visible()
    found(page)
    page.go_forward()
    expect(dialog).to_be_hidden()


def test_the_dialog_is_deep_linked(open_widget: Callable[..., Locator], page: Page) -> None:
    """An address that asks something opens it with the answer; `show` and `close` are for the site's own buttons."""
    widget = open_widget("?ds_q=rice", mode="dialog")
    found(page)
    page.evaluate("document.querySelector('dateline-search').close()")
    expect(widget.get_by_role("dialog")).to_be_hidden()
    page.evaluate("document.querySelector('dateline-search').show()")
    expect(widget.get_by_role("dialog")).to_be_visible()
    assert widget.locator(".input").input_value() == ""


def test_no_key_is_taken_from_the_site(open_widget: Callable[..., Locator], page: Page) -> None:
    """There is no listener for keys outside the element: a shortcut is the site's to choose, and to call `show`."""
    open_widget(mode="dialog")
    debugger = page.context.new_cdp_session(page)
    for target in ("window", "document", "document.body"):
        node = debugger.send("Runtime.evaluate", {"expression": target})["result"]["objectId"]
        listeners = debugger.send("DOMDebugger.getEventListeners", {"objectId": node})["listeners"]
        assert [listener["type"] for listener in listeners if listener["type"].startswith("key")] == []
