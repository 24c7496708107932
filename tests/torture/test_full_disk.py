"""Real file systems that have no room left, or are read-only: nothing acknowledged is lost, and searching goes on.

Each test's program runs in a process of its own with file systems of its own (`tests.torture.mounts`). What fails there
comes out of the nursery with its trace.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from falcon import testing

from index.archive.store import Store
from index.errors import IndexingError
from index.generation.publish import create_data_folder
from index.indexing.stepping import Failed, Published
from index.layout import DataFolder, current_id
from service.app import application
from tests.torture import mounts
from tests.torture.dealings import Ledger, build_anew, do, indexer_of, kept, leftovers, publish_now, recover, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.indexing.indexer import Event
    from tests.torture.conftest import Rounds
    from tests.torture.nursery import Nursery

ROOM: Final = "size=64m,nr_inodes=10000"

PAGE: Final = 4096

FOLLOWED_WITHIN_S: Final = 30

REFUSALS: Final = 5
"""How many writes and builds are tried on a disk that is full."""


def is_of_a_full_disk(message: str) -> bool:
    """Whether a message tells the archive's keeper that there is no room."""
    return "full" in message or "No space left" in message


@pytest.fixture(scope="session")
def mounting_nursery(nursery: Nursery) -> Nursery:
    """A nursery whose children can mount file systems."""
    obstacle = mounts.find_obstacle()
    if obstacle:
        pytest.skip(obstacle)
    try:
        nursery.run(mounts.become_private)
    except RuntimeError:
        pytest.skip("needs the right to mount file systems, which this container has not")
    return nursery


def mounted(folder: str, options: str) -> DataFolder:
    """A data folder on an empty file system of its own."""
    mounts.become_private()
    mounts.mount_memory(Path(folder), options)
    data = DataFolder(Path(folder) / "data")
    create_data_folder(data)
    return data


def room_for(folder: str, kilobytes: int, files: int) -> str:
    """The options of a file system with room for so much more."""
    status = os.statvfs(folder)
    size = (status.f_blocks - status.f_bfree) * status.f_frsize + kilobytes * 1024
    return f"size={size},nr_inodes={status.f_files - status.f_ffree + files}"


def fill_up(folder: str, kilobytes: int, files: int, seed: int) -> None:
    """Write and publish until there is no room, go on trying for a while, get more room, and go on.

    The store is open all the while, as in the service: SQLite can't open it where there is no room for its -shm file.
    """
    rng = random.Random(seed)  # noqa: S311 - chance that can be had again
    data = mounted(folder, ROOM)
    ledger = Ledger()
    with Store.open(data.archive) as store:
        start(data, ledger, rng)
        mounts.resize_memory(Path(folder), room_for(folder, kilobytes, files))
        refused: list[str] = []
        for number in range(1, 1000):
            if len(refused) >= REFUSALS:
                break
            ledger.plan(rng, 1, first=number)
            try:
                do(store, ledger.deeds[-1])
            except IndexingError as failure:
                refused.append(str(failure))
                ledger.take_back()
            assert kept(store) == (ledger.numbers[-1], ledger.states[-1])
            try:
                publish_now(data)
            except IndexingError as failure:
                refused.append(str(failure))
            change, state = shown(data)
            assert state == ledger.state_at(change)
        assert refused, "there was room for everything"
        assert all(str(data.path) in said and is_of_a_full_disk(said) for said in refused), refused
    mounts.resize_memory(Path(folder), ROOM)
    go_on(data, ledger, rng)


def start(data: DataFolder, ledger: Ledger, rng: random.Random) -> None:
    """Have something published."""
    with Store.open(data.archive) as store:
        for deed in ledger.plan(rng, 3, first=1000):
            do(store, deed)
    publish_now(data)


def go_on(data: DataFolder, ledger: Ledger, rng: random.Random) -> None:
    """See that nothing is lost, and that writing and publishing work again with nobody's help."""
    done = len(ledger.deeds)
    recover(data, ledger, least=done, most=done)
    with Store.open(data.archive) as store:
        do(store, ledger.plan(rng, 1, first=2000)[0])
    publish_now(data)
    assert shown(data) == (ledger.numbers[-1], ledger.states[-1])
    assert leftovers(data) == []


def leave_pages(folder: str, pages: Sequence[int], seed: int) -> None:
    """With so many pages left on the disk, do a deed and publish; then with room again."""
    rng = random.Random(seed)  # noqa: S311 - chance that can be had again
    data = mounted(folder, ROOM)
    ledger = Ledger()
    start(data, ledger, rng)
    filler = Path(folder) / "filler"
    for number, free in enumerate(pages):
        fill(filler, but=free)
        done = len(ledger.deeds)
        deed = ledger.plan(rng, 1, first=number)[0]
        said = "done"
        try:
            with Store.open(data.archive) as store:
                do(store, deed)
            publish_now(data)
        except IndexingError as failure:
            said = str(failure)
        assert said == "done" or is_of_a_full_disk(said), said
        _, state = shown(data)
        assert state in ledger.states
        filler.unlink()
        found = recover(data, ledger, least=done, most=done + 1)
        if found == done:
            ledger.take_back()


def fill(filler: Path, *, but: int) -> None:
    """Leave so many pages free."""
    with filler.open("wb", buffering=0) as file:
        free = os.statvfs(filler.parent)
        for _ in range(free.f_bavail * free.f_frsize // PAGE - but):
            file.write(bytes(PAGE))


def become_read_only(folder: str, seed: int) -> None:
    """Try to write and publish where nothing can be written, search there, then write again."""
    rng = random.Random(seed)  # noqa: S311 - chance that can be had again
    mounts.become_private()
    mounts.mount_again(Path(folder))
    data = DataFolder(Path(folder) / "data")
    create_data_folder(data)
    ledger = Ledger()
    start(data, ledger, rng)
    mounts.make_read_only(Path(folder))
    before = current_id(data)
    deed = ledger.plan(rng, 1)[0]
    with pytest.raises(IndexingError, match=r"read-only|Read-only|written"), Store.open(data.archive) as store:
        do(store, deed)
    ledger.take_back()
    with pytest.raises(IndexingError, match=r"read-only|Read-only|written"):
        build_anew(data)
    assert shown(data) == (ledger.numbers[-1], ledger.states[-1])
    assert current_id(data) == before
    mounts.make_writable(Path(folder))
    go_on(data, ledger, rng)


def put_over_http(folder: str) -> None:
    """Put articles over HTTP until the disk is full, and again when it is not. This process becomes a web worker."""
    data = mounted(folder, ROOM)
    command = [sys.executable, "-m", "service", "keys", "create", "--scope", "write", "--data", str(data.path)]
    key = max(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split(), key=len)
    os.environ |= {"DATELINE_DATA": str(data.path), "DATELINE_RATE": "0", "DATELINE_RELOAD_CHECK_MS": "0"}
    client = testing.TestClient(application(), headers={"Authorization": f"Bearer {key}"})

    def put(number: int, size: int) -> testing.Result:
        article = {"title": f"Report {number}", "body": f"number{number} " + "x" * size}
        return client.simulate_put(f"/v1/articles/report-{number}", json=article)

    assert put(1, 10).status_code == 201
    publish_now(data)
    filler = Path(folder) / "filler"
    fill(filler, but=8)
    refused = put(2, 200_000)
    assert refused.status_code == 507, refused.json
    assert refused.headers["content-type"] == "application/problem+json"
    assert str(data.path) not in refused.text
    assert client.simulate_get("/v1/search", query_string="q=number1").json["total"] == 1
    assert client.simulate_get("/v1/articles/report-1").status_code == 200
    filler.unlink()
    assert put(3, 200_000).status_code == 201
    with Store.open(data.archive) as store:
        assert {document.id for _, document in store.documents()} == {"report-1", "report-3"}
    publish_now(data)
    wait_for(lambda: client.simulate_get("/v1/search", query_string="q=number3").json["total"] == 1)


def follow_on_a_full_disk(folder: str, seed: int) -> None:
    """Have an indexer run that finds no room for what changed, and then does."""
    rng = random.Random(seed)  # noqa: S311 - chance that can be had again
    data = mounted(folder, ROOM)
    ledger = Ledger()
    start(data, ledger, rng)
    events: list[Event] = []
    stop = threading.Event()

    def follow() -> None:
        with indexer_of(data, events.append) as indexer:
            indexer.run(stop)

    filler = Path(folder) / "filler"
    with Store.open(data.archive) as store:
        do(store, ledger.plan(rng, 1)[0])
        fill(filler, but=4)
        following = threading.Thread(target=follow)
        following.start()
        wait_for(lambda: sum(isinstance(event, Failed) for event in events) > 1)
        assert shown(data) == (ledger.numbers[-2], ledger.states[-2])
        filler.unlink()
        wait_for(lambda: any(isinstance(event, Published) for event in events))
        assert shown(data) == (ledger.numbers[-1], ledger.states[-1])
    stop.set()
    following.join()
    assert all(is_of_a_full_disk(str(event.error)) for event in events if isinstance(event, Failed))
    assert leftovers(data) == []


def wait_for(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + FOLLOWED_WITHIN_S
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("most", [(500, 1000), (50_000, 32)], ids=["room", "files"])
def test_a_disk_that_fills_up_loses_nothing(
    mounting_nursery: Nursery, quick_folder: Path, rng: random.Random, rounds: Rounds, most: tuple[int, int]
) -> None:
    """When the disk is full, or can hold no more files, a write is refused with a message and is not there at all.

    What was acknowledged before is kept, what was published can be searched, and with room again all goes on by itself.
    `most`: kilobytes and files that there is room for at most.
    """
    for _ in range(rounds(3, 60)):
        status = mounting_nursery.run(
            fill_up,
            folder=str(quick_folder),
            kilobytes=rng.randrange(most[0]),
            files=rng.randrange(most[1]),
            seed=rng.randrange(2**32),
        )
        assert status == 0


def test_any_number_of_pages_left_loses_nothing(
    mounting_nursery: Nursery, quick_folder: Path, rng: random.Random, rounds: Rounds
) -> None:
    """However little room is left, a write or a publish happens whole or not at all, and is made up for later."""
    pages = sorted(rng.sample(range(120), rounds(12, 120)))
    assert mounting_nursery.run(leave_pages, folder=str(quick_folder), pages=pages, seed=rng.randrange(2**32)) == 0


def test_a_read_only_disk_is_said_and_can_be_searched(
    mounting_nursery: Nursery, quick_folder: Path, rng: random.Random
) -> None:
    """Where nothing can be written, writes and builds say so, searching works, and all goes on once it is writable."""
    assert mounting_nursery.run(become_read_only, folder=str(quick_folder), seed=rng.randrange(2**32)) == 0


def test_the_indexer_goes_on_when_there_is_room_again(
    mounting_nursery: Nursery, quick_folder: Path, rng: random.Random
) -> None:
    """An indexer that finds no room says so and tries again; the index before is served, and with room it publishes."""
    status = mounting_nursery.run(follow_on_a_full_disk, folder=str(quick_folder), seed=rng.randrange(2**32))
    assert status == 0


def test_a_full_disk_is_answered_with_507(mounting_nursery: Nursery, quick_folder: Path) -> None:
    """Over HTTP a write that finds no room is refused with 507 and not kept; searching goes on, and so do writes later.

    Nothing has to be started anew for that.
    """
    assert mounting_nursery.run(put_over_http, folder=str(quick_folder)) == 0
