"""Every request is counted, and told what is left: by address, by site, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import falcon
import pytest
from falcon import testing

from service.limiting.addresses import Clients, networks_from_text
from service.limiting.limiter import Limiter
from service.limiting.rates import Rate
from service.limiting.requests import RateLimits, SiteRate, limits_from_settings
from service.problems import TooManyRequests
from service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

STRANGER = "203.0.113.9"
RATE = Rate(60, 60, burst=2)


class Clock:
    """A clock that stands."""

    def __call__(self) -> int:
        """Some moment."""
        return 10**12


def limits(**options: object) -> RateLimits:
    """Limits that allow two at once."""
    return RateLimits(Limiter(clock=Clock()), **{"rate": RATE, **options})  # type: ignore[arg-type] # as tests like


def asked(limits: RateLimits, peer: str = STRANGER, path: str = "/v1/search", **headers: str) -> falcon.Response:
    """The answer's headers after a request was counted."""
    response = falcon.Response()
    limits.process_request(testing.create_req(path=path, remote_addr=peer, headers=headers), response)
    return response


def test_the_headers_say_what_is_left() -> None:
    """Each answer says the policy and what remains of it; one too many is refused and told when to come again."""
    limiting = limits()
    first = asked(limiting)
    assert first.get_header("RateLimit-Policy") == '"address";q=2;w=2'
    assert first.get_header("RateLimit") == '"address";r=1;t=1'
    assert asked(limiting).get_header("RateLimit") == '"address";r=0;t=2'
    with pytest.raises(
        TooManyRequests, match="this address has asked more than 60/minute; ask again in 1 s"
    ) as refused:
        asked(limiting)
    assert refused.value.headers["Retry-After"] == "1"
    assert asked(limiting, "203.0.113.10").get_header("RateLimit") == '"address";r=1;t=1'


@pytest.mark.parametrize(
    ("peer", "path"),
    [
        pytest.param(STRANGER, "/healthz", id="health"),
        pytest.param(STRANGER, "/readyz", id="readiness"),
        pytest.param(STRANGER, "/metrics", id="numbers"),
        pytest.param("127.0.0.1", "/v1/search", id="this machine"),
        pytest.param("::1", "/v1/search", id="this machine by IPv6"),
        pytest.param("172.17.0.1", "/v1/search", id="a proxy nobody told us of"),
        pytest.param("fd00::1", "/v1/search", id="a colleague"),
    ],
)
def test_what_is_not_counted(peer: str, path: str) -> None:
    """Who runs the service, and whole readerships behind an unknown proxy, are never refused."""
    limiting = limits()
    for _ in range(10):
        assert asked(limiting, peer, path).get_header("RateLimit") is None


def test_readers_behind_a_trusted_proxy_are_counted_one_by_one() -> None:
    """The proxy's own address is not counted; the readers' are."""
    limiting = limits(clients=Clients(1, networks_from_text("10.0.0.0/8")))
    for reader in ("198.51.100.1", "198.51.100.2"):
        for _ in range(2):
            asked(limiting, "10.0.0.1", **{"X-Forwarded-For": reader})
        with pytest.raises(TooManyRequests):
            asked(limiting, "10.0.0.1", **{"X-Forwarded-For": reader})


def test_a_site_has_a_rate_of_its_own() -> None:
    """All readers of a site together are counted, besides their addresses; the stricter refuses, with its reason."""
    limiting = limits(site_rate_of=lambda _req: SiteRate("newsroom", Rate(3, 3600)))
    answer = asked(limiting)
    assert answer.get_header("RateLimit-Policy") == '"address";q=2;w=2, "site";q=3;w=3600'
    assert answer.get_header("RateLimit") == '"address";r=1;t=1, "site";r=2;t=1200'
    asked(limiting, "203.0.113.11")
    asked(limiting, "127.0.0.1")
    with pytest.raises(TooManyRequests, match="the pages of this site, all their readers together, have asked more"):
        asked(limiting, "203.0.113.12")


def test_who_has_a_key_has_a_rate_of_their_own() -> None:
    """A key is counted, wherever it is sent from, and takes nothing from its address; nor do readers there from it."""
    key_rate = Rate(3, 3600)
    limiting = limits(key_rate=key_rate, key_of=lambda req: req.get_header("Authorization"))
    for _ in range(2):
        asked(limiting)
    with pytest.raises(TooManyRequests, match="this address has asked more"):
        asked(limiting)
    answer = asked(limiting, Authorization="one")
    assert answer.get_header("RateLimit-Policy") == '"key";q=3;w=3600'
    assert answer.get_header("RateLimit") == '"key";r=2;t=1200'
    for address in ("203.0.113.11", "203.0.113.12"):
        asked(limiting, address, Authorization="one")
    with pytest.raises(TooManyRequests, match="whoever has this key has asked more than 3/hour"):
        asked(limiting, "203.0.113.13", Authorization="one")
    assert asked(limiting, "203.0.113.13", Authorization="another").get_header("RateLimit") == '"key";r=2;t=1200'
    assert asked(limiting, "127.0.0.1", Authorization="one").get_header("RateLimit") is None


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        pytest.param({"rate": None}, {"one"}, id="addresses are not limited, keys are"),
        pytest.param({"key_rate": None}, {""}, id="keys are not limited, addresses are"),
        pytest.param({"rate": None, "key_rate": None}, set(), id="nobody is"),
    ],
)
def test_either_limit_can_be_lifted(options: dict[str, None], refused: set[str]) -> None:
    """A rate of 0 lets its own ask without end, and nobody else."""
    named = {"key_rate": RATE, "key_of": lambda req: req.get_header("Authorization"), **options}
    limiting = limits(**named)

    def is_refused(who: str) -> bool:
        try:
            for _ in range(3):
                asked(limiting, **({"Authorization": who} if who else {}))
        except TooManyRequests:
            return True
        return False

    assert {who for who in ("", "one") if is_refused(who)} == refused


@pytest.mark.parametrize(
    ("settings", "rate"),
    [
        pytest.param(Settings(), Rate(600, 60, 120), id="as it comes"),
        pytest.param(Settings(rate="5/second", rate_burst=7), Rate(5, 1, 7), id="set"),
        pytest.param(Settings(rate="0"), None, id="off"),
    ],
)
def test_settings_make_limits(settings: Settings, rate: Rate | None) -> None:
    """The rate is the one that is set, with its burst; 0 is none."""
    assert limits_from_settings(settings).rate == rate


@pytest.mark.parametrize(
    ("settings", "rate"),
    [
        pytest.param(Settings(), Rate(6000, 60), id="as it comes"),
        pytest.param(Settings(key_rate="5/second"), Rate(5, 1), id="set"),
        pytest.param(Settings(key_rate="0"), None, id="off"),
    ],
)
def test_settings_make_limits_of_keys(settings: Settings, rate: Rate | None) -> None:
    """The rate of a key is the one that is set; 0 is none."""
    assert limits_from_settings(settings).key_rate == rate


def test_a_refusal_is_a_problem_like_any_other(api_of: Callable[..., object], archives: object) -> None:
    """Over HTTP it is a 429 with its headers, which pages of other sites may read."""
    api = api_of(archives, limits=limits())
    options = {"headers": {"Origin": "https://news.example"}, "remote_addr": STRANGER}
    for _ in range(2):
        assert api.get("/v1/search", **options).status_code == 200  # type: ignore[attr-defined] # conftest's Api
    refused = api.get("/v1/search", **options)  # type: ignore[attr-defined] # likewise
    assert refused.status_code == 429
    assert refused.json["code"] == "too-many-requests"
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["ratelimit"] == '"address";r=0;t=2'
    assert "RateLimit" in refused.headers["access-control-expose-headers"]
