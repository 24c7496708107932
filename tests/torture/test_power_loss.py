"""The power fails at any moment: of what was not synced, anything may be gone, torn or out of order.

A program that writes and publishes is recorded, call by call (`tests.torture.disk_calls`), and the record replayed up
to a random point (`tests.torture.power`). What a disk could look like then is what Dateline is started on.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.errors import IndexingError
from index.layout import DataFolder
from service.access.register import read_register
from tests.torture import programs
from tests.torture.dealings import Ledger, recover
from tests.torture.disk_calls import Call, Did, calls
from tests.torture.power import Cut, Disk

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence

    from tests.torture.conftest import Rounds
    from tests.torture.nursery import Nursery

DEEDS = 24
PUBLISHES = 8
POINTS = 50
"""Power cuts of one recorded program."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What a program did: every call on files, in order, and the deeds it was told to do."""

    calls: tuple[Call, ...]
    ledger: Ledger
    root: int
    folder: Path


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What had been acknowledged at some moment: deeds done, deeds begun, the change shown last."""

    done: int = 0
    begun: int = 0
    shown: int = 0

    def after(self, call: Call) -> Acknowledged:
        """After one more call."""
        if call.did is not Did.MARK:
            return self
        word, _, number = call.name.partition(" ")
        match word:
            case "begin":
                return Acknowledged(self.done, int(number), self.shown)
            case "done":
                return Acknowledged(int(number), self.begun, self.shown)
            case _:
                return Acknowledged(self.done, self.begun, int(number))


def record(nursery: Nursery, folder: Path, rng: random.Random) -> Recording:
    """Have a program do random deeds in a new folder, publishing now and then."""
    data = folder / "data"
    data.mkdir(parents=True)
    ledger = Ledger()
    deeds = ledger.plan(rng, DEEDS)
    log = folder / "calls"
    status = nursery.run(
        programs.write_and_publish,
        data=str(data),
        deeds=[asdict(deed) for deed in deeds],
        log=str(log),
        publish_after=sorted(rng.sample(range(1, DEEDS + 1), PUBLISHES)),
    )
    assert status == 0
    return Recording(tuple(calls(log.read_bytes())), ledger, data.stat().st_ino, data)


def cuts_of(
    recording: Recording, points: Sequence[int], rng: random.Random, target: Path
) -> Iterator[tuple[int, Cut, Acknowledged]]:
    """For each number of calls, lay a disk after a power cut into `target`/data, and say what had been acknowledged."""
    disk, acknowledged, at = Disk(recording.root), Acknowledged(), 0
    for point in sorted(points):
        for call in recording.calls[at:point]:
            disk.replay(call)
            acknowledged = acknowledged.after(call)
        at = point
        cut = rng.choice((*Cut, Cut.ANY, Cut.ANY, Cut.ANY))
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        disk.crash(target, cut, rng)
        yield point, cut, acknowledged


def survive(recording: Recording, points: Sequence[int], rng: random.Random, target: Path) -> int:
    """Start Dateline after each cut and see that all is well; how many cuts there were."""
    survived = 0
    for point, cut, acknowledged in cuts_of(recording, points, rng, target):
        try:
            recover(
                DataFolder(target),
                recording.ledger,
                least=acknowledged.done,
                most=acknowledged.begun,
                shown_least=acknowledged.shown,
            )
        except (AssertionError, IndexingError) as problem:
            last = recording.calls[point - 1]
            message = f"the power failed ({cut}) after call {point}, {last.did.name} {last.name}: {problem}"
            raise AssertionError(message) from problem
        survived += 1
    return survived


def test_a_power_cut_at_any_moment_loses_nothing_acknowledged(
    watched_nursery: Nursery, quick_folder: Path, rng: random.Random, rounds: Rounds
) -> None:
    """Whatever a power cut leaves: the store opens with every acknowledged write, and what was published opens whole.

    A batch is there whole or not at all, the next build publishes what the store says, and nothing is left lying about.
    """
    for number in range(rounds(3, 40)):
        recording = record(watched_nursery, quick_folder / f"program-{number}", rng)
        points = [rng.randint(1, len(recording.calls)) for _ in range(POINTS)]
        assert survive(recording, points, rng, quick_folder / "after") == POINTS


def test_what_is_recorded_is_all_that_is_done(watched_nursery: Nursery, quick_folder: Path, rng: random.Random) -> None:
    """Replayed to its end with nothing lost, a record gives the very folder the program left: no call is overlooked."""
    recording = record(watched_nursery, quick_folder / "program", rng)
    disk = Disk(recording.root)
    for call in recording.calls:
        disk.replay(call)
    target = quick_folder / "replayed"
    target.mkdir()
    disk.crash(target, Cut.NOTHING_LOST, rng)
    assert contents(target) == contents(recording.folder)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under a folder, and what is in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith("-shm")
    }


def test_all_is_synced_before_it_is_acknowledged(
    watched_nursery: Nursery, quick_folder: Path, rng: random.Random
) -> None:
    """At each acknowledgement there is nothing that a power cut could take: neither data, nor the name of a file.

    Of the store that is its log of writes, as the rest of it can be made again from that; of a generation its files,
    their folder, and CURRENT with the folder it is in.
    """
    recording = record(watched_nursery, quick_folder / "program", rng)
    disk, marks = Disk(recording.root), 0
    for call in recording.calls:
        disk.replay(call)
        if call.did is Did.MARK and not call.name.startswith("begin"):
            marks += 1
            lost = [path for path in disk.unsynced() if not may_be_lost(path)]
            assert lost == [], f"at {call.name}"
    assert marks == DEEDS + PUBLISHES


def may_be_lost(path: str) -> bool:
    """Whether nothing that was promised depends on it: the lock of a process, and that something is gone."""
    return path.startswith("lock") or path.endswith("(that it is gone)")


def test_a_power_cut_loses_no_key(
    watched_nursery: Nursery, quick_folder: Path, rng: random.Random, rounds: Rounds
) -> None:
    """Keys that were made are there, those revoked are not, and the file of keys can be read and changed."""
    data = quick_folder / "program"
    data.mkdir()
    log = quick_folder / "calls"
    assert watched_nursery.run(programs.change_keys, data=str(data), count=6, log=str(log)) == 0
    recording = Recording(tuple(calls(log.read_bytes())), Ledger(), data.stat().st_ino, data)
    target = quick_folder / "after"
    points = [rng.randint(1, len(recording.calls)) for _ in range(rounds(60, 600))]
    for point, cut, acknowledged in cuts_of(recording, points, rng, target):
        names = [int(key.name) for key in read_register(target).keys]
        allowed = [[number] if number else [] for number in range(acknowledged.done, acknowledged.begun + 1)]
        assert names in allowed, f"the power failed ({cut}) after call {point}"
        programs.make_key_numbered(target, 7)
        assert {path.name for path in target.iterdir()} == {"access.json", "access.lock"}


def files_not_synced(call: Call, recording: Recording) -> bool:
    """Every sync of a file that is not the store's."""
    return call.did is Did.SYNC and call.inode in _files_of(recording, store=False)


def store_not_synced(call: Call, recording: Recording) -> bool:
    """Every sync of the store's files."""
    return call.did is Did.SYNC and call.inode in _files_of(recording, store=True)


def folders_not_synced(call: Call, recording: Recording) -> bool:
    """Every sync of a folder."""
    folders = {made.inode for made in recording.calls if made.did is Did.MKDIR} | {recording.root}
    return call.did is Did.SYNC and call.inode in folders


def pointer_not_synced(call: Call, recording: Recording) -> bool:
    """Every sync of what becomes CURRENT."""
    pointers = {c.inode for c in recording.calls if c.did is Did.RENAME and c.name == "CURRENT"}
    return call.did is Did.SYNC and call.inode in pointers


def _files_of(recording: Recording, *, store: bool) -> set[int]:
    made = [call for call in recording.calls if call.did is Did.CREATE]
    return {call.inode for call in made if call.name.startswith("archive.sqlite") == store}


@pytest.mark.parametrize(
    "is_left_out",
    [files_not_synced, store_not_synced, folders_not_synced, pointer_not_synced],
    ids=["files", "store", "folders", "pointer"],
)
def test_a_program_that_does_not_sync_is_found_out(
    watched_nursery: Nursery,
    quick_folder: Path,
    rng: random.Random,
    is_left_out: Callable[[Call, Recording], bool],
) -> None:
    """The chamber can fail: take away one kind of sync from what was recorded, and something acknowledged is lost."""
    whole = record(watched_nursery, quick_folder / "program", rng)
    careless = Recording(
        tuple(call for call in whole.calls if not is_left_out(call, whole)), whole.ledger, whole.root, whole.folder
    )
    assert len(careless.calls) < len(whole.calls)
    points = [rng.randint(1, len(careless.calls)) for _ in range(20 * POINTS)]
    with pytest.raises(AssertionError, match="the power failed"):
        survive(careless, points, rng, quick_folder / "after")
