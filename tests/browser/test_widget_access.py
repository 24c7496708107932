"""The widget at a site, and over an archive that is not public: what it sends, and that browsers let it."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from service.access.keys import Scope, make_key
from service.access.register import Register, changing_register
from service.access.sites import Site
from service.access.tokens import make_token
from tests.browser.conftest import Service, serving
from tests.browser.embedding import SEARCH, SUGGEST, answer, embedded, found, hit, host_html
from tests.browser.websites import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.websites import Website


def test_a_site_goes_with_every_question_and_link(page: Page, api_site: Website, embed: Callable[..., str]) -> None:
    """Searches, suggestions, links to the archive's own pages and the form without script all name the site."""
    api_site.put(SEARCH, Answer.of_json(answer(hit(1, url=None))))
    api_site.put(SUGGEST, Answer.of_json({"groups": []}))
    page.goto(embed(src=api_site.address, site="newsroom") + "?ds_q=rice")
    link = found(page).first.locator("a")
    assert link.get_attribute("href") == f"{api_site.address}/articles/a-1?site=newsroom&q=rice"
    assert api_site.requests_to(SEARCH)[-1].query["site"] == ["newsroom"]
    assert page.locator("dateline-search > form input[name=site]").get_attribute("value") == "newsroom"
    page.goto(embed(src=api_site.address, site="newsroom", mode="suggest"))
    with page.expect_response(f"**{SUGGEST}*"):
        page.get_by_role("combobox").fill("ri")
    assert api_site.requests_to(SUGGEST)[-1].query["site"] == ["newsroom"]
    with page.expect_request("**/?*") as asked:
        page.locator("dateline-search .button").click()
    assert "site=newsroom" in asked.value.url


@dataclass(frozen=True, slots=True)
class Private:
    """A service over an archive that is not public, and the text of a read key."""

    service: Service
    key: str

    def token(self, *filters: str) -> str:
        """A token for an hour."""
        return make_token(self.key, expires=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1), filters=filters)


@pytest.fixture
def private(archive_folder: Path, tmp_path: Path, host: Website) -> Iterator[Private]:
    """The archive, not public, with the host's pages as a site that sees only what is in English."""
    data = tmp_path / "data"
    shutil.copytree(archive_folder, data)
    now = dt.datetime.now(dt.UTC)
    text, key = make_key(scopes=(Scope.READ,), now=now)
    newsroom = Site(id="newsroom", origins=(host.address,), filters=("language:en",), created=now)
    with changing_register(data) as change:
        change.register = Register(keys=(key,), sites=(newsroom,))
    with serving(data, tmp_path / "log", key=text, DATELINE_PUBLIC="0") as running:
        yield Private(running, text)


def test_a_token_opens_a_private_archive_to_a_page(page: Page, private: Private, host_page: Callable[..., str]) -> None:
    """With a token the page searches, and sees what site and token allow; without one it says that it cannot."""
    html = host_html(
        embedded(private.service.address, facets="language source", site="newsroom", token=private.token())
    )
    page.goto(host_page(html) + "?ds_q=rice")
    results = found(page)
    assert {result.get_attribute("lang") for result in results.all()} == {"en"}
    languages = page.locator("dateline-search .facet").filter(has_text="Language").locator(".value .name")
    assert languages.all_inner_texts() == ["English"]
    page.goto(host_page(host_html(embedded(private.service.address, site="newsroom"))) + "?ds_q=rice")
    expect(page.locator("dateline-search .count")).to_contain_text("cannot be reached")


def test_a_page_may_renew_its_token(page: Page, private: Private, host_page: Callable[..., str]) -> None:
    """The property is read at each request, so a page that stays open for hours gives it a new one."""
    html = host_html(embedded(private.service.address, site="newsroom", token=private.token()[:-1]))
    page.goto(host_page(html) + "?ds_q=rice")
    widget = page.locator("dateline-search")
    expect(widget.locator(".count")).to_contain_text("cannot be reached")
    widget.evaluate("(node, token) => { node.token = token; node.ask({ q: 'rice' }) }", private.token())
    assert found(page).count() > 0


def test_another_sites_page_reads_nothing(page: Page, private: Private, api_site: Website) -> None:
    """A page that is not the site's cannot read the answer, though it has a token."""
    html = host_html(embedded(private.service.address, site="newsroom", token=private.token()))
    stranger = api_site.put("/page", Answer.of_html(html))
    page.goto(stranger.replace("localhost", "127.0.0.1") + "?ds_q=rice")
    expect(page.locator("dateline-search .count")).to_contain_text("cannot be reached")


def test_the_archives_own_pages_stay_at_the_site(
    page: Page, service: Service, archive_folder: Path, host: Website
) -> None:
    """What they suggest while one types, and where forms lead, is of the site that the page was opened for."""
    english = Site(id="english", origins=(host.address,), filters=("language:en",), created=dt.datetime.now(dt.UTC))
    with changing_register(archive_folder) as change:
        change.register = Register(sites=(english,))
    try:
        time.sleep(1)  # until every process knows
        page.goto(f"{service.address}/?site=english")
        with page.expect_request("**/v1/suggest?*") as suggested:
            page.locator("#q").press_sequentially("sinui")
        assert parse_qs(urlsplit(suggested.value.url).query)["site"] == ["english"]
        page.locator("#q").press("Enter")
        page.wait_for_url("**/?*q=sinui*")
        assert parse_qs(urlsplit(page.url).query)["site"] == ["english"]
    finally:
        with changing_register(archive_folder) as change:
            change.register = Register()
