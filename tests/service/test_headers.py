"""What answers tell browsers: by one table, for every route, for errors and for what the server itself answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from falcon.inspect import inspect_routes

from index.layout import DataFolder
from service.app import create_app
from service.headers import KINDS, NO_ROUTE, ROUTES, headers_of, page_policy
from service.pages.rendering import load_assets
from service.refusals import refusal
from service.settings import Settings
from service.widget import load_widgets
from service.wiring import archives_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from falcon import testing

    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api

DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"
BROWSER = {"Accept": "text/html"}


def filled(template: str) -> str:
    """An address of a route that is there."""
    parts = {
        "article_id": "report-1",
        "search_id": "none",
        "field": "region",
        "digest": load_assets().digest,
        "version": load_widgets()[0].version,
        "name": "dateline.js" if template.startswith("/widget") else "pages.css",
    }
    return re.sub(r"\{(\w+)\}", lambda found: parts[found.group(1)], template)


def said(answer: testing.Result) -> dict[str, str]:
    """Those headers of an answer that the table is about."""
    names = {name.lower() for kind in KINDS.values() for name in kind}
    return {name: value for name, value in answer.headers.items() if name in names}


def wanted(kind: str) -> dict[str, str]:
    """The headers of a kind, as `said` names them."""
    return {name.lower(): value for name, value in KINDS[kind].items()}


def served(api: Api) -> set[str]:
    """The template of every route of the application."""
    return {route.path for route in inspect_routes(create_app(api.serving, api.log))}


def test_every_route_has_a_row(api: Api) -> None:
    """A route that nobody thought about has no row, and fails here; a row without a route is a leftover."""
    assert served(api) == set(ROUTES) - {NO_ROUTE}


def test_every_answer_has_the_headers_of_its_route(api: Api) -> None:
    """Whatever the route answers to a GET, to a HEAD and to a method that it does not take."""
    for template in sorted(served(api)):
        assert "access-control-allow-origin" not in api.client.simulate_get(filled(template)).headers
        for method in ("GET", "HEAD", "PATCH"):
            answer = api.client.simulate_request(method, filled(template))
            assert said(answer) == wanted(ROUTES[template]), (method, template, answer.status)


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "kind"),
    [
        pytest.param("GET", "/nowhere", {}, 404, "data", id="no such address"),
        pytest.param("GET", "/nowhere", {"headers": BROWSER}, 404, "page", id="no such address, in a browser"),
        pytest.param("GET", "/v1/articles/none", {"headers": BROWSER}, 404, "data", id="no such article"),
        pytest.param("GET", "/articles/none", {}, 404, "page", id="no such article's page"),
        pytest.param(
            "GET", "/embed", {"query_string": "page=x"}, 400, "framed page", id="a wrong parameter in a frame"
        ),
        pytest.param("GET", "/v1/search", {"query_string": "page=x"}, 400, "data", id="a wrong parameter"),
        pytest.param("TRACE", "/v1/search", {}, 405, "data", id="a method there is not"),
        pytest.param("DELETE", "/", {}, 405, "page", id="a method a page does not take"),
        pytest.param("POST", "/v1/search", {"body": b"x" * 5000}, 415, "data", id="a body of another type"),
    ],
)
def test_errors_have_them_too(  # noqa: PLR0913, PLR0917 - a table
    api: Api, method: str, path: str, options: dict[str, object], status: int, kind: str
) -> None:
    """An error is of its route's kind, and one that is shown as a page has a page's."""
    answer = api.client.simulate_request(method, path, **options)
    assert answer.status_code == status
    assert said(answer) == wanted(kind)


def test_our_own_mistakes_have_them_too(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 500 is as safe to open as any other answer."""

    def fail(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("search.searcher.Searcher.search", fail)
    for path, kind in (("/v1/search", "data"), ("/", "page"), ("/embed", "framed page")):
        answer = api.client.simulate_get(path)
        assert answer.status_code == 500
        assert said(answer) == wanted(kind)


def test_before_anything_is_built_there_are_headers(api_of: Callable[..., Api], tmp_path: Path) -> None:
    """A 503 has them."""
    archives: Reloading[Archive] = archives_of(Settings(data=DataFolder(tmp_path).path), NoLog())
    answer = api_of(archives).client.simulate_get("/v1/search")
    assert (answer.status_code, said(answer)) == (503, wanted("data"))
    archives.close()


class NoLog:
    """A log that keeps nothing."""

    def info(self, event: str, **values: object) -> None:
        """Nothing."""

    def error(self, event: str, **values: object) -> None:
        """Nothing."""


def test_answers_that_are_no_pages_can_do_nothing() -> None:
    """Data that a browser opens runs, loads and sends nothing; no page but the one made for it is framed by others."""
    for name, headers in KINDS.items():
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert ("frame-ancestors 'none'" in policy) is (name != "framed page")
        assert ("script-src" in policy) is name.endswith("page")


def test_pages_load_nothing_from_elsewhere() -> None:
    """The policy of every kind of page names no other origin but in `frame-ancestors`, and no scheme but `data:`."""
    for name, headers in KINDS.items():
        for directive in headers["Content-Security-Policy"].split("; "):
            what, *sources = directive.split(" ")
            if what != "frame-ancestors":
                assert set(sources) <= {"'none'", "'self'", "data:"}, (name, directive)


def test_a_sites_frame_is_for_its_pages_only() -> None:
    """`frame-ancestors` are those given; none is nobody."""
    assert page_policy(frame_ancestors=["https://a.example", "https://b.example"]).endswith(
        "frame-ancestors https://a.example https://b.example"
    )
    assert page_policy(frame_ancestors=[]).endswith("frame-ancestors 'none'")


def test_a_route_without_a_row_is_kept_to_ourselves() -> None:
    """Should one slip through, its answers are loaded by our own pages only."""
    assert headers_of("/new", is_page=False) == KINDS["own"]
    assert headers_of("/new", is_page=True) == KINDS["page"]


@pytest.mark.parametrize("status", [400, 403, 414, 417, 431, 500, 501])
def test_what_is_no_request_is_answered_like_all_others(status: int) -> None:
    """The answer to what is not HTTP: the headers of data, a problem that repeats nothing, not to be kept."""
    head, body = refusal(status).decode("ascii").split("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert first.startswith(f"HTTP/1.1 {status} ")
    assert headers.items() >= KINDS["data"].items()
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Cache-Control"] == "no-store"
    assert int(headers["Content-Length"]) == len(body)
    problem = json.loads(body)
    assert problem["status"] == status
    assert problem["instance"].endswith(headers["X-Request-Id"])


def test_the_tables_are_documented() -> None:
    """docs/security.md shows both tables as they are in the code."""
    page = DOCUMENT.read_text(encoding="utf-8")
    routes = dict(re.findall(r"^\| `([^`]+)` \| ([a-z ]+) \|$", page, re.MULTILINE))
    assert routes == ROUTES
    for name, headers in KINDS.items():
        section = page.split(f"\n#### {name}\n", 1)[1].split("\n#", 1)[0]
        assert dict(re.findall(r"^([A-Z][A-Za-z-]+): (.+)$", section, re.MULTILINE)) == headers
