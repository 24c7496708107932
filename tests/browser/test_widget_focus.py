"""Where the focus is while the widget changes what is around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.embedding import SEARCH, SUGGEST, answer, found, hit
from tests.browser.websites import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.browser.websites import Website


def has_focus(part: Locator) -> bool:
    """Whether the focus is on a part of the widget."""
    return bool(part.evaluate("node => node === node.getRootNode().activeElement"))


def test_choosing_a_filter_keeps_focus_and_place(new_page: Callable[..., Page], embed: Callable[..., str]) -> None:
    """A filter chosen by key keeps the focus, not the chip that removes it, and a phone's page stays where it is."""
    page = new_page(viewport={"width": 360, "height": 500})
    page.goto(embed(facets="topic source", browse="browse"))
    found(page)
    widget = page.locator("dateline-search")
    widget.locator(".filters > summary").click()
    box = widget.get_by_role("checkbox", name="Daily NK")
    box.focus()
    before = page.evaluate("scrollY")
    assert before > 0
    for chips in (1, 0):
        box.press("Space")
        expect(widget.locator(".chip")).to_have_count(chips)
        assert has_focus(box)
        assert page.evaluate("scrollY") >= before
    box.press("Space")
    widget.locator(".chip").press("Enter")
    expect(widget.locator(".chip")).to_have_count(0)
    assert has_focus(widget.locator(".count"))


def test_the_next_page_begins_at_its_count(new_page: Callable[..., Page], embed: Callable[..., str]) -> None:
    """Turning a page moves focus and view to the count above the results."""
    page = new_page(viewport={"width": 360, "height": 500})
    page.goto(embed() + "?ds_q=rice")
    found(page)
    widget = page.locator("dateline-search")
    widget.get_by_role("button", name="Next").press("Enter")
    expect(widget.locator(".pages")).to_contain_text("2 / ")
    assert has_focus(widget.locator(".count"))
    expect(widget.locator(".count")).to_be_in_viewport()


def test_the_dialog_opens_at_its_box(page: Page, embed: Callable[..., str]) -> None:
    """Who opens the dialog types at once, and Enter searches."""
    page.goto(embed(mode="dialog"))
    widget = page.locator("dateline-search")
    widget.locator(".opener").press("Enter")
    page.keyboard.type("rice")
    page.keyboard.press("Enter")
    found(page)
    expect(widget.get_by_role("dialog")).to_be_visible()
    expect(widget.locator(".input")).to_have_value("rice")


def test_trying_again_keeps_the_focus(page: Page, embed: Callable[..., str], api_site: Website) -> None:
    """“Try again” has the focus while it is of no use; the count has it when the answer is there."""
    api_site.put(SEARCH, Answer.of_json({}, status=503))
    page.goto(embed(src=api_site.address) + "?ds_q=rice")
    retry = page.locator("dateline-search .retry")
    with page.expect_response(f"**{SEARCH}*"):
        retry.press("Enter")
    page.wait_for_timeout(100)
    assert has_focus(retry)
    api_site.put(SEARCH, Answer.of_json(answer(hit(1))))
    retry.press("Enter")
    found(page)
    assert has_focus(page.locator("dateline-search .count"))


@pytest.mark.parametrize("mode", ["results", "suggest", "dialog"])
def test_an_attribute_that_changes_leaves_the_reader_typing(
    page: Page, embed: Callable[..., str], api_site: Website, mode: str
) -> None:
    """Whatever the page changes meanwhile, what is half typed stays, so does the focus, and all of it is asked."""
    item = {"id": "kp-rice", "text": "Rice", "count": 1, "url": "/?q=rice"}
    api_site.put(SEARCH, Answer.of_json(answer(hit(1))))
    api_site.put(SUGGEST, Answer.of_json({"groups": [{"kind": "place", "items": [item]}]}))
    page.goto(embed(src=api_site.address, mode=mode))
    widget = page.locator("dateline-search")
    if mode == "dialog":
        widget.locator(".opener").click()
    widget.locator(".input").press_sequentially("ri")
    for name, text in (("lang", "ko"), ("label", "Archive")):
        widget.evaluate("(node, [name, text]) => node.setAttribute(name, text)", [name, text])
    page.keyboard.type("ce")
    widget.locator(".result, .suggestion").first.wait_for()
    expect(widget.locator(".input")).to_have_value("rice")
    assert has_focus(widget.locator(".input"))
    assert api_site.requests[-1].query["q"] == ["rice"]
