"""The pages in a real browser: by mouse, by keyboard, without JavaScript, small, dark, and slow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.websites import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page, Route

    from tests.browser.conftest import Service

SEED = "/articles/002_a2f671d483816a17"
PAGES = {
    "search": "/",
    "results": "/?q=smuggl*&region=kp&date_from=2017",
    "nothing found": "/?q=zebra+rice&region=kp-sinuiju&topic=smuggling",
    "refused": "/?date_from=soon&q=rice",
    "article": f"{SEED}?q=smuggl*",
    "article there is not": "/articles/none",
    "docs": "/docs",
    "embedded": "/embed?q=rice",
}
KINDS = ("results", "refused", "article", "docs", "embedded")
"""One state of each page, for what differs by colours and width alone."""

LIGHT = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"}
DARK = {"viewport": {"width": 1024, "height": 768}, "color_scheme": "dark"}
SMALL = {"viewport": {"width": 320, "height": 640}, "color_scheme": "light"}


def asked(page: Page) -> dict[str, list[str]]:
    """What a page's address asks for."""
    return parse_qs(urlsplit(page.url).query)


def found(page: Page) -> int:
    """How many articles a page says there are."""
    first = page.locator("#found").inner_text().split()[0]
    return 0 if first == "No" else int(first.replace(",", ""))


def focused(page: Page) -> str:
    """The id of what has the focus."""
    return str(page.evaluate("document.activeElement.id"))


def visited(page: Page, service: Service, address: str) -> Page:
    """The page, at an address of the service."""
    page.goto(service.address + address)
    return page


@pytest.mark.parametrize(
    ("options", "names"),
    [
        pytest.param(LIGHT, tuple(PAGES), id="light"),
        pytest.param(DARK, KINDS, id="dark"),
        pytest.param(SMALL, KINDS, id="320 px"),
    ],
)
def test_axe_finds_nothing_on_any_page(
    service: Service,
    new_page: Callable[..., Page],
    axe: Callable[..., list[str]],
    options: dict[str, Any],
    names: tuple[str, ...],
) -> None:
    """No page has a fault that axe-core knows of, is wider than its window, or loads anything from elsewhere."""
    page = new_page(**options)
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    for name in names:
        visited(page, service, PAGES[name])
        assert axe(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert [each for each in loaded if not each.startswith(service.address + "/")] == []


def test_axe_finds_nothing_in_what_opens(
    service: Service, new_page: Callable[..., Page], axe: Callable[..., list[str]]
) -> None:
    """Suggestions, evidence, tables, and the filters of a small page are as good as the rest."""
    page = visited(new_page(**LIGHT), service, "/")
    page.locator("#q").fill("sin")
    page.locator("#offers").wait_for()
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.locator("details.why summary").first.click()
    page.locator("#dates-table summary").click()
    page.locator("#map-table summary").click()
    page.locator("#roles summary").click()
    assert axe(page) == []
    small = visited(new_page(**SMALL), service, "/?topic=smuggling")
    small.get_by_text("Filters, 1 on").click()
    expect(small.locator("#filters")).to_be_visible()
    assert axe(small) == []


def test_an_archive_can_be_searched_without_javascript(service: Service, new_page: Callable[..., Page]) -> None:
    """Words, a place, dates, paging, an article and its evidence: all by links and forms."""
    page = visited(new_page(java_script_enabled=False, **SMALL), service, "/")
    page.locator("#q").fill("rice")
    page.get_by_role("button", name="Search").click()
    everything = found(page)
    page.locator("#date_from").fill("2018")
    page.get_by_role("button", name="Show").click()
    assert asked(page)["date_from"] == ["2018"]
    page.locator(".to-filters").click()
    page.locator("#region-kp").click()
    assert 0 < found(page) < everything
    assert {name: value for name, value in asked(page).items() if value != [""]} == {
        "q": ["rice"],
        "region": ["kp"],
        "date_from": ["2018-01-01"],
    }
    page.get_by_role("link", name="Next").click()
    assert asked(page)["page"] == ["2"]
    page.locator(".headline a").first.click()
    expect(page.locator("article mark").first).to_be_visible()
    visited(page, service, SEED)
    page.locator(".why summary").first.click()
    expect(page.locator(".reasons").first).to_be_visible()
    page.locator("#why-date a[data-reason]").first.click()
    assert page.url.endswith(f"#w{page.locator('#why-date a[data-reason]').first.get_attribute('data-reason')}")


def test_choosing_changes_the_answer_in_place_and_back_restores_it(
    service: Service, new_page: Callable[..., Page]
) -> None:
    """Filters and pages come without loading anew; focus stays; the count is announced; Back and Forward work."""
    page = visited(new_page(**LIGHT), service, "/?q=rice")
    page.evaluate("window.same = true")
    everything = found(page)
    page.locator("#region-kp").click()
    expect(page.locator(".chip")).to_have_count(1)
    assert focused(page) == "region-kp"
    expect(page.locator("#status")).to_have_text(re.compile(r"^\d+ articles for rice, in North Korea"))
    within = found(page)
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".paging")).to_contain_text("Page 2 of")
    page.go_back()
    expect(page.locator(".paging")).to_contain_text("Page 1 of")
    page.go_back()
    expect(page.locator(".chip")).to_have_count(0)
    assert found(page) == everything
    page.go_forward()
    expect(page.locator(".chip")).to_have_count(1)
    assert found(page) == within
    page.reload()
    assert found(page) == within
    assert page.title().startswith("rice, in North Korea")


def test_the_map_works_by_keyboard(service: Service, new_page: Callable[..., Page]) -> None:
    """One Tab stop; arrows move between neighbours and say their numbers; Enter chooses; t opens the table."""
    page = visited(new_page(**LIGHT), service, "/")
    assert page.locator(".province[tabindex='0']").count() == 1
    page.locator(".province[tabindex='0']").focus()
    assert focused(page) == "map-kp-pyongyang"
    steps = {"ArrowUp": "map-kp-south-pyongan", "ArrowDown": "map-kp-pyongyang", "ArrowLeft": "map-kp-nampo"}
    for key, there in steps.items():
        page.keyboard.press(key)
        assert focused(page) == there
    page.keyboard.press("ArrowRight")
    said = page.locator("#map-said").inner_text()
    assert said == f"Pyongyang: {page.locator('#map-kp-pyongyang').get_attribute('data-count')}"
    page.keyboard.press("t")
    expect(page.locator("#map-table table")).to_be_visible()
    page.locator("#map-kp-pyongyang").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_text(re.compile("Pyongyang"))
    assert focused(page) == "map-kp-pyongyang"
    assert said == f"Pyongyang: {found(page)} articles"


def sweep(page: Page, start: Locator, end: Locator) -> None:
    """Drag over the histogram from one bar to another."""
    first, last = start.bounding_box(), end.bounding_box()
    assert first
    assert last
    page.mouse.move(first["x"] + first["width"] / 2, first["y"] + 30)
    page.mouse.down()
    page.mouse.move(last["x"] + last["width"] / 2, last["y"] + 30, steps=3)
    page.mouse.up()


def test_the_histogram_is_the_date_filter(service: Service, new_page: Callable[..., Page]) -> None:
    """Dragging over bars asks for their days, the same again drops them; a label asks for a year; fields follow."""
    page = visited(new_page(**LIGHT), service, "/")
    bars = page.locator(".bar .reach")
    sweep(page, bars.nth(20), bars.nth(12))
    expect(page.locator(".chip")).to_have_count(1)
    start = page.locator(".bar.chosen").first.get_attribute("data-from")
    end = page.locator(".bar.chosen").last.get_attribute("data-to")
    assert asked(page) == {"date_from": [start], "date_to": [end]}
    assert page.locator(".bar.chosen").count() == 9
    number = sum(
        int(each.split(": ")[1].split()[0].replace("no", "0"))
        for each in page.locator(".bar.chosen title").all_text_contents()
    )
    assert found(page) <= number
    chosen = page.locator(".bar.chosen .reach")
    sweep(page, chosen.first, chosen.last)
    expect(page.locator(".chip")).to_have_count(0)
    page.locator(".tick", has_text="2019").click()
    expect(page.locator(".chip")).to_have_text(re.compile("2019"))
    assert page.locator("#date_from").input_value() == "2019"


def test_suggestions_follow_the_combobox_pattern(service: Service, new_page: Callable[..., Page]) -> None:
    """Arrows walk through them with the focus in the box, Escape closes, Enter follows; fast typing asks once."""
    page = new_page(**LIGHT)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url) if "/v1/suggest" in request.url else None)
    visited(page, service, "/")
    box = page.get_by_role("combobox", name="Search the archive")
    box.press_sequentially("sinu", delay=10)
    expect(page.get_by_role("option").first).to_be_visible()
    assert len(requests) == 1
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.press_sequentially("i")
    place = page.get_by_role("option", name="Sinuiju").last
    expect(place).to_be_visible()
    for _ in range(page.get_by_role("option").count()):
        box.press("ArrowDown")
        if place.get_attribute("aria-selected") == "true":
            break
    assert box.get_attribute("aria-activedescendant") == place.get_attribute("id")
    assert focused(page) == "q"
    box.press("Enter")
    expect(page.locator(".chip")).to_have_text(re.compile("Sinuiju"))


def test_suggestions_are_for_what_was_typed_last(service: Service, new_page: Callable[..., Page]) -> None:
    """What comes late, for fewer letters, neither shows nor keeps the next question from being asked."""
    page = visited(new_page(**LIGHT), service, "/")
    page.evaluate("""() => {
      const real = window.fetch;
      window.fetch = (address, options) => !String(address).endsWith("q=ri") ? real(address, options)
        : new Promise((resolve, reject) => {
            options.signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
            window.answer = () => resolve(new Response('{"groups": []}'));
          });
    }""")
    box = page.locator("#q")
    box.press_sequentially("ri", delay=10)
    wait_until(lambda: page.evaluate("'answer' in window"), "it is asked")
    with page.expect_request(lambda request: request.url.endswith("/v1/suggest?q=ric")):
        box.evaluate("""box => {
          box.value = "ric";
          box.dispatchEvent(new InputEvent("input", { bubbles: true }));
          answer();
        }""")
    expect(page.get_by_role("option").first).to_be_visible()


def test_escape_takes_back_what_is_about_to_be_suggested(service: Service, new_page: Callable[..., Page]) -> None:
    """As it closes what is there. The key alone: some browsers also empty the box, and then nothing is asked anyway."""
    page = visited(new_page(**LIGHT), service, "/")
    page.locator("#q").press_sequentially("sinu", delay=10)
    page.locator("#q").dispatch_event("keydown", {"key": "Escape"})
    page.wait_for_timeout(800)
    expect(page.get_by_role("option")).to_have_count(0)


def test_a_slow_answer_leaves_the_old_one_and_only_the_last_counts(
    service: Service, new_page: Callable[..., Page]
) -> None:
    """Until the answer comes the page stays, dimmed after a while; what was asked before is given up."""
    page = visited(new_page(**LIGHT), service, "/")
    held: list[Route] = []
    page.route("**/?q=rice*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    before = found(page)
    page.locator("#q").fill("rice")
    page.locator("#q").press("Enter")
    expect(page.locator("main[aria-busy='true']")).to_be_visible()
    assert found(page) == before
    page.locator("#sort-2").click()
    expect(page.locator("main[aria-busy]")).to_have_count(0)
    assert asked(page) == {"sort": ["oldest"]}
    wait_until(lambda: len(held) == 1, "the first question was asked")


def test_an_archive_out_of_reach_is_said_and_asked_again(service: Service, new_page: Callable[..., Page]) -> None:
    """What is there stays, a notice says why nothing changes, and trying again works when it can."""
    page = visited(new_page(**LIGHT), service, "/")
    page.route("**/?q=rice*", lambda route: route.abort())
    before = found(page)
    page.locator("#q").fill("rice")
    page.locator("#q").press("Enter")
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("cannot be reached")
    assert found(page) == before
    page.unroute("**/?q=rice*")
    notice.get_by_role("link").click()
    expect(page.locator("#found")).to_contain_text("for rice")
    expect(notice).to_have_count(0)


def test_going_back_out_of_reach_is_no_step_forward(service: Service, new_page: Callable[..., Page]) -> None:
    """Who goes back, finds the archive gone and tries again, is a step back, and the steps ahead are there still."""
    page = visited(new_page(**LIGHT), service, "/")
    page.locator("#q").fill("rice")
    page.locator("#q").press("Enter")
    expect(page.locator("#found")).to_contain_text("for rice")
    steps = page.evaluate("history.length")
    page.route("**/*", lambda route: route.abort())
    page.go_back()
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("cannot be reached")
    page.unroute("**/*")
    notice.get_by_role("link").click()
    expect(page.locator("#found")).not_to_contain_text("for rice")
    assert page.evaluate("history.length") == steps
    page.go_forward()
    expect(page.locator("#found")).to_contain_text("for rice")


def test_a_value_lights_its_words_in_the_text(service: Service, new_page: Callable[..., Page]) -> None:
    """Pointing at a value, or reaching one of its reasons by keyboard, shows where it stands."""
    page = visited(new_page(**LIGHT), service, SEED)
    page.locator("#why-date").hover()
    lit = page.locator(".words.lit")
    assert "27" in " ".join(lit.all_inner_texts())
    page.mouse.move(2, 2)
    expect(lit).to_have_count(0)
    reason = page.locator("#why-source a[data-reason]").first
    reason.focus()
    assert " ".join(lit.all_inner_texts()) == reason.inner_text()


def test_the_snippet_is_made_and_shown_as_it_is_picked(service: Service, new_page: Callable[..., Page]) -> None:
    """Picking in the form makes the snippet anew and shows the widget so; an example's answer appears below it."""
    page = visited(new_page(**LIGHT), service, "/docs")
    page.get_by_label("a button that opens it").check()
    expect(page.locator("#snippet")).to_contain_text('mode="dialog"')
    page.get_by_label("Accent").fill("#005a9c")
    expect(page.locator("#snippet")).to_contain_text("--dateline-accent: #005a9c")
    assert (
        page.evaluate("document.querySelector('dateline-search').style.getPropertyValue('--dateline-accent')")
        == "#005a9c"
    )
    page.get_by_label("results in the page").check()
    expect(page.locator("#snippet")).not_to_contain_text('mode="dialog"')
    before = page.url
    page.locator("dateline-search .input").fill("rice")
    page.locator("dateline-search .result").first.wait_for()
    page.locator("dateline-search .input").press("Enter")
    assert page.url == before, "the page's own address is the form's"
    page.locator("a[data-try]").first.click()
    expect(page.locator("#answer")).to_contain_text('"total"')
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#answer")).to_contain_text("kp-sinuiju")


def test_an_embedded_search_tells_its_height_and_keeps_to_its_frame(
    service: Service, new_page: Callable[..., Page], host_page: Callable[..., str]
) -> None:
    """A page of another origin hears how high the frame must be, again after another search."""
    page = new_page(**LIGHT)
    page.goto(
        host_page(
            f'<!doctype html><title>Host</title><iframe src="{service.address}/embed?q=rice" width="600"></iframe>'
        )
    )
    page.evaluate("""() => {
        window.heights = [];
        addEventListener("message", ({ data, origin }) => {
            if (data?.dateline) heights.push([origin, data.dateline.height]);
        });
    }""")
    frame = page.frame_locator("iframe")
    frame.locator("#q").fill("zebra")
    frame.locator("button").click()
    expect(frame.locator("#found")).to_contain_text("No articles for zebra")
    wait_until(lambda: page.evaluate("heights.length") > 0, "the frame told its height")
    origin, height = page.evaluate("heights.at(-1)")
    assert origin == service.address
    assert 100 < height < 600


def test_nothing_moves_once_it_is_painted(service: Service, new_page: Callable[..., Page]) -> None:
    """Loading a page and changing the question shifts nothing that was there: CLS is 0."""
    page = new_page(**LIGHT)
    page.add_init_script("""window.shift = 0; new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
    }).observe({type: "layout-shift", buffered: true});""")
    for address in ("/", "/?q=rice", SEED):
        visited(page, service, address)
        page.wait_for_function("document.fonts.status === 'loaded'")
        assert page.evaluate("window.shift") == 0
