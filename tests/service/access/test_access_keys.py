"""Who is let in: keys, their scopes and ends, failed tries, and where keys must not stand."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import falcon
import pytest
from falcon import testing
from hypothesis import given
from hypothesis import strategies as st

from service.access.keys import Scope, digest_of, find_key_id, make_key
from service.access.register import AccessError, Register
from service.access.rules import Rules
from service.limiting.limiter import Limiter
from service.problems import AccessUnknown, Forbidden, ServiceProblem, TooManyRequests, Unauthorized
from tests.service.access.conftest import NOW, Admission, Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from service.access.access import Access
    from tests.service.conftest import Api


def request(headers: dict[str, str] | None = None, query: str = "", address: str = "192.0.2.1") -> falcon.Request:
    """A request as a route gets it."""
    environ = testing.create_environ(
        "/v1/articles/x", query_string=query, headers=headers, remote_addr=address, host="archive.example"
    )
    return falcon.Request(environ)


def bearing(text: str, **headers: str) -> falcon.Request:
    """A request with a key."""
    return request({"Authorization": f"Bearer {text}", **headers})


def test_a_key_is_256_random_bits_and_only_its_hash_is_kept() -> None:
    """Its text has an id and 32 bytes in base64url; nothing of them but their SHA-256 is in what is kept."""
    text, key = make_key(scopes=(Scope.WRITE,), now=NOW)
    assert re.fullmatch(r"dl_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", text)
    assert find_key_id(text) == key.id
    assert key.sha256 == digest_of(text)
    # The secret begins after the second underscore: base64url has underscores of its own.
    assert text.split("_", 2)[2] not in repr(key)
    assert make_key(scopes=(Scope.WRITE,), now=NOW)[0] != text


@pytest.mark.parametrize(
    ("scopes", "scope", "refused"),
    [
        pytest.param((Scope.WRITE,), Scope.WRITE, None, id="its own"),
        pytest.param((Scope.WRITE, Scope.DELETE), Scope.DELETE, None, id="one of two"),
        pytest.param((Scope.ADMIN,), Scope.DELETE, None, id="admin is all"),
        pytest.param((Scope.READ,), Scope.WRITE, Forbidden, id="read is not write"),
        pytest.param((Scope.WRITE,), Scope.DELETE, Forbidden, id="write is not delete"),
        pytest.param((Scope.DELETE,), Scope.WRITE, Forbidden, id="delete is not write"),
        pytest.param((Scope.METRICS,), Scope.READ, Forbidden, id="metrics is not read"),
        pytest.param((Scope.WRITE,), Scope.ADMIN, Forbidden, id="write is not admin"),
    ],
)
def test_a_key_allows_what_it_is_for(
    admission: Admission, *, scopes: tuple[Scope, ...], scope: Scope, refused: type[ServiceProblem] | None
) -> None:
    """The scopes it was made with, and no others; the refusal names both."""
    text = admission.key(*scopes)
    if refused is None:
        assert admission.access().require(bearing(text), scope).is_of(text)
    else:
        with pytest.raises(refused, match=f"{scopes[0]}.*{scope}"):
            admission.access().require(bearing(text), scope)


def tampered(text: str) -> str:
    """A key's text with its last random byte changed."""
    return text[:-2] + ("A" if text[-2] != "A" else "B") + text[-1]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("Bearer", id="no key"),
        pytest.param("Bearer ", id="blank"),
        pytest.param("Bearer dl_00000000_" + "A" * 43, id="an id there is not"),
        pytest.param("Bearer TAMPERED", id="a wrong secret"),
        pytest.param("Bearer KEY KEY", id="two keys"),
        pytest.param("Bearer SHA256", id="the hash that is kept"),
        pytest.param("Basic KEY", id="another scheme"),
        pytest.param("KEY", id="no scheme"),
        pytest.param("Bearer dl_é", id="other letters"),
    ],
)
def test_who_has_no_key_is_told_how_to_get_one_or_that_it_is_not_known(
    admission: Admission, header: str | None
) -> None:
    """401 with the scheme to use; no word of which part of a key was right."""
    text = admission.key(Scope.WRITE)
    known = {"TAMPERED": tampered(text), "SHA256": digest_of(text), "KEY": text}
    for name, value in known.items():
        header = header and header.replace(name, value)
    with pytest.raises(Unauthorized) as refused:
        admission.access().require(request({"Authorization": header} if header is not None else {}), Scope.WRITE)
    assert refused.value.headers["WWW-Authenticate"].startswith("Bearer")
    assert re.search("keys create --scope write|not known", refused.value.detail)


@given(text=st.text(max_size=80))
def test_whatever_else_is_sent_lets_nobody_in(text: str) -> None:
    """No text opens anything but a key's own."""
    admission = Admission()
    admission.key(Scope.ADMIN)
    environ = testing.create_environ("/")
    environ["HTTP_AUTHORIZATION"] = "Bearer " + text.encode("utf-8", "surrogatepass").decode("latin-1")
    with pytest.raises((Unauthorized, Forbidden)):
        admission.access().require(falcon.Request(environ), Scope.WRITE)


def test_a_key_ends(admission: Admission) -> None:
    """From the very instant it expires it is refused, and told so; a revoked one is not known any more."""
    text = admission.key(Scope.WRITE, expires=NOW + dt.timedelta(days=90))
    access = admission.access()
    admission.clock.now = NOW + dt.timedelta(days=90) - dt.timedelta(microseconds=1)
    assert access.require(bearing(text), Scope.WRITE)
    admission.clock.now = NOW + dt.timedelta(days=90)
    with pytest.raises(Unauthorized, match="expired on 2026-05-30"):
        access.require(bearing(text), Scope.WRITE)
    admission.clock.now = NOW
    admission.revoke(text)
    with pytest.raises(Unauthorized, match="revoked"):
        access.require(bearing(text), Scope.WRITE)


def test_a_token_does_not_write(admission: Admission) -> None:
    """Whatever its key is for, a token only reads."""
    token = admission.token(admission.key(Scope.ADMIN))
    with pytest.raises(Forbidden, match="reading only"):
        admission.access().require(bearing(token), Scope.WRITE)


@pytest.mark.parametrize(
    ("origin", "is_own"),
    [
        pytest.param(None, True, id="no page"),
        pytest.param("https://archive.example", True, id="our own page"),
        pytest.param("http://archive.example", False, id="another scheme"),
        pytest.param("https://archive.example:8443", False, id="another port"),
        pytest.param("https://news.example", False, id="a site of ours"),
        pytest.param("https://archive.example.evil.example", False, id="one that begins alike"),
        pytest.param("null", False, id="null"),
        pytest.param("", False, id="empty"),
    ],
)
def test_no_other_page_writes(admission: Admission, *, origin: str | None, is_own: bool) -> None:
    """A request with another page's Origin is refused, though its key is right."""
    access = admission.access(public_url="https://archive.example")
    asked = bearing(admission.key(Scope.WRITE), **({} if origin is None else {"Origin": origin}))
    if is_own:
        assert access.require(asked, Scope.WRITE)
    else:
        with pytest.raises(Forbidden, match="Origin"):
            access.require(asked, Scope.WRITE)


@pytest.mark.parametrize("host", ["[", "[::1", "a]", "", "a/b"])
def test_a_host_that_is_none_is_nobodys_own(admission: Admission, host: str) -> None:
    """A page's request is refused, not failed at, where the Host it was sent to could be no host."""
    asked = bearing(admission.key(Scope.WRITE), Origin="https://news.example")
    asked.env["HTTP_HOST"] = host
    with pytest.raises(Forbidden, match="Origin"):
        admission.access().require(asked, Scope.WRITE)


@pytest.fixture
def tried(admission: Admission) -> tuple[Access, Clock]:
    """Access that counts failed tries, and the clock it counts by."""
    clock = Clock()
    limiter = Limiter(buckets=2, clock=lambda: int(clock.now.timestamp() * 1e9))
    return admission.access(limiter=limiter), clock


def fail(access: Access, address: str) -> type[ServiceProblem]:
    """What a try from an address with a key that is not right is answered."""
    with pytest.raises(ServiceProblem) as refused:
        access.require(request({"Authorization": "Bearer dl_00000000_" + "A" * 43}, address=address), Scope.WRITE)
    return type(refused.value)


def test_five_wrong_keys_a_minute(tried: tuple[Access, Clock], admission: Admission) -> None:
    """The sixth is answered 429 with the seconds to wait; other addresses, and right keys, are let in all the while."""
    access, clock = tried
    text = admission.key(Scope.WRITE)
    assert [fail(access, "192.0.2.1") for _ in range(6)] == [Unauthorized] * 5 + [TooManyRequests]
    assert fail(access, "192.0.2.2") is Unauthorized
    assert access.require(bearing(text), Scope.WRITE)
    with pytest.raises(TooManyRequests) as refused:
        access.require(request({"Authorization": "Bearer nonsense"}), Scope.WRITE)
    assert 0 < int(refused.value.headers["Retry-After"]) <= 12
    clock.now += dt.timedelta(seconds=int(refused.value.headers["Retry-After"]))
    assert fail(access, "192.0.2.1") is Unauthorized


def test_a_right_key_is_found_and_nothing_else_is(tried: tuple[Access, Clock], admission: Admission) -> None:
    """What is counted as a key's is what carries a right one; looking for it is no try, however often it is wrong."""
    access, _ = tried
    text = admission.key(Scope.WRITE, expires=NOW + dt.timedelta(days=1))
    found = access.find_key(bearing(text))
    assert found
    assert found.id == find_key_id(text)
    wrong = text[:-2] + ("AA" if not text.endswith("AA") else "BB")
    others = (request(), bearing(wrong), bearing("nonsense"), bearing(admission.token(text)))
    assert [access.find_key(other) for other in others * 6] == [None] * 24
    assert fail(access, "192.0.2.1") is Unauthorized
    admission.clock.now += dt.timedelta(days=1)
    assert access.find_key(bearing(text)) is None


def test_an_ipv6_household_counts_as_one(tried: tuple[Access, Clock]) -> None:
    """Whoever has a /64 has more addresses than anybody could count."""
    access, _ = tried
    tries = [fail(access, f"2001:db8:0:1::{number:x}") for number in range(1, 7)]
    assert tries == [Unauthorized] * 5 + [TooManyRequests]
    assert fail(access, "2001:db8:0:2::1") is Unauthorized


def test_wrong_tokens_are_counted_too(tried: tuple[Access, Clock], admission: Admission) -> None:
    """A forged token is a failed try; one that has merely expired is not: pages that are open too long send those."""
    access, _ = tried
    key = admission.key(Scope.READ)
    old = admission.token(key, hours=-1)
    for _ in range(8):
        with pytest.raises(Unauthorized, match="expired"):
            access.extent_of(bearing(old))
    forged = admission.token(key)[:-43] + "A" * 43
    tries = []
    for _ in range(6):
        with pytest.raises(ServiceProblem) as refused:
            access.extent_of(bearing(forged))
        tries.append(type(refused.value))
    assert tries == [Unauthorized] * 5 + [TooManyRequests]


@pytest.mark.parametrize(
    "where", ["key={}", "q={}", "access_token={}", "q=rice&{}=1", "q=please%20{}%20now", "site={}", "q=%64{}"]
)
@pytest.mark.parametrize("path", ["/v1/search", "/", "/embed", "/v1/articles/report-2", "/nowhere"])
def test_keys_never_stand_in_addresses(
    split_api: Callable[..., Api], admission: Admission, *, where: str, path: str
) -> None:
    """Whatever the parameter is called, a key or token in an address is refused, with what to do, and not repeated."""
    key = admission.key(Scope.READ)
    for text in (key, admission.token(key)):
        asked = where.format(text[1:] if "%64" in where else text)
        result = split_api(is_public=False).client.simulate_get(path, query_string=asked)
        assert result.status_code == 400
        assert "revoke" in result.text
        assert text[12:] not in result.text


def test_a_file_that_cannot_be_read_lets_nobody_in(admission: Admission, split_api: Callable[..., Api]) -> None:
    """While keys and sites are not known, what needs one is answered 503; what is open to all is answered."""

    class Damaged(Rules):
        @property
        def register(self) -> Register:
            raise AccessError("access.json cannot be used")

    text = admission.key(Scope.ADMIN)
    api = split_api()
    api.serving.access._rules = Damaged(None)  # noqa: SLF001 - as if the file had been damaged since
    with pytest.raises(AccessUnknown):
        api.serving.access.require(bearing(text), Scope.WRITE)
    assert api.get("/v1/search").status_code == 200
    assert api.get("/v1/search", {"site": "newsroom"}).status_code == 503
    assert api.get("/v1/search", headers={"Authorization": f"Bearer {text}"}).status_code == 503
    assert (
        "access-control-allow-origin"
        not in api.get("/v1/search", {"site": "newsroom"}, headers={"Origin": "https://news.example"}).headers
    )
