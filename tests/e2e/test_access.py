"""Keys over the running service: what a command changes counts within a second, in every worker, with no restart."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
WORKERS = 2
ASKED = 12
"""Requests until each worker has surely been asked."""


def dateline(*arguments: str, data: Path) -> str:
    """Run a command; what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "service", *arguments, "--data", str(data)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return done.stdout.strip()


def status(address: str, key: str = "") -> int:
    """What a search is answered with."""
    asked = Request(f"{address}/v1/search?q=rice", headers={"Authorization": f"Bearer {key}"} if key else {})  # noqa: S310 - our own address
    try:
        with urlopen(asked, timeout=30) as answer:  # noqa: S310 - likewise
            return int(answer.status)
    except HTTPError as error:
        return error.code


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seeds, ingested and built."""
    folder = tmp_path_factory.mktemp("access") / "data"
    dateline("ingest", str(ROOT / "seeds"), data=folder)
    dateline("build", data=folder)
    return folder


@pytest.fixture(scope="module")
def address(data: Path) -> Iterator[str]:
    """The service with two workers over an archive that is not public."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATELINE_")}
    environment |= {"DATELINE_PUBLIC": "0", "DATELINE_WORKERS": str(WORKERS), "DATELINE_INDEXER": "0"}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "serve", "--data", str(data), "--port", str(port)],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(found)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_ready(address: str, patience_s: float = 120) -> None:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            with urlopen(f"{address}/readyz", timeout=5):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the service did not come up")


def test_a_key_made_and_revoked_counts_within_a_second(address: str, data: Path) -> None:
    """Nobody reads without one; made, it opens in a second; revoked, it is shut in a second, and so are its tokens."""
    assert {status(address) for _ in range(ASKED)} == {401}
    key = dateline("keys", "create", "--scope", "read", data=data)
    time.sleep(1)
    assert {status(address, key) for _ in range(ASKED)} == {200}
    made = subprocess.run(
        [sys.executable, "-m", "service", "token", "--key-file", "-"],
        input=key,
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    token = made.stdout.strip()
    assert {status(address, token) for _ in range(ASKED)} == {200}
    assert dateline("keys", "list", data=data).splitlines()[1].split()[0] == key.split("_")[1]
    assert "not yet" not in dateline("keys", "list", data=data)
    dateline("keys", "revoke", key.split("_")[1], data=data)
    time.sleep(1)
    refused = {status(address, text) for text in (key, token) for _ in range(ASKED)}
    assert refused <= {401, 429}
    assert 401 in refused


def test_a_damaged_file_shuts_the_archive_until_it_is_mended(address: str, data: Path) -> None:
    """While who may read is not known, nobody may; put right, it opens again, all without a restart."""
    key = dateline("keys", "create", "--scope", "read", data=data)
    file = data / "access.json"
    kept = file.read_bytes()
    file.write_bytes(kept[:-10])
    time.sleep(1)
    assert {status(address, key) for _ in range(ASKED)} == {503}
    file.write_bytes(kept)
    time.sleep(1)
    assert {status(address, key) for _ in range(ASKED)} == {200}
