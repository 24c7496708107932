"""kill -9 of the whole service, or of one of its processes, while articles are put over HTTP."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec
import pytest

from index.archive.store import Store
from index.generation.publish import create_data_folder
from index.layout import DataFolder
from tests.torture.dealings import leftovers
from tests.torture.soaking import Service, ask_json

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from tests.torture.conftest import Rounds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")

WRITERS: Final = 3
LONGEST_S: Final = 1.5
PUBLISHED_WITHIN_S: Final = 60
ENDED_BY_KILL: Final = (OSError, http.client.HTTPException)


class Writer:
    """Puts one article again and again, each time of another version, until the connection breaks."""

    def __init__(self, url: str, key: str, name: str, acknowledged: int) -> None:
        self.name = name
        self.acknowledged = self.begun = acknowledged
        self.refused: list[tuple[int, bytes]] = []
        self._address = urlsplit(url)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for its end."""
        self._thread.join()

    def _run(self) -> None:
        connection = http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=30)
        with closing(connection), suppress(*ENDED_BY_KILL):
            while True:
                self.begun += 1
                article = {"title": f"Report of {self.name}", "body": f"This is version{self.begun} of it."}
                connection.request("PUT", f"/v1/articles/{self.name}", msgspec.json.encode(article), self._headers)
                with connection.getresponse() as response:
                    said = response.read()
                if response.status in {200, 201}:
                    self.acknowledged = self.begun
                elif not is_turned_away(response.status, said):
                    self.refused.append((response.status, said))


def is_turned_away(status: int, said: bytes) -> bool:
    """Whether the service said that it has too much to do, as it may where the machine has."""
    return status == http.client.SERVICE_UNAVAILABLE and b'"overloaded"' in said


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    """An empty data folder."""
    data = DataFolder(tmp_path / "data")
    create_data_folder(data)
    return data


@pytest.fixture
def key(data: DataFolder) -> str:
    """A key that may write."""
    command = [sys.executable, "-m", "service", "keys", "create", "--scope", "write", "--data", str(data.path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return max(done.stdout.split(), key=len)


def versions(data: DataFolder) -> dict[str, int]:
    """The version of each article in the store, which is sound."""
    with Store.open(data.archive) as store:
        assert store.problems() == ()
        found = {document.id: re.search(r"version(\d+)", document.text) for _, document in store.documents()}
    return {name: int(match[1]) for name, match in found.items() if match}


def wait_until_shown(service: Service, data: DataFolder, wanted: dict[str, int]) -> None:
    """Wait until the service shows all that the store says, and see that it does."""
    with Store.open(data.archive) as store:
        change = store.change
    until = time.monotonic() + PUBLISHED_WITHIN_S
    while ask_json(service.url, "/readyz").get("change", -1) < change:
        assert time.monotonic() < until, service.said()
        time.sleep(0.05)
    for name, version in wanted.items():
        assert f"version{version} " in ask_json(service.url, f"/v1/articles/{name}")["body"]


def test_a_service_that_is_killed_keeps_what_it_acknowledged(
    data: DataFolder, key: str, tmp_path: Path, rng: random.Random, rounds: Rounds
) -> None:
    """All processes of a service are killed at a random moment: every article is as it was last acknowledged.

    Or as it was being put. Started again, the service shows all of it by itself, and nothing is left lying about.
    """
    kept: dict[str, int] = {}
    settings = {"DATELINE_RATE": "0", "DATELINE_WORKERS": "2"}
    for number in range(rounds(1, 40)):
        with Service(data.path, tmp_path / f"log-{number}", settings) as service:
            writers = [Writer(service.url, key, name, kept.get(name, 0)) for name in map(str, range(WRITERS))]
            wait_for_one(writers, kept)
            time.sleep(rng.random() * LONGEST_S)
            kill(service)
            for writer in writers:
                writer.join()
                assert writer.refused == []
        kept = versions(data)
        for writer in writers:
            assert writer.acknowledged <= kept.get(writer.name, 0) <= writer.begun
        with Service(data.path, tmp_path / f"log-{number}-after", settings) as service:
            wait_until_shown(service, data, kept)
        assert leftovers(data) == []
    assert kept


def wait_for_one(writers: list[Writer], kept: dict[str, int]) -> None:
    """Wait until something new was acknowledged."""
    until = time.monotonic() + PUBLISHED_WITHIN_S
    while all(writer.acknowledged == kept.get(writer.name, 0) for writer in writers):
        assert time.monotonic() < until, [writer.refused for writer in writers]
        time.sleep(0.01)


def kill(service: Service) -> None:
    """End all processes of a service at once, the one that would start others again first."""
    for pid in service.processes():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    service.process.wait()
