"""Which sites' pages may read answers: the setting, and the headers that browsers go by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.origins import origins_from_text
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
