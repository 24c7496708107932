"""Archives that are not public, and tokens."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import pytest

from service.access.guard import OPEN
from service.access.keys import Scope
from service.access.tokens import LONGEST, make_token, read_token
from service.pages.resources import page_routes
from service.resources import routes
from tests.service.access.conftest import NOW, SEEN, site

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.service.access.conftest import Admission
    from tests.service.conftest import Api

ADDRESS = {
    "article_id": "report-2",
    "search_id": "saved",
    "field": "region",
    "digest": "x",
    "name": "pages.css",
    "version": "x",
}


def bearing(text: str) -> dict[str, str]:
    """The header that carries a key or token."""
    return {"Authorization": f"Bearer {text}"}


def test_nothing_is_read_without_a_key(split_api: Callable[..., Api]) -> None:
    """Every route but those that hold nothing of the archive answers 401, to GET, HEAD and questions by POST."""
    api = split_api(is_public=False)
    asked = 0
    for template in routes(api.serving) | page_routes(api.serving):
        if template in OPEN:
            continue
        path = template.format(**ADDRESS)
        methods = ("POST",) if template in {"/v1/articles", "/v1/instantsearch"} else ("GET", "HEAD")
        for method in methods + (("POST",) if template == "/v1/search" else ()):
            result = api.client.simulate_request(method, path, json={} if method == "POST" else None)
            assert result.status_code == 401, (method, template)
            assert result.headers["www-authenticate"].startswith("Bearer")
            assert result.headers["cache-control"] == "no-store"
            asked += 1
    assert asked > 25


def test_a_reader_gets_a_page_that_says_so(split_api: Callable[..., Api]) -> None:
    """A person is told that the archive is not public, on a plain page that names nothing of what is in it."""
    for path in ("/", "/articles/report-2", "/docs", "/embed"):
        page = split_api(is_public=False).client.simulate_get(path, headers={"Accept": "text/html"})
        assert page.status_code == 401
        assert page.headers["content-type"].startswith("text/html")
        assert "This archive is not public" in page.text
        assert "Report" not in page.text


def test_with_a_key_all_is_read(split_api: Callable[..., Api], admission: Admission) -> None:
    """A read key opens what a public archive shows to all; keys for other things do not."""
    api = split_api(is_public=False)
    public = split_api()
    key = admission.key(Scope.READ)
    for path in ("/v1/search", "/v1/suggest?q=re", "/", "/v1/export", "/v1/articles/report-2", "/v1"):
        result = api.client.simulate_get(path, headers=bearing(key))
        assert result.status_code == 200
        assert result.headers.get("etag") == public.client.simulate_get(path).headers.get("etag")
    refused = api.get("/v1/search", headers=bearing(admission.key(Scope.WRITE)))
    assert refused.status_code == 403


def test_answers_are_kept_by_their_reader_alone(split_api: Callable[..., Api], admission: Admission) -> None:
    """No cache that others share may keep them, and they vary by who asks; public answers say neither."""
    key = admission.key(Scope.READ)
    for is_public in (False, True):
        answer = split_api(is_public=is_public).get("/v1/search", headers=bearing(key))
        assert "private" in answer.headers["cache-control"]
        assert "public" not in answer.headers["cache-control"]
        assert {"Origin", "Authorization"} <= {name.strip() for name in answer.headers["vary"].split(",")}
    plain = split_api().get("/v1/search")
    assert "public" in plain.headers["cache-control"]
    assert "Authorization" not in plain.headers["vary"]


def test_readiness_tells_strangers_little(split_api: Callable[..., Api], admission: Admission) -> None:
    """How many articles there are, and when they were built, is for readers; that it is ready, for all."""
    api = split_api(is_public=False)
    assert api.get("/healthz").status_code == 200
    assert api.client.simulate_get("/readyz").json == {"status": "ready"}
    assert api.get("/readyz", headers=bearing(admission.key(Scope.READ))).json["articles"] == 31
    assert split_api().get("/readyz").json["articles"] == 31


def test_a_proxys_own_passwords_do_not_matter_where_all_may_read(split_api: Callable[..., Api]) -> None:
    """A scheme that is not ours is somebody else's; on a private archive it opens nothing."""
    basic = {"Authorization": "Basic YTpi"}
    assert split_api().get("/v1/search", headers=basic).status_code == 200
    assert split_api(is_public=False).get("/v1/search", headers=basic).status_code == 401


@pytest.mark.parametrize("is_public", [True, False])
def test_a_key_that_is_not_right_is_never_overlooked(split_api: Callable[..., Api], *, is_public: bool) -> None:
    """Whoever sends one means it: they are told, even where none is needed."""
    result = split_api(is_public=is_public).get("/v1/search", headers=bearing("dl_00000000_" + "A" * 43))
    assert result.status_code == 401


def total(api: Api, token: str, **params: Any) -> int:
    """How many articles a token sees."""
    found: int = api.get("/v1/search", params, headers=bearing(token)).json["total"]
    return found


def test_a_token_never_widens_its_key(split_api: Callable[..., Api], admission: Admission) -> None:
    """Its filters are added to the key's and the site's; what contradicts them finds nothing."""
    admission.add(site(filters=("language:en",)))
    api = split_api(is_public=False)
    narrow = admission.key(Scope.READ, filters=(SEEN,))
    daily = total(api, narrow)
    assert 0 < daily < 31
    assert total(api, admission.token(narrow)) == daily
    assert total(api, admission.token(narrow, "source:rodong-sinmun")) == 0
    assert total(api, admission.token(narrow, "source:daily-nk OR source:rodong-sinmun")) == daily
    assert total(api, admission.token(narrow, "-source:daily-nk")) == 0
    few = total(api, admission.token(narrow, "topic:smuggling"))
    assert 0 < few <= daily
    fewer = total(api, admission.token(narrow, "topic:smuggling"), site="newsroom")
    assert fewer == total(api, admission.token(narrow, "topic:smuggling", "language:en")) < few


def test_a_token_is_for_reading_even_if_its_key_is_for_more(
    split_api: Callable[..., Api], admission: Admission
) -> None:
    """One made from an admin key reads; one made from a write key does nothing."""
    api = split_api(is_public=False)
    assert api.get("/v1/search", headers=bearing(admission.token(admission.key(Scope.ADMIN)))).status_code == 200
    assert api.get("/v1/search", headers=bearing(admission.token(admission.key(Scope.WRITE)))).status_code == 403


def test_a_token_ends(split_api: Callable[..., Api], admission: Admission) -> None:
    """At its time; with its key's time; with its key; and it cannot be made to outlast them."""
    api = split_api(is_public=False)

    def status(token: str) -> int:
        code: int = api.get("/v1/search", headers=bearing(token)).status_code
        return code

    key = admission.key(Scope.READ, expires=NOW + dt.timedelta(hours=2))
    token, longer = admission.token(key, hours=1), admission.token(key, hours=10)
    assert (status(token), status(longer)) == (200, 200)
    admission.clock.now = NOW + dt.timedelta(hours=1)
    assert (status(token), status(longer)) == (401, 200)
    admission.clock.now = NOW + dt.timedelta(hours=2)
    assert status(longer) == 401
    admission.clock.now = NOW
    other = admission.key(Scope.READ)
    assert status(admission.token(other, hours=24 * LONGEST.days + 1)) == 401
    endless = signed(other, {"key": other.split("_")[1], "expires": 2**53 - 1})
    assert status(endless) == 401
    living = admission.token(other)
    assert status(living) == 200
    admission.revoke(other)
    assert status(living) == 401


def signed(key: str, said: dict[str, Any]) -> str:
    """A token that says this, signed as it should be."""
    payload = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    signature = hmac.digest(hashlib.sha256(key.encode()).digest(), f"dateline-token-v1.{payload}".encode(), "sha256")
    return f"dlt_{payload}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def altered(token: str, **changes: Any) -> str:
    """A token whose payload says something else, under its old signature."""
    payload, signature = token.removeprefix("dlt_").split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = base64.urlsafe_b64encode(json.dumps(said | changes).encode()).rstrip(b"=").decode()
    return f"dlt_{changed}.{signature}"


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda token, _: altered(token, filters=[]), id="no filters"),
        pytest.param(lambda token, _: altered(token, expires=int(NOW.timestamp()) + 86_400), id="later"),
        pytest.param(lambda token, other: altered(token, key=other.split("_")[1]), id="another key"),
        pytest.param(lambda token, _: token[:-1], id="cut"),
        pytest.param(lambda token, _: token + "A", id="lengthened"),
        pytest.param(lambda token, _: token.replace(".", ".A")[:-1], id="shifted"),
        pytest.param(lambda token, _: token.partition(".")[0] + ".", id="unsigned"),
        pytest.param(lambda token, _: token.partition(".")[0] + "." + "A" * 43, id="another signature"),
        pytest.param(lambda token, _: token.removeprefix("dlt_"), id="no prefix"),
        pytest.param(
            lambda _, other: make_token(other.replace("_", "_", 1)[:12] + "x" * 43, expires=NOW), id="made up"
        ),
        pytest.param(lambda token, _: make_token(f"dl_{'0' * 8}_{token[-43:]}", expires=NOW), id="made from a token"),
        pytest.param(lambda token, _: altered(token, scopes=["write"]), id="more than a token says"),
        pytest.param(lambda token, _: altered(token, filters="source:daily-nk"), id="another type"),
        pytest.param(lambda token, _: "dlt_" + "A" * 5000 + "." + token[-43:], id="very long"),
    ],
)
def test_a_forged_token_opens_nothing(
    split_api: Callable[..., Api], admission: Admission, forge: Callable[[str, str], str]
) -> None:
    """Whatever was changed, the signature does not fit."""
    token = admission.token(admission.key(Scope.READ), SEEN)
    other = admission.key(Scope.READ)
    api = split_api(is_public=False)
    assert api.get("/v1/search", headers=bearing(token)).status_code == 200
    assert api.get("/v1/search", headers=bearing(forge(token, other))).status_code == 401


def test_a_cursors_or_keys_signature_is_no_tokens(split_api: Callable[..., Api], admission: Admission) -> None:
    """What is signed is marked as a token's, so nothing else signed under the same key could pass for one."""
    key = admission.key(Scope.READ)
    payload = make_token(key, expires=NOW + dt.timedelta(hours=1)).removeprefix("dlt_").partition(".")[0]
    unmarked = hmac.digest(hashlib.sha256(key.encode()).digest(), payload.encode(), "sha256")
    forged = f"dlt_{payload}.{base64.urlsafe_b64encode(unmarked).rstrip(b'=').decode()}"
    assert split_api(is_public=False).get("/v1/search", headers=bearing(forged)).status_code == 401


def test_a_token_with_a_filter_that_cannot_be_read_opens_nothing(
    split_api: Callable[..., Api], admission: Admission
) -> None:
    """It is refused with what is wrong with the filter, rather than taken without it."""
    key = admission.key(Scope.READ)
    for text in ("rice", "", "source", "nosuchfield:x", "*", "source:a " * 60):
        result = split_api(is_public=False).get("/v1/search", headers=bearing(admission.token(key, text)))
        assert result.status_code == 401


def test_what_a_token_says_is_what_was_put_in(admission: Admission) -> None:
    """Reading gives back what making was given."""
    key = admission.key(Scope.READ)
    token = read_token(make_token(key, expires=NOW, filters=("region:신의주", SEEN)))
    assert token.payload.key == key.split("_")[1]
    assert token.payload.expires == int(NOW.timestamp())
    assert token.payload.filters == ("region:신의주", SEEN)
