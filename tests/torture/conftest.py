"""What the torture chamber's tests share: how many rounds, which seed, and a folder that is quick.

`make test` runs a short form of each, the same each time: what is new in a failure is then the code. The full one,
`DATELINE_TORTURE=full`, takes hours and goes elsewhere each time. Each test says its seed when it fails, and
`DATELINE_SEED` gives it back.
"""

from __future__ import annotations

import os
import random
import secrets
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import pytest
from falcon import testing

from index.layout import DataFolder
from tests.torture.disk_calls import compiled_library, find_obstacle
from tests.torture.extent import FULL, SEED
from tests.torture.nursery import Nursery
from tests.torture.worker import serve

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a file system in memory, where there is one: a sync costs nothing


Rounds: TypeAlias = Callable[[int, int], int]
"""How many rounds to go: of the short form and the full one, the one that is run."""


@pytest.fixture(scope="session")
def rounds() -> Rounds:
    """How many rounds to go: `rounds(short, full)`."""
    return lambda short, full: full if FULL else short


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Chance. What it was seeded with is among what a failing test prints."""
    seed = int(SEED) if SEED else secrets.randbits(32) if FULL else zlib.crc32(request.node.nodeid.encode())
    request.node.add_report_section("setup", "seed", f"to do the same again: DATELINE_SEED={seed}")
    return random.Random(seed)  # noqa: S311 - chance that can be had again


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """An empty folder, in memory if possible: what survives a process does not depend on the disk."""
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place, prefix="dateline-") as folder:
        yield Path(folder).resolve()


Serve: TypeAlias = Callable[[DataFolder], testing.TestClient]
"""Makes the service of a data folder, as a web worker does, and a client that asks it; closed when the test ends."""


@pytest.fixture
def served() -> Iterator[Serve]:
    """See `Serve`."""
    opened = []

    def make(data: DataFolder) -> testing.TestClient:
        archives, client = serve(data)
        opened.append(archives)
        return client

    yield make
    for archives in opened:
        archives.close()


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """A nursery of processes that can write, publish and search, and be killed."""
    folder = tmp_path_factory.mktemp("nursery")
    with Nursery("tests.torture.dealings:warm_up", folder=folder) as nursery:
        yield nursery


@pytest.fixture(scope="session")
def watched_nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """The same, of processes whose calls on files can be recorded and made to fail."""
    obstacle = find_obstacle()
    if obstacle:
        pytest.skip(obstacle)
    folder = tmp_path_factory.mktemp("watched-nursery")
    library = compiled_library(folder)
    with Nursery("tests.torture.dealings:warm_up", library=library, folder=folder) as nursery:
        yield nursery
