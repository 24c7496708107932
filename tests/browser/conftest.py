"""A real browser, the real service, and pages on other origins.

    service      the service as it runs, over the seeds and made-up articles; `.address` is its origin
    host_page    serve HTML, with headers, from another origin; gives its address
    embed        the same with the widget in the page: embed(mode="suggest", facets="region")
    api_site     a site that answers as an API would, or as it never should
    page         a new tab; `new_page(...)` makes one of a size, a colour scheme, without JavaScript and so on
    axe          what axe-core finds wrong in a page: nothing, it is hoped

The browser is the machine's own: DATELINE_CHROMIUM, or Chromium or Chrome where they usually are. Without one these
tests are skipped, but fail where CI is set. Every page must end without an error that its script did not catch, and
without a violation of its Content-Security-Policy.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources, util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.articles import made_up_articles
from tests.browser.embedding import STYLE, embedded, host_html
from tests.browser.websites import Answer, Website

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright

SEEDS: Final = Path(__file__).parents[2] / "seeds"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
)
PATIENCE_MS: Final = 10_000
PATIENCE_S: Final = 30
FIRST_ANSWER_S: Final = 120
FIRST_QUESTIONS: Final = (
    "/v1/search?q=rice&facet=region&facet=date&region=kp",
    "/v1/search?q=rice&sort=oldest&date_from=2016",
    "/v1/suggest?q=sin",
)


def _cannot(reason: str) -> NoReturn:
    """Skip, or fail where CI is to have everything."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The machine's browser."""
    named = os.environ.get("DATELINE_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        _cannot("needs Chromium: install it (Debian: apt install chromium), or name it in DATELINE_CHROMIUM")
    return found


@pytest.fixture(scope="session")
def playwright_api(browser_path: str) -> Iterator[Playwright]:  # noqa: ARG001 - without a browser there is no need
    """Playwright."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright_api: Playwright, browser_path: str) -> Iterator[Browser]:
    """The one browser of the run, with a profile of its own that is thrown away."""
    browser = playwright_api.chromium.launch(executable_path=browser_path, args=FLAGS, chromium_sandbox=False)
    yield browser
    browser.close()


@dataclass(frozen=True, slots=True)
class Service:
    """The running service: its origin, and its process."""

    address: str
    process: subprocess.Popen[str]


def _dateline(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "service", *arguments]


@contextmanager
def serving(data: Path, log: Path, *, key: str = "", **settings: str) -> Iterator[Service]:
    """`dateline serve` on a free port over a data folder, its log in a file; `key` is to ask with, if it needs one."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATELINE_")}
    environment |= {"DATELINE_WORKERS": "1", "PYTHONPATH": str(SEEDS.parent), **settings}
    command = _dateline("serve", "--data", str(data), "--port", "0")
    with log.open("wb") as errors:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout
    try:
        line = process.stdout.readline()
        assert "serving on http" in line, log.read_text(encoding="utf-8")
        address = line.split()[-1]
        for question in FIRST_QUESTIONS:  # the first of a process may take long: nobody's patience is tested here
            asked = Request(address + question, headers={"Authorization": f"Bearer {key}"} if key else {})  # noqa: S310 - our own address
            with urlopen(asked, timeout=FIRST_ANSWER_S) as answer:  # noqa: S310 - likewise
                answer.read()
        yield Service(address, process)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


@pytest.fixture(scope="session")
def archive_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the seeds and the made-up articles, ingested and built by the commands."""
    folder = tmp_path_factory.mktemp("archive")
    rows = folder / "made-up.jsonl"
    rows.write_text("\n".join(map(json.dumps, made_up_articles())), encoding="utf-8")
    data = folder / "data"
    for arguments in (("ingest", str(SEEDS), str(rows)), ("build",)):
        command = _dateline(*arguments, "--data", str(data))
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=SEEDS.parent)
        assert done.returncode == 0, done.stdout + done.stderr
    return data


@pytest.fixture(scope="session")
def service(archive_folder: Path, browser_path: str) -> Iterator[Service]:  # noqa: ARG001 - without a browser there is no need
    """The service as it runs, over the archive."""
    with serving(archive_folder, archive_folder.with_name("log")) as running:
        yield running


@pytest.fixture(scope="session")
def _sites() -> Iterator[tuple[Website, Website]]:
    host, api = Website(), Website()
    yield host, api
    host.close()
    api.close()


@pytest.fixture
def host(_sites: tuple[Website, Website]) -> Website:
    """Somebody's site, empty."""
    _sites[0].clear()
    return _sites[0]


@pytest.fixture
def api_site(_sites: tuple[Website, Website]) -> Website:
    """A site to answer as an API, on an origin of its own, empty."""
    _sites[1].clear()
    return _sites[1]


@pytest.fixture
def host_page(host: Website) -> Callable[..., str]:
    """`host_page(html, headers={}, path="/")`: serve a page of somebody's site; its address."""

    def serve(html: str, headers: Mapping[str, str] | None = None, path: str = "/") -> str:
        return host.put(path, Answer.of_html(html, headers))

    return serve


@pytest.fixture
def embed(service: Service, host: Website, host_page: Callable[..., str]) -> Callable[..., str]:
    """`embed(headers={}, style="", **attributes)`: serve a page with the widget, styled by its site; its address."""

    def serve(headers: Mapping[str, str] | None = None, style: str = "", **attributes: Any) -> str:
        host.put("/site.css", Answer((STYLE + style).encode(), headers={"Content-Type": "text/css"}))
        return host_page(host_html(embedded(service.address, **attributes)), headers)

    return serve


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`new_page(**options)`: a tab with a fresh profile and Playwright's context options; its errors fail the test."""
    contexts, wrong = [], []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and ("Content Security Policy" in message.text or "TrustedHTML" in message.text):
            wrong.append(message.text)

    def make(**options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", hear)
        return page

    yield make
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A new tab, 1024 by 768."""
    return new_page(viewport={"width": 1024, "height": 768})


@pytest.fixture(scope="session")
def axe() -> Callable[..., list[str]]:
    """`axe(page)`: each violation axe-core finds, with its elements; all rules but the experimental ones."""
    if util.find_spec("axe_playwright_python") is None:
        _cannot("needs axe-core: install axe-playwright-python")
    script = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")

    def run(page: Page, within: str | None = None) -> list[str]:
        page.evaluate(script)
        found = page.evaluate(
            "within => axe.run(within ?? document, {resultTypes: ['violations']}).then(all => all.violations)", within
        )
        return [
            f"{rule['id']}: {rule['help']}: {node['target']} {node['failureSummary']}"
            for rule in found
            for node in rule["nodes"]
        ]

    return run
