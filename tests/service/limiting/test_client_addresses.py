"""Who asks: the connection's address, or the one that a trusted proxy gives."""

from __future__ import annotations

import ipaddress

import falcon
import pytest
from falcon import testing

from service.limiting.addresses import Clients, address_from_text, counted_as, networks_from_text

PROXIES = networks_from_text("10.0.0.0/8, 2001:db8::/32")


def request(peer: str, forwarded: str | None) -> falcon.Request:
    """A request from an address, with what it says of others."""
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return testing.create_req(remote_addr=peer, headers=headers)


@pytest.mark.parametrize(
    ("hops", "peer", "forwarded", "address"),
    [
        pytest.param(0, "198.51.100.1", "203.0.113.9", "198.51.100.1", id="no proxy: what is said is not believed"),
        pytest.param(0, "10.1.2.3", "203.0.113.9", "10.1.2.3", id="no hops: not even from a proxy"),
        pytest.param(1, "10.1.2.3", "203.0.113.9", "203.0.113.9", id="one proxy: the last address"),
        pytest.param(1, "10.1.2.3", "6.6.6.6, 203.0.113.9", "203.0.113.9", id="what a client adds stands left of it"),
        pytest.param(2, "10.1.2.3", "6.6.6.6, 203.0.113.9, 10.9.9.9", "203.0.113.9", id="two proxies"),
        pytest.param(2, "10.1.2.3", "203.0.113.9", "10.1.2.3", id="fewer addresses than proxies"),
        pytest.param(1, "198.51.100.1", "203.0.113.9", "198.51.100.1", id="a stranger who plays the proxy"),
        pytest.param(1, "10.1.2.3", None, "10.1.2.3", id="a proxy that says nothing"),
        pytest.param(1, "10.1.2.3", "unknown", "10.1.2.3", id="what is no address"),
        pytest.param(1, "10.1.2.3", "203.0.113.9:4711", "203.0.113.9", id="with a port"),
        pytest.param(1, "2001:db8::1", "[2001:db8:7::5]:4711", "2001:db8:7::5", id="IPv6 with a port"),
        pytest.param(1, "10.1.2.3", "[2001:db8:7::5]", "2001:db8:7::5", id="IPv6 in brackets"),
        pytest.param(1, "::ffff:10.1.2.3", "::ffff:203.0.113.9", "203.0.113.9", id="IPv4 written as IPv6"),
        pytest.param(1, "", "203.0.113.9", None, id="a Unix socket"),
    ],
)
def test_the_address_is_the_trusted_hop_s(hops: int, peer: str, forwarded: str | None, address: str | None) -> None:
    """The n-th address from the right counts, and only if the peer is a proxy that was named."""
    found = Clients(hops, PROXIES).address_of(request(peer, forwarded))
    assert found == (ipaddress.ip_address(address) if address else None)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        pytest.param("203.0.113.9", "203.0.113.9", id="IPv4 whole"),
        pytest.param("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", id="IPv6 by its /64"),
        pytest.param("2001:db8:1:2:ffff::", "2001:db8:1:2::/64", id="another of the same"),
        pytest.param("2001:db8:1:3::", "2001:db8:1:3::/64", id="the next /64"),
    ],
)
def test_what_an_address_is_counted_as(address: str, counted: str) -> None:
    """A household's addresses are one."""
    assert counted_as(ipaddress.ip_address(address)) == counted


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3", "1.2.3.4.5", ":::", "[", "]", "1.2.3.4:5:6", "a" * 10_000])
def test_what_is_no_address_is_none(text: str) -> None:
    """Whatever is said, an address or nothing is understood."""
    assert address_from_text(text) is None


def test_a_wrong_network_is_named() -> None:
    """A setting that names no network says which part of it."""
    with pytest.raises(ValueError, match=r"must be addresses or networks .*; '10\.0\.0\.1/8' is none"):
        networks_from_text("127.0.0.1 10.0.0.1/8")
