"""Which sites' pages may read answers: the setting, and the headers that browsers go by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.origins import EarlyOrigins, origins_from_text
from service.settings import SettingsError, settings_from_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api

LISTED = "https://news.example http://localhost:8080"


@pytest.mark.parametrize(
    ("allowed", "origin", "named"),
    [
        pytest.param("*", "https://anybody.example", "*", id="everybody"),
        pytest.param("*", "null", "*", id="everybody, even a file"),
        pytest.param("*", None, None, id="not from another origin"),
        pytest.param(LISTED, "https://news.example", "https://news.example", id="listed"),
        pytest.param(LISTED, "http://localhost:8080", "http://localhost:8080", id="listed with a port"),
        pytest.param(LISTED, "http://news.example", None, id="another scheme"),
        pytest.param(LISTED, "https://news.example.evil.example", None, id="an address that begins alike"),
        pytest.param(LISTED, "https://evil-news.example", None, id="an address that ends alike"),
        pytest.param(LISTED, "null", None, id="null is never listed"),
        pytest.param(LISTED, "", None, id="an empty origin"),
    ],
)
def test_an_answer_names_who_may_read_it(
    archives: Reloading[Archive], api_of: Callable[..., Api], *, allowed: str, origin: str | None, named: str | None
) -> None:
    """Good answers and problems alike are for allowed origins only, never with credentials, and vary by Origin."""
    api = api_of(archives, allowed_origins=allowed)
    headers = {} if origin is None else {"Origin": origin}
    for path in ("/v1/search?q=rice", "/v1/search?page=x", "/nowhere", "/v1/suggest?q=s", "/openapi.json"):
        answer = api.client.simulate_get(path, headers=headers)
        assert answer.headers.get("access-control-allow-origin") == named
        assert "Origin" in answer.headers["vary"]
        assert "access-control-allow-credentials" not in answer.headers
        assert ("Retry-After" in answer.headers.get("access-control-expose-headers", "")) == bool(named)


@pytest.mark.parametrize(
    ("head", "named"),
    [
        pytest.param("GET /v1/search?q=x HTTP/1.1|Origin: https://news.example", "https://news.example", id="listed"),
        pytest.param("GET /v1/search?q=x HTTP/1.1|oRiGiN:https://news.example ", "https://news.example", id="any case"),
        pytest.param("POST /v1/search HTTP/1.1|Origin: https://news.example", "https://news.example", id="a question"),
        pytest.param("GET /v1/search?q=x HTTP/1.1|Origin: https://evil.example", None, id="not listed"),
        pytest.param("GET /v1/search HTTP/1.1|Origin: null", None, id="null"),
        pytest.param("GET /v1/search HTTP/1.1|Host: x", None, id="no other site's page"),
        pytest.param("GET /v1/search HTTP/1.1|X-Origin: https://news.example", None, id="another header"),
        pytest.param(
            "GET / HTTP/1.1|Origin: https://news.example|Origin: https://news.example", None, id="two origins"
        ),
        pytest.param("GET / HTTP/1.1||Origin: https://news.example", None, id="an origin in the body"),
        pytest.param("PUT /v1/articles/x HTTP/1.1|Origin: https://news.example", None, id="what writes"),
        pytest.param("POST /v1/articles HTTP/1.1|Origin: https://news.example", None, id="what writes, by POST"),
        pytest.param("GET /metrics HTTP/1.1|Origin: https://news.example", None, id="what operators read"),
        pytest.param(
            "GET /v1/search?site=cms HTTP/1.1|Origin: https://cms.example", "https://cms.example", id="a site"
        ),
        pytest.param(
            "GET /v1/search?%73ite=cms HTTP/1.1|Origin: https://cms.example", "https://cms.example", id="spelt"
        ),
        pytest.param("GET /v1/search?site=cms HTTP/1.1|Origin: https://news.example", None, id="not of any site"),
        pytest.param(
            "GET /v1/search?q=website&website=1&q=%EC%8B%A0 HTTP/1.1|Origin: https://news.example",
            "https://news.example",
            id="words like it",
        ),
        pytest.param("GET /v1/search?q=x HTTP/1.1|Origin: https://cms.example", None, id="a site's, without the site"),
        pytest.param("\x16\x03\x01|Origin: https://news.example", None, id="no request"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_refusal_before_reading_names_who_may_read_it(head: str, named: str | None) -> None:
    """By the head alone: the same origins as the answer's, for what reads; of sites, those of any."""
    origins = EarlyOrigins(LISTED, lambda: {"https://cms.example"})
    received = "\r\n".join(f"{head}||".split("|")).encode("latin-1")
    headers = origins.headers_for(received)
    assert headers.get("Access-Control-Allow-Origin") == named
    assert ("Retry-After" in headers.get("Access-Control-Expose-Headers", "")) == bool(named)


def test_where_every_page_may_read_every_page_is_told() -> None:
    """Of what names no site; what does, is for pages of sites."""
    origins = EarlyOrigins("*")
    line = b"GET /v1/search?%s HTTP/1.1\r\nOrigin: https://anybody.example\r\n\r\n"
    assert origins.headers_for(line % b"q=x")["Access-Control-Allow-Origin"] == "*"
    assert origins.headers_for(line % b"site=cms") == {}


def test_a_question_by_post_may_be_asked_first(archives: Reloading[Archive], api_of: Callable[..., Api]) -> None:
    """Browsers are told that JSON may be posted, and nothing that writes; a site that is not listed is told nothing."""
    api = api_of(archives, allowed_origins=LISTED)
    headers = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    allowed = api.client.simulate_options("/v1/search", headers={"Origin": "https://news.example", **headers})
    assert allowed.headers["access-control-allow-methods"] == "GET, HEAD, POST"
    assert allowed.headers["access-control-allow-headers"] == "Content-Type, Authorization"
    assert allowed.headers["access-control-max-age"] == "86400"
    refused = api.client.simulate_options("/v1/search", headers={"Origin": "https://evil.example", **headers})
    assert not [name for name in refused.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        pytest.param("*", "*", id="everybody"),
        pytest.param(" HTTPS://News.example   http://[::1]:80 ", "https://news.example http://[::1]", id="a list"),
    ],
)
def test_the_setting_is_read(text: str, read: str) -> None:
    """Origins are written with blanks between them, and kept as browsers send them."""
    assert origins_from_text(text) == read


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param("news.example", id="no scheme"),
        pytest.param("https://news.example/page", id="a path"),
        pytest.param("https://*.example", id="a pattern"),
        pytest.param("null", id="null"),
        pytest.param("* https://news.example", id="everybody and a list"),
        pytest.param("https://a.example,https://b.example", id="commas"),
    ],
)
def test_what_is_no_origin_is_refused_by_name(wrong: str) -> None:
    """A service does not start with a setting that would let nobody in, or everybody."""
    with pytest.raises(SettingsError, match=r"DATELINE_ALLOWED_ORIGINS=.*must be \* or origins such as"):
        settings_from_environment({"DATELINE_ALLOWED_ORIGINS": wrong})
