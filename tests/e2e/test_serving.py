"""`dateline serve` as a keeper runs it: from an empty folder, with articles that come while it runs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from service.commands import serving
from service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEEDS = Path(__file__).parents[2] / "seeds"
PATIENCE_S = 180
"""It may have to compile."""


@contextmanager
def served(data: Path, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """`dateline serve` on a free port; killed in the end if it has not ended."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATELINE_")}
    command = [sys.executable, "-m", "service", "serve", "--data", str(data), "--port", "0"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment | settings) as process:
        try:
            yield process
        finally:
            process.kill()


def address_of(process: subprocess.Popen[str]) -> str:
    """Where it says that it is serving."""
    assert process.stdout
    found = next(filter(None, (re.search(r"serving on (http://\S+)", line) for line in process.stdout)))
    return found.group(1)


def got(address: str, path: str) -> dict[str, Any]:
    """The JSON at a path, also of an error."""
    try:
        with urllib.request.urlopen(address + path, timeout=PATIENCE_S) as response:  # noqa: S310 - our own address
            answer: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            answer = json.load(error)
    return answer


def wait_for(ask: Callable[[], object]) -> None:
    """Ask until it is so."""
    until = time.monotonic() + PATIENCE_S
    while not ask():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def dateline(*arguments: str) -> None:
    """Run a command, which must succeed."""
    subprocess.run([sys.executable, "-m", "service", *arguments], check=True, capture_output=True)


def test_what_is_taken_in_is_served_by_itself(tmp_path: Path) -> None:
    """Started on a folder that is not there, it says what to do; an `ingest` is all it takes, and SIGTERM ends it."""
    data = tmp_path / "data"
    with served(data) as process:
        address = address_of(process)
        assert got(address, "/readyz")["code"] == "not-ready"
        dateline("ingest", str(SEEDS), "--data", str(data))
        wait_for(lambda: got(address, "/readyz").get("change") == len(list(SEEDS.glob("*.txt"))))
        assert {got(address, "/v1/search?q=smuggl*").get("total") for _ in range(20)} == {3}  # every worker shows it
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    lines = [json.loads(line) for line in errors.splitlines() if line.startswith("{")]
    assert "published" in {line["event"] for line in lines}
    assert {line["level"] for line in lines} == {"info"}


def test_without_an_indexer_nothing_is_published(tmp_path: Path) -> None:
    """`DATELINE_INDEXER=0` is for who publishes otherwise: here nobody does."""
    data = tmp_path / "data"
    with served(data, DATELINE_INDEXER="0") as process:
        address = address_of(process)
        dateline("ingest", str(SEEDS), "--data", str(data))
        time.sleep(1)
        assert got(address, "/readyz")["code"] == "not-ready"
        assert not (data / "CURRENT").exists()
        dateline("build", "--data", str(data))
        wait_for(lambda: got(address, "/readyz").get("status") == "ready")


@pytest.mark.parametrize(
    ("settings", "is_writable", "runs"),
    [
        pytest.param({}, True, True, id="as it comes"),
        pytest.param({}, False, False, id="read-only"),
        pytest.param({"indexer": False}, True, False, id="switched off"),
    ],
)
def test_an_indexer_runs_where_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], *, is_writable: bool, runs: bool
) -> None:
    """Where the data may only be read, none is started, and the log says so."""
    monkeypatch.setattr(os, "access", lambda _path, _mode: is_writable)
    with structlog.testing.capture_logs() as lines:
        found = serving._find_indexer(Settings(data=tmp_path, **settings), {}, structlog.get_logger())  # noqa: SLF001 - root may write anything, so no folder is read-only to every test
    assert (found is not None) == runs
    assert len(lines) == (not is_writable)
