"""Which origin may read which answer: twelve origins, at a site and by the setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.access.keys import Scope
from service.openapi.operations import OPERATIONS
from service.origins import origin_from_text
from service.widget import load_widgets
from tests.service.access.conftest import site

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.access.conftest import Admission
    from tests.service.conftest import Api

OWN = "https://news.example"
ORIGINS = [
    pytest.param(OWN, True, id="exact"),
    pytest.param("https://www.news.example", False, id="sub-domain"),
    pytest.param("https://news.example:8443", False, id="port"),
    pytest.param("http://news.example", False, id="scheme"),
    pytest.param("null", False, id="null"),
    pytest.param("https://news.example.evil", False, id="suffix"),
    pytest.param("https://evilnews.example", False, id="prefix"),
    pytest.param("https://NEWS.example", False, id="upper case, which no browser sends"),
    pytest.param(None, False, id="absent"),
    pytest.param("https://news.example/", False, id="trailing slash"),
    pytest.param("https://news.example@evil.example", False, id="user information"),
    pytest.param("https://xn--news-8c7b.example", False, id="another host in Punycode"),
    pytest.param("https://other.example", False, id="another site's"),
    pytest.param(f"{OWN} {OWN}", False, id="twice"),
    pytest.param("*", False, id="a star"),
]
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


@pytest.mark.parametrize(("origin", "is_named"), ORIGINS)
@pytest.mark.parametrize("by", ["site", "setting"])
def test_twelve_origins(
    split_api: Callable[..., Api], admission: Admission, *, by: str, origin: str | None, is_named: bool
) -> None:
    """Only the very origin that was listed may read, of answers, refusals and questions beforehand alike."""
    admission.add(site(), site("other", origins=("https://other.example",)))
    api = split_api(allowed_origins="*" if by == "site" else OWN)
    named = "site=newsroom&" if by == "site" else ""
    headers = {} if origin is None else {"Origin": origin}
    for path in ("/v1/search", "/v1/suggest", "/v1/articles/report-2", "/v1/feed.json", "/oembed"):
        for query in ("q=rice", "page=x"):
            answer = api.client.simulate_get(path, query_string=named + query, headers=headers)
            assert answer.headers.get("access-control-allow-origin") == (origin if is_named else None)
            assert "Origin" in answer.headers["vary"]
            assert "access-control-allow-credentials" not in answer.headers
    beforehand = api.client.simulate_options("/v1/search", query_string=named, headers={**headers, **PREFLIGHT})
    assert beforehand.headers.get("access-control-allow-origin") == (origin if is_named else None)
    assert "Origin" in beforehand.headers["vary"]
    assert ("access-control-allow-methods" in beforehand.headers) is is_named


def test_a_site_goes_before_the_setting(split_api: Callable[..., Api], admission: Admission) -> None:
    """With a site named, its own origins count and no others; without one, the setting's."""
    admission.add(site())
    for allowed in ("*", "https://listed.example"):
        api = split_api(allowed_origins=allowed)
        listed = {"Origin": "https://listed.example"}
        assert "access-control-allow-origin" not in api.get("/v1/search", {"site": "newsroom"}, headers=listed).headers
        assert "access-control-allow-origin" in api.get("/v1/search", headers=listed).headers
        of_site = api.get("/v1/search", {"site": "newsroom"}, headers={"Origin": OWN}).headers
        assert of_site["access-control-allow-origin"] == OWN


def test_every_page_may_load_the_widget(split_api: Callable[..., Api]) -> None:
    """The script holds nothing of the archive, and its page checks it against a hash, for which browsers want leave."""
    api = split_api(is_public=False, allowed_origins="https://listed.example")
    script = api.client.simulate_get(load_widgets()[0].path, headers={"Origin": OWN})
    assert script.status_code == 200
    assert script.headers["access-control-allow-origin"] == "*"


def test_a_site_that_is_not_known_is_nobodys(split_api: Callable[..., Api]) -> None:
    """It is a problem that names the parameter, which no other page may read."""
    result = split_api().get("/v1/search", {"site": "nowhere"}, headers={"Origin": OWN})
    assert result.status_code == 404
    assert [error["param"] for error in result.json["errors"]] == ["site"]
    assert "access-control-allow-origin" not in result.headers
    twice = split_api().client.simulate_get("/v1/search", query_string="site=a&site=b")
    assert twice.status_code == 400


def test_nothing_that_needs_a_key_is_for_other_pages(split_api: Callable[..., Api], admission: Admission) -> None:
    """No answer to what changes something, or is for operators, names an origin; nor what browsers ask beforehand."""
    admission.add(site())
    key = admission.key(Scope.ADMIN)
    api = split_api()
    writing = [operation for operation in OPERATIONS if operation.scope]
    assert len(writing) >= 3
    for operation in writing:
        path, method = operation.path.format(article_id="x"), operation.method.upper()
        for headers in ({}, {"Authorization": f"Bearer {key}"}):
            for query in ("", "site=newsroom"):
                asked = {"Origin": OWN, **headers}
                answer = api.client.simulate_request(method, path, query_string=query, headers=asked, body="{}")
                assert answer.status_code in {401, 403}
                assert not [name for name in answer.headers if name.startswith("access-control")]
                wish = {"Origin": OWN, "Access-Control-Request-Method": method}
                beforehand = api.client.simulate_options(path, query_string=query, headers=wish)
                assert not [name for name in beforehand.headers if name.startswith("access-control")]
    reading = {"Origin": OWN, "Access-Control-Request-Method": "GET"}
    beforehand = api.client.simulate_options("/v1/articles/x", headers=reading)
    assert beforehand.headers["access-control-allow-methods"] == "GET, HEAD"


def test_who_may_frame_the_search(split_api: Callable[..., Api], admission: Admission) -> None:
    """A site's page is framed by those it names, else by its origins; without a site anybody frames it."""
    admission.add(site(), site("framed", frame_ancestors=("https://cms.example", "https://app.example:8443")))
    api = split_api()

    def ancestors(query: str) -> str:
        policy = api.client.simulate_get("/embed", query_string=query).headers["content-security-policy"]
        return policy.partition("frame-ancestors ")[2].partition(";")[0]

    assert ancestors("") == "*"
    assert ancestors("site=newsroom&q=rice") == OWN
    assert ancestors("site=framed") == "https://cms.example https://app.example:8443"
    assert ancestors("site=framed&page=x") == "https://cms.example https://app.example:8443"


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        pytest.param("https://news.example", OWN, id="as it is"),
        pytest.param("https://News.Example/", OWN, id="as people write it"),
        pytest.param("https://news.example:443", OWN, id="the usual port"),
        pytest.param("http://news.example:80", "http://news.example", id="the usual port of HTTP"),
        pytest.param("https://news.example:80", "https://news.example:80", id="another scheme's port"),
        pytest.param("http://localhost:3000", "http://localhost:3000", id="a port"),
        pytest.param("http://[2001:DB8::1]:3000", "http://[2001:db8::1]:3000", id="IPv6"),
        pytest.param("https://xn--zv4bu5f99a.kr", "https://xn--zv4bu5f99a.kr", id="Punycode"),
    ],
)
def test_origins_are_kept_as_browsers_send_them(text: str, origin: str) -> None:
    """However people write one, it is compared with what browsers write."""
    assert origin_from_text(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "news.example", "https://", "null", "*", "https://*.example", "https://news.example/path", "https://a:b@c.example",
        "https://news.example?x", "https://news.example#x", "ftp://news.example", "https://news.example:99999",
        "https://한국.example", "https://a.example https://b.example", "", "https://[::1",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(text: str) -> None:
    """A path, a pattern, a user: none of them is ever compared, so none is taken."""
    with pytest.raises(ValueError, match=r"is no origin|Punycode"):
        origin_from_text(text)
