"""Who asks, as an address: the connection's, or what a proxy that is trusted says of it.

`Clients.address_of` gives the address; `counted_as` what it is counted as: an IPv4 address whole, an IPv6 one by its
/64, which is what one household or server is given. `networks_from_text` reads the setting that names the proxies.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import falcon

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_FORWARDED: Final = "X-Forwarded-For"
_HOUSEHOLD: Final = 64


@dataclass(frozen=True, slots=True)
class Clients:
    """How to find out who asks: `hops` proxies stand before us, of which the last connects from one of `proxies`.

    Each proxy adds the address it was asked from to the right end of X-Forwarded-For, so the client's stands `hops`
    from the right; what stands left of it anybody may have written, and it is never read.
    """

    hops: int = 0
    proxies: tuple[Network, ...] = ()

    def address_of(self, req: falcon.Request) -> Address | None:
        """The client's address; None if there is none, as on a Unix socket without a trusted proxy."""
        peer = address_from_text(str(req.env.get("REMOTE_ADDR") or ""))
        if not self.hops or not self._trusts(peer):
            return peer
        said = (req.get_header(_FORWARDED) or "").split(",")
        if len(said) < self.hops:
            return peer
        return address_from_text(said[-self.hops].strip()) or peer

    def _trusts(self, peer: Address | None) -> bool:
        return peer is not None and any(peer in network for network in self.proxies)


EVERYONE: Final = Clients()
"""Clients that nothing stands before."""


@lru_cache(maxsize=4096)
def address_from_text(text: str) -> Address | None:
    """An address without its port, if the text is one; an IPv4 address written as IPv6 is the IPv4 one."""
    if text.count(":") == 1 or text.startswith("["):
        text = text.rpartition(":")[0] if not text.endswith("]") else text
        text = text.removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=4096)
def counted_as(address: Address) -> str:
    """What an address is counted as.

    >>> counted_as(ipaddress.ip_address("2001:db8:1:2:3:4:5:6"))
    '2001:db8:1:2::/64'
    """
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, _HOUSEHOLD), strict=False))


def networks_from_text(text: str) -> tuple[Network, ...]:
    """Addresses and networks (10.0.0.0/8), blanks or commas between them. Raises `ValueError` naming a wrong one."""
    networks: list[Network] = []
    for each in text.replace(",", " ").split():
        try:
            networks.append(ipaddress.ip_network(each))
        except ValueError:
            raise ValueError(f"must be addresses or networks such as 10.0.0.0/8; {each!r} is none") from None
    return tuple(networks)
