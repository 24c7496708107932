"""A browser at the archive talks to the archive alone: nothing is asked of anybody else, nothing stays behind."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

    from tests.browser.conftest import Service

PATHS = (
    "/",
    "/?q=rice&region=kp",
    "/docs",
    "/embed?q=rice",
    "/articles/none",
    "/?page=x",
    "/nowhere",
    "/v1/search?q=rice",
)

FOREIGN = "https://elsewhere.example"
LOAD_FOREIGN = f"""
async () => {{
    const tried = [];
    const attempt = (element, attributes) => new Promise(done => {{
        Object.assign(element, attributes);
        element.onload = () => done("loaded");
        element.onerror = () => done("refused");
        document.body.append(element);
    }});
    tried.push(await attempt(document.createElement("img"), {{src: "{FOREIGN}/i.png"}}));
    tried.push(await attempt(document.createElement("script"), {{src: "{FOREIGN}/s.js"}}));
    tried.push(await attempt(document.createElement("link"), {{rel: "stylesheet", href: "{FOREIGN}/s.css"}}));
    tried.push(await fetch("{FOREIGN}/").then(() => "loaded", () => "refused"));
    return tried;
}}
"""


def asked(page: Page) -> list[str]:
    """The addresses that a page asks for from now on."""
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    return addresses


def article_of(page: Page, service: Service) -> str:
    """The address of an article's page."""
    page.goto(f"{service.address}/?q=rice")
    href = page.locator("main a[href^='/articles/']").first.get_attribute("href")
    assert href
    return href


def test_pages_ask_nobody_else_and_leave_nothing(page: Page, service: Service) -> None:
    """Every kind of page: all requests go to the service, no cookie is set, nothing is stored."""
    paths = (*PATHS, article_of(page, service))
    addresses = asked(page)
    for path in paths:
        page.goto(service.address + path)
        page.wait_for_load_state("networkidle")
        assert page.context.cookies() == []
        if not path.startswith("/v1"):
            assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
            assert page.evaluate("async () => (await indexedDB.databases()).length + (await caches.keys()).length") == 0
    assert len(addresses) > len(paths)
    own = {(urlsplit(service.address).hostname, urlsplit(service.address).port)}
    assert {(urlsplit(url).hostname, urlsplit(url).port) for url in addresses if not url.startswith("data:")} == own


@pytest.mark.parametrize("path", ["/", "/docs", "/embed?q=rice"])
def test_a_page_could_not_ask_anybody_else(browser: Browser, service: Service, path: str) -> None:
    """Even a script within a page, should one ever get there, is kept from it by the browser."""
    seen: list[str] = []

    def answer(route: Route) -> None:
        seen.append(route.request.url)
        route.fulfill(body="")

    with browser.new_context() as context:  # one whose violations are meant
        context.route(f"{FOREIGN}/**", answer)
        page = context.new_page()
        page.goto(service.address + path)
        assert page.evaluate(LOAD_FOREIGN) == ["refused"] * 4
    assert seen == []
