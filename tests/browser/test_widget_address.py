"""What the widget reads in the page's address and in its attributes, and what it writes into the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.embedding import embedded, found, host_html

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Service

ANCHOR = '<a href="#imprint">Imprint</a>'
EMPTY = "empty"
"""Stands for an attribute's value that is empty, which `dateline embed` leaves out."""


@pytest.fixture
def open_widget(page: Page, service: Service, host_page: Callable[..., str]) -> Callable[..., Locator]:
    """`open_widget(asking="", **attributes)`: the widget in a page that has an anchor, with its own query string."""

    def open_page(asking: str = "", **attributes: Any) -> Locator:
        html = embedded(service.address, **attributes).replace(f'"{EMPTY}"', '""')
        page.goto(host_page(host_html(ANCHOR + html)) + asking)
        widget = page.locator("dateline-search")
        widget.locator(".form").or_(widget.locator(".opener")).first.wait_for()
        return widget

    return open_page


def asked(page: Page) -> dict[str, list[str]]:
    """What a page's address says is asked."""
    return parse_qs(urlsplit(page.url).query, keep_blank_values=True)


def go_to_anchor(page: Page) -> None:
    """Follow a link within the page, which to the widget is a step in the history."""
    page.get_by_role("link", name="Imprint").click()
    page.wait_for_url("**#imprint")
    page.wait_for_timeout(100)


def test_what_is_asked_at_first_can_be_emptied(open_widget: Callable[..., Locator], page: Page) -> None:
    """An emptied box stays empty, whatever `query` says: at a link within the page, and at a reload."""
    widget = open_widget("?ds_region=kp", query="rice", browse="browse")
    box = widget.locator(".input")
    expect(box).to_have_value("rice")
    found(page)
    box.fill("")
    page.wait_for_url("**ds_q=*")
    go_to_anchor(page)
    expect(box).to_have_value("")
    page.reload()
    found(page)
    expect(box).to_have_value("")
    assert asked(page) == {"ds_q": [""], "ds_region": ["kp"]}


def test_a_dialog_opens_by_the_address_alone(open_widget: Callable[..., Locator], page: Page) -> None:
    """`query` waits in a dialog until it is opened, is gone when it is closed, and opens nothing by itself."""
    widget = open_widget(mode="dialog", query="rice")
    dialog = widget.locator("dialog")
    page.wait_for_timeout(100)
    expect(dialog).to_be_hidden()
    widget.locator(".opener").click()
    expect(widget.locator(".input")).to_have_value("rice")
    found(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    go_to_anchor(page)
    expect(dialog).to_be_hidden()
    assert asked(page) == {}
    widget = open_widget("?ds_q=wharf", mode="dialog", query="rice")
    expect(dialog).to_be_visible()
    expect(widget.locator(".input")).to_have_value("wharf")


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param({"param": EMPTY}, id="the address left alone"),
        pytest.param({"mode": "suggest"}, id="suggest"),
        pytest.param({}, id="results"),
    ],
)
def test_what_is_asked_at_first_is_in_the_box(
    open_widget: Callable[..., Locator], page: Page, attributes: dict[str, str]
) -> None:
    """The box holds what `query` says, in every mode and without parameters in the address."""
    widget = open_widget(query="rice", **attributes)
    expect(widget.locator(".input")).to_have_value("rice")
    assert asked(page) == {}


def test_a_page_beyond_the_last_leads_back(open_widget: Callable[..., Locator], page: Page) -> None:
    """An address may name a page that is none: there is a button to the last one, be it the only one."""
    for words in ("rice", '"stands empty" Hyesan'):
        widget = open_widget(f"?ds_q={quote(words)}&ds_page=99")
        widget.get_by_role("button", name="Previous").click()
        found(page)
        last = asked(page)["ds_page"][0]
        if last != "1":
            expect(widget.locator(".pages")).to_contain_text(f"{last} / {last}")
        expect(widget.get_by_role("button", name="Next")).to_have_count(0)
    assert last == "1"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("신의주", id="in another language"),
        pytest.param("North Korea > Sinuiju", id="a path"),
        pytest.param("sinuiju", id="in small letters"),
        pytest.param("kp-sinuiju", id="its id"),
    ],
)
def test_a_place_by_any_name_can_be_unchecked(open_widget: Callable[..., Locator], page: Page, name: str) -> None:
    """However the address names a place, others can be chosen beside it, and it can be unchecked."""
    widget = open_widget(f"?ds_region={quote(name)}", facets="region")
    box = widget.get_by_role("checkbox", name="Sinuiju")
    expect(box).to_be_checked()
    widget.locator("summary[aria-label='North Hamgyong']").click()
    widget.get_by_role("checkbox", name="Chongjin").check()
    expect(widget.locator(".chip")).to_have_text(["Chongjin ×", "Sinuiju ×"])
    assert asked(page)["ds_region"] == ["kp-chongjin", "kp-sinuiju"]
    box.uncheck()
    expect(widget.locator(".chip")).to_have_text(["Chongjin ×"])
    expect(box).not_to_be_checked()
    assert asked(page)["ds_region"] == ["kp-chongjin"]


def test_a_chosen_value_that_no_article_has_stays(open_widget: Callable[..., Locator], page: Page) -> None:
    """What was chosen and matches nothing by other words is kept when another value is chosen."""
    widget = open_widget("?ds_q=rice", facets="source")
    found(page)
    widget.get_by_role("checkbox", name="Rodong Sinmun").check()
    page.wait_for_url("**ds_source=rodong-sinmun**")
    widget.locator(".input").fill('"ordered a tough crackdown"')
    expect(widget.locator(".count")).to_have_text("0 articles")
    widget.get_by_role("checkbox", name="Daily NK").check()
    expect(widget.locator(".chip")).to_have_text(["Daily NK ×", "Rodong Sinmun ×"])


@pytest.mark.parametrize("pause_ms", [pytest.param(0, id="at once"), pytest.param(400, id="after a while")])
def test_enter_makes_a_step_in_the_history(open_widget: Callable[..., Locator], page: Page, pause_ms: int) -> None:
    """However fast one types, Back leads from what was submitted to what was submitted before."""
    widget = open_widget("?ds_region=kp")
    box = widget.locator(".input")
    before = page.evaluate("history.length")
    for words in ("rice", "wharf"):
        box.fill(words)
        page.wait_for_timeout(pause_ms)
        box.press("Enter")
        page.wait_for_url(f"**ds_q={words}**")
    box.press("Enter")  # again, which is no step
    assert page.evaluate("history.length") == before + 2
    page.go_back()
    expect(box).to_have_value("rice")
    page.go_back()
    expect(box).to_have_value("")
    assert asked(page) == {"ds_region": ["kp"]}


def test_every_attribute_counts_at_once(open_widget: Callable[..., Locator], page: Page) -> None:
    """`browse`, `target`, `param` and `action` may change, as all the others."""
    widget = open_widget()
    for name in ("browse", "target"):
        widget.evaluate("(node, name) => node.setAttribute(name, '_blank')", name)
    found(page)
    assert widget.locator(".link").first.get_attribute("target") == "_blank"
    widget.evaluate("node => node.setAttribute('param', 'news_')")
    widget.locator(".input").fill("rice")
    page.wait_for_url("**?news_q=rice")
    widget.evaluate("node => node.setAttribute('mode', 'suggest')")
    widget.evaluate("node => node.setAttribute('action', '/search')")
    assert str(widget.locator(".form").get_attribute("action")).endswith("/search")
    expect(widget.locator(".input")).to_have_attribute("name", "news_q")
