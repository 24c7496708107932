"""What tests of the way from readers to the service share: a certificate, and limits that know of proxies."""

from __future__ import annotations

import shutil
import subprocess
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from service.limiting.addresses import Clients
from service.limiting.rates import Rate
from service.limiting.requests import RateLimits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for `localhost` with its key, signed by itself; beside it `public.pem`, without the key."""
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("needs openssl")
    path = tmp_path / "certificate.pem"
    command = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    files = ["-keyout", str(path), "-out", str(tmp_path / "public.pem")]
    subprocess.run([openssl, *command.split(), *files], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + (tmp_path / "public.pem").read_bytes())
    return path


@pytest.fixture
def limits_behind() -> Callable[[int], RateLimits]:
    """Ten requests a second from one address, known by what so many proxies of this machine say."""
    return lambda hops: RateLimits(clients=Clients(hops, (ip_network("127.0.0.0/8"),)), rate=Rate(600, 60, 120))
