"""The widget where it is hard: strict policies, hostile style sheets, hostile answers, no script, no answer."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.embedding import SEARCH, SUGGEST, WIDGET, answer, embedded, found, hit, host_html
from tests.browser.websites import Answer, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

    from tests.browser.conftest import Service
    from tests.browser.websites import Request, Website

FACETS = "region topic source language date"

POLICY = (
    "default-src 'none'; script-src {service}; connect-src {service}; style-src 'self'; form-action {service}; "
    "require-trusted-types-for 'script'; trusted-types 'none'; report-uri /violations"
)

HOSTILE_CSS = """
* { letter-spacing: .4em !important; word-spacing: 1em !important; text-transform: uppercase !important;
    line-height: 3 !important; text-indent: 3em !important; text-align: right !important; font-style: italic !important;
    font-weight: 900 !important; white-space: pre !important; text-shadow: 2px 2px red !important;
    list-style: square inside !important; cursor: wait !important; border-spacing: 9px !important;
    quotes: "x" "y" !important; tab-size: 40 !important; hyphens: auto !important; caret-color: red !important;
    font-variant: small-caps !important; font-stretch: condensed !important; writing-mode: horizontal-tb !important }
*:not(html, body, main, dateline-search) {
    display: none !important; color: lime !important; background: pink !important; border: 9px solid red !important;
    padding: 3em !important; margin: 3em !important; float: right !important; width: 3px !important;
    opacity: .2 !important; transform: rotate(9deg) !important; box-sizing: content-box !important }
input, button, select, label, ul, ol, li, p, a, mark, fieldset, legend, details, summary, .root, .input, .result, .count
  { position: fixed !important; visibility: hidden !important; font: 70px monospace !important }
"""


BOX = (
    "position: absolute !important; inset: 0 auto auto 0 !important; inline-size: 900px !important; background: Canvas"
)
"""Where the picture is taken, so that it is the same whatever the rules do to the rest of the page."""


def test_it_runs_under_the_strictest_policy(
    page: Page, service: Service, host: Website, browser: Browser, embed: Callable[..., str]
) -> None:
    """Under a policy that allows nothing but the service, with Trusted Types, all of it works without a violation."""
    policy = {"Content-Security-Policy": POLICY.format(service=service.address)}
    host.put("/violations", Answer())
    page.goto(embed(policy, facets=FACETS) + "?ds_q=rice")
    found(page)
    page.locator("dateline-search .option", has_text="North Korea").click()
    page.locator("dateline-search .chip").first.wait_for()
    page.goto(embed(policy, mode="suggest"))
    page.get_by_role("combobox").press_sequentially("sinui")
    page.get_by_role("option").first.wait_for()
    page.get_by_role("combobox").press("ArrowDown")
    page.goto(embed(policy, mode="dialog"))
    page.locator("dateline-search .opener").click()
    page.locator("dateline-search .input").fill("rice")
    found(page)
    assert host.requests_to("/violations") == []

    with browser.new_context() as context:  # the policy is in force: what it forbids is reported
        forbidden = host.put("/red", Answer.of_html(host_html("<p style='color:red'>red</p>"), policy))
        context.new_page().goto(forbidden)
        wait_until(lambda: bool(host.requests_to("/violations")), "the violation is reported")


def test_the_sites_style_sheet_does_not_reach_into_it(page: Page, embed: Callable[..., str]) -> None:
    """With global rules against everything it looks as it does alone, pixel for pixel."""
    pictures = []
    for rules in ("", HOSTILE_CSS):
        page.goto(embed(style=rules, facets=FACETS) + "?ds_q=rice&ds_region=kp-chongjin")
        found(page)
        page.locator("dateline-search").evaluate("(node, style) => node.style.cssText = style", BOX)
        pictures.append(page.locator("dateline-search .root").screenshot(animations="disabled"))
    assert pictures[0] == pictures[1]


def test_the_attribute_hidden_hides_it(page: Page, embed: Callable[..., str]) -> None:
    """`hidden` is what it is for any element, though the site says that the widget is a block."""
    page.goto(embed(style=RESERVED % "7rem", browse="browse"))
    found(page)
    widget = page.locator("dateline-search")
    for is_hidden in (True, False):
        widget.evaluate("(node, isHidden) => (node.hidden = isHidden)", is_hidden)
        assert widget.is_visible() != is_hidden


def test_english_in_a_page_from_right_to_left_is_read_as_english(
    page: Page, service: Service, host_page: Callable[..., str]
) -> None:
    """Without words of its own for a language it says English ones, marked as such, in English order."""
    html = host_html(embedded(service.address), lang="he", direction="rtl")
    page.goto(host_page(html) + "?ds_q=rice")
    found(page)
    count = page.locator("dateline-search .count")
    assert re.fullmatch(r"\d+ articles", count.inner_text())
    number, word = count.evaluate("""node => {
      const text = document.createTreeWalker(node, NodeFilter.SHOW_TEXT).nextNode();
      return [[0, 1], [text.length - 1, text.length]].map(([start, end]) => {
        const range = document.createRange();
        range.setStart(text, start);
        range.setEnd(text, end);
        return range.getBoundingClientRect().left;
      });
    }""")
    assert number < word
    assert count.evaluate("node => node.closest('[lang]').lang") == "en"
    assert page.locator("dateline-search .dateline").first.get_attribute("lang") == "he"


ILLEGIBLE = """(root) => [...root.querySelectorAll(".button, mark, .count, .sort, .title, .name")].filter((one) => {
  let behind = one;
  const colour = (element) => getComputedStyle(element).backgroundColor;
  while (behind.parentElement && colour(behind) === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
  return getComputedStyle(one).color === colour(behind);
}).map((one) => one.className)"""
"""The elements whose text has the very colour of what is behind it, which axe-core does not look for."""


def test_axe_finds_nothing(
    page: Page, api_site: Website, embed: Callable[..., str], axe: Callable[..., list[str]]
) -> None:
    """Idle, with results, none, refused, dark, forced colours, right to left, 320 px, suggesting or in a dialog."""
    api_site.put(SEARCH, Answer.of_json({"detail": "too many"}, status=429, Retry_After="7"))
    page.goto(embed(facets=FACETS))
    box = page.locator("dateline-search .input")
    box.wait_for()
    wrong = {"idle": axe(page)}
    box.fill("nothingofthekind")
    expect(page.locator("dateline-search .count")).to_have_text("0 articles")
    wrong["none"] = axe(page)
    box.fill("rice")
    found(page)
    page.locator("dateline-search .option", has_text="North Korea").click()
    page.locator("dateline-search .chip").first.wait_for()
    wrong["results"] = axe(page)
    page.emulate_media(color_scheme="dark")
    wrong["dark"] = axe(page)
    page.emulate_media(forced_colors="active")
    wrong["forced colours"] = axe(page) + page.locator("dateline-search .root").evaluate(ILLEGIBLE)
    page.emulate_media(forced_colors="none")
    page.set_viewport_size({"width": 320, "height": 700})
    page.locator("dateline-search .filters").evaluate("node => node.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    wrong["320 px"] = axe(page)
    page.evaluate("document.documentElement.dir = 'rtl'")
    wrong["right to left"] = axe(page)
    page.evaluate("src => document.querySelector('dateline-search').setAttribute('src', src)", api_site.address)
    expect(page.locator("dateline-search .count")).to_contain_text("Try again in 7 s.")
    wrong["error"] = axe(page)
    page.goto(embed(mode="suggest"))
    page.get_by_role("combobox").press_sequentially("sinui")
    page.get_by_role("option").first.wait_for()
    page.get_by_role("combobox").press("ArrowDown")
    wrong["suggesting"] = axe(page)
    page.goto(embed(mode="dialog", facets=FACETS) + "?ds_q=rice")
    found(page)
    wrong["dialog"] = axe(page)
    assert {state: found for state, found in wrong.items() if found} == {}


BAD = '<script>window.bad=1</script><img src=x onerror="window.bad=1"><iframe srcdoc="x"></iframe>'
ATTRIBUTES = {"onclick": "window.bad=1", "onmouseover": "window.bad=1", "href": "javascript:window.bad=1", "style": "x"}
HOSTILE_HITS = [
    hit(0, title=BAD, source=BAD, language=BAD, highlights=[{"field": "body", "parts": [BAD, [BAD]]}]),
    hit(1, url="javascript:window.bad=1", id='"><script>window.bad=1</script>'),
    hit(2, url=" \x01java\nscript:window.bad=1", title="\u202etfel ot thgir\u2066 \x00\x07 \ud800"),
    hit(3, url="data:text/html,<script>window.bad=1</script>", title="x" * 10_000_000),
    hit(4, url="vbscript:bad", title=ATTRIBUTES, source=ATTRIBUTES, highlights=[]),
    hit(5, url=ATTRIBUTES, title=[ATTRIBUTES], highlights=[{"field": "body", "parts": [ATTRIBUTES, [ATTRIBUTES]]}]),
]
HOSTILE_FACET = {
    "values": [
        {"id": BAD, "value": BAD, "count": 1, "children": []},
        {"id": "x", "value": ATTRIBUTES, "count": 2, "children": []},
    ]
}
HOSTILE_GROUPS = {
    "groups": [
        {"kind": "title", "items": [{"text": BAD, "id": BAD, "count": ATTRIBUTES, "url": "javascript:window.bad=1"}]},
        {"kind": "__proto__", "items": [{"text": ATTRIBUTES, "id": BAD, "count": 1, "url": "javascript:window.bad=1"}]},
    ]
}


def test_hostile_data_stays_text(page: Page, api_site: Website, embed: Callable[..., str]) -> None:
    """Markup, handlers, addresses that are scripts, bidi and control characters, 10 MB of headline: all is text."""
    api_site.put(SEARCH, Answer.of_json(answer(*HOSTILE_HITS, facets={"region": HOSTILE_FACET})))
    api_site.put(SUGGEST, Answer.of_json(HOSTILE_GROUPS))
    page.goto(embed(src=api_site.address, facets="region") + "?ds_q=x")
    assert found(page).count() == len(HOSTILE_HITS)
    inside = page.evaluate("""() => {
      const all = [...document.querySelector("dateline-search").shadowRoot.querySelectorAll("*")];
      return {
        tags: [...new Set(all.map((one) => one.localName))],
        attributes: [...new Set(all.flatMap((one) => one.getAttributeNames()))],
        links: all.filter((one) => one.href !== undefined).map((one) => one.href),
        longest: Math.max(...all.filter((one) => !one.children.length).map((one) => one.textContent.length)),
      };
    }""")
    assert not {"script", "img", "iframe", "object", "embed", "svg", "style", "link", "base"} & set(inside["tags"])
    assert not {"style", "srcdoc", "src"} & set(inside["attributes"])
    assert [name for name in inside["attributes"] if name.startswith("on")] == []
    assert [link for link in inside["links"] if urlsplit(link).scheme not in {"http", "https"}] == []
    assert inside["longest"] <= 2048
    for result in found(page).all():
        assert result.bounding_box()
        result.locator(".title").hover()
        result.locator(".dateline").click()
    isolated = page.locator("dateline-search .title").evaluate_all(
        "all => all.every((one) => /isolate|plaintext/.test(getComputedStyle(one).unicodeBidi))"
    )
    assert isolated

    page.goto(embed(src=api_site.address, mode="suggest"))
    before = page.url
    box = page.get_by_role("combobox")
    for number in range(2):
        box.fill(f"x{number}")
        page.get_by_role("option").nth(number).click()
    assert page.url == before
    assert page.evaluate("window.bad") is None


def test_a_long_address_leads_where_it_says(page: Page, api_site: Website, embed: Callable[..., str]) -> None:
    """Texts are cut, addresses are not, up to the longest that an archive takes."""
    address = "https://news.example/".ljust(2048, "x")
    api_site.put(SEARCH, Answer.of_json(answer(hit(1, url=address))))
    page.goto(embed(src=api_site.address) + "?ds_q=x")
    assert found(page).locator("a").get_attribute("href") == address


def test_a_day_that_is_being_typed_stays(page: Page, api_site: Website, embed: Callable[..., str]) -> None:
    """An answer that comes meanwhile takes nothing out of the field."""
    api_site.put(SEARCH, lambda _request: Answer.of_json(answer(hit(1)), delay_s=0.5))
    page.goto(embed(src=api_site.address, facets="date") + "?ds_q=x")
    found(page)
    page.get_by_label("Sort by").select_option("oldest")
    day = page.get_by_label("From")
    day.press_sequentially("2019")
    wait_until(lambda: len(api_site.requests) == 2, "it is asked")
    page.wait_for_timeout(800)
    assert day.input_value() == "2019"


NO_ANSWERS = {
    "empty": b"",
    "a page": b"<html>a captive portal</html>",
    "null": b"null",
    "a list": b"[]",
    "hits that are none": b'{"total": 1, "hits": "many"}',
    "a hit that is none": b'{"total": 1, "hits": [null]}',
    "facets that are none": b'{"total": 1, "hits": [], "facets": null}',
    "a property that is looked for": b'{"total": 1, "hits": [{"slice": 1}]}',
    "deep": b"[" * 100_000,
}


def test_what_is_no_answer_is_an_error(page: Page, api_site: Website, embed: Callable[..., str]) -> None:
    """Whatever comes back, the reader is told, sees the form that always works, and can go on."""
    headers = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
    api_site.put(SEARCH, lambda request: Answer(NO_ANSWERS[request.query["q"][0]], headers=headers))
    page.goto(embed(src=api_site.address, facets="region"))
    widget = page.locator("dateline-search")
    for name in NO_ANSWERS:
        widget.evaluate("(node, q) => node.ask({ q })", name)
        expect(page.locator("dateline-search > form").get_by_role("searchbox")).to_have_value(name)
        expect(page.locator("dateline-search .count")).to_contain_text("cannot be reached")
    assert len(api_site.requests) == len(NO_ANSWERS)


def test_without_script_the_form_searches(
    new_page: Callable[..., Page], service: Service, embed: Callable[..., str]
) -> None:
    """JavaScript off: the form in the page leads to the archive's own search."""
    page = new_page(java_script_enabled=False)
    page.goto(embed())
    page.get_by_label("Search the archive").fill("solar panels")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url(f"{service.address}/?q=solar+panels")


def test_a_script_that_is_not_ours_does_not_run(page: Page, service: Service, host_page: Callable[..., str]) -> None:
    """A script that does not have the promised hash is not run, and the form searches."""
    html = embedded(service.address)
    page.goto(host_page(host_html(html.replace(WIDGET.integrity, "sha384-" + "A" * 64))))
    assert page.evaluate("customElements.get('dateline-search') === undefined")
    page.get_by_label("Search the archive").fill("rice")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url(f"{service.address}/?q=rice")


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        pytest.param(Answer.of_json({}, status=429, Retry_After="7"), "Try again in 7 s.", id="too many"),
        pytest.param(Answer.of_json({}, status=503), "Try again in 5 s.", id="not ready"),
        pytest.param(
            replace(Answer.of_json({}, status=503, Retry_After="7"), body=b"<h1>503</h1>"),
            "Try again in 7 s.",
            id="a proxy's page",
        ),
        pytest.param(Answer.of_json({"detail": "page must be less"}, status=400), "page must be less", id="wrong"),
        pytest.param(Answer.of_json({}, status=500), "cannot be reached", id="broken"),
        pytest.param(Answer(b"{}"), "cannot be reached", id="not for this site"),
    ],
)  # fmt: skip
def test_a_refusal_is_said_kindly(
    page: Page, api_site: Website, embed: Callable[..., str], refusal: Answer, said: str
) -> None:
    """It says what to do, shows the form that always works with the question in it, and tries again when told."""
    api_site.put(SEARCH, refusal)
    page.goto(embed(src=api_site.address) + "?ds_q=rice")
    count = page.locator("dateline-search .count")
    expect(count).to_contain_text(said)
    form = page.locator("dateline-search > form")
    expect(form.get_by_role("searchbox")).to_have_value("rice")
    expect(form).to_be_in_viewport()
    api_site.put(SEARCH, Answer.of_json(answer(hit(1))))
    count.get_by_role("button", name="Try again").click()
    found(page)
    expect(form).to_be_hidden()


def test_when_the_api_is_gone_the_form_searches(page: Page, service: Service, embed: Callable[..., str]) -> None:
    """Nobody answers at the API's address: the form leads to the archive's own search."""
    page.goto(embed(src="http://127.0.0.1:1") + "?ds_q=rice")
    form = page.locator("dateline-search > form")
    form.get_by_role("button").click()
    page.wait_for_url(f"{service.address}/?q=rice")


def test_what_is_late_is_given_up(page: Page, api_site: Website, embed: Callable[..., str]) -> None:
    """A newer question drops the one under way; an answer that takes eight seconds is not waited for."""
    api_site.put(SEARCH, lambda request: slow_unless(request, "quick"))
    page.clock.install()
    page.goto(embed(src=api_site.address))
    box = page.locator("dateline-search .input")
    box.wait_for()
    page.clock.pause_at(page.evaluate("Date.now() + 60000"))  # so that typing asks nothing by itself
    dropped: list[str] = []
    page.on("requestfailed", lambda request: dropped.append(request.url))
    box.fill("slow")
    box.press("Enter")
    wait_until(lambda: len(api_site.requests) == 1, "it is asked")
    box.fill("quick")
    box.press("Enter")
    expect(found(page)).to_have_text(re.compile("quick"))
    assert [urlsplit(url).query.split("&")[0] for url in dropped] == ["q=slow"]
    box.fill("slow again")
    box.press("Enter")
    wait_until(lambda: len(api_site.requests) == 3, "it is asked")
    page.clock.run_for(8000)
    expect(page.locator("dateline-search .count")).to_contain_text("cannot be reached")


def slow_unless(request: Request, quick: str) -> Answer:
    """An answer that takes half a minute unless it is to this question."""
    asked = request.query["q"][0]
    return Answer.of_json(answer(hit(1, title=asked, highlights=[])), delay_s=0 if asked == quick else 30)


RESERVED = "dateline-search { display: block; min-block-size: %s }"
"""What docs/embedding.md tells a site to write, so that the page does not move when the script has come."""


@pytest.mark.parametrize(
    ("reserved", "query"), [pytest.param("100vh", "?ds_q=many", id="deep link"), pytest.param("7rem", "", id="typed")]
)
def test_a_hundred_articles_shift_nothing(
    page: Page, api_site: Website, embed: Callable[..., str], reserved: str, query: str
) -> None:
    """A hundred results come in, by a deep link and by typing, without moving anything that a reader sees."""
    many = answer(*(hit(number) for number in range(100)), total=5000, facets={"region": FACET})
    few = answer(hit(1), facets={"region": FACET})
    api_site.put(SEARCH, lambda request: Answer.of_json(few if request.query["q"] == ["few"] else many, delay_s=0.1))
    page.add_init_script("""window.shifts = [];
      new PerformanceObserver((list) => shifts.push(...list.getEntries().filter((one) => !one.hadRecentInput)))
        .observe({ type: "layout-shift", buffered: true });""")
    address = embed(style=RESERVED % reserved, src=api_site.address, per_page="100", facets="region date")
    page.goto(address + query)
    box = page.locator("dateline-search .input")
    box.wait_for()
    if query:
        assert found(page).count() == 100
    for words, number in (("few", 1), ("many", 100)):
        box.press("Control+a")
        box.press_sequentially(words)
        expect(page.locator("dateline-search .result")).to_have_count(number)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    assert page.evaluate("shifts.map((one) => [one.value, one.sources.map((source) => source.node?.outerHTML)])") == []


FACET = {"values": [{"id": "kp", "value": "North Korea", "count": 9, "children": []}]}
