"""The browser, the service and the sites that the other tests here stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Service


def test_a_browser_reads_the_service_and_pages_of_another_origin(
    page: Page, service: Service, host_page: Callable[..., str]
) -> None:
    """The service answers from real articles; a page of another origin runs its script."""
    page.goto(f"{service.address}/v1/search?per_page=1")
    assert '"total":145' in page.content()
    page.goto(host_page("<title>One</title><script>document.title += location.hostname</script>"))
    assert page.title() == "Onelocalhost"


def test_axe_finds_what_is_wrong(page: Page, host_page: Callable[..., str], axe: Callable[..., list[str]]) -> None:
    """A page with an unlabelled field has a violation; a right one has none."""
    whole = '<!doctype html><html lang="en"><title>Page</title><main><h1>Page</h1>{}</main></html>'
    page.goto(host_page(whole.format("<input>")))
    assert [line.partition(":")[0] for line in axe(page)] == ["label"]
    page.goto(host_page(whole.format("<label>Name <input></label>")))
    assert axe(page) == []
